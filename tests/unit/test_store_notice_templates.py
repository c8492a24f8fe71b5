"""Templates of notices in the store: put, replaced, removed, and whose notices they dress."""

import pytest

from gateway.domain.errors import NotFoundError
from gateway.domain.nodes import User
from gateway.domain.notice_templates import Dress, NoticeTemplate, OwnTemplate
from gateway.store import notice_templates as store
from gateway.store import tree, tree_changes
from gateway.store.database import Database
from gateway.store.tree_version import TreeVersion
from tests.filled_store import NOW

ONE, TWO = NoticeTemplate("one {{ title }}"), NoticeTemplate("two {{ title }}", "text", "<p>html</p>")


@pytest.fixture
def acme(db: Database, user: User) -> int:  # noqa: ARG001 - the user makes the company
    return tree.node_by_path(db, "Acme").id


def test_a_template_is_put_in_place_of_the_one_of_its_kind(db: Database, acme: int) -> None:
    first = store.put(db, acme, "all", ONE, NOW)
    second = store.put(db, acme, "all", TWO, NOW)

    assert (first, second) == (NoticeTemplate(), ONE)
    assert store.listing(db) == (OwnTemplate("Acme", "all", TWO, NOW),)


def test_a_removed_template_is_gone(db: Database, acme: int) -> None:
    store.put(db, acme, "all", TWO, NOW)

    assert store.remove(db, acme, "all") == TWO

    assert store.listing(db) == ()
    with pytest.raises(NotFoundError, match="no template of its own for all"):
        store.remove(db, acme, "all")


def test_a_companys_templates_dress_everybody_in_it_and_nobody_else(db: Database, acme: int, user: User) -> None:
    other = tree.add_company(db, "Other")
    store.put(db, acme, "all", ONE, NOW)
    store.put(db, acme, "delivery-failure", TWO, NOW)

    assert store.dress(db, user.id) == Dress("Acme", {"all": ONE, "delivery-failure": TWO})
    assert store.dress(db, other.id) is None


def test_companies_are_listed_by_name_and_kind(db: Database, acme: int) -> None:
    other = tree.add_company(db, "Abel")
    for company, kind in ((acme, "all"), (other.id, "delivery-success"), (other.id, "all")):
        store.put(db, company, kind, ONE, NOW)

    assert [(one.company, one.kind) for one in store.listing(db)] == [
        ("Abel", "all"),
        ("Abel", "delivery-success"),
        ("Acme", "all"),
    ]
    assert [one.company for one in store.listing(db, acme)] == ["Acme"]


def test_a_change_counts_as_one_of_the_tree_so_that_it_is_noticed(db: Database, acme: int) -> None:
    before = TreeVersion(db).read()

    store.put(db, acme, "all", ONE, NOW)

    assert TreeVersion(db).read() > before


def test_a_company_that_is_deleted_takes_its_templates_along(db: Database) -> None:
    gone = tree.add_company(db, "Gone")
    store.put(db, gone.id, "all", ONE, NOW)

    tree_changes.remove(db, gone.id, NOW)

    assert store.listing(db) == ()
