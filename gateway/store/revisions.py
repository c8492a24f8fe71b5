"""At which revision a store's schema is, and whether our code can work on it.

What lives here: looking, with no more than a question to the store: every command does so at its start. What does not:
changing the schema (`migrate`) and Alembic, which takes longer to load than most commands run (`history`).
"""

import functools
from pathlib import Path

from sqlalchemy import Connection, inspect
from sqlmodel import Session

from gateway.domain.errors import ConflictError, GatewayError
from gateway.store.compatibility import may_go_on
from gateway.store.database import Database

VERSIONS = Path(__file__).parent / "migrations" / "versions"  # one file for each revision: NUMBER_NAME.py


@functools.cache
def known_revisions() -> tuple[str, ...]:
    """The revisions that this code knows, the newest first."""
    return tuple(sorted((file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*_*.py")), reverse=True))


def revision_of(database: Database) -> str | None:
    """The revision of a store's schema; None where there is none yet."""
    return database.read(lambda session: revision_on(session.connection()))


def revision_on(connection: Connection) -> str | None:
    """As `revision_of`, inside a transaction."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def schema_is_current(database: Database) -> bool:
    """Whether the schema is the one that this code was written for."""
    return revision_of(database) == known_revisions()[0]


def newer_works_for_us(database: Database) -> bool:
    """Whether a newer gateway has upgraded the store, and says that we may go on."""

    def work(session: Session) -> bool:
        connection, known = session.connection(), known_revisions()
        found = revision_on(connection)
        return found not in {None, *known} and may_go_on(connection, found, known[0])

    return database.read(work)


def check_schema(database: Database, *, whole: bool = False) -> None:
    """Return when the store can be worked on as it is; `whole` when all of its columns must be known to us.

    Raises:
        ConflictError: its schema is older than this code's.
        GatewayError: it is newer, and not for us.
    """
    if schema_is_current(database) or (not whole and newer_works_for_us(database)):
        return
    found, known = revision_of(database), known_revisions()
    if found not in known:
        raise GatewayError(f"the store was written by a newer gateway (revision {found}); upgrade this one")
    raise ConflictError(
        f"the store has revision {found}, and this gateway works on {known[0]}: back it up with the gateway that wrote "
        "it, then faxgw db upgrade"
    )
