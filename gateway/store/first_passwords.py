"""Codes for first passwords as rows: one for a user, of which only a digest is kept.

What lives here: giving, trying and forgetting them. What does not: codes (`gateway.domain.first_password`), passwords
(`passwords`).
"""

import hmac
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.domain.first_password import MOST_TRIES
from gateway.store.admin_tables import FirstPasswordRow
from gateway.store.database import Database
from gateway.store.locking import locked


class Tried(StrEnum):
    """What a code comes to."""

    GOOD = "good"
    WRONG = "wrong"
    NONE = "none"  # none was given, it was used, or too many wrong ones were tried
    OVER = "over"


def give(db: Database, user_id: int, digest: str, expires: datetime) -> None:
    """Have a code for a user, in the place of the one before."""
    row = FirstPasswordRow(user_id=user_id, code_hash=digest, expires=expires, tries=0)

    def work(session: Session) -> None:
        session.merge(row)
        session.flush()

    db.write(work)


def attempt(db: Database, user_id: int, digest: str, now: datetime) -> Tried:
    """Try a code; a wrong one counts, and the last of them ends the right one."""

    def work(session: Session) -> Tried:
        row = _row(session, user_id)
        if row is None or row.expires <= now:
            return Tried.NONE if row is None else Tried.OVER
        if hmac.compare_digest(row.code_hash, digest):
            return Tried.GOOD
        row.tries += 1
        if row.tries >= MOST_TRIES:
            session.delete(row)
        return Tried.WRONG

    return db.write(work)


def use_up(db: Database, user_id: int, digest: str) -> bool:
    """Forget a code that is used now; false when another was faster."""
    mine = delete(FirstPasswordRow).where(
        col(FirstPasswordRow.user_id) == user_id, col(FirstPasswordRow.code_hash) == digest
    )
    return db.write(lambda session: session.connection().execute(mine).rowcount > 0)


def sweep(db: Database, now: datetime) -> int:
    """Forget codes whose time is over; how many."""
    over = col(FirstPasswordRow.expires) <= now
    if db.read(lambda session: session.exec(select(FirstPasswordRow.user_id).where(over).limit(1)).first()) is None:
        return 0
    return db.write(lambda session: session.connection().execute(delete(FirstPasswordRow).where(over)).rowcount)


def forget(session: Session, user_id: int) -> None:
    """The user is deleted, or has got a password in another way."""
    session.execute(delete(FirstPasswordRow).where(col(FirstPasswordRow.user_id) == user_id))


def _row(session: Session, user_id: int) -> FirstPasswordRow | None:
    return session.exec(locked(select(FirstPasswordRow).where(FirstPasswordRow.user_id == user_id))).one_or_none()
