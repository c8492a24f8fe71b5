"""Where a node stands in the tree: its path, its company, whether it or anything above it is locked.

Nodes that were deleted are found by id alone, for the faxes that they sent.

What lives here: walking the tree up, down and along a path; shared by the modules that know nodes. What does not:
users (`people`), settings, and the functions that callers use (`tree`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CTE, Text, cast, literal, or_
from sqlmodel import Session, col, select

from gateway.domain.errors import NotFoundError
from gateway.domain.nodes import Node, NodeKind
from gateway.store.columns import one_of, table_of
from gateway.store.tree_tables import NodeRow


@dataclass(frozen=True, slots=True)
class Place:
    """A node seen from the top: `locked` is true when it or any node above it is."""

    id: int
    parent_id: int | None
    kind: NodeKind
    name: str
    path: str
    company: str
    locked: bool

    def node(self) -> Node:
        """What callers get."""
        return Node(self.id, self.kind, self.name, self.path, self.parent_id, self.locked)


def line_above(node_id: int) -> CTE:
    """The node and all above it: columns id, parent_id and depth, which is 0 at the node itself."""
    number, parent_id = col(NodeRow.id), col(NodeRow.parent_id)
    node = sa.select(number, parent_id, literal(0).label("depth")).where(number == node_id)
    line = node.cte("line", recursive=True)
    above = sa.select(number, parent_id, line.c.depth + 1)
    return line.union_all(above.join(line, number == line.c.parent_id))


def place_of(session: Session, node_id: int) -> Place | None:
    """Where one node stands; None when there is no such node."""
    line = line_above(node_id)
    statement = select(NodeRow).join(line, line.c.id == col(NodeRow.id)).order_by(line.c.depth.desc())
    rows = session.exec(statement).all()
    if not rows:
        return None
    last = rows[-1]
    path = "/".join(row.name for row in rows)
    locked = any(row.locked for row in rows)
    return Place(node_id, last.parent_id, NodeKind(last.kind), last.name, path, rows[0].name, locked)


def all_places() -> CTE:
    """Every node of the tree, with the columns of `Place`."""
    name, parent_id = cast(col(NodeRow.name), Text), col(NodeRow.parent_id)
    own = (col(NodeRow.id), parent_id, col(NodeRow.kind), col(NodeRow.name))
    top = sa.select(*own, name.label("path"), name.label("company"), col(NodeRow.locked))
    there = col(NodeRow.deleted).is_(None)
    place = top.where(parent_id.is_(None), there).cte("place", recursive=True)
    path = place.c.path + "/" + name
    below = sa.select(*own, path, place.c.company, or_(place.c.locked, col(NodeRow.locked)))
    return place.union_all(below.join(place, parent_id == place.c.id).where(there))


def places(session: Session, kind: NodeKind, under: str, search: str) -> list[Place]:
    """The places of one kind, below a path (all when empty), whose path holds `search`; by path."""
    place = all_places()
    statement = sa.select(place).where(one_of(place.c.kind, [kind.value])).order_by(place.c.path)
    if under:
        statement = statement.where(place.c.path.startswith(f"{find(session, under).path}/", autoescape=True))
    if search:
        statement = statement.where(place.c.path.icontains(search, autoescape=True))
    return [_place(row._mapping) for row in session.execute(statement)]


def _place(row: Mapping[Any, Any]) -> Place:
    return Place(
        id=row["id"],
        parent_id=row["parent_id"],
        kind=NodeKind(row["kind"]),
        name=row["name"],
        path=row["path"],
        company=row["company"],
        locked=bool(row["locked"]),
    )


def find(session: Session, path: str) -> Place:
    """The node at a path; names are compared without regard to case.

    Raises:
        NotFoundError: names the part that is missing and what comes near it.
    """
    place = place_of(session, child_at(session, path))
    if place is None:
        raise NotFoundError(f"there is no {path!r}")
    return place


def child_at(session: Session, path: str) -> int:
    """The id of the node at a path.

    Raises:
        NotFoundError: as `find`.
    """
    node_id: int | None = None
    found: list[str] = []
    for name in path.strip("/").split("/"):
        row = _child(session, node_id, name)
        if row is None:
            raise NotFoundError(_missing(session, found, node_id, name))
        node_id = row.id
        found.append(row.name)
    return node_id or 0


def line_ids(session: Session, node_id: int) -> tuple[int, ...]:
    """The ids of the nodes from the company down to this one."""
    line = line_above(node_id)
    return tuple(session.scalars(sa.select(line.c.id).order_by(line.c.depth.desc())))


def ids_below(node_id: int) -> sa.Select[tuple[int]]:
    """The ids of a node and of all that are or were below it, as a query."""
    node = table_of(NodeRow)
    tree = sa.select(node.c.id).where(node.c.id == node_id).cte("tree", recursive=True)
    tree = tree.union_all(sa.select(node.c.id).join(tree, node.c.parent_id == tree.c.id))
    return sa.select(tree.c.id)


def name_key(name: str) -> str:
    """What siblings are told apart by."""
    return " ".join(name.split()).casefold()


def _child(session: Session, parent_id: int | None, name: str) -> NodeRow | None:
    statement = select(NodeRow).where(NodeRow.parent_id == parent_id, NodeRow.name_key == name_key(name))
    return session.exec(statement).one_or_none()


def _missing(session: Session, found: Sequence[str], parent_id: int | None, name: str) -> str:
    siblings = select(NodeRow.name).where(NodeRow.parent_id == parent_id, col(NodeRow.deleted).is_(None))
    names = session.exec(siblings.order_by(NodeRow.name)).all()
    by_key = {name_key(known): known for known in names}
    near = [by_key[key] for key in get_close_matches(name_key(name), by_key, n=3, cutoff=0.5)] or list(names[:3])
    paths = ", ".join("/".join((*found, known)) for known in near)
    inside = f" in {'/'.join(found)}" if found else ""
    hint = f"; there is {paths}" if paths else "; there is nothing there yet"
    return f"there is no {name!r}{inside}{hint}"
