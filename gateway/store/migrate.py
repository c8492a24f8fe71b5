"""Bringing the schema up to date.

What lives here: doing so under a lock, so that two processes may start together. What does not: whether there is
something to do (`revisions`), Alembic and the steps themselves (`history`).
"""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from sqlalchemy import Connection

from gateway.domain.errors import UnavailableError
from gateway.store.columns import Row
from gateway.store.compatibility import check_others, declare
from gateway.store.database import Database, open_database
from gateway.store.engines import make_engine, translated
from gateway.store.journal_tables import guard_journal
from gateway.store.news import watch_queue
from gateway.store.revisions import newer_works_for_us, revision_on, schema_is_current
from gateway.store.tree_version import watch_tree

for _module in iter_modules([str(Path(__file__).parent)]):
    if _module.name.endswith("_tables"):
        import_module(f"gateway.store.{_module.name}")  # for its rows
METADATA = Row.metadata
LOCK_NUMBER = 0x0FA8  # any number that nobody else takes as an advisory lock in our database


def open_store(url: str, folder: Path) -> Database:
    """Open the store, its folder made and its schema brought up to date.

    Raises:
        GatewayError: the store was written by a newer version of the gateway.
        UnavailableError: the folder or the store cannot be used; says why.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # faxes are their owner's only
    except OSError as error:
        raise UnavailableError(f"{folder}: cannot be made ({error.strerror})") from None
    database = open_database(url)
    migrate(database)
    return database


def migrate(database: Database) -> None:
    """Bring the schema to the newest revision; does nothing when it is there already.

    Raises:
        GatewayError: the store was written by a newer version of the gateway, which does not say that we may go on.
        ConflictError: the schema must be changed, and processes run that could not go on with it.
        UnavailableError: the store cannot be locked or reached.
    """
    if schema_is_current(database) or newer_works_for_us(database):
        return  # a command must not wait for the daemon's writes
    # Foreign keys are off in this engine, or rebuilding a table would delete what points to it.
    engine = make_engine(database.url, migrating=True)
    try:
        with translated(database.url), engine.begin() as connection:
            _lock(connection)
            _upgrade(connection)
    finally:
        engine.dispose()


def _lock(connection: Connection) -> None:
    """SQLite's begin has taken the file already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")


def _upgrade(connection: Connection) -> None:
    from gateway.store.history import head, upgrade  # with Alembic, which is loaded for this alone

    revision, works_for = head()
    check_others(connection, revision_on(connection), works_for)
    upgrade(connection)
    declare(connection, revision, works_for)
    watch_tree(connection)
    watch_queue(connection)
    guard_journal(connection)
