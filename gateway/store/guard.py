"""The guard of a process: a lock in PostgreSQL that falls away with the session that holds it.

What lives here: the name of such a lock, taking it, and who has let go of his. What does not: the session that holds it
(`direct`), leases (`processes`).

A name is `KEY@START`: a number of its own for every session, and when the server was started. A session that was lost
may live on in the server for a while, so its successor takes another number. When the server is started anew all guards
are gone at once; those with an old START prove nothing until their processes are back.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, text

from gateway.store.database import Database
from gateway.store.process_tables import ProcessRow

_STARTED = "SELECT extract(epoch FROM pg_postmaster_start_time())::bigint"
_IS_FREE = text("SELECT pg_try_advisory_xact_lock(:key)")
SECOND_LOOK = 1.0  # seconds; who has only lost his session has a new guard by then


@dataclass(slots=True)
class Suspects:
    """Whose guard was found free, and when first, in seconds of `elapsed`."""

    elapsed: Callable[[], float] = time.monotonic
    since: dict[str, float] = field(default_factory=dict)

    def confirmed(self, free: Sequence[str]) -> set[str]:
        """Those of the guards found free now that have been so for some time."""
        present = self.elapsed()
        self.since = {guard: self.since.get(guard, present) for guard in free}
        return {guard for guard, first in self.since.items() if present - first >= SECOND_LOOK}


def take(cursor: Any, process_id: int) -> str:
    """Take a guard on this session, which must not be in a transaction, and tell all of it; returns its name.

    `cursor` is the driver's.
    """
    key = secrets.randbits(62)
    started = cursor.execute(_STARTED).fetchone()[0]
    cursor.execute("SELECT pg_advisory_lock(%s)", (key,))
    guard = f"{key}@{started}"
    cursor.execute("UPDATE process SET guard = %s WHERE id = %s", (guard, process_id))
    return guard


def proven_free(db: Database, rows: Sequence[ProcessRow], suspects: Suspects) -> list[ProcessRow]:
    """Those of the processes that have let go of their guards, by two looks some time apart; none on SQLite."""
    if db.dialect.name != "postgresql" or not any(row.guard for row in rows):
        return []
    dead = suspects.confirmed(db.read(lambda session: free_guards(session, rows)))
    return [row for row in rows if row.guard in dead]


def free_guards(session: Session, rows: Sequence[ProcessRow]) -> list[str]:
    """The guards of these processes that nobody holds: we get them for the moment, until the transaction ends."""
    guards = [row.guard for row in rows if row.guard]
    if not guards:
        return []
    connection = session.connection()
    started = str(connection.exec_driver_sql(_STARTED).scalar_one())
    known = [guard for guard in guards if guard.partition("@")[2] == started]
    return [guard for guard in known if connection.execute(_IS_FREE, {"key": int(guard.partition("@")[0])}).scalar()]
