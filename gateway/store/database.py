"""The one place that speaks to the database: short transactions, reading and writing.

What lives here: an open database. What does not: engines and what their errors mean (`engines`), how writes share
commits (`writer`), tables, queries, migrations (`migrate`). The store is synchronous; callers that wait for other
things run it in threads. Nothing may be awaited, called or rendered inside a transaction.

SQLite and PostgreSQL run the same statements. The one difference is how a writer keeps others away: SQLite takes the
whole file with BEGIN IMMEDIATE, PostgreSQL locks the rows that statements name with FOR UPDATE, which SQLite ignores.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Dialect, Engine, PoolProxiedConnection
from sqlmodel import Session

from gateway.store.engines import BUSY_SECONDS, READING, driver_errors, make_engine, parse_url, translated
from gateway.store.strands import apart
from gateway.store.turns import Turns
from gateway.store.writer import Tally, Writer

T = TypeVar("T")


class Database:
    """An open database. Any thread may use it; writes of this process follow one another, and share commits."""

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine = engine
        near = engine.dialect.name == "sqlite"
        # SQLite's readers see one state by nature; PostgreSQL's must ask for it.
        level = {} if near else {"isolation_level": "REPEATABLE READ"}
        self._readers = engine.execution_options(**{READING: True, **level})
        self._writer = Writer(engine, _turns(url) if near else None)
        self._glancing = threading.Lock()
        self._reading = threading.Lock()
        driver: Any = engine.dialect.loaded_dbapi
        self._driver_error: type[Exception] = driver.Error
        self._eye: PoolProxiedConnection | None = None
        self._reader: PoolProxiedConnection | None = None
        self._late: tuple[float, Callable[[], None]] | None = None
        self.url = url

    @property
    def folder(self) -> Path | None:
        """The folder of the database file; None where a server keeps it."""
        if self._engine.dialect.name != "sqlite" or not self.url.database:
            return None
        return Path(self.url.database).absolute().parent

    @property
    def dialect(self) -> Dialect:
        """The engine's way of speaking, for statements that are compiled beforehand."""
        return self._engine.dialect

    @property
    def is_near(self) -> bool:
        """Whether a glance takes microseconds, for the database is a file and not a server."""
        return self._engine.dialect.name == "sqlite"

    @property
    def tally(self) -> Tally:
        """What this process wrote so far, in how many commits."""
        return self._writer.tally

    def tell_commits(self, tell: Callable[[int, float], None]) -> None:
        """Have `tell` called in the writer's thread after each commit: how many works it held, and its seconds."""
        self._writer.committed = tell

    def write(self, work: Callable[[Session], T]) -> T:
        """Do `work` in a short transaction, which it shares with others that wait just now, and commit it.

        What it raises is raised here, and only its own changes are undone. It may be called again after it was undone,
        when it met another process's work: it must keep nothing but its answer.

        Raises:
            UnavailableError: the database is locked, full or out of reach; nothing was written.
        """
        return self._writer.write(work) if self._late is None else self._awaited(self._writer.submit(work))

    def tell_when_late(self, seconds: float, tell: Callable[[], None]) -> None:
        """Have `tell` called when a write takes so long: somebody sits there and waits for it."""
        self._late = (seconds, tell)

    def _awaited(self, future: Future[T]) -> T:
        seconds, tell = self._late or (None, None)
        if tell is not None and not wait((future,), seconds).done:
            tell()
        return future.result()

    def write_by_hand(self, work: Callable[[Any], T]) -> T:
        """As `write`, with the driver's own cursor; for the few writes whose cost is counted.

        Raises:
            UnavailableError: as `write`.
        """
        return self._writer.write(work, by_hand=True)

    def submit(self, work: Callable[[Any], T], *, by_hand: bool = False) -> Future[T]:
        """As `write` or `write_by_hand`, without waiting: the future has the answer, or what they would raise."""
        return self._writer.submit(work, by_hand=by_hand)

    def read(self, work: Callable[[Session], T]) -> T:
        """Do `work` on one consistent view, without keeping writers away.

        Raises:
            UnavailableError: the database is out of reach.
        """
        return self._read(work) if self.is_near else apart(self._read, work)

    def _read(self, work: Callable[[Session], T]) -> T:
        with translated(self.url), Session(self._readers, expire_on_commit=False, autoflush=False) as session:
            return work(session)

    def read_by_hand(self, work: Callable[[Any], T]) -> T:
        """As `read`, with the driver's own cursor; for the few questions whose cost is counted.

        On SQLite one connection is kept for it, and asked by one thread at a time: an answer takes microseconds.

        Raises:
            UnavailableError: the database is out of reach.
        """
        if not self.is_near:
            return self.read(lambda session: work(session.connection().connection.cursor()))
        with self._reading, translated(self.url), driver_errors(self.dialect):
            if self._reader is None:
                self._reader = self._engine.raw_connection()
            cursor = self._reader.driver_connection.cursor()  # type: ignore[union-attr] # there as long as it is open
            cursor.execute("BEGIN")
            try:
                return work(cursor)
            finally:
                cursor.execute("ROLLBACK")

    def glance(self, query: str) -> object:
        """The first value of a constant query's answer as committed now, None when there is none; no transaction.

        One connection is kept for it: a session costs a hundred times what such a query does, and on a server five.

        Raises:
            UnavailableError: the database is out of reach.
        """
        return self._glance(query) if self.is_near else apart(self._glance, query)

    def _glance(self, query: str) -> object:
        with self._glancing:
            if self._eye is not None:
                with suppress(self._driver_error):  # it is told in our own words when it comes again
                    return _first(self._eye.driver_connection, query)
                self._eye.invalidate()  # a server may have been started anew
                self._eye = None
            with translated(self.url), driver_errors(self.dialect):
                self._eye = self._opened_eye()
                return _first(self._eye.driver_connection, query)

    def _opened_eye(self) -> PoolProxiedConnection:
        opened = self._engine.raw_connection()
        if not self.is_near:
            driver: Any = opened.driver_connection
            driver.autocommit = True  # no transaction stays open behind a glance
        return opened

    def close(self) -> None:
        """Close all connections, when all is written."""
        self._writer.close()
        for kept in (self._eye, self._reader):
            if kept is not None:
                kept.close()
        self._engine.dispose()


def _first(connection: Any, query: str) -> object:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def open_database(url: str) -> Database:
    """Open the store at `sqlite:///FILE` or `postgresql+psycopg://...`; makes the file's folder when it is missing.

    Raises:
        UsageError: the URL is none, names another kind of database, or the SQLite library is too old.
        UnavailableError: the folder cannot be made.
    """
    parsed = parse_url(url)
    return Database(make_engine(parsed), parsed)


def _turns(url: URL) -> Turns:
    patience = url.query.get("timeout", BUSY_SECONDS)
    return Turns(Path(str(url.database)), float(str(patience)))
