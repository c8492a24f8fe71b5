"""What the end of a call reads and writes, by statements that cost little: each fax has one, at least.

What lives here: those statements. What does not: transactions, and what they come to (`call_ends`).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect

from gateway.store.archive_tables import ArchiveTransferRow
from gateway.store.by_hand import LOCKED, Cursor, Found, Insertion, Rows
from gateway.store.fax_tables import AttemptRow, EventRow, JobRow


class Endings:
    """What the end of a call says to one kind of database; see `endings`."""

    def __init__(self, dialect: Dialect) -> None:
        self._jobs = Rows(JobRow, dialect)
        self._attempts = Rows(AttemptRow, dialect)
        self._events = Insertion(EventRow, dialect)
        self._copies = Insertion(ArchiveTransferRow, dialect)

    def fenced(
        self, cursor: Cursor, job_id: int, fence: int, attempt_id: int
    ) -> tuple[Found[JobRow], Found[AttemptRow]] | None:
        """The job, locked, and its attempt; None when it is another process's by now."""
        jobs = self._jobs.find(cursor, "id = ? AND fence = ? AND state = 'calling'", [job_id, fence], LOCKED)
        attempts = self._attempts.find(cursor, "id = ?", [attempt_id])
        return (jobs[0], attempts[0]) if jobs and attempts else None

    def keep(
        self, cursor: Cursor, job: Found[JobRow], attempt: Found[AttemptRow], events: Sequence[dict[str, Any]]
    ) -> None:
        """Write what has become of them."""
        self._jobs.keep(cursor, job)
        self._attempts.keep(cursor, attempt)
        self._events.add(cursor, events)

    def archive(self, cursor: Cursor, copy: ArchiveTransferRow | None) -> None:
        """Have a copy made, if one is wanted."""
        if copy is not None:
            self._copies.add_row(cursor, copy)


@lru_cache(maxsize=8)
def endings(dialect: Dialect) -> Endings:
    """Made once for each engine."""
    return Endings(dialect)
