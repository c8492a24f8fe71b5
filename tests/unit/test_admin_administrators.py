"""Administrators among themselves: nobody gives what they do not hold, or touches who holds more."""

from dataclasses import replace

import pytest

from gateway.admin import administrators as steps
from gateway.admin.acts import Door, actor_of
from gateway.domain.actors import Actor
from gateway.domain.administrators import Administrator, NewAdministrator
from gateway.domain.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError, UsageError
from gateway.domain.nodes import User
from gateway.domain.rights import ALL, READ_ONLY, Granted, granted
from gateway.store import journal, passwords, tree
from gateway.store.database import Database
from tests.filled_store import NOW

ROOT = Actor("root")
ADA = NewAdministrator("Acme", "Ada", "Byron", "ada@acme.example", "ada")
BO = NewAdministrator("Acme/Sales", "Bo", "Li", "bo@acme.example", "bo", rights=granted(["users", "administrators"]))


@pytest.fixture
def root(db: Database, user: User) -> Door:  # noqa: ARG001 - the user makes the company
    return Door(db, ROOT, lambda: NOW)


@pytest.fixture
def ada(root: Door) -> Administrator:
    return steps.add(root, ADA).answer


@pytest.fixture
def bo(root: Door) -> Administrator:
    return steps.add(root, BO).answer


def door_of(root: Door, name: str) -> Door:
    return replace(root, actor=actor_of(root.db, "root", name, "why"))


def test_an_administrator_is_found_by_name_address_and_id(root: Door, ada: Administrator) -> None:
    for name in ("ADA", "Ada@acme.example", str(ada.id)):
        assert steps.shown(root, name) == ada

    assert (ada.path, len(ada.line), ada.rights) == ("Acme", 1, ALL)


def test_adding_leaves_an_entry_without_secrets(root: Door) -> None:
    changed = steps.add(root, ADA, "Correct-horse-1")

    [entry] = changed.entries
    assert (entry.what, entry.target) == ("admin.add", "Acme")
    assert "orse" not in entry.after
    assert passwords.login(root.db, "ada").password_hash.startswith("$argon2id$")  # type: ignore[union-attr]


