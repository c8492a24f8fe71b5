"""Blocked numbers as the store keeps them: added, removed, listed page by page, asked for by user."""

import pytest

from gateway.domain.blocks import Block
from gateway.domain.nodes import User
from gateway.store import blocks, tree
from gateway.store.database import Database
from gateway.store.tree_version import TreeVersion
from tests.filled_store import NOW

ONE, TWO = "+12025550142", "+12025550143"


@pytest.fixture
def acme(db: Database, user: User) -> int:  # noqa: ARG001 - the user makes the company
    return tree.node_by_path(db, "Acme").id


def block(number: str, note: str = "") -> Block:
    return Block(number, NOW, note)


def test_only_new_numbers_are_told_and_a_new_note_replaces_the_old(db: Database, acme: int) -> None:
    assert blocks.add(db, acme, [block(ONE, "first"), block(TWO)]) == [ONE, TWO]
    assert blocks.add(db, acme, [block(ONE, "second"), block(TWO)]) == []

    assert blocks.lookup(db, acme, ONE) == block(ONE, "second")
    assert blocks.count(db, acme) == 2


def test_a_users_blocked_numbers_are_those_of_the_own_company_alone(db: Database, user: User, acme: int) -> None:
    other = tree.add_company(db, "Other")
    blocks.add(db, acme, [block(ONE)])
    blocks.add(db, other.id, [block(TWO)])

    assert blocks.blocked(db, user.id) == {ONE}


def test_a_removed_number_is_gone_at_once(db: Database, acme: int) -> None:
    blocks.add(db, acme, [block(ONE)])

    assert blocks.remove(db, acme, ONE)
    assert not blocks.remove(db, acme, ONE)
    assert blocks.lookup(db, acme, ONE) is None


def test_every_change_is_seen_by_who_remembers_the_tree(db: Database, acme: int) -> None:
    version = TreeVersion(db)
    before = version.read()
    blocks.add(db, acme, [block(ONE)])
    added = version.read()
    blocks.remove(db, acme, ONE)

    assert before != added != version.read()


def test_lists_are_read_page_by_page_in_order(db: Database, acme: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "PAGE", 3)
    numbers = [f"+1202555{count:04}" for count in range(10)]
    blocks.add(db, acme, [block(number) for number in reversed(numbers)])

    assert [one.number for one in blocks.listed(db, acme)] == numbers
    assert [one.number for one in blocks.listed(db, acme, "+12025550008")] == numbers[8:9]
