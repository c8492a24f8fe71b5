"""The tree as people look at it: every node behind its parent, with how many are below it.

What lives here: reading a whole subtree at once. What does not: finding single nodes (`named`, `places`).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from gateway.domain.nodes import NodeKind
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.places import find
from gateway.store.tree_tables import NodeRow, UserRow


@dataclass(frozen=True, slots=True)
class Standing:
    """A node in the tree: how deep, and how many users are at or below it. `title` is what people call it.

    `locked` is its own lock.
    """

    id: int
    kind: NodeKind
    depth: int
    title: str
    path: str
    locked: bool
    users: int


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    parent_id: int | None
    kind: str
    name: str
    locked: bool
    title: str


def overview(db: Database, under: str = "", *, with_users: bool = True) -> tuple[Standing, ...]:
    """The node at a path with all below it, or the whole tree; without users only their numbers.

    Raises:
        NotFoundError: there is no such path.
    """

    def work(session: Session) -> tuple[Standing, ...]:
        top = find(session, under) if under else None
        children: dict[int | None, list[_Known]] = defaultdict(list)
        for known in _all(session):
            children[known.parent_id].append(known)
        counts = _counted(children)
        first = [one for one in children[top.parent_id if top else None] if top is None or one.id == top.id]
        prefix = top.path.rpartition("/")[0] if top else ""
        found = [_standing(one, depth, path, counts) for one, depth, path in _walk(children, first, prefix)]
        return tuple(one for one in found if with_users or one.kind is not NodeKind.USER)

    return db.read(work)


def _all(session: Session) -> list[_Known]:
    node, user = table_of(NodeRow), table_of(UserRow)
    title = user.c.first_name + " " + user.c.last_name
    columns = (node.c.id, node.c.parent_id, node.c.kind, node.c.name, node.c.locked)
    statement = sa.select(*columns, sa.func.coalesce(title, node.c.name)).outerjoin(user, user.c.node_id == node.c.id)
    statement = statement.where(node.c.deleted.is_(None)).order_by(node.c.kind, node.c.name_key)
    return [_Known(*row) for row in session.execute(statement)]


def _walk(
    children: dict[int | None, list[_Known]], first: list[_Known], prefix: str
) -> Iterator[tuple[_Known, int, str]]:
    """From the top down, each behind its parent; without recursion, for the tree may be deep."""
    waiting = [(one, 0, prefix) for one in reversed(first)]
    while waiting:
        one, depth, above = waiting.pop()
        path = f"{above}/{one.name}" if above else one.name
        yield one, depth, path
        waiting += [(child, depth + 1, path) for child in reversed(children.get(one.id, []))]


def _counted(children: dict[int | None, list[_Known]]) -> dict[int, int]:
    """Of each node, the users at or below it."""
    counts: dict[int, int] = defaultdict(int)
    for one, _, _ in reversed(list(_walk(children, children.get(None, []), ""))):
        counts[one.id] += one.kind == NodeKind.USER.value
        if one.parent_id is not None:
            counts[one.parent_id] += counts[one.id]
    return counts


def _standing(one: _Known, depth: int, path: str, counts: dict[int, int]) -> Standing:
    return Standing(one.id, NodeKind(one.kind), depth, one.title, path, one.locked, counts[one.id])
