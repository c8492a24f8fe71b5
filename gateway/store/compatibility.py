"""Two versions of the gateway on one store, as during an upgrade of several nodes.

What lives here: whether older code may go on with a newer schema, and whether the schema may be changed while others
run. What does not: changing it (`migrate`).

A revision names in `works_for` the older ones whose code may go on with its schema: it only adds, and what it adds has
defaults. That is written into the store with the upgrade, for older code does not have the newer revision to ask. Old
and new nodes claim only what is in a state they know, so neither takes what the other has added.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, inspect, text

from gateway.domain.errors import ConflictError
from gateway.store.columns import EPOCH, MICROSECOND

_ALLOWED = text("SELECT 1 FROM works_for WHERE revision = :revision AND older = :older")
_DECLARE = text("INSERT INTO works_for (revision, older) VALUES (:revision, :older) ON CONFLICT DO NOTHING")
_ALIVE = text("SELECT id, host FROM process WHERE lease_until > :wall ORDER BY id")


def may_go_on(connection: Connection, revision: str | None, own: str | None) -> bool:
    """Whether a store at `revision`, which is newer than our `own`, says that our code may go on with it."""
    if not inspect(connection).has_table("works_for"):
        return False
    return connection.execute(_ALLOWED, {"revision": revision, "older": own}).first() is not None


def declare(connection: Connection, revision: str, works_for: tuple[str, ...]) -> None:
    """Write down, with an upgrade to `revision`, who may go on."""
    for older in works_for:
        connection.execute(_DECLARE, {"revision": revision, "older": older})


def check_others(connection: Connection, present: str | None, works_for: tuple[str, ...]) -> None:
    """Return when nobody is hindered by an upgrade from `present` to a revision that works for these.

    Raises:
        ConflictError: processes run that could not go on; names them.
    """
    if present is None or present in works_for:
        return
    alive = connection.execute(_ALIVE, {"wall": (_wall(connection) - EPOCH) // MICROSECOND}).all()
    if alive:
        named = ", ".join(f"{number} on {host}" for number, host in alive)
        raise ConflictError(
            f"the store must be upgraded, and these nodes could not go on: {named}; stop them first (one that was "
            "killed counts until its lease is over: faxgw nodes list)"
        )


def _wall(connection: Connection) -> datetime:
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    told: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return told
