"""The tree of people and its settings, as callers use it: companies, departments, users, explicit and effective values.

What lives here: the store's functions on the tree. What does not: how paths are walked (`places`), how users become
rows (`people`), what a setting may be (`gateway.domain.setting_catalog`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from gateway.domain.errors import NotFoundError, RefusedError, UsageError
from gateway.domain.nodes import Node, NodeKind, User, checked_name
from gateway.store.database import Database
from gateway.store.node_settings import effective, effective_in, explicit_settings, set_setting
from gateway.store.people import NewUser, address_rows, refuse_taken, user_row, users_at
from gateway.store.places import Place, find, name_key, place_of, places
from gateway.store.tree_tables import NodeRow, SendingAddressRow, UserRow

T = TypeVar("T")
__all__ = [
    "Credentials", "NewUser", "add_company", "add_department", "add_user", "companies", "credentials", "departments",
    "effective", "effective_in", "explicit_settings", "node_by_path", "set_setting", "user_by_address", "user_by_id",
    "user_in", "users",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credentials:
    """What SMTP AUTH needs of a user; an empty hash fits no password."""

    user_id: int
    password_hash: str = field(repr=False)
    locked: bool


def add_company(db: Database, name: str) -> Node:
    """Add a company.

    Raises:
        UsageError: the name cannot be one.
        RefusedError: there is a company of that name.
    """
    wanted = checked_name(name, "a company's name")
    return _added(db, lambda session: _add_node(session, None, NodeKind.COMPANY, wanted).node())


def add_department(db: Database, parent_path: str, name: str) -> Node:
    """Add a department to a company or a department.

    Raises:
        UsageError: the name cannot be one.
        NotFoundError: there is no such parent; names what comes near.
        RefusedError: the parent is a user, or has something of that name.
    """
    wanted = checked_name(name, "a department's name")

    def work(session: Session) -> Node:
        return _add_node(session, find(session, parent_path), NodeKind.DEPARTMENT, wanted).node()

    return _added(db, work)


def add_user(db: Database, new: NewUser) -> User:
    """Add a user to a company or a department.

    Raises:
        UsageError: no sending address, or a user name that cannot be one.
        NotFoundError: there is no such parent; names what comes near.
        RefusedError: a sending address or the user name is somebody's already; names the holder.
    """
    if not new.sending_addresses:
        raise UsageError("a user needs at least one sending address")
    user_name = checked_name(new.user_name or new.sending_addresses[0], "a user name")
    return _added(db, lambda session: _add_user(session, new, user_name))


def companies(db: Database, search: str = "") -> tuple[Node, ...]:
    """All companies whose name holds `search`, by name."""
    return _nodes(db, NodeKind.COMPANY, "", search)


def departments(db: Database, under: str = "", search: str = "") -> tuple[Node, ...]:
    """The departments below a path (all when empty) whose path holds `search`, by path.

    Raises:
        NotFoundError: there is no such path.
    """
    return _nodes(db, NodeKind.DEPARTMENT, under, search)


def users(db: Database, under: str = "", search: str = "") -> tuple[User, ...]:
    """The users below a path (all when empty) whose path, name or sending address holds `search`, by path.

    Raises:
        NotFoundError: there is no such path.
    """
    wanted = search.casefold()

    def holds(user: User) -> bool:
        return any(wanted in text.casefold() for text in (user.path, user.full_name, *user.sending_addresses))

    found = db.read(lambda session: users_at(session, places(session, NodeKind.USER, under, "")))
    return tuple(user for user in found if holds(user))


def node_by_path(db: Database, path: str) -> Node:
    """The company, department or user at a path.

    Raises:
        NotFoundError: names the part that is missing and what comes near it.
    """
    return db.read(lambda session: find(session, path).node())


def user_by_address(db: Database, address: str) -> User | None:
    """The user who has this sending address."""

    def work(session: Session) -> User | None:
        row = session.get(SendingAddressRow, address.strip().lower())
        return None if row is None else _user(session, row.user_id)

    return db.read(work)


def user_by_id(db: Database, user_id: int) -> User:
    """One user.

    Raises:
        NotFoundError: there is no such user.
    """
    return db.read(lambda session: user_in(session, user_id))


def user_in(session: Session, user_id: int) -> User:
    """As `user_by_id`, inside a transaction."""
    return _user(session, user_id)


def credentials(db: Database, user_name: str) -> Credentials | None:
    """What is needed to check a user's password; user names are compared without regard to case."""

    def work(session: Session) -> Credentials | None:
        row = session.exec(select(UserRow).where(UserRow.user_name_key == user_name.casefold())).one_or_none()
        place = None if row is None else place_of(session, row.node_id)
        return None if row is None or place is None else Credentials(row.node_id, row.password_hash, place.locked)

    return db.read(work)


def _added(db: Database, work: Callable[[Session], T]) -> T:
    """Write; two processes that add the same thing at once meet at the unique constraints."""
    try:
        return db.write(work)
    except IntegrityError:
        raise RefusedError("somebody else has just added the same name or address") from None


def _nodes(db: Database, kind: NodeKind, under: str, search: str) -> tuple[Node, ...]:
    return db.read(lambda session: tuple(place.node() for place in places(session, kind, under, search)))


def _place(session: Session, node: int | str) -> Place:
    if isinstance(node, str):
        return find(session, node)
    place = place_of(session, node)
    if place is None:
        raise NotFoundError(f"there is no node {node}")
    return place


def _user(session: Session, user_id: int) -> User:
    place = place_of(session, user_id)
    if place is None or place.kind is not NodeKind.USER:
        raise NotFoundError(f"there is no user {user_id}")
    return users_at(session, [place])[0]


def _add_node(session: Session, parent: Place | None, kind: NodeKind, name: str) -> Place:
    if parent is not None and parent.kind is NodeKind.USER:
        raise RefusedError(f"{parent.path} is a user: only companies and departments hold others")
    parent_id = parent.id if parent else None
    same = select(NodeRow).where(NodeRow.parent_id == parent_id, NodeRow.name_key == name_key(name))
    taken = session.exec(same).one_or_none()
    if taken is not None:
        where = f" in {parent.path}" if parent else ""
        raise RefusedError(f"there is a {taken.kind} named {taken.name!r}{where} already")
    row = NodeRow(parent_id=parent_id, kind=kind.value, name=name, name_key=name_key(name), created=datetime.now(UTC))
    session.add(row)
    session.flush()
    place = place_of(session, row.id or 0)
    if place is None:
        raise NotFoundError(f"{name} vanished while it was added")
    return place


def _add_user(session: Session, new: NewUser, user_name: str) -> User:
    parent = find(session, new.parent_path)
    refuse_taken(session, new, user_name)
    place = _add_node(session, parent, NodeKind.USER, user_name)
    session.add(user_row(new, place.id, user_name))
    session.add_all(address_rows(new, place.id))
    session.flush()
    return users_at(session, [place])[0]
