"""Passwords of users and administrators: hashes, ages, those of the past, and failures to sign in.

What lives here: rows and questions, by user name without regard to case. What does not: hashing
(`gateway.domain.passwords`), policies (`gateway.domain.password_policy`), the steps of signing in (`gateway.admin`).
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from gateway.store import first_passwords
from gateway.store.admin_tables import AdministratorRow, OldPasswordRow, PasswordRow, SignInFailureRow
from gateway.store.database import Database
from gateway.store.places import place_of
from gateway.store.tree_tables import UserRow

MOST_KEPT = 24  # old passwords: no policy looks back further
MOST_FAILURES = 100  # kept for one name: no policy counts further


@dataclass(frozen=True, slots=True)
class Login:
    """What signing in needs to know of somebody; an empty hash fits no password. `hashes` are newest first."""

    user_name: str
    node_id: int
    is_administrator: bool
    password_hash: str = field(repr=False)
    locked: bool
    changed: datetime | None = None
    must_change: bool = False
    failures: tuple[datetime, ...] = ()
    old_hashes: tuple[str, ...] = field(default=(), repr=False)


def login(db: Database, user_name: str) -> Login | None:
    """Who signs in by this user name; None when nobody does."""
    return db.read(lambda session: _login(session, user_name.strip().casefold()))


def set_password(db: Database, user_name: str, password_hash: str, now: datetime, *, must_change: bool) -> None:
    """Give somebody a new password; the one before is remembered, failures are forgotten."""
    key = user_name.strip().casefold()

    def work(session: Session) -> None:
        row = _holder(session, key)
        if row is None:
            return
        if isinstance(row, UserRow):
            first_passwords.forget(session, row.node_id)
        if row.password_hash:
            session.add(OldPasswordRow(user_name_key=key, password_hash=row.password_hash))
        row.password_hash = password_hash
        session.merge(PasswordRow(user_name_key=key, changed=now, must_change=must_change))
        _forget_failures(session, key)
        session.flush()
        _forget_oldest(session, key)

    db.write(work)


def note_failure(db: Database, user_name: str, now: datetime) -> None:
    """Count a wrong password; the oldest of very many are dropped."""
    key = user_name.strip().casefold()

    def work(session: Session) -> None:
        session.add(SignInFailureRow(user_name_key=key, at=now))
        session.flush()
        mine = select(SignInFailureRow.id).where(SignInFailureRow.user_name_key == key)
        last = session.exec(mine.order_by(col(SignInFailureRow.id).desc()).offset(MOST_FAILURES - 1).limit(1)).first()
        if last is not None:
            older = col(SignInFailureRow.id) < last
            session.execute(delete(SignInFailureRow).where(col(SignInFailureRow.user_name_key) == key, older))

    db.write(work)


def forget_failures(db: Database, user_name: str) -> None:
    """Signed in, or unlocked by an administrator: what went wrong before counts no more."""
    db.write(lambda session: _forget_failures(session, user_name.strip().casefold()))


def sweep(db: Database, before: datetime) -> int:
    """Forget failures that nobody counts any more; how many."""
    old = delete(SignInFailureRow).where(col(SignInFailureRow.at) < before)
    first = select(SignInFailureRow.id).where(col(SignInFailureRow.at) < before).limit(1)
    if db.read(lambda session: session.exec(first).first()) is None:
        return 0
    return db.write(lambda session: session.connection().execute(old).rowcount)


def forget_passwords(session: Session, key: str) -> None:
    """Somebody is deleted."""
    _forget_failures(session, key)
    for table in (PasswordRow, OldPasswordRow):
        session.execute(delete(table).where(col(table.user_name_key) == key))


def rename_passwords(session: Session, before: str, after: str) -> None:
    """Somebody has another user name; both are case-folded."""
    forget_passwords(session, after)  # of somebody who is gone
    for table in (PasswordRow, OldPasswordRow, SignInFailureRow):
        session.execute(update(table).where(col(table.user_name_key) == before).values(user_name_key=after))


def _forget_failures(session: Session, key: str) -> None:
    session.execute(delete(SignInFailureRow).where(col(SignInFailureRow.user_name_key) == key))


def _forget_oldest(session: Session, key: str) -> None:
    mine = select(OldPasswordRow.id).where(OldPasswordRow.user_name_key == key)
    last = session.exec(mine.order_by(col(OldPasswordRow.id).desc()).offset(MOST_KEPT - 1).limit(1)).first()
    if last is not None:
        older = col(OldPasswordRow.id) < last
        session.execute(delete(OldPasswordRow).where(col(OldPasswordRow.user_name_key) == key, older))


def _holder(session: Session, key: str) -> UserRow | AdministratorRow | None:
    user = session.exec(select(UserRow).where(UserRow.user_name_key == key)).one_or_none()
    return user or session.exec(select(AdministratorRow).where(AdministratorRow.user_name_key == key)).one_or_none()


def _login(session: Session, key: str) -> Login | None:
    row = _holder(session, key)
    if row is None:
        return None
    place = place_of(session, row.node_id)
    password = session.get(PasswordRow, key)
    failures = select(SignInFailureRow.at).where(SignInFailureRow.user_name_key == key)
    old = select(OldPasswordRow.password_hash).where(OldPasswordRow.user_name_key == key)
    is_administrator = isinstance(row, AdministratorRow)
    return Login(
        user_name=row.user_name,
        node_id=row.node_id,
        is_administrator=is_administrator,
        password_hash=row.password_hash,
        locked=place is None or place.locked or (isinstance(row, AdministratorRow) and row.locked),
        changed=password.changed if password else None,
        must_change=password is not None and password.must_change,
        failures=tuple(session.exec(failures)),
        old_hashes=(row.password_hash, *session.exec(old.order_by(col(OldPasswordRow.id).desc()))),
    )
