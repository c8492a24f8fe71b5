"""The covers that somebody may use: own ones before those that ship, by any way of writing their name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coverpages.cover import shipped
from gateway import covers
from gateway.domain.errors import BadDirectiveError, NotFoundError
from gateway.store import covers as store
from gateway.store import tree
from gateway.store.database import Database
from tests.filled_store import NOW, anna, opened

ANNA = "Acme/Sales/anna"
HTML = "<p>{{ subject }}</p>"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """Acme with a cover of its own, and Anna in its sales."""
    with opened(tmp_path) as database:
        anna(database)
        store.add(database, store.NewCover("Acme", "Gala Blue", "gala blue", "", "", "a4", HTML), NOW)
        yield database


def test_own_covers_come_before_those_that_ship(db: Database) -> None:
    assert covers.shelf(db, ANNA).names == ("Gala Blue", "business", "medical", "plain")
    assert covers.everywhere(db).names == ("business", "medical", "plain")


@pytest.mark.parametrize("name", ["Gala Blue", "gala_blue", "GALA  BLUE"])
def test_a_cover_is_taken_however_its_name_is_written(db: Database, name: str) -> None:
    cover = covers.shelf(db, ANNA).take(name)

    assert (cover.name, cover.paper, cover.html) == ("Gala Blue", "a4", HTML)


@pytest.mark.parametrize("name", ["plain", "Plain", "builtin"])
def test_what_ships_is_taken_under_its_former_name_too(db: Database, name: str) -> None:
    assert covers.shelf(db, ANNA).take(name) is shipped()["plain"]


def test_a_name_that_nobody_knows_lists_those_that_are_known(db: Database) -> None:
    with pytest.raises(BadDirectiveError) as caught:
        covers.shelf(db, ANNA).take("gala")

    assert caught.value.text == "there is no cover page 'gala' here; known are Gala Blue, business, medical, plain"


def test_where_only_own_covers_may_be_used_what_ships_is_unknown(db: Database) -> None:
    tree.set_setting(db, "Acme", "cover.only_own", "on")

    with pytest.raises(BadDirectiveError, match=r"no cover page 'plain' here; known are Gala Blue$"):
        covers.shelf(db, ANNA).take("plain")

    tree.set_setting(db, "Acme/Sales", "cover.only_own", "on")
    with pytest.raises(BadDirectiveError, match=r"no cover page 'Gala Blue' here; known are none$"):
        covers.shelf(db, ANNA).take("Gala Blue")


def test_a_cover_removed_between_two_looks_is_told_of(db: Database) -> None:
    shelf = covers.shelf(db, ANNA)
    store.remove(db, "Acme", "gala blue")

    shelf.check("gala blue")
    with pytest.raises(BadDirectiveError, match="the cover page 'Gala Blue' was removed"):
        shelf.take("gala blue")


def test_a_shelf_of_nobody_is_not_found(db: Database) -> None:
    with pytest.raises(NotFoundError):
        covers.shelf(db, "Zenith")
