"""One transaction of the writer: works one after another on one connection, by session or by hand.

What lives here: beginning, savepoints, ending. What does not: which works (`writer`), whose turn it is (`turns`).

It is begun and ended by the driver; a session only joins it. So works on the driver's own cursor, whose cost is
counted, pay for no engine.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.orm.session import JoinTransactionMode
from sqlmodel import Session

from gateway.store.engines import driver_errors
from gateway.store.turns import Turns

T = TypeVar("T")
WELL = 2  # INTRANS of libpq: a transaction, and none of its statements has failed
PATIENCE = "SET LOCAL lock_timeout = '100ms'"  # who holds the locks of others must not wait for long


class Transaction:
    """Begun once, ended once. Of works in it, all but the first can fail without the others."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        driver: Any = connection.connection.driver_connection
        self._driver = driver
        self._cursor = driver.cursor()
        self._near = connection.dialect.name == "sqlite"
        self._root: RootTransaction | None = None
        self._hurried = False
        self._spoiled = False

    @property
    def is_open(self) -> bool:
        """Whether what was done in it still stands to be committed."""
        if self._spoiled or self._connection.invalidated or (self._root is not None and not self._root.is_active):
            return False
        return bool(self._driver.in_transaction if self._near else self._driver.info.transaction_status == WELL)

    def begin(self, turns: Turns | None) -> None:
        """Begin it, on SQLite when our turn has come; a server's begins with the first statement.

        Raises:
            DBAPIError: the database is locked or out of reach.
        """
        if turns is not None:
            with driver_errors(self._connection.dialect):
                turns.begin(self._cursor)

    def run(self, work: Callable[[Any], T], *, by_hand: bool, first: bool) -> T:
        """Do one work; what it raises goes through, and nothing of it stays. After the first's, nothing is open."""
        if not first:
            self._hurry()
        if by_hand:
            with driver_errors(self._connection.dialect), self._apart(first=first):
                return work(self._cursor)
        if self._root is None:
            self._root = self._connection.begin()
        joined: JoinTransactionMode = "rollback_only" if first else "create_savepoint"
        with (
            Session(self._connection, expire_on_commit=False, join_transaction_mode=joined) as session,
            session.begin(),
        ):
            return work(session)

    def commit(self) -> None:
        """Make all that was done durable.

        Raises:
            DBAPIError: it could not be made so. Where a server was lost, it may have been.
        """
        if self._root is not None:
            self._root.commit()
            return
        with driver_errors(self._connection.dialect):
            self._driver.commit()

    def end(self) -> bool:
        """Roll back what is left; whether the connection is as good as new."""
        if self._root is not None:
            self._root.close()  # also after a commit that failed: the connection would take no other transaction
        with driver_errors(self._connection.dialect):
            self._driver.rollback()
            self._cursor.close()
        return not self._connection.invalidated

    @contextmanager
    def _apart(self, *, first: bool) -> Iterator[None]:
        """Room of its own for a work by hand; the first one has the transaction itself.

        On SQLite it has no savepoint, which costs as much as two statements of a work: few fail after they have changed
        something, and then all others are done again without it.
        """
        before = self._driver.total_changes if self._near else 0
        if not self._near and not first:
            self._cursor.execute("SAVEPOINT work")
        well = False
        try:
            yield
            well = True
        finally:
            if first:
                if not well:
                    self._driver.rollback()
            elif self._near:
                self._spoiled = not well and self._driver.total_changes != before
            else:
                self._cursor.execute("RELEASE SAVEPOINT work" if well else "ROLLBACK TO SAVEPOINT work")

    def _hurry(self) -> None:
        """Two transactions that hold several works' locks could wait for each other; one gives up, and tries alone."""
        if self._near or self._hurried:
            return
        with driver_errors(self._connection.dialect):
            self._cursor.execute(PATIENCE)
        self._hurried = True
