"""Engines of SQLAlchemy, made safe: which URLs, which SQLite library, which pragmas, what errors mean.

What lives here: everything in which SQLite and PostgreSQL differ when they are opened. What does not: transactions
(`database`, `writer`).
"""

import importlib
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from gateway.domain.errors import GatewayError, UnavailableError, UsageError

BUSY_SECONDS = 30
CHECKPOINT_PAGES = 4000  # of 4 KiB in the log: pages that many commits change go to the file once
READING = "faxgw_reading"
BEGUN = "faxgw_begun"  # an engine whose user begins transactions by himself
BUSY = 5
_TOKEN = secrets.token_hex(3)  # containers may have the same name and number their processes alike
FROZEN_SECONDS = 15  # between two statements of a transaction, which takes milliseconds
# SQLITE_BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN: https://www.sqlite.org/rescode.html
_PASSING = frozenset({BUSY, 6, 8, 10, 13, 14})
_REMEDIES = {
    BUSY: "; another program keeps it locked: end that, or try again",
    8: "; see whether its disk takes writes, and run this as the account of the gateway",
    10: "; its disk fails: see the system's log",
    13: "; make room on its disk",
    14: "; it must be a file that the account of the gateway may read and write",
}
# A server or network that swallows everything shows in seconds, not in TCP's quarter of an hour (libpq 34.1.2).
_ALIVE = {
    "connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # fmt: skip
# A server made a standby, a transaction that froze; all others that pass are an OperationalError of the driver.
_PASSING_STATES = frozenset({"25006", "25P03", "25P04"})
_DAMAGED = frozenset({11, 26})  # SQLITE_CORRUPT, NOTADB
# Where writers and checkpoints in WAL mode can no longer corrupt the file (the WAL-reset bug of March 2026).
_FIXED_IN = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


def parse_url(url: str) -> URL:
    """The URL of a store.

    Raises:
        UsageError: it is none, or names another kind of database.
    """
    accepted = "write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the second where the port is no number
        hidden = re.sub("//.*@", "//***@", url)  # what stands there may be a password
        raise UsageError(f"{hidden!r} is no database URL: {accepted}") from None
    named = parsed.render_as_string()
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise UsageError(f"{named} names no file: {accepted}")
    elif parsed.drivername != "postgresql+psycopg":
        raise UsageError(f"{named} is a database that the gateway does not use: {accepted}")
    return parsed


def make_engine(url: URL, *, migrating: bool = False) -> Engine:
    """An engine for the URL. With `migrating` it keeps no connection and lets tables be rebuilt.

    Raises:
        UsageError: the SQLite library is too old.
        UnavailableError: the file's folder cannot be made.
    """
    pool: dict[str, Any] = {"poolclass": NullPool} if migrating else {"pool_size": 5, "max_overflow": 40}
    if url.get_backend_name() != "sqlite":
        arguments: dict[str, Any] = {name: value for name, value in _ALIVE.items() if name not in url.query}
        arguments["application_name"] = application_name()
        engine = create_engine(url, pool_pre_ping=not migrating, connect_args=arguments, **pool)
        if not migrating:
            event.listen(engine, "connect", _postgresql_limits)
        return engine
    _make_folder(Path(url.database or ""))
    # isolation_level None: the driver begins nothing by itself, the begin event does.
    options: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}
    if "timeout" not in url.query:
        options["timeout"] = BUSY_SECONDS
    engine = create_engine(url, module=sqlite_module(), connect_args=options, **pool)
    event.listen(engine, "connect", _sqlite_pragmas(foreign_keys=not migrating))
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def application_name() -> str:
    """What this process calls itself in PostgreSQL: pg_stat_activity shows it, and news names its sender by it."""
    return f"faxgw {_TOKEN} {os.getpid()} {socket.gethostname()}"[:63]


