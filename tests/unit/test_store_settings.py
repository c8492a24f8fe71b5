import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import NotFoundError, UsageError
from gateway.domain.nodes import Node
from gateway.domain.setting_catalog import CATALOG
from gateway.store import tree
from gateway.store.database import Database
from tests.filled_store import anna, opened

NAME = "retry.dials"
serial = itertools.count()


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("settings")
    with opened(folder) as database:
        yield database


def test_without_explicit_values_the_defaults_hold(db: Database) -> None:
    user = anna(db, "defaults@acme.example")

    found = tree.effective(db, user.id)

    assert all(found.text(name) == setting.default for name, setting in CATALOG.items())


def test_a_value_is_replaced_by_the_next_one(db: Database) -> None:
    user = anna(db, "replaced@acme.example")

    tree.set_setting(db, user.id, "fax.paper", "a4")
    tree.set_setting(db, user.path, "fax.paper", "legal")

    assert tree.explicit_settings(db, user.path) == {"fax.paper": "legal"}
    assert tree.effective(db, user.id).text("fax.paper") == "legal"


def test_only_what_is_given_at_the_very_node_is_explicit(db: Database) -> None:
    user = anna(db, "explicit@acme.example")
    tree.set_setting(db, "Acme", "fax.resolution", "superfine")

    assert tree.explicit_settings(db, user.id) == {}
    assert tree.explicit_settings(db, "Acme")["fax.resolution"] == "superfine"


@pytest.mark.parametrize(("name", "value"), [("fax.size", "a4"), ("fax.paper", "a0"), ("retry.dials", "0")])
def test_what_the_catalogue_does_not_know_is_not_stored(db: Database, name: str, value: str) -> None:
    user = anna(db, f"{name}{value}@acme.example")

    with pytest.raises(UsageError):
        tree.set_setting(db, user.id, name, value)

    assert tree.explicit_settings(db, user.id) == {}


def test_a_setting_needs_a_node(db: Database) -> None:
    with pytest.raises(NotFoundError):
        tree.set_setting(db, 999_999, NAME, "3")
    with pytest.raises(NotFoundError):
        tree.set_setting(db, "Nowhere", NAME, "3")


def grow(db: Database, parents: list[int]) -> list[Node]:
    """A tree: node 0 is a company, node n + 1 a department below node `parents[n]`, as far as there is such a node."""
    nodes = [tree.add_company(db, f"company {next(serial)}")]
    for number, parent in enumerate(parents):
        nodes.append(tree.add_department(db, nodes[parent % len(nodes)].path, f"d{number}"))
    return nodes


def nearest(nodes: list[Node], node: Node | None, values: dict[int, str]) -> str:
    """The rule, written once more and naively."""
    while node is not None:
        if node.id in values:
            return values[node.id]
        node = next((above for above in nodes if above.id == node.parent_id), None)
    return CATALOG[NAME].default


@settings(max_examples=50, deadline=None)  # each example writes to the disk, and the machine may be busy
@given(
    parents=st.lists(st.integers(0, 20), max_size=7),
    given=st.dictionaries(st.integers(0, 7), st.integers(1, 100).map(str), max_size=4),
)
def test_the_nearest_explicit_value_going_up_holds(db: Database, parents: list[int], given: dict[int, str]) -> None:
    nodes = grow(db, parents)
    values = {nodes[place].id: value for place, value in given.items() if place < len(nodes)}

    for node_id, value in values.items():
        tree.set_setting(db, node_id, NAME, value)

    for node in nodes:
        assert tree.effective(db, node.id).text(NAME) == nearest(nodes, node, values)
