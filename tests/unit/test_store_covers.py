"""Uploaded covers in the store: whose they are, which one a node finds, and when one can be removed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import NotFoundError, RefusedError
from gateway.store import covers, tree
from gateway.store.covers import NewCover, OwnCover
from gateway.store.database import Database
from tests.filled_store import NOW, anna, opened

SALES, ANNA = "Acme/Sales", "Acme/Sales/anna"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """Acme with Sales, and Anna in it; Bolt."""
    with opened(tmp_path) as database:
        anna(database)
        tree.add_company(database, "Bolt")
        yield database


def add(db: Database, owner: str, key: str = "gala", html: str = "<p>{{ subject }}</p>", **given: bool) -> OwnCover:
    new = NewCover(owner, key.title(), key, "Gala", "For feasts.", "a4", html)
    return covers.add(db, new, NOW, **given)


def names(db: Database, path: str) -> list[tuple[str, str]]:
    return [(cover.owner, cover.key) for cover in covers.held(db, path).covers]


def test_a_cover_is_kept_as_it_was_given(db: Database) -> None:
    own = add(db, "acme/sales")

    assert own == OwnCover(own.id, SALES, "Gala", "gala", "Gala", "For feasts.", "a4", NOW)
    assert covers.listing(db) == (own,)
    assert covers.html(db, own.id) == "<p>{{ subject }}</p>"


def test_covers_are_found_going_up_the_nearest_first(db: Database) -> None:
    add(db, "Acme", "blue")
    add(db, SALES, "gala")
    add(db, "Bolt", "bolt")

    assert names(db, ANNA) == [(SALES, "gala"), ("Acme", "blue")]
    assert names(db, "Acme") == [("Acme", "blue")]
    assert names(db, "Bolt") == [("Bolt", "bolt")]


def test_of_one_name_the_nearest_is_found(db: Database) -> None:
    add(db, "Acme")
    add(db, SALES)

    assert names(db, ANNA) == [(SALES, "gala")]
    assert names(db, "Acme") == [("Acme", "gala")]


def test_only_own_stops_where_it_is_set(db: Database) -> None:
    add(db, "Acme", "blue")
    add(db, SALES, "gala")
    tree.set_setting(db, SALES, "cover.only_own", "on")

    assert names(db, ANNA) == [(SALES, "gala")]
    assert not covers.held(db, ANNA).with_shipped
    assert covers.held(db, "Acme").with_shipped


def test_only_own_may_be_lifted_further_down(db: Database) -> None:
    add(db, "Acme", "blue")
    tree.set_setting(db, "Acme", "cover.only_own", "on")
    tree.set_setting(db, ANNA, "cover.only_own", "off")

    assert names(db, ANNA) == [("Acme", "blue")]
    assert covers.held(db, ANNA).with_shipped
    assert not covers.held(db, SALES).with_shipped


def test_a_name_is_taken_once_in_one_place(db: Database) -> None:
    add(db, "Acme")

    with pytest.raises(RefusedError, match="Acme has a cover page 'Gala' already; --replace"):
        add(db, "Acme")

    assert len(covers.listing(db)) == 1


def test_a_cover_can_be_replaced_and_keeps_its_place(db: Database) -> None:
    first = add(db, "Acme")

    new = NewCover("Acme", "GALA", "gala", "Feast", "", "letter", "<b>{{ subject }}</b>")
    second = covers.add(db, new, NOW + timedelta(days=1), replace=True)

    assert (second.id, second.name, second.title) == (first.id, "GALA", "Feast")
    assert covers.html(db, first.id) == "<b>{{ subject }}</b>"
    assert covers.listing(db) == (second,)


@pytest.mark.parametrize(("owner", "error"), [(ANNA, RefusedError), ("Zenith", NotFoundError)])
def test_covers_belong_to_companies_and_departments(db: Database, owner: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        add(db, owner)


def test_a_removed_cover_is_gone(db: Database) -> None:
    own = add(db, "Acme")

    assert covers.remove(db, "Acme", "gala") == own

    assert covers.listing(db) == ()
    with pytest.raises(NotFoundError, match="removed meanwhile"):
        covers.html(db, own.id)
    with pytest.raises(NotFoundError, match="Acme has no cover page 'gala'"):
        covers.remove(db, "Acme", "gala")


@pytest.mark.parametrize(("user", "said"), [("Acme", "gala"), (SALES, "GALA"), (ANNA, "Gala")])
def test_what_is_somebodys_default_stays_and_they_are_named(db: Database, user: str, said: str) -> None:
    own = add(db, "Acme")
    tree.set_setting(db, user, "cover.default", said)

    with pytest.raises(RefusedError, match=f"cover page 'Gala' is the default of {user}; see faxgw covers default"):
        covers.remove(db, "Acme", "gala")

    assert covers.users_of(db, own) == (user,)
    assert covers.listing(db) == (own,)


def test_many_users_are_counted_after_five(db: Database) -> None:
    add(db, "Acme")
    for number in range(7):
        user = anna(db, f"anna{number}@acme.example")
        tree.set_setting(db, user.id, "cover.default", "gala")

    with pytest.raises(RefusedError, match=r"anna0, .*anna4 and 2 more; see"):
        covers.remove(db, "Acme", "gala")


def test_a_default_that_means_another_cover_is_in_nobodys_way(db: Database) -> None:
    add(db, "Acme")
    add(db, SALES)
    tree.set_setting(db, ANNA, "cover.default", "gala")
    tree.set_setting(db, "Bolt", "cover.default", "gala")

    covers.remove(db, "Acme", "gala")

    with pytest.raises(RefusedError, match="default of Acme/Sales/anna;"):
        covers.remove(db, SALES, "gala")


def test_a_cover_of_a_company_whose_name_begins_the_same_is_another(db: Database) -> None:
    tree.add_company(db, "Acme Two")
    add(db, "Acme")
    add(db, "Acme Two")
    tree.set_setting(db, "Acme Two", "cover.default", "gala")

    assert covers.remove(db, "Acme", "gala").owner == "Acme"
