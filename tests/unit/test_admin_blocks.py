"""A company's blocked numbers: whose, by whom, all or none."""

from dataclasses import replace

import pytest

from gateway.admin import administrators, blocks
from gateway.admin.acts import Door, actor_of
from gateway.admin.blocks import Blocked
from gateway.domain.actors import Actor
from gateway.domain.administrators import NewAdministrator
from gateway.domain.errors import BadNumberError, NotAllowedError, NotFoundError, RefusedError, UsageError
from gateway.domain.nodes import User
from gateway.store import journal, tree
from gateway.store.database import Database
from tests.filled_store import NOW

ONE, TWO = "+12025550142", "+12025550143"


@pytest.fixture
def root(db: Database, user: User) -> Door:  # noqa: ARG001 - there is Acme
    return Door(db, Actor("root"), lambda: NOW)


def acting(root: Door, path: str) -> Door:
    administrators.add(root, NewAdministrator(path, "Bo", "Li", "bo@acme.example", "bo"))
    return replace(root, actor=actor_of(root.db, "root", "bo", ""))


def test_numbers_are_blocked_with_an_entry_each(root: Door) -> None:
    changed = blocks.add(root, "Acme", ["(202) 555-0142", TWO], "asked us")

    assert changed.answer == Blocked(2, 0)
    assert [entry.what for entry in changed.entries] == ["block.add", "block.add"]
    assert [one.number for one in blocks.listed(root, "")] == [ONE, TWO]
    assert blocks.lookup(root, "", ONE).note == "asked us"  # type: ignore[union-attr]


def test_one_that_is_no_number_blocks_none(root: Door) -> None:
    with pytest.raises(BadNumberError):
        blocks.add(root, "Acme", [ONE, "nonsense"])

    assert blocks.count(root, "Acme") == 0


def test_a_list_is_taken_whole_or_not_at_all_and_every_bad_line_is_named(root: Door) -> None:
    with pytest.raises(UsageError, match=r"2 lines .*line 2: .*line 4: "):
        blocks.load(root, "Acme", [ONE, "x", TWO, "12"])
    assert blocks.count(root, "Acme") == 0

    seen: list[int] = []
    changed = blocks.load(root, "Acme", [ONE, f"{TWO},note", ONE], seen.append)

    assert (changed.answer, seen) == (Blocked(2, 0), [1, 2, 3])


def test_a_removed_number_may_be_faxed_again(root: Door) -> None:
    blocks.add(root, "Acme", [ONE])

    assert blocks.remove(root, "Acme", ["2025550142"]).answer == 1
    assert blocks.lookup(root, "Acme", ONE) is None
    with pytest.raises(NotFoundError, match="is not blocked"):
        blocks.remove(root, "Acme", [ONE])


def test_blocked_numbers_are_a_companys(root: Door) -> None:
    with pytest.raises(RefusedError, match="no company"):
        blocks.add(root, "Acme/Sales", [ONE])


def test_where_there_are_several_companies_one_is_named(root: Door) -> None:
    tree.add_company(root.db, "Other")

    with pytest.raises(UsageError, match="name the company: Acme, Other"):
        blocks.count(root, "")


def test_an_administrators_company_need_not_be_named(root: Door) -> None:
    tree.add_company(root.db, "Other")

    blocks.add(acting(root, "Acme"), "", [ONE])

    assert blocks.count(root, "Acme") == 1


def test_an_administrator_of_a_department_does_not_block(root: Door) -> None:
    door = acting(root, "Acme/Sales")

    with pytest.raises(NotAllowedError):
        blocks.add(door, "", [ONE])
    with pytest.raises(NotAllowedError):
        blocks.listed(door, "")


def test_a_trial_blocks_nothing(root: Door) -> None:
    changed = blocks.add(replace(root, dry_run=True), "Acme", [ONE])

    assert changed.answer == Blocked(1, 0)
    assert blocks.count(root, "Acme") == 0
    assert journal.listing(root.db, journal.Wanted()) == ()
