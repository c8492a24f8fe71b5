"""The tree of people and its settings, as callers use it: companies, departments, users, explicit and effective values.

What lives here: the store's functions on the tree. What does not: how paths are walked (`places`), how users become
rows (`people`), what a setting may be (`gateway.domain.setting_catalog`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.domain.errors import NotFoundError, RefusedError, UsageError
from gateway.domain.mail_names import ascii_address
from gateway.domain.nodes import Node, NodeKind, User, checked_name
from gateway.store.database import Database
from gateway.store.holding import hold
from gateway.store.node_settings import (
    check_level,
    effective,
    effective_in,
    explicit_settings,
    levels_of,
    refuse_locked,
    set_setting,
    write_down,
)
from gateway.store.people import NewUser, address_rows, refuse_taken, user_row, users_at
from gateway.store.places import Place, find, name_key, place_of, places
from gateway.store.tree_changes import refuse_sibling, written
from gateway.store.tree_tables import NodeRow, SendingAddressRow, SettingRow, UserRow

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
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


def add_company(db: Database, name: str, settings: Mapping[str, str] = NO_SETTINGS) -> Node:
    """Add a company, with settings of its own.

    Raises:
        UsageError: the name cannot be one, or it does not give such a setting.
        ConflictError: there is a company of that name.
    """
    wanted = checked_name(name, "a company's name")
    return written(db, lambda session: _add_node(session, None, NodeKind.COMPANY, wanted, settings).node())


def add_department(db: Database, parent_path: str, name: str, settings: Mapping[str, str] = NO_SETTINGS) -> Node:
    """Add a department to a company or a department, with settings of its own.

    Raises:
        UsageError: the name cannot be one, or it does not give such a setting.
        NotFoundError: there is no such parent; names what comes near.
        RefusedError: the parent is a user.
        ConflictError: the parent has something of that name, or a setting is locked above.
    """
    wanted = checked_name(name, "a department's name")

    def work(session: Session) -> Node:
        return _add_node(session, find(session, parent_path), NodeKind.DEPARTMENT, wanted, settings).node()

    return written(db, work)


def add_user(db: Database, new: NewUser, settings: Mapping[str, str] = NO_SETTINGS) -> User:
    """Add a user to a company or a department, with settings of their own.

    Raises:
        UsageError: no sending address, a user name that cannot be one, or a setting that users do not give.
        NotFoundError: there is no such parent; names what comes near.
        ConflictError: an address, the user name or the number is somebody's already, or a setting is locked above.
    """
    if not new.sending_addresses:
        raise UsageError("a user needs at least one sending address")
    user_name = checked_name(new.user_name or new.sending_addresses[0], "a user name")
    return written(db, lambda session: _add_user(session, new, user_name, settings))


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
    """The users below a path (all when empty) whose path, name, address or number holds `search`, by path.

    Raises:
        NotFoundError: there is no such path.
    """

    def work(session: Session) -> tuple[User, ...]:
        found: Sequence[Place] = places(session, NodeKind.USER, under, "")
        if search:
            named = set(session.exec(_whose_facts_hold(search)))
            wanted = search.casefold()
            found = [place for place in found if place.id in named or wanted in place.path.casefold()]
        return tuple(users_at(session, found))

    return db.read(work)


def node_by_path(db: Database, path: str) -> Node:
    """The company, department or user at a path.

    Raises:
        NotFoundError: names the part that is missing and what comes near it.
    """
    return db.read(lambda session: find(session, path).node())


def user_by_address(db: Database, address: str) -> User | None:
    """The user who has this sending address."""

    def work(session: Session) -> User | None:
        row = session.get(SendingAddressRow, ascii_address(address.strip().lower()))
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


def _nodes(db: Database, kind: NodeKind, under: str, search: str) -> tuple[Node, ...]:
    return db.read(lambda session: tuple(place.node() for place in places(session, kind, under, search)))


def _user(session: Session, user_id: int) -> User:
    place = place_of(session, user_id)
    if place is None or place.kind is not NodeKind.USER:
        raise NotFoundError(f"there is no user {user_id}")
    return users_at(session, [place])[0]


def _whose_facts_hold(search: str) -> SelectOfScalar[int]:
    """Ids of users by their names, number or addresses."""
    full_name = col(UserRow.first_name) + " " + col(UserRow.last_name)
    texts = (full_name, col(UserRow.user_name), col(UserRow.fax_number))
    addressed = select(SendingAddressRow.user_id).where(
        col(SendingAddressRow.address).icontains(search, autoescape=True)
    )
    own = [text.icontains(search, autoescape=True) for text in texts]
    return select(UserRow.node_id).where(or_(*own, col(UserRow.node_id).in_(addressed)))


def _add_node(session: Session, parent: Place | None, kind: NodeKind, name: str, settings: Mapping[str, str]) -> Place:
    if parent is not None and parent.kind is NodeKind.USER:
        raise RefusedError(f"{parent.path} is a user: only companies and departments hold others")
    parent_id = parent.id if parent else None
    refuse_sibling(session, parent_id, name)
    row = NodeRow(parent_id=parent_id, kind=kind.value, name=name, name_key=name_key(name), created=datetime.now(UTC))
    session.add(row)
    session.flush()
    place = place_of(session, row.id or 0)
    if place is None:
        raise NotFoundError(f"{name} vanished while it was added")
    _give(session, place, settings)
    return place


def _give(session: Session, place: Place, settings: Mapping[str, str]) -> None:
    """The settings of a new node, and all others where its company keeps snapshots."""
    for name in settings:
        check_level(name, place)
    refuse_locked(levels_of(session, place.id), list(settings))
    session.add_all(SettingRow(node_id=place.id, name=name, value=value) for name, value in settings.items())
    session.flush()
    write_down(session, place.id)


def _add_user(session: Session, new: NewUser, user_name: str, settings: Mapping[str, str]) -> User:
    parent = find(session, new.parent_path)
    refuse_taken(session, new, user_name)
    hold(session, new.fax_number, parent.id)
    place = _add_node(session, parent, NodeKind.USER, user_name, settings)
    session.add(user_row(new, place.id, user_name))
    session.add_all(address_rows(new, place.id))
    session.flush()
    return users_at(session, [place])[0]
