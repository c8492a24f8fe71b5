"""Administrators as rows and as domain objects.

What lives here: what the door of changes and the commands ask and write. What does not: who may do it
(`gateway.domain.rights`), passwords (`sign_in`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.domain.administrators import Administrator, NewAdministrator
from gateway.domain.errors import ConflictError, NotFoundError, RefusedError
from gateway.domain.nodes import NodeKind
from gateway.domain.rights import Granted, granted
from gateway.store.admin_tables import AdministratorRightRow, AdministratorRow
from gateway.store.columns import key_of
from gateway.store.database import Database
from gateway.store.passwords import forget_passwords, rename_passwords
from gateway.store.places import find, line_above, place_of
from gateway.store.tree_tables import UserRow


def add(db: Database, new: NewAdministrator, now: datetime) -> Administrator:
    """Add an administrator to a company or a department; `new` is checked already.

    Raises:
        NotFoundError: there is no such place.
        RefusedError: the place is a user.
        ConflictError: the user name is taken by a user or another administrator.
    """
    return db.write(lambda session: _add(session, new, now))


def _add(session: Session, new: NewAdministrator, now: datetime) -> Administrator:
    place = find(session, new.path)
    if place.kind is NodeKind.USER:
        raise RefusedError(f"{place.path} is a user: administrators sit at companies and departments")
    _refuse_taken(session, new.user_name)
    row = AdministratorRow(
        node_id=place.id,
        user_name=new.user_name,
        user_name_key=new.user_name.casefold(),
        first_name=new.first_name,
        last_name=new.last_name,
        email=new.email,
        time_zone=new.time_zone,
        language=new.language,
        password_hash=new.password_hash,
        read_only=new.rights.read_only,
        created=now,
    )
    session.add(row)
    session.flush()
    _keep_rights(session, key_of(row.id), new.rights)
    return _administrator(session, row)


def by_name(db: Database, name: str) -> Administrator:
    """The administrator of a user name, a mail address, or an id.

    Raises:
        NotFoundError: there is none.
        ConflictError: several have that mail address; names them.
    """
    return db.read(lambda session: _administrator(session, _row(session, name)))


def listed(db: Database, under: str = "") -> list[Administrator]:
    """The administrators of a node and of all below it (all when empty), by place and name.

    Raises:
        NotFoundError: there is no such place.
    """

    def work(session: Session) -> list[Administrator]:
        top = find(session, under).path if under else ""
        rows = session.exec(select(AdministratorRow).order_by(col(AdministratorRow.user_name_key))).all()
        found = [_administrator(session, row) for row in rows]
        inside = [one for one in found if not top or one.path == top or one.path.startswith(f"{top}/")]
        return sorted(inside, key=lambda one: one.path.casefold())

    return db.read(work)


def edit(db: Database, name: str, values: Mapping[str, str]) -> Administrator:
    """Change fields, checked already: first_name, last_name, email, user_name, time_zone, language.

    Raises:
        NotFoundError: there is no such administrator.
        ConflictError: the user name is taken.
    """
    return db.write(lambda session: _edit(session, name, values))


def _edit(session: Session, name: str, values: Mapping[str, str]) -> Administrator:
    row = _row(session, name)
    user_name = values.get("user_name", row.user_name)
    if user_name.casefold() != row.user_name_key:
        _refuse_taken(session, user_name)
        rename_passwords(session, row.user_name_key, user_name.casefold())
        row.user_name_key = user_name.casefold()
    for field, value in values.items():
        setattr(row, field, value)
    session.flush()
    return _administrator(session, row)


def set_rights(db: Database, name: str, rights: Granted) -> Administrator:
    """Give an administrator these rights and no others.

    Raises:
        NotFoundError: there is no such administrator.
    """

    def work(session: Session) -> Administrator:
        row = _row(session, name)
        row.read_only = rights.read_only
        _keep_rights(session, key_of(row.id), rights)
        return _administrator(session, row)

    return db.write(work)


def set_locked(db: Database, name: str, *, locked: bool) -> Administrator:
    """Lock or unlock an administrator, who may sign in and act no more, or again.

    Raises:
        NotFoundError: there is no such administrator.
    """

    def work(session: Session) -> Administrator:
        row = _row(session, name)
        row.locked = locked
        session.flush()
        return _administrator(session, row)

    return db.write(work)


def remove(db: Database, name: str) -> Administrator:
    """Delete an administrator with the password; the journal keeps what was done.

    Raises:
        NotFoundError: there is no such administrator.
    """

    def work(session: Session) -> Administrator:
        row = _row(session, name)
        gone = _administrator(session, row)
        session.execute(delete(AdministratorRightRow).where(col(AdministratorRightRow.administrator_id) == row.id))
        forget_passwords(session, row.user_name_key)
        session.delete(row)
        session.flush()
        return gone

    return db.write(work)


def _row(session: Session, name: str) -> AdministratorRow:
    key = name.strip().casefold()
    by_user_name = select(AdministratorRow).where(AdministratorRow.user_name_key == key)
    row = session.exec(by_user_name).one_or_none()
    if row is None and key.isascii() and key.isdigit() and len(key) < 19:
        row = session.get(AdministratorRow, int(key))
    return row or _by_address(session, name)


def _by_address(session: Session, address: str) -> AdministratorRow:
    rows = session.exec(select(AdministratorRow).where(AdministratorRow.email == address.strip().lower())).all()
    if not rows:
        raise NotFoundError(f"there is no administrator {address!r}; `faxgw admin list` shows who there is")
    if len(rows) > 1:
        names = ", ".join(row.user_name for row in rows)
        raise ConflictError(f"several administrators have the address {address}: name one of {names}")
    return rows[0]


def _refuse_taken(session: Session, user_name: str) -> None:
    """A user name signs in one person: users and administrators share the names."""
    key = user_name.casefold()
    administrator = select(AdministratorRow.id).where(AdministratorRow.user_name_key == key)
    user = select(UserRow.node_id).where(UserRow.user_name_key == key)
    for statement, who in ((administrator, "an administrator"), (user, "a user")):
        if session.exec(statement).first() is not None:
            raise ConflictError(f"the user name {user_name!r} belongs to {who} already")


def _keep_rights(session: Session, administrator_id: int, rights: Granted) -> None:
    mine = col(AdministratorRightRow.administrator_id) == administrator_id
    session.execute(delete(AdministratorRightRow).where(mine))
    session.add_all(AdministratorRightRow(administrator_id=administrator_id, name=name) for name in rights.names)
    session.flush()


def _administrator(session: Session, row: AdministratorRow) -> Administrator:
    place = place_of(session, row.node_id)
    names = select(AdministratorRightRow.name).where(AdministratorRightRow.administrator_id == row.id)
    return Administrator(
        id=key_of(row.id),
        user_name=row.user_name,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        path=place.path if place else "",
        line=_line(session, row.node_id),
        time_zone=row.time_zone,
        language=row.language,
        rights=granted(session.exec(names).all(), read_only=row.read_only),
        locked=row.locked or (place is not None and place.locked),
        created=row.created,
    )


def _line(session: Session, node_id: int) -> tuple[int, ...]:
    """Ids from the company down to the node."""
    line = line_above(node_id)
    rows: Sequence[int] = session.exec(select(line.c.id).order_by(line.c.depth.desc())).all()
    return tuple(rows)
