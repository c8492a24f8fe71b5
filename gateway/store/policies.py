"""Named password policies of the system, of companies and of departments.

What lives here: rows and questions. What does not: what a policy says (`gateway.domain.password_policy`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, or_, select

from gateway.domain.errors import ConflictError, NotFoundError
from gateway.domain.password_policy import GLOBAL, PasswordPolicy, changed
from gateway.store.admin_tables import PolicyRow
from gateway.store.database import Database
from gateway.store.places import line_above, name_key, place_of
from gateway.store.tree_tables import SettingRow

SETTING = "security.policy"  # names the policy that holds at a node


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy and where it belongs; an empty path: to the whole system."""

    policy: PasswordPolicy
    path: str
    node_id: int | None


def keep(db: Database, node_id: int | None, name: str, fields: Mapping[str, str]) -> PasswordPolicy:
    """Add a policy, or change fields of one that is there.

    Raises:
        UsageError: a field or a value that cannot be.
    """

    def work(session: Session) -> PasswordPolicy:
        row = _row(session, node_id, name)
        if row is None:
            row = PolicyRow(node_id=node_id, name=name, name_key=name_key(name), fields="{}")
        policy = changed(_policy(row), fields)
        row.fields = json.dumps({**json.loads(row.fields), **fields}, sort_keys=True)
        session.add(row)
        session.flush()
        return policy

    return db.write(work)


def remove(db: Database, node_id: int | None, name: str) -> None:
    """Delete a policy that nobody names.

    Raises:
        NotFoundError: there is none of that name here.
        ConflictError: a node's settings name it; says which.
    """

    def work(session: Session) -> None:
        row = _row(session, node_id, name)
        if row is None:
            raise NotFoundError(f"there is no policy {name!r} here; `faxgw policy list` shows those there are")
        named = select(SettingRow).where(SettingRow.name == SETTING)
        users = [one for one in session.exec(named) if name_key(one.value) == row.name_key]
        if users:
            place = place_of(session, users[0].node_id)
            where = place.path if place else "a node"
            raise ConflictError(f"{where} names the policy {row.name!r}: give it another {SETTING} first")
        session.execute(delete(PolicyRow).where(col(PolicyRow.id) == row.id))

    db.write(work)


def named(db: Database, node_id: int | None, name: str) -> PasswordPolicy | None:
    """The policy of a name, as seen from a node: its own, of the nearest node above, or the system's."""
    if name_key(name) == GLOBAL.name and node_id is None:
        return _global(db)
    rows = db.read(lambda session: _seen(session, node_id))
    found = next((row for row in rows if row.name_key == name_key(name)), None)
    if found is not None:
        return _policy(found)
    return _global(db) if name_key(name) == GLOBAL.name else None


def listed(db: Database, node_id: int | None = None) -> list[NamedPolicy]:
    """The policies that a node's settings may name; without a node those of all nodes. The global one comes first."""

    def work(session: Session) -> list[NamedPolicy]:
        rows = _seen(session, node_id) if node_id is not None else session.exec(select(PolicyRow)).all()
        return [NamedPolicy(_policy(row), _path(session, row.node_id), row.node_id) for row in rows]

    found = db.read(work)
    if not any(one.policy.name == GLOBAL.name and one.node_id is None for one in found):
        found.append(NamedPolicy(GLOBAL, "", None))
    return sorted(found, key=lambda one: (one.path.casefold(), one.policy.name.casefold()))


def _global(db: Database) -> PasswordPolicy:
    row = db.read(lambda session: _row(session, None, GLOBAL.name))
    return _policy(row) if row else GLOBAL


def _row(session: Session, node_id: int | None, name: str) -> PolicyRow | None:
    statement = select(PolicyRow).where(PolicyRow.node_id == node_id, PolicyRow.name_key == name_key(name))
    return session.exec(statement).one_or_none()


def _seen(session: Session, node_id: int | None) -> Sequence[PolicyRow]:
    """Nearest first; the system's come last."""
    if node_id is None:
        return session.exec(select(PolicyRow).where(col(PolicyRow.node_id).is_(None))).all()
    line = line_above(node_id)
    depth = {row.id: row.depth for row in session.execute(select(line.c.id, line.c.depth))}
    mine = select(PolicyRow).where(or_(col(PolicyRow.node_id).in_(depth), col(PolicyRow.node_id).is_(None)))
    return sorted(session.exec(mine), key=lambda row: depth.get(row.node_id, len(depth)))


def _policy(row: PolicyRow) -> PasswordPolicy:
    return changed(PasswordPolicy(row.name), json.loads(row.fields))


def _path(session: Session, node_id: int | None) -> str:
    place = place_of(session, node_id) if node_id is not None else None
    return place.path if place else ""
