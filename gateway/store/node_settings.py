"""Explicit values and locks of settings at nodes, and what holds because of them.

What lives here: the store's functions on the settings of one node and of the line above it. What does not: pushing a
value down (`push`), the rule of what holds (`gateway.domain.inheritance`), what a value may be (`setting_catalog`).
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import CTE, literal
from sqlmodel import Session

from gateway.domain.errors import ConflictError, UsageError
from gateway.domain.inheritance import Level, settle
from gateway.domain.nodes import NodeKind
from gateway.domain.setting_catalog import CATALOG, Effective, checked_value, setting_named
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.named import meant
from gateway.store.places import Place
from gateway.store.tree_tables import NodeRow, SettingLockRow, SettingRow

INHERITANCE, SNAPSHOT = "settings.inheritance", "snapshot"
_VALUE, _LOCK, _NODE = 0, 1, 2


def effective(db: Database, node_id: int) -> Effective:
    """The values that hold for a user, or at any node."""
    return db.read(lambda session: effective_in(session, node_id))


def effective_in(session: Session, node_id: int) -> Effective:
    """As `effective`, inside a transaction."""
    return Effective(_holding(session, node_id))


def levels(db: Database, node: int | str) -> tuple[Level, ...]:
    """The levels from the company down to a node, with what each gives and locks.

    Raises:
        NotFoundError: there is no such node.
        UsageError: the name may mean several.
    """
    return db.read(lambda session: levels_of(session, meant(session, node).id))


def explicit_settings(db: Database, node: int | str) -> Mapping[str, str]:
    """The values given at this very node, by its id or name.

    Raises:
        NotFoundError, UsageError: as `levels`.
    """
    return db.read(lambda session: levels_of(session, meant(session, node).id)[-1].explicit)


def set_setting(db: Database, node: int | str, name: str, value: str) -> None:
    """Give a setting an explicit value at a node, by its id or name.

    Raises:
        UsageError: unknown setting or value, or one that such a node does not give.
        ConflictError: a level above has locked it.
        NotFoundError: there is no such node.
    """
    wanted = checked_value(name, value)

    def work(session: Session) -> None:
        place = meant(session, node)
        check_level(name, place)
        refuse_locked(levels_of(session, place.id), [name])
        session.merge(SettingRow(node_id=place.id, name=name, value=wanted))

    db.write(work)


def unset_setting(db: Database, node: int | str, name: str) -> None:
    """Take back the value given at this very node; one that is not given stays so.

    Raises:
        UsageError: unknown setting.
        NotFoundError: there is no such node.
    """
    setting_named(name)
    table = table_of(SettingRow)

    def work(session: Session) -> None:
        place = meant(session, node)
        session.execute(sa.delete(table).where(table.c.node_id == place.id, table.c.name == name))

    db.write(work)


def replace_settings(db: Database, node_id: int, values: Mapping[str, str]) -> None:
    """Give a node exactly these values, whatever is locked above: of them only what is not locked counts."""
    table = table_of(SettingRow)

    def work(session: Session) -> None:
        session.execute(sa.delete(table).where(table.c.node_id == node_id))
        session.add_all(SettingRow(node_id=node_id, name=name, value=value) for name, value in values.items())

    db.write(work)


def replace_locks(db: Database, node_id: int, names: Sequence[str]) -> None:
    """Lock exactly these settings at a node."""
    table = table_of(SettingLockRow)

    def work(session: Session) -> None:
        session.execute(sa.delete(table).where(table.c.node_id == node_id))
        session.add_all(SettingLockRow(node_id=node_id, name=name) for name in names)

    db.write(work)


def set_lock(db: Database, node: int | str, name: str, *, locked: bool) -> None:
    """Lock a setting at a company or department, so that no level below overrides it; or let them again.

    Raises:
        UsageError: unknown setting, or a user, below whom is nobody.
        ConflictError: a level above has locked it.
        NotFoundError: there is no such node.
    """
    setting_named(name)
    table = table_of(SettingLockRow)

    def work(session: Session) -> None:
        place = meant(session, node)
        if place.kind is NodeKind.USER:
            raise UsageError(f"{place.path} is a user: companies and departments lock settings")
        refuse_locked(levels_of(session, place.id), [name])
        session.execute(sa.delete(table).where(table.c.node_id == place.id, table.c.name == name))
        if locked:
            session.add(SettingLockRow(node_id=place.id, name=name))

    db.write(work)


def check_level(name: str, place: Place) -> None:
    """Return when a node of that kind may give the setting.

    Raises:
        UsageError: it may not; says which kinds do.
    """
    setting = setting_named(name)
    if place.kind not in setting.levels:
        raise UsageError(f"{name} is given at {' or '.join(setting.levels)}; {place.path} is a {place.kind}")


def refuse_locked(line: Sequence[Level], names: Sequence[str]) -> None:
    """Return when no level above the last one has locked any of these settings.

    Raises:
        ConflictError: says which is locked where.
    """
    for level in line[:-1]:
        for name in names:
            if name in level.locks:
                raise ConflictError(f"{name} is locked at {level.path}; see faxgw settings unlock")


def write_down(session: Session, node_id: int) -> None:
    """Where a company keeps snapshots: give a new node all values that hold for it, so that they stay."""
    line = levels_of(session, node_id)
    if line[0].explicit.get(INHERITANCE) != SNAPSHOT:
        return
    new = line[-1]
    held = settle(line)
    rows = [
        {"node_id": node_id, "name": name, "value": one.value}
        for name, one in held.items()
        if name not in new.explicit and new.kind in CATALOG[name].levels
    ]
    session.execute(table_of(SettingRow).insert(), rows)


def levels_of(session: Session, node_id: int) -> tuple[Level, ...]:
    """As `levels`, inside a transaction; of a node that is there."""
    found: dict[int, list[tuple[int, int, str, str]]] = {}
    for depth, number, *rest in session.execute(_LEVELS, {"node_id": node_id}).all():
        found.setdefault(depth, []).append((number, *rest))
    path: list[str] = []
    made = []
    for depth in sorted(found, reverse=True):
        [(number, _, name, kind)] = [row for row in found[depth] if row[1] == _NODE]
        path.append(name)
        explicit = {row[2]: row[3] for row in found[depth] if row[1] == _VALUE}
        locks = frozenset(row[2] for row in found[depth] if row[1] == _LOCK)
        made.append(Level(number, NodeKind(kind), "/".join(path), explicit, locks))
    return tuple(made)


def _holding(session: Session, node_id: int) -> dict[str, str]:
    """The explicit values that hold, in one query; the farthest level first, at one level values before locks."""
    rows = session.execute(_HOLDING, {"node_id": node_id}).all()
    held: dict[str, str] = {}
    locked: set[str] = set()
    for _depth, _number, kind, name, value in rows:
        if kind == _LOCK:
            locked.add(name)
        elif name not in locked:
            held[name] = value
    return held


def _line() -> CTE:
    """The node and all above it, with names; depth is 0 at the node itself."""
    node = table_of(NodeRow)
    own = sa.select(node.c.id, node.c.parent_id, node.c.name, node.c.kind, literal(0).label("depth"))
    line = own.where(node.c.id == sa.bindparam("node_id")).cte("line", recursive=True)
    above = sa.select(node.c.id, node.c.parent_id, node.c.name, node.c.kind, line.c.depth + 1)
    return line.union_all(above.join(line, node.c.id == line.c.parent_id))


def _given(line: CTE) -> tuple[sa.Select[tuple[int, int, int, str, str]], sa.Select[tuple[int, int, int, str, str]]]:
    value, lock = table_of(SettingRow), table_of(SettingLockRow)
    values = sa.select(line.c.depth, line.c.id, literal(_VALUE).label("kind"), value.c.name, value.c.value)
    locks = sa.select(line.c.depth, line.c.id, literal(_LOCK).label("kind"), lock.c.name, literal(""))
    return (
        values.join(value, value.c.node_id == line.c.id),
        locks.join(lock, lock.c.node_id == line.c.id),
    )


def _holding_statement() -> sa.Executable:
    values, locks = _given(_line())
    return values.union_all(locks).order_by(sa.desc("depth"), "kind")


def _levels_statement() -> sa.Executable:
    line = _line()
    nodes = sa.select(line.c.depth, line.c.id, literal(_NODE), line.c.name, line.c.kind)
    return nodes.union_all(*_given(line))


# Made once: putting such a statement together takes longer than running it.
_HOLDING, _LEVELS = _holding_statement(), _levels_statement()