def test_a_trial_adds_nobody(root: Door) -> None:
    steps.add(replace(root, dry_run=True), ADA)

    assert steps.listed(root) == []


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"path": "Nowhere"}, NotFoundError, "Nowhere"),
        ({"path": "Acme/Sales/anna"}, RefusedError, "is a user"),
        ({"email": "no address"}, UsageError, "not a mail address"),
        ({"user_name": "ANNA"}, ConflictError, "belongs to a user"),
        ({"time_zone": "Mars/Olympus"}, UsageError, "no time zone"),
        ({"language": "xx"}, UsageError, "no language"),
        ({"first_name": " "}, UsageError, "a first name"),
    ],
)
def test_what_cannot_be_is_refused(root: Door, changes: dict[str, str], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        steps.add(root, replace(ADA, **changes))  # type: ignore[arg-type]

    assert steps.listed(root) == []


@pytest.mark.usefixtures("ada")
def test_two_administrators_do_not_share_a_user_name(root: Door) -> None:
    with pytest.raises(ConflictError, match="belongs to an administrator"):
        steps.add(root, replace(BO, user_name="Ada"))


@pytest.mark.usefixtures("ada")
def test_an_address_that_several_have_names_them(root: Door) -> None:
    steps.add(root, replace(ADA, user_name="ada2"))

    with pytest.raises(ConflictError, match="ada, ada2"):
        steps.shown(root, "ada@acme.example")


def test_a_weak_password_is_refused_and_nobody_is_added(root: Door) -> None:
    with pytest.raises(RefusedError, match="at least 8 characters"):
        steps.add(root, ADA, "short")

    assert steps.listed(root) == []


def test_nobody_gives_rights_that_they_do_not_hold(root: Door, bo: Administrator) -> None:
    door = door_of(root, bo.user_name)
    new = replace(ADA, path="Acme/Sales")

    with pytest.raises(NotAllowedError, match=r"does not hold .*fax\.view"):
        steps.add(door, new)
    assert steps.add(door, replace(new, rights=granted(["users.view"]))).answer.path == "Acme/Sales"


def test_nobody_gives_themselves_more(root: Door, bo: Administrator) -> None:
    with pytest.raises(NotAllowedError, match=r"does not hold fax\.view"):
        steps.give(door_of(root, bo.user_name), "bo", grant=["fax.view"])


def test_nobody_touches_an_administrator_who_holds_more(root: Door, bo: Administrator) -> None:
    steps.add(root, replace(ADA, path="Acme/Sales"))
    door = door_of(root, bo.user_name)

    for change in (steps.delete, lambda d, n: steps.edit(d, n, {"email": "x@y.example"})):
        with pytest.raises(NotAllowedError, match="ada holds"):
            change(door, "ada")


@pytest.mark.usefixtures("ada", "bo")
def test_an_administrator_of_a_department_reaches_nobody_above(root: Door) -> None:
    with pytest.raises(NotAllowedError, match="outside"):
        steps.shown(door_of(root, "bo"), "ada")


@pytest.mark.usefixtures("ada", "bo")
def test_a_company_administrator_changes_another(root: Door) -> None:
    changed = steps.edit(door_of(root, "ada"), "bo", {"time_zone": "Europe/Berlin", "email": "Bo@new.example"})

    assert (changed.answer.time_zone, changed.answer.email) == ("Europe/Berlin", "bo@new.example")
    assert [entry.who for entry in journal.listing(root.db, journal.Wanted(what="admin.edit"))] == ["administrator ada"]


@pytest.mark.usefixtures("ada")
def test_rights_are_cleared_and_added_back(root: Door) -> None:
    changed = steps.give(root, "ada", clear=["users"], grant=["users.view"])

    rights = changed.answer.rights
    assert (rights.allows("users.view"), rights.allows("users.add"), rights.allows("fax.view")) == (True, False, True)


@pytest.mark.usefixtures("bo")
def test_a_read_only_administrator_changes_nothing(root: Door) -> None:
    steps.give(root, "bo", read_only=True)

    with pytest.raises(NotAllowedError, match="read-only"):
        steps.add(door_of(root, "bo"), replace(ADA, path="Acme/Sales", rights=Granted()))
    assert steps.shown(root, "bo").rights.read_only


def test_an_unknown_right_is_told_before_the_administrator_is_looked_for(root: Door) -> None:
    with pytest.raises(UsageError, match="no right"):
        steps.give(root, "nobody", grant=["flying"])


@pytest.mark.usefixtures("ada")
def test_nobody_acts_as_an_administrator_who_is_locked(root: Door) -> None:
    steps.set_locked(root, "ada", locked=True)

    with pytest.raises(NotAllowedError, match="ada is locked"):
        door_of(root, "ada")
    steps.set_locked(root, "ada", locked=False)
    assert door_of(root, "ada").actor.rights == ALL


@pytest.mark.usefixtures("ada")
def test_nobody_deletes_themselves(root: Door) -> None:
    with pytest.raises(NotAllowedError, match="themselves"):
        steps.delete(door_of(root, "ada"), "ada")


@pytest.mark.usefixtures("ada")
def test_a_deleted_administrator_is_gone_and_stays_in_the_journal(root: Door) -> None:
    steps.delete(root, "ada")

    with pytest.raises(NotFoundError, match="faxgw admin list"):
        steps.shown(root, "ada")
    assert [entry.what for entry in journal.listing(root.db, journal.Wanted())] == ["admin.delete", "admin.add"]


def test_lists_hold_what_lies_below(root: Door, ada: Administrator, bo: Administrator) -> None:
    tree.add_company(root.db, "Other")
    steps.add(root, replace(ADA, path="Other", user_name="eve", rights=READ_ONLY))

    assert steps.listed(root, "Acme") == [ada, bo]
    assert [one.user_name for one in steps.listed(root)] == ["ada", "bo", "eve"]
    assert steps.listed(door_of(root, "bo")) == [bo]
