"""Laws of the tree, tried on random trees: what holds where, and what each change may and may not do."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.admin import contacts, tree_file, users
from gateway.admin import settings as setting_steps
from gateway.admin import tree as admin
from gateway.admin.acts import Door
from gateway.domain.errors import GatewayError
from gateway.domain.nodes import EmergencyContact, NodeKind
from gateway.domain.setting_catalog import CATALOG
from gateway.store import journal, tree, tree_dump
from gateway.store.database import Database
from tests.actors import root
from tests.filled_store import opened

pytestmark = pytest.mark.slow  # trees on disk, many of them
NAME = "fax.paper"
VALUES = ("letter", "a4", "legal")
EXAMPLES = 8  # each takes some dozen commits
serial = itertools.count()


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with opened(tmp_path_factory.mktemp("laws")) as database:
        yield database


@dataclass(frozen=True)
class Plan:
    """A random tree: the parent of each node after the company, which of them are users, and what is done."""

    parents: list[int]
    people: list[bool]
    deeds: list[tuple[str, int, str]]
    snapshot: bool


PLANS = st.builds(
    Plan,
    parents=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    people=st.lists(st.booleans(), min_size=7, max_size=7),
    deeds=st.lists(
        st.tuples(
            st.sampled_from(["set", "unset", "lock", "unlock", "push"]), st.integers(0, 9), st.sampled_from(VALUES)
        ),
        max_size=5,
    ),
    snapshot=st.booleans(),
)


class Grove:
    """One company in the store, and beside it the same as plain dictionaries, kept by the rules written once more."""

    def __init__(self, door: Door, *, snapshot: bool = False) -> None:
        self.door, self.number, self.snapshot = door, next(serial), snapshot
        pairs = [("settings.inheritance", "snapshot")] if snapshot else []
        company = admin.add_company(door, f"Company {self.number}", pairs).answer.id
        self.parent: dict[int, int | None] = {company: None}
        self.people: set[int] = set()
        self.given: dict[int, str] = {}
        self.locks: set[int] = set()

    @property
    def nodes(self) -> list[int]:
        return list(self.parent)

    def add(self, parent: int, *, person: bool) -> int:
        name = f"n{next(serial)}"
        if person:
            form = users.UserForm(f"#{parent}", "A", "B", [f"{name}@acme.example"], user_name=name)
            node = users.add_user(self.door, form).answer.id
            self.people.add(node)
        else:
            node = admin.add_department(self.door, f"#{parent}", name).answer.id
        self.parent[node] = parent
        if self.snapshot:
            self.given[node] = self.holds(parent)
        return node

    def line(self, node: int) -> list[int]:
        above = self.parent[node]
        return [node] if above is None else [*self.line(above), node]

    def holds(self, node: int) -> str:
        line = self.line(node)
        locked = next((place for place, one in enumerate(line) if one in self.locks), len(line))
        said = [self.given[one] for one in line[: locked + 1] if one in self.given]
        return said[-1] if said else CATALOG[NAME].default

    def is_locked(self, node: int) -> bool:
        return any(one in self.locks for one in self.line(node)[:-1])

    def below(self, node: int) -> list[int]:
        return [one for one in self.nodes if node in self.line(one)]

    def do(self, deed: str, node: int, value: str) -> None:
        """The same to the store and to the dictionaries; what the store refuses must be what the rules forbid."""
        forbidden = self.is_locked(node) and deed != "unset"
        forbidden |= deed in ("lock", "unlock") and node in self.people
        try:
            self._to_store(deed, f"#{node}", value)
        except GatewayError:
            assert forbidden
        else:
            assert not forbidden
            self._to_dictionaries(deed, node, value)

    def _to_store(self, deed: str, node: str, value: str) -> None:
        if deed == "set":
            setting_steps.give(self.door, node, [(NAME, value)])
        elif deed == "unset":
            setting_steps.take_back(self.door, node, [NAME])
        elif deed == "push":
            setting_steps.push_down(self.door, node, NAME, value)
        else:
            setting_steps.lock(self.door, node, [NAME], locked=deed == "lock")

    def _to_dictionaries(self, deed: str, node: int, value: str) -> None:
        if deed == "set":
            self.given[node] = value
        elif deed == "unset":
            self.given.pop(node, None)
        elif deed == "push":
            self.given |= dict.fromkeys(self.below(node), value)
        elif deed == "lock":
            self.locks.add(node)
        else:
            self.locks.discard(node)

    def check(self) -> None:
        """What the store says holds is what the rules say."""
        for node in self.nodes:
            assert tree.effective(self.door.db, node).text(NAME) == self.holds(node)


def grown(db: Database, plan: Plan) -> Grove:
    grove = Grove(root(db), snapshot=plan.snapshot)
    for parent, person in zip(plan.parents, plan.people, strict=False):
        places = [node for node in grove.nodes if node not in grove.people]
        grove.add(places[parent % len(places)], person=person)
    for deed, place, value in plan.deeds:
        grove.do(deed, grove.nodes[place % len(grove.nodes)], value)
    return grove


@settings(max_examples=EXAMPLES)
@given(PLANS)
def test_the_nearest_explicit_value_holds_unless_locked_above(db: Database, plan: Plan) -> None:
    grown(db, plan).check()


@settings(max_examples=EXAMPLES)
@given(PLANS, st.integers(0, 9), st.sampled_from(VALUES))
def test_after_a_push_all_below_hold_the_value_and_nobody_else_changes(
    db: Database, plan: Plan, place: int, value: str
) -> None:
    grove = grown(db, plan)
    node = grove.nodes[place % len(grove.nodes)]
    before = {one: tree.effective(db, one).text(NAME) for one in grove.nodes}

    grove.do("push", node, value)

    reached = set(grove.below(node)) if not grove.is_locked(node) else set()
    for one in grove.nodes:
        assert tree.effective(db, one).text(NAME) == (value if one in reached else before[one])


@settings(max_examples=EXAMPLES)
@given(PLANS, st.integers(0, 9), st.integers(0, 9))
def test_a_move_keeps_what_nodes_give_and_takes_the_rest_from_the_new_place(
    db: Database, plan: Plan, moved: int, to: int
) -> None:
    grove = grown(db, plan)
    node, parent = grove.nodes[moved % len(grove.nodes)], grove.nodes[to % len(grove.nodes)]
    kind = NodeKind.USER if node in grove.people else NodeKind.DEPARTMENT
    allowed = grove.parent[node] is not None and parent not in grove.people and node not in grove.line(parent)
    explicit = {one: dict(tree.explicit_settings(db, one)) for one in grove.nodes}

    try:
        admin.move(grove.door, f"#{node}", f"#{parent}", kind)
    except GatewayError:
        assert not allowed
    else:
        assert allowed
        grove.parent[node] = parent

    grove.check()
    assert {one: dict(tree.explicit_settings(db, one)) for one in grove.nodes} == explicit


@settings(max_examples=EXAMPLES)
@given(PLANS, st.sampled_from(VALUES))
def test_in_a_company_of_snapshots_a_change_above_reaches_nobody_who_was_there(
    db: Database, plan: Plan, value: str
) -> None:
    grove = Grove(root(db), snapshot=True)
    for parent, person in zip(plan.parents, plan.people, strict=False):
        places = [node for node in grove.nodes if node not in grove.people]
        grove.add(places[parent % len(places)], person=person)
    company, *rest = grove.nodes
    before = {one: tree.effective(db, one).text(NAME) for one in rest}

    grove.do("set", company, value)
    newcomer = grove.add(company, person=False)

    assert {one: tree.effective(db, one).text(NAME) for one in rest} == before
    assert tree.effective(db, newcomer).text(NAME) == value


@settings(max_examples=EXAMPLES)
@given(PLANS, st.integers(0, 9), st.sampled_from(VALUES))
def test_unlocking_brings_back_what_held_before_the_lock(db: Database, plan: Plan, place: int, value: str) -> None:
    grove = grown(db, plan)
    node = grove.nodes[place % len(grove.nodes)]
    if node in grove.people or node in grove.locks or grove.is_locked(node):
        return
    before = {one: tree.effective(db, one).text(NAME) for one in grove.nodes}

    grove.do("lock", node, "")
    for one in grove.below(node)[1:]:
        grove.do("set", one, value)  # is refused
    grove.do("unlock", node, "")

    assert {one: tree.effective(db, one).text(NAME) for one in grove.nodes} == before


@contextmanager
def empty() -> Iterator[Database]:
    """A store of its own for one example."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as database:
        yield database


