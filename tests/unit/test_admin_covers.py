"""What an administrator does with covers, the layout left to a fake: what is tried, what is refused, who is asked."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coverpages.fields import SAMPLE
from gateway.admin import covers as admin
from gateway.cover_pages import FilledCover
from gateway.domain.errors import NotFoundError, RefusedError, UsageError
from gateway.store import covers as store
from gateway.store import tree
from gateway.store.database import Database
from tests.actors import root
from tests.filled_store import NOW, anna, opened

GOOD = b"<p>{{ recipient_number }}</p>"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """Acme with Sales, and Anna in it."""
    with opened(tmp_path) as database:
        anna(database)
        yield database


def pages(count: int) -> Callable[[FilledCover], int]:
    return lambda _filled: count


def add(db: Database, name: str = "Gala", content: bytes = GOOD, count: int = 1) -> store.OwnCover:
    return admin.add_cover(root(db), admin.CoverForm("Acme", name, content), NOW, pages(count)).answer


def test_a_cover_is_tried_with_all_samples_before_it_is_kept(db: Database) -> None:
    tried: list[FilledCover] = []

    def try_out(filled: FilledCover) -> int:
        assert store.listing(db) == ()
        tried.append(filled)
        return 1

    admin.add_cover(root(db), admin.CoverForm("Acme", "Gala", GOOD, "A title"), NOW, try_out)

    assert [(one.cover.html, dict(one.fields)) for one in tried] == [(GOOD.decode(), dict(SAMPLE))]
    assert [(own.name, own.title) for own in store.listing(db)] == [("Gala", "A title")]


def test_what_cannot_be_laid_out_is_not_kept(db: Database) -> None:
    def try_out(_filled: FilledCover) -> int:
        raise RefusedError("the document took too long")

    with pytest.raises(RefusedError, match="'Gala' was not added: it takes too long or too much to lay out"):
        admin.add_cover(root(db), admin.CoverForm("Acme", "Gala", GOOD), NOW, try_out)

    assert store.listing(db) == ()


@pytest.mark.parametrize(("count", "kept"), [(1, True), (3, True), (4, False)])
def test_a_cover_of_many_pages_is_none(db: Database, count: int, kept: bool) -> None:
    if kept:
        add(db, count=count)
    else:
        with pytest.raises(RefusedError, match="a short letter alone takes 4 pages of it"):
            add(db, count=count)

    assert bool(store.listing(db)) is kept


@pytest.mark.parametrize("name", ["plain", "Medical", "BUSINESS", "builtin"])
def test_names_of_what_ships_are_taken(db: Database, name: str) -> None:
    with pytest.raises(RefusedError, match="ships with the gateway"):
        add(db, name)


def test_a_broken_template_is_never_laid_out(db: Database) -> None:
    def try_out(_filled: FilledCover) -> int:
        raise AssertionError("it was laid out")

    with pytest.raises(RefusedError, match="line 1: unknown field 'x'"):
        admin.add_cover(root(db), admin.CoverForm("Acme", "Gala", b"{{ x }}"), NOW, try_out)


def test_the_title_is_the_name_when_none_is_given(db: Database) -> None:
    assert add(db).title == "Gala"


def test_the_default_is_marked_where_it_holds(db: Database) -> None:
    add(db)
    admin.make_default(root(db), "Acme/Sales", "GALA")

    def marked(listed: list[admin.Listed]) -> list[str]:
        return [one.cover.name for one in listed if one.is_default]

    assert marked(list(admin.covers_at(db, "Acme/Sales/anna"))) == ["Gala"]
    assert marked(list(admin.covers_at(db, "Acme"))) == ["plain"]
    assert tree.explicit_settings(db, "Acme/Sales") == {"cover.default": "Gala"}


def test_a_default_must_be_one_that_may_be_used_there(db: Database) -> None:
    tree.add_company(db, "Bolt")
    add(db)

    with pytest.raises(NotFoundError, match="no cover page 'gala' here; known are business, medical, plain"):
        admin.make_default(root(db), "Bolt", "gala")


def test_where_only_own_covers_may_be_used_the_others_are_not_listed(db: Database) -> None:
    add(db)
    tree.set_setting(db, "Acme", "cover.only_own", "on")

    assert [one.cover.name for one in admin.covers_at(db, "Acme/Sales")] == ["Gala"]
    assert len(admin.all_covers(db)) == 4


def test_a_cover_is_found_by_its_former_name(db: Database) -> None:
    assert admin.find_cover(db, "builtin").cover.name == "plain"
    assert admin.former_names("plain") == ("builtin",)
    assert admin.former_names("medical") == ()


def test_a_name_that_two_have_is_asked_back(db: Database) -> None:
    add(db)
    admin.add_cover(root(db), admin.CoverForm("Acme/Sales", "gala", GOOD), NOW, pages(1))

    with pytest.raises(UsageError, match="of Acme, Acme/Sales: say whose"):
        admin.find_cover(db, "gala")

    assert admin.find_cover(db, "gala", "Acme/Sales/anna").owner == "Acme/Sales"


def test_what_ships_cannot_be_removed(db: Database) -> None:
    with pytest.raises(RefusedError, match=r"stays; cover\.only_own=on keeps a level from using it"):
        admin.remove_cover(root(db), "Acme", "medical")


def test_who_has_it_as_default_is_told(db: Database) -> None:
    add(db)
    admin.make_default(root(db), "Acme/Sales/anna", "gala")

    assert admin.default_of(db, admin.find_cover(db, "gala")) == ("Acme/Sales/anna",)
    assert admin.default_of(db, admin.find_cover(db, "plain")) == ()
