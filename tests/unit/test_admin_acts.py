"""The door for changes: in one commit with their entries, tried out without a trace, refused without a right."""

from datetime import UTC, datetime

import pytest

from gateway.admin.acts import Act, Door, actor_of, entries
from gateway.domain.actors import SYSTEM, Actor, check
from gateway.domain.errors import NotAllowedError, NotFoundError, RefusedError
from gateway.domain.nodes import User
from gateway.domain.rights import Granted, granted
from gateway.store import journal, tree
from gateway.store.database import Database
from tests.actors import administrator

AT = datetime(2026, 3, 2, tzinfo=UTC)
ROOT = Actor("root", "because")


def door(db: Database, actor: Actor = ROOT, *, dry_run: bool = False) -> Door:
    return Door(db, actor, lambda: AT, dry_run=dry_run)


def set_paper(act: Act, value: str = "a4") -> None:
    before = tree.explicit_settings(act.db, act.node.id)
    tree.set_setting(act.db, act.node.id, "fax.paper", value)
    act.note("settings.set", act.node, before, tree.explicit_settings(act.db, act.node.id))


def test_a_change_and_its_entry_are_kept_together(db: Database, user: User) -> None:
    changed = door(db).change("settings.change", "Acme/Sales", set_paper)

    [entry] = changed.entries
    assert (entry.who, entry.at, entry.reason) == ("account root", AT, "because")
    assert (entry.what, entry.target, entry.before, entry.after) == (
        "settings.set", "Acme/Sales", "{}", '{"fax.paper":"a4"}',
    )  # fmt: skip
    assert journal.listing(db, journal.Wanted()) == changed.entries
    assert tree.effective(db, user.id).text("fax.paper") == "a4"


def test_a_trial_tells_the_same_and_keeps_nothing(db: Database, user: User) -> None:
    changed = door(db, dry_run=True).change("settings.change", "Acme", set_paper)

    assert changed.dry_run
    assert [entry.after for entry in changed.entries] == ['{"fax.paper":"a4"}']
    assert journal.listing(db, journal.Wanted()) == ()
    assert tree.effective(db, user.id).text("fax.paper") == "letter"


def test_what_changes_nothing_leaves_no_entry(db: Database, user: User) -> None:
    door(db).change("settings.change", user.path, set_paper)

    assert door(db).change("settings.change", user.path, set_paper).entries == ()
    assert len(journal.listing(db, journal.Wanted())) == 1


def test_a_change_that_fails_half_way_leaves_nothing(db: Database, user: User) -> None:
    def half(act: Act) -> None:
        set_paper(act)
        raise RefusedError("no")

    with pytest.raises(RefusedError, match="no"):
        door(db).change("settings.change", user.path, half)

    assert tree.explicit_settings(db, user.id) == {}
    assert journal.listing(db, journal.Wanted()) == ()


@pytest.mark.usefixtures("user")
def test_an_unknown_target_is_told_before_anything_is_done(db: Database) -> None:
    with pytest.raises(NotFoundError, match="no 'Sails' in Acme; there is Acme/Sales"):
        door(db).change("settings.change", "Acme/Sails", set_paper)


def test_several_store_functions_share_the_commit_and_see_each_other(db: Database) -> None:
    def two(act: Act) -> str:
        tree.add_company(act.db, "Acme")
        path = tree.add_department(act.db, "Acme", "Sales").path
        raise RefusedError(path)

    with pytest.raises(RefusedError, match="Acme/Sales"):
        door(db).change(SYSTEM, None, two)

    assert tree.companies(db) == ()


def test_an_administrator_changes_only_what_the_rights_and_the_place_allow(db: Database, user: User) -> None:
    company, sales = tree.node_by_path(db, "Acme"), tree.node_by_path(db, "Acme/Sales")
    anna = Actor("anna", place=(company.id, sales.id), rights=granted(["settings"]))

    assert door(db, anna).change("settings.change", user.path, set_paper).entries[0].who == "administrator anna"
    with pytest.raises(NotAllowedError, match="outside the part of the tree"):
        door(db, anna).change("settings.change", "Acme", set_paper)
    with pytest.raises(NotAllowedError, match=r"the right users\.lock is missing"):
        door(db, anna).change("users.lock", user.path, set_paper)
    with pytest.raises(NotAllowedError, match=r"users\.view"):
        door(db, anna).look("users.view", user.path)


def test_an_administrator_sees_the_journal_of_his_own_part(db: Database, user: User) -> None:
    tree.add_company(db, "Bolt")
    for node in ("Acme", "Acme/Sales", user.path, "Bolt"):
        door(db).change("settings.change", node, set_paper)
    sales = administrator(db, "Acme/Sales", "journal")

    assert [entry.target for entry in entries(sales, journal.Wanted())] == [user.path, "Acme/Sales"]
    assert [entry.target for entry in entries(sales, journal.Wanted(limit=1))] == [user.path]
    assert len(entries(door(db), journal.Wanted())) == 4
    with pytest.raises(NotAllowedError, match=r"journal\.view"):
        entries(administrator(db, "Acme", "users"), journal.Wanted())


def test_what_is_for_the_system_account_is_refused_to_everybody_else() -> None:
    check(ROOT, SYSTEM, ())

    with pytest.raises(NotAllowedError, match="for accounts of the machine alone"):
        check(Actor("anna", place=(1,), rights=Granted(frozenset({"settings"}))), SYSTEM, ())


def test_nobody_acts_as_an_administrator_who_does_not_exist(db: Database) -> None:
    assert actor_of(db, "root", "", "why") == Actor("root", "why")
    with pytest.raises(NotFoundError, match="no administrator 'eve'"):
        actor_of(db, "root", "eve", "")
