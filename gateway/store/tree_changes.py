"""Changes of nodes that are there: renamed, moved, locked, edited, taken out of the tree.

What lives here: the store's functions that change one node. What does not: adding and finding nodes (`tree`), settings
(`node_settings`), asking whether somebody may (`gateway.admin`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

from gateway.domain.errors import ConflictError, NotFoundError, RefusedError
from gateway.domain.nodes import Node, NodeKind, User
from gateway.store import first_passwords
from gateway.store.admin_tables import AdministratorRow
from gateway.store.columns import key_of, table_of
from gateway.store.database import Database
from gateway.store.holding import follow, hold, leave
from gateway.store.passwords import forget_passwords, rename_passwords
from gateway.store.people import NewUser, address_rows, profile, refuse_taken, users_at
from gateway.store.places import Place, line_ids, name_key, place_of
from gateway.store.tree_tables import (
    ContactRow,
    CoverRow,
    NodeRow,
    NoticeTemplateRow,
    ReceivingAddressRow,
    SendingAddressRow,
    SettingLockRow,
    SettingRow,
    UserRow,
)  # fmt: skip

T = TypeVar("T")
# What goes with a node; their column of the node is node_id.
_OWN = (SettingRow, SettingLockRow, CoverRow, NoticeTemplateRow)
_ADDRESSES = (SendingAddressRow, ReceivingAddressRow)
MOST_NAMED = 5


def rename(db: Database, node_id: int, name: str) -> Node:
    """Give a company or department another name.

    Raises:
        ConflictError: something else there has it.
        NotFoundError: there is no such node.
    """

    def work(session: Session) -> Node:
        row = row_of(session, node_id)
        refuse_sibling(session, row.parent_id, name, but=node_id)
        row.name, row.name_key = name, name_key(name)
        session.flush()
        return _place(session, node_id).node()

    return written(db, work)


def move(db: Database, node_id: int, parent_id: int) -> Node | User:
    """Move a department or user, with all below and all settings of their own, to another place.

    Raises:
        RefusedError: a company, a place below itself, or a user as the place.
        ConflictError: something there has its name.
        NotFoundError: there is no such node.
    """

    def work(session: Session) -> Node | User:
        row, parent = row_of(session, node_id), _place(session, parent_id)
        if row.parent_id is None:
            raise RefusedError(f"{row.name} is a company: it stands at the top")
        if node_id in line_ids(session, parent_id):
            raise RefusedError(f"{parent.path} is {row.name} itself or lies below it")
        if parent.kind is NodeKind.USER:
            raise RefusedError(f"{parent.path} is a user: only companies and departments hold others")
        refuse_sibling(session, parent_id, row.name, but=node_id)
        row.parent_id = parent_id
        session.flush()
        follow(session, node_id)
        return _target(session, node_id)

    return written(db, work)


def set_locked(db: Database, node_id: int, *, locked: bool) -> Node | User:
    """Lock a node, and with it all below; or unlock it, unless one above is locked.

    Raises:
        NotFoundError: there is no such node.
    """

    def work(session: Session) -> Node | User:
        row_of(session, node_id).locked = locked
        session.flush()
        return _target(session, node_id)

    return db.write(work)


def is_locked_itself(db: Database, node_id: int) -> bool:
    """Whether this very node is locked, whatever is above it."""
    return db.read(lambda session: row_of(session, node_id).locked)


def edit_user(db: Database, user_id: int, new: NewUser) -> User:
    """Put other facts in the place of a user's; the password stays.

    Raises:
        ConflictError: an address, the user name or the fax number is somebody else's; names the holder.
        NotFoundError: there is no such user.
    """

    def work(session: Session) -> User:
        row = row_of(session, user_id)
        refuse_taken(session, new, new.user_name, but=user_id)
        hold(session, new.fax_number, user_id)
        refuse_sibling(session, row.parent_id, new.user_name, but=user_id)
        row.name, row.name_key = new.user_name, name_key(new.user_name)
        before = session.exec(select(UserRow.user_name_key).where(UserRow.node_id == user_id)).one()
        if before != new.user_name.casefold():
            rename_passwords(session, before, new.user_name.casefold())
        session.execute(_at(UserRow, "node_id", user_id, sa.update).values(**profile(new, new.user_name)))
        for addresses in _ADDRESSES:
            session.execute(_at(addresses, "user_id", user_id, sa.delete))
        session.add_all(address_rows(new, user_id))
        session.flush()
        return users_at(session, [_place(session, user_id)])[0]

    return written(db, work)


def let_go(db: Database, user_ids: Sequence[int]) -> None:
    """Take the sending addresses and numbers of users away, before each gets others: two may exchange theirs."""
    sending, user = table_of(SendingAddressRow), table_of(UserRow)

    def work(session: Session) -> None:
        session.execute(sa.delete(sending).where(sending.c.user_id.in_(user_ids)))
        session.execute(sa.update(user).where(user.c.node_id.in_(user_ids)).values(fax_number=""))

    if user_ids:
        db.write(work)


def remove(db: Database, node_id: int, now: datetime) -> None:
    """Take a node out of the tree; it stays known to the faxes that it sent, by its name alone.

    Raises:
        ConflictError: it holds others; names them.
        NotFoundError: there is no such node.
    """

    def work(session: Session) -> None:
        row = row_of(session, node_id)
        inside = _inside(session, node_id)
        if inside:
            raise ConflictError(f"{_place(session, node_id).path} is not empty: it holds {', '.join(inside)}")
        for own in _OWN:
            session.execute(_at(own, "node_id", node_id, sa.delete))
        session.execute(_at(ContactRow, "company_id", node_id, sa.delete))
        if row.kind == NodeKind.USER.value:
            _forget_person(session, node_id)
        leave(session, row)
        row.deleted, row.name_key = now, f"{row.name_key}/{node_id}"  # no name has a slash

    db.write(work)


def is_there(db: Database, node_id: int) -> bool:
    """Whether a node is in the tree: it may have been deleted since."""
    there = select(NodeRow.id).where(NodeRow.id == node_id, col(NodeRow.deleted).is_(None))
    return db.read(lambda session: session.exec(there).first() is not None)


def children(db: Database, node_id: int) -> tuple[int, ...]:
    """The departments and users right below a node."""
    below = select(col(NodeRow.id)).where(NodeRow.parent_id == node_id, col(NodeRow.deleted).is_(None))
    return db.read(lambda session: tuple(key_of(number) for number in session.exec(below.order_by(col(NodeRow.id)))))


def row_of(session: Session, node_id: int) -> NodeRow:
    """The row of a node that is in the tree.

    Raises:
        NotFoundError: there is none.
    """
    row = session.get(NodeRow, node_id)
    if row is None or row.deleted:
        raise NotFoundError(f"there is no node {node_id}")
    return row


def refuse_sibling(session: Session, parent_id: int | None, name: str, but: int = 0) -> None:
    """Return when nothing else right below the parent has that name.

    Raises:
        ConflictError: something has.
    """
    same = select(NodeRow).where(NodeRow.parent_id == parent_id, NodeRow.name_key == name_key(name), NodeRow.id != but)
    taken = session.exec(same).one_or_none()
    if taken is not None:
        parent = None if parent_id is None else place_of(session, parent_id)
        where = f" in {parent.path}" if parent else ""
        raise ConflictError(f"there is a {taken.kind} named {taken.name!r}{where} already")


def written(db: Database, work: Callable[[Session], T]) -> T:
    """Write; two processes that give the same name or address at once meet at the unique constraints.

    Raises:
        ConflictError: they did.
    """
    try:
        return db.write(work)
    except IntegrityError:
        raise ConflictError("somebody else has just added the same name, address or number") from None


def _at(row: type[SQLModel], column: str, number: int, make: Callable[[sa.Table], Any]) -> Any:
    table = table_of(row)
    return make(table).where(table.c[column] == number)


def _inside(session: Session, node_id: int) -> list[str]:
    """What a node holds, in words; the first few by name."""
    held = select(NodeRow.kind, NodeRow.name).where(NodeRow.parent_id == node_id, col(NodeRow.deleted).is_(None))
    found = [f"the {kind} {name}" for kind, name in session.exec(held.order_by(NodeRow.kind, NodeRow.name))]
    sitting = select(AdministratorRow.user_name).where(AdministratorRow.node_id == node_id)
    found += [f"the administrator {name}" for name in session.exec(sitting)]
    more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    return found[:MOST_NAMED] + more


def _forget_person(session: Session, user_id: int) -> None:
    """Addresses, number and user name are free again; of the person only the name stays."""
    for addresses in _ADDRESSES:
        session.execute(_at(addresses, "user_id", user_id, sa.delete))
    first_passwords.forget(session, user_id)
    row = session.get(UserRow, user_id)
    if row is not None:
        forget_passwords(session, row.user_name_key)
        blank = profile(NewUser("", row.first_name, row.last_name, ()), row.user_name)
        key = {"user_name_key": f"{row.user_name_key}/{user_id}", "password_hash": ""}
        session.execute(_at(UserRow, "node_id", user_id, sa.update).values(**blank | key))


def _place(session: Session, node_id: int) -> Place:
    row_of(session, node_id)
    place = place_of(session, node_id)
    assert place is not None  # the row is there
    return place


def _target(session: Session, node_id: int) -> Node | User:
    place = _place(session, node_id)
    return users_at(session, [place])[0] if place.kind is NodeKind.USER else place.node()
