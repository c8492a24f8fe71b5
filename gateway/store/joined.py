"""Several store functions in one commit, or in none.

What lives here: a transaction that store functions take for the database. What does not: transactions of their own
(`database`).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlmodel import Session

from gateway.store.by_hand import joined_cursor
from gateway.store.database import Database

T = TypeVar("T")


class Joined(Database):
    """An open transaction: what is written to it and read from it is in that one."""

    def __init__(self, db: Database, session: Session) -> None:
        self._engine = db._engine
        self._session = session
        self.url = db.url

    def write(self, work: Callable[[Session], T]) -> T:
        """Do `work` in the transaction, so far that the database has seen it."""
        answer = work(self._session)
        self._session.flush()
        return answer

    def read(self, work: Callable[[Session], T]) -> T:
        """Do `work` in the transaction: it sees what was written so far."""
        return work(self._session)

    def read_by_hand(self, work: Callable[[Any], T]) -> T:
        """As `read`, with the driver's cursor."""
        with joined_cursor(self._session) as cursor:
            return work(cursor)

    def close(self) -> None:
        """Nothing: the transaction is its opener's."""


class _UndoneError(Exception):
    """Carries an answer out of a transaction that is rolled back."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer


def together(db: Database, work: Callable[[Database], T], *, undo: bool = False) -> T:
    """Do `work` in one transaction and commit it; with `undo` take all back, and answer what it would have been.

    Raises:
        UnavailableError: the database is locked, full or out of reach; nothing was written.
    """
    answers: list[T] = []

    def within(session: Session) -> T:
        answer = work(Joined(db, session))
        if undo:
            answers[:] = [answer]
            raise _UndoneError(answer)
        return answer

    try:
        return db.write(within)
    except _UndoneError:
        return answers[0]
