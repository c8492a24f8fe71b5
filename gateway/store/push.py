"""One setting written down a whole subtree, and who would see a change by it.

What lives here: reading what a setting is at a node and all below it, and writing it there. What does not: one node's
settings (`node_settings`), noting it in the journal (`gateway.admin.settings`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import CTE, Text, cast, literal
from sqlmodel import Session

from gateway.domain.inheritance import settle
from gateway.domain.nodes import NodeKind
from gateway.domain.setting_catalog import setting_named
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.named import meant
from gateway.store.node_settings import levels_of, refuse_locked
from gateway.store.tree_tables import NodeRow, SettingLockRow, SettingRow

_AT_ONCE = 5_000  # rows of one statement


@dataclass(frozen=True, slots=True)
class Reached:
    """A node at or below the one that a value is pushed from: what holds there, and what it gives itself."""

    node_id: int
    kind: NodeKind
    path: str
    value: str
    explicit: str | None


def reached(db: Database, node: int | str, name: str) -> tuple[Reached, ...]:
    """A node and all below it, as a setting stands there now; from the top down.

    Raises:
        UsageError: unknown setting.
        NotFoundError: there is no such node.
    """
    return db.read(lambda session: _reached(session, meant(session, node).id, name))


def push(db: Database, node: int | str, name: str, value: str, *, follow: bool = False) -> tuple[Reached, ...]:
    """Give a node and every node below it a value; with `follow` only itself, and let all below follow it.

    Returns:
        The nodes whose own values change, as they were before.

    Raises:
        UsageError: unknown setting.
        ConflictError: a level above has locked it.
        NotFoundError: there is no such node.
    """
    kinds = setting_named(name).levels

    def work(session: Session) -> tuple[Reached, ...]:
        top = meant(session, node).id
        refuse_locked(levels_of(session, top), [name])
        found = _reached(session, top, name)
        wanted = {one.node_id: value for one in found if one.kind in kinds and not (follow and one.node_id != top)}
        changing = [one for one in found if one.explicit != wanted.get(one.node_id)]
        for start in range(0, len(changing), _AT_ONCE):
            ids = [one.node_id for one in changing[start : start + _AT_ONCE]]
            _write(session, name, ids, wanted)
        return tuple(changing)

    return db.write(work)


def _write(session: Session, name: str, ids: Sequence[int], wanted: dict[int, str]) -> None:
    table = table_of(SettingRow)
    session.execute(sa.delete(table).where(table.c.name == name, table.c.node_id.in_(ids)))
    rows = [{"node_id": number, "name": name, "value": wanted[number]} for number in ids if number in wanted]
    if rows:
        session.execute(table.insert(), rows)


def _reached(session: Session, top: int, name: str) -> tuple[Reached, ...]:
    setting_named(name)
    below = _below(top)
    value, lock = table_of(SettingRow), table_of(SettingLockRow)
    rows = session.execute(
        sa.select(below, value.c.value, lock.c.name)
        .outerjoin(value, (value.c.node_id == below.c.id) & (value.c.name == name))
        .outerjoin(lock, (lock.c.node_id == below.c.id) & (lock.c.name == name))
        .order_by(below.c.depth, below.c.path)
    ).all()
    line = levels_of(session, top)
    first, prefix = settle(line)[name], line[-1].path
    # What each node hands down: the value, and whether those below may override it.
    handed: dict[int, tuple[str, bool]] = {}
    found = []
    for number, parent_id, kind, path, _depth, own, locks in rows:
        if number == top:
            holds, locked = first.value, first.locked is not None
        else:
            holds, locked = handed[parent_id]
            holds = holds if own is None or locked else own
        handed[number] = (holds, locked or locks is not None)
        found.append(Reached(number, NodeKind(kind), prefix + path, holds, own))
    return tuple(found)


def _below(top: int) -> CTE:
    """The node and all below it; the path begins behind the node's own."""
    node = table_of(NodeRow)
    own = sa.select(
        node.c.id, node.c.parent_id, node.c.kind, literal("", Text).label("path"), literal(0).label("depth")
    )
    below = own.where(node.c.id == top).cte("below", recursive=True)
    path = below.c.path + "/" + cast(node.c.name, Text)
    rest = sa.select(node.c.id, node.c.parent_id, node.c.kind, path, below.c.depth + 1)
    return below.union_all(rest.join(below, node.c.parent_id == below.c.id).where(node.c.deleted.is_(None)))
