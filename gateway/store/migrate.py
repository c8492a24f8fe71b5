"""Bringing the schema up to date, by the one history in `migrations`.

What lives here: running Alembic under a lock, so that two processes may start together. What does not: revisions.
"""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection
from sqlmodel import Session

from gateway.domain.errors import GatewayError, UnavailableError
from gateway.store.columns import Row
from gateway.store.compatibility import check_others, declare, may_go_on
from gateway.store.database import Database, open_database
from gateway.store.engines import make_engine, translated
from gateway.store.journal_tables import guard_journal
from gateway.store.news import watch_queue
from gateway.store.tree_version import watch_tree

MIGRATIONS = Path(__file__).with_name("migrations")
for _module in iter_modules([str(MIGRATIONS.parent)]):
    if _module.name.endswith("_tables"):
        import_module(f"gateway.store.{_module.name}")  # for its rows
METADATA = Row.metadata
LOCK_NUMBER = 0x0FA8  # any number that nobody else takes as an advisory lock in our database
OPTIONS: MappingProxyType[str, Any] = MappingProxyType(
    {
        "target_metadata": METADATA,
        "render_as_batch": True,  # SQLite alters little; a batch rebuilds the table
        "transactional_ddl": True,  # both engines roll back half a migration
        "transaction_per_migration": False,
    }
)


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
    if schema_is_current(database) or _newer_works_for_us(database):
        return  # a command must not wait for the daemon's writes
    # Foreign keys are off in this engine, or rebuilding a table would delete what points to it.
    engine = make_engine(database.url, migrating=True)
    try:
        with translated(database.url), engine.begin() as connection:
            _lock(connection)
            _upgrade(connection)
    finally:
        engine.dispose()


def schema_is_current(database: Database) -> bool:
    """Whether the schema is the one that this code was written for."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return database.read(lambda session: _revision(session.connection())) == head


def revision_of(database: Database) -> str | None:
    """The revision of a store's schema; None where there is none yet."""
    return database.read(lambda session: _revision(session.connection()))


def known_revisions() -> tuple[str, ...]:
    """The revisions that this code knows, the newest first."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return tuple(script.revision for script in scripts.walk_revisions())


def _newer_works_for_us(database: Database) -> bool:
    """Whether a newer gateway has upgraded the store, and says that we may go on."""
    scripts = ScriptDirectory.from_config(alembic_config())

    def work(session: Session) -> bool:
        connection = session.connection()
        found = _revision(connection)
        known = {script.revision for script in scripts.walk_revisions()}
        return found not in {None, *known} and may_go_on(connection, found, scripts.get_current_head())

    return database.read(work)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts=dict(OPTIONS)).get_current_revision()


def _lock(connection: Connection) -> None:
    """SQLite's begin has taken the file already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")


def _upgrade(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    head = ScriptDirectory.from_config(config).get_revision("head")
    works_for = tuple(getattr(head.module, "works_for", ()))
    try:
        check_others(connection, _revision(connection), works_for)
        command.upgrade(config, "head")
    except CommandError as error:
        raise GatewayError(f"the store was written by a newer gateway; upgrade this one ({error})") from error
    declare(connection, head.revision, works_for)
    watch_tree(connection)
    watch_queue(connection)
    guard_journal(connection)


def alembic_config() -> Config:
    """How Alembic finds the history; its connection is set by whoever runs it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