@settings(max_examples=4)
@given(st.lists(PLANS, min_size=1, max_size=2), st.booleans())
def test_what_is_exported_and_applied_elsewhere_is_the_same_tree(plans: list[Plan], locked: bool) -> None:
    with empty() as here, empty() as there:
        for plan in plans:
            grove = grown(here, plan)
            company = f"#{grove.nodes[0]}"
            contact = EmergencyContact("Ada", "ada@acme.example", "5550")
            contacts.keep(grove.door, company, contact)
            for node in [grove.nodes[-1]] if locked else []:
                kind = NodeKind.USER if node in grove.people else NodeKind.DEPARTMENT
                admin.lock(grove.door, f"#{node}", kind, locked=True)
        text = tree_file.export(root(here))

        made = tree_file.apply(root(there), text)
        again = tree_file.apply(root(there), text)

        assert tree_dump.dump(there).companies == tree_dump.dump(here).companies
        assert tree_file.export(root(there)) == text
        assert made.count > 0
        assert (again.count, again.entries) == (0, ())
        assert journal.verify(there).fault == ""
        assert tree_file.apply(root(here), text).count == 0


@settings(max_examples=4)
@given(PLANS, PLANS)
def test_applying_an_export_undoes_whatever_was_done_since(plan: Plan, later: Plan) -> None:
    with empty() as db:
        grove = grown(db, plan)
        before, text = tree_dump.dump(db).companies, tree_file.export(root(db))

        for deed, place, value in later.deeds:
            grove.do(deed, grove.nodes[place % len(grove.nodes)], value)
        grove.add(grove.nodes[0], person=True)
        tree_file.apply(root(db), text, prune=True)

        assert tree_dump.dump(db).companies == before