def sqlite_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether a SQLite release is free of the WAL-reset bug."""
    return version >= _FIXED_IN[-1] or any(version[:2] == fixed[:2] and version >= fixed for fixed in _FIXED_IN)


def sqlite_module() -> ModuleType:
    """The driver with a safe library; never both in one process, for closing one drops the other's file locks.

    Raises:
        UsageError: the library is too old.
    """
    try:
        module = importlib.import_module("pysqlite3")
    except ImportError:
        module = importlib.import_module("sqlite3")
    if not sqlite_is_safe(module.sqlite_version_info):
        text = f"SQLite {module.sqlite_version} can corrupt the store; install pysqlite3 with SQLite 3.51.3 or later"
        raise UsageError(text)
    return module


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn what passes by itself into UnavailableError, damage into GatewayError; all else is a fault of ours."""
    try:
        with damage_told(url):
            yield
    except PoolTimeoutError:
        raise UnavailableError(f"the store is too busy: {url.render_as_string()}") from None
    except DBAPIError as error:
        if not _is_passing(error):
            raise
        why = " ".join(str(error.orig).split())
        remedy = _REMEDIES.get(sqlite_code(error.orig) or 0, "")
        raise UnavailableError(f"the store does not answer ({why}): {url.render_as_string()}{remedy}") from error


@contextmanager
def damage_told(url: URL) -> Iterator[None]:
    """Turn what SQLite says of a damaged file into GatewayError, which names the file."""
    try:
        yield
    except DBAPIError as error:
        if sqlite_code(error.orig) not in _DAMAGED:
            raise
        text = f"the store {url.render_as_string()} is damaged ({error.orig}): faxgw db restore brings back a backup"
        raise GatewayError(text) from error


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


def sqlite_code(error: BaseException | None) -> int | None:
    """SQLite's primary result code; None where the error is another's."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def _is_passing(error: DBAPIError) -> bool:
    """Whether the same request may succeed later."""
    if error.connection_invalidated:
        return True
    code, state = sqlite_code(error.orig), getattr(error.orig, "sqlstate", None)
    passing = isinstance(error, OperationalError) or state in _PASSING_STATES
    return passing if code is None else code in _PASSING


def _postgresql_limits(connection: Any, _record: Any) -> None:
    """A process that freezes inside a transaction must not keep its locks from all others."""
    connection.autocommit = True
    connection.execute(f"SET idle_in_transaction_session_timeout = '{FROZEN_SECONDS}s'")
    connection.autocommit = False


def _make_folder(path: Path) -> None:
    """The folder and an empty file, both for their owner only: SQLite gives the files beside it the same rights."""
    try:
        path.absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if str(path) not in ("", ":memory:") and not path.exists():
            path.touch(mode=0o600)
    except PermissionError:
        raise UnavailableError(f"{path}: {as_owner(path)}") from None
    except OSError as error:
        raise UnavailableError(f"the database's folder cannot be made: {error}") from None


def as_owner(path: Path) -> str:
    """What to do about something that our account may not use: as far as can be told, whose it is."""
    for place in (path, *path.absolute().parents):
        with suppress(OSError, KeyError):
            if place.stat().st_uid == os.geteuid():
                break
            return (
                f"it is of the account {place.owner()}, and not to be used by others: sudo -u {place.owner()} faxgw ..."
            )
    return "not allowed; run this as the account of the gateway"


def _sqlite_pragmas(*, foreign_keys: bool) -> Callable[[Any, Any], None]:
    # FULL: NORMAL may drop the last commits when the power fails, and a 250 would have been a lie.
    # secure_delete: what is erased must not be found in the file's free pages.
    durable = ("journal_mode=WAL", "synchronous=FULL", f"wal_autocheckpoint={CHECKPOINT_PAGES}", "secure_delete=ON")

    def on_connect(connection: Any, _record: Any) -> None:
        for pragma in (*durable, f"foreign_keys={int(foreign_keys)}"):
            connection.execute(f"PRAGMA {pragma}").close()

    return on_connect


def _sqlite_begin(connection: Connection) -> None:
    """A deferred transaction that turns into a writer fails at once; an immediate one waits for its turn."""
    options = connection.get_execution_options()
    if not options.get(BEGUN):
        connection.exec_driver_sql("BEGIN" if options.get(READING) else "BEGIN IMMEDIATE")
