"""The one place that speaks to the database engine: connections, short transactions, what their errors mean.

What lives here: opening, writing, reading. What does not: tables, queries, migrations (`migrate`). The store is
synchronous; callers that wait for other things run it in threads. Nothing may be awaited, called or rendered inside
a transaction.

SQLite and PostgreSQL run the same statements. The one difference is how a writer keeps others away: SQLite takes the
whole file with BEGIN IMMEDIATE, PostgreSQL locks the rows that statements name with FOR UPDATE, which SQLite ignores.
"""

import importlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Dialect, Engine, NullPool, PoolProxiedConnection, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from gateway.domain.errors import UnavailableError, UsageError

T = TypeVar("T")
BUSY_SECONDS = 30
# SQLite's lock is unfair: a writer that never pauses starves the command line.
PAUSE_SECONDS = 0.001
CHECKPOINT_PAGES = 4000  # of 4 KiB in the log: pages that many commits change go to the file once
READING = "faxgw_reading"
# SQLITE_BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN: https://www.sqlite.org/rescode.html
_PASSING = frozenset({5, 6, 8, 10, 13, 14})
# Where writers and checkpoints in WAL mode can no longer corrupt the file (the WAL-reset bug of March 2026).
_FIXED_IN = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


class Database:
    """An open database. Any thread may use it; writes of this process follow one another."""

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine = engine
        # SQLite's readers see one state by nature; PostgreSQL's must ask for it.
        level = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._readers = engine.execution_options(**{READING: True, **level})
        self._writing = threading.Lock()
        self._pause = PAUSE_SECONDS if engine.dialect.name == "sqlite" else 0
        self._written = -self._pause  # when the last write ended, in seconds of the monotonic clock
        self._glancing = threading.Lock()
        self._eye: PoolProxiedConnection | None = None
        self._kept: PoolProxiedConnection | None = None
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

    def write(self, work: Callable[[Session], T]) -> T:
        """Do `work` in one short transaction and commit it.

        Raises:
            UnavailableError: the database is locked, full or out of reach; nothing was written.
        """
        with self._turn(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            return work(session)

    def write_by_hand(self, work: Callable[[Any], T]) -> T:
        """As `write`, with the driver's own cursor; for the few writes whose cost is counted.

        Raises:
            UnavailableError: as `write`.
        """
        with self._turn(), driver_errors(self.dialect), self._hand() as connection:
            cursor = connection.cursor()
            if self.is_near:
                cursor.execute("BEGIN IMMEDIATE")
            answer = work(cursor)
            connection.commit()  # what was not committed is rolled back when the connection is given back
            return answer

    @contextmanager
    def _hand(self) -> Iterator[PoolProxiedConnection]:
        """A connection for one write. One to a file is kept for the next: giving it back costs as much as a commit."""
        connection, self._kept = self._kept or self._engine.raw_connection(), None
        well = False
        try:
            yield connection
            well = True
        finally:
            if well and self.is_near:
                self._kept = connection
            else:
                connection.close()

    def read(self, work: Callable[[Session], T]) -> T:
        """Do `work` on one consistent view, without keeping writers away.

        Raises:
            UnavailableError: the database is out of reach.
        """
        with translated(self.url), Session(self._readers, expire_on_commit=False, autoflush=False) as session:
            return work(session)

    def glance(self, query: str) -> object:
        """The first value of a constant query's answer as committed now, None when there is none; no transaction.

        On SQLite one connection is kept for it: a session costs a hundred times what such a query does.

        Raises:
            UnavailableError: the database is out of reach.
        """
        if not self.is_near:
            return self.read(lambda session: session.connection().exec_driver_sql(query).scalar())
        with self._glancing, translated(self.url), driver_errors(self.dialect):
            if self._eye is None:
                self._eye = self._engine.raw_connection()
            row = self._eye.cursor().execute(query).fetchone()
            return row[0] if row else None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One write after another, with a pause between for those of other processes."""
        with self._writing, translated(self.url):
            time.sleep(max(0, self._written + self._pause - time.monotonic()))
            try:
                yield
            finally:
                self._written = time.monotonic()

    def close(self) -> None:
        """Close all connections."""
        for own in (self._eye, self._kept):
            if own is not None:
                own.close()
        self._engine.dispose()


def open_database(url: str) -> Database:
    """Open the store at `sqlite:///FILE` or `postgresql+psycopg://...`; makes the file's folder when it is missing.

    Raises:
        UsageError: the URL is none, names another kind of database, or the SQLite library is too old.
        UnavailableError: the folder cannot be made.
    """
    parsed = _parsed(url)
    return Database(make_engine(parsed), parsed)


def make_engine(url: URL, *, migrating: bool = False) -> Engine:
    """An engine for the URL. With `migrating` it keeps no connection and lets tables be rebuilt."""
    pool: dict[str, Any] = {"poolclass": NullPool} if migrating else {"pool_size": 5, "max_overflow": 40}
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=not migrating, **pool)
    _make_folder(Path(url.database or ""))
    # isolation_level None: the driver begins nothing by itself, the begin event does.
    arguments: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}
    if "timeout" not in url.query:
        arguments["timeout"] = BUSY_SECONDS
    engine = create_engine(url, module=_sqlite_module(), connect_args=arguments, **pool)
    event.listen(engine, "connect", _sqlite_pragmas(foreign_keys=not migrating))
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def sqlite_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether a SQLite release is free of the WAL-reset bug."""
    return version >= _FIXED_IN[-1] or any(version[:2] == fixed[:2] and version >= fixed for fixed in _FIXED_IN)


def _parsed(url: str) -> URL:
    accepted = "write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UsageError(f"{url!r} is no database URL: {accepted}") from None
    named = parsed.render_as_string()
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise UsageError(f"{named} names no file: {accepted}")
    elif parsed.drivername != "postgresql+psycopg":
        raise UsageError(f"{named} is a database that the gateway does not use: {accepted}")
    return parsed


def _make_folder(path: Path) -> None:
    """The folder and an empty file, both for their owner only: SQLite gives the files beside it the same rights."""
    try:
        path.absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if str(path) not in ("", ":memory:") and not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise UnavailableError(f"the database's folder cannot be made: {error}") from None


def _sqlite_module() -> ModuleType:
    """The driver with a safe library; never both in one process, for closing one drops the other's file locks."""
    try:
        module = importlib.import_module("pysqlite3")
    except ImportError:
        module = importlib.import_module("sqlite3")
    if not sqlite_is_safe(module.sqlite_version_info):
        text = f"SQLite {module.sqlite_version} can corrupt the store; install pysqlite3 with SQLite 3.51.3 or later"
        raise UsageError(text)
    return module


def _sqlite_pragmas(*, foreign_keys: bool) -> Callable[[Any, Any], None]:
    def on_connect(connection: Any, _record: Any) -> None:
        # FULL: NORMAL may drop the last commits when the power fails, and a 250 would have been a lie.
        keys = f"foreign_keys={int(foreign_keys)}"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"wal_autocheckpoint={CHECKPOINT_PAGES}", keys):
            connection.execute(f"PRAGMA {pragma}").close()

    return on_connect


def _sqlite_begin(connection: Connection) -> None:
    """A deferred transaction that turns into a writer fails at once; an immediate one waits for its turn."""
    reading = connection.get_execution_options().get(READING)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn what passes by itself into UnavailableError; everything else is a fault of ours and goes through."""
    try:
        yield
    except PoolTimeoutError:
        raise UnavailableError(f"the store is too busy: {url.render_as_string()}") from None
    except DBAPIError as error:
        if not _is_passing(error):
            raise
        raise UnavailableError(f"the store does not answer ({error.orig}): {url.render_as_string()}") from error


@contextmanager
def driver_errors(dialect: Dialect) -> Iterator[None]:
    """What the engine would make of the driver's errors: an IntegrityError, an OperationalError and so on."""
    driver: Any = dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        lost = dialect.is_disconnect(error, None, None)
        made = DBAPIError.instance("", None, error, driver.Error, connection_invalidated=lost, dialect=dialect)
        raise made from error


def _is_passing(error: DBAPIError) -> bool:
    """Whether the same request may succeed later."""
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, OperationalError)
    return code & 0xFF in _PASSING
