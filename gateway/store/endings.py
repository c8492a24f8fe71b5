"""What the end of a call reads and writes, by statements that cost little: each fax has one, at least.

What lives here: those statements. What does not: transactions, and what they come to (`call_ends`).
"""

from functools import lru_cache

from sqlalchemy import Dialect

from gateway.domain.errors import LostClaimError
from gateway.store.archive_tables import ArchiveTransferRow
from gateway.store.by_hand import KEPT, LOCKED, Cursor, Found, Insertion, Rows, marked
from gateway.store.fax_tables import AttemptRow, EventRow, JobRow
from gateway.store.mails import Post
from gateway.store.settling import Settled

_AS_CLAIMED = "fence = ? AND state = 'calling' AND NOT cancel_asked AND NOT hold_asked AND pages_sent <= ?"
_ASKED = (
    "WITH me AS (SELECT id FROM process WHERE id = ?{})"
    " SELECT (SELECT id FROM me), EXISTS (SELECT 1 FROM quarantine WHERE number = ?)"
)


class Endings:
    """What the end of a call says to one kind of database; see `endings`."""

    def __init__(self, dialect: Dialect) -> None:
        self._jobs = Rows(JobRow, dialect)
        self._attempts = Rows(AttemptRow, dialect)
        kept = "" if dialect.name == "sqlite" else KEPT
        self._asked = marked(_ASKED.format(kept), dialect.paramstyle)
        self._events = Insertion(EventRow, dialect)
        self._copies = Insertion(ArchiveTransferRow, dialect)

    def fenced(
        self, cursor: Cursor, job_id: int, fence: int, attempt_id: int
    ) -> tuple[Found[JobRow], Found[AttemptRow]] | None:
        """The job, locked, and its attempt; None when it is another process's by now."""
        jobs = self._jobs.find(cursor, "id = ? AND fence = ? AND state = 'calling'", [job_id, fence], LOCKED)
        attempts = self._attempts.find(cursor, "id = ?", [attempt_id])
        return (jobs[0], attempts[0]) if jobs and attempts else None

    def asked(self, cursor: Cursor, post: Post | None, number: str) -> tuple[int | None, bool]:
        """Which process takes a mail as it is added, and whether anything is counted against the number.

        Asked first in a transaction, for it may lock that process's row.

        Raises:
            LostClaimError: the process was given up for dead.
        """
        owner = post.process if post is not None and post.has_room() else None
        found, counted = cursor.execute(self._asked, (owner, number)).fetchone()
        if found != owner:
            raise LostClaimError("this process was given up for dead: it must start anew")
        return owner, bool(counted)

    def keep(self, cursor: Cursor, done: Settled) -> None:
        """Write what has become of them."""
        self._jobs.keep(cursor, done.job)
        self._keep_call(cursor, done)

    def keep_expected(self, cursor: Cursor, done: Settled) -> bool:
        """As `keep`, if the job is as it was claimed, but for pages that are over by now; whether it was."""
        values = [done.job.was["fence"], done.pages_sent]
        well = self._jobs.keep_if(cursor, done.job, _AS_CLAIMED, values)
        if well:
            self._keep_call(cursor, done)
        return well

    def _keep_call(self, cursor: Cursor, done: Settled) -> None:
        self._attempts.keep(cursor, done.attempt)
        self._events.add(cursor, done.events)

    def archive(self, cursor: Cursor, copy: ArchiveTransferRow | None) -> None:
        """Have a copy made, if one is wanted."""
        if copy is not None:
            self._copies.add_row(cursor, copy)


@lru_cache(maxsize=8)
def endings(dialect: Dialect) -> Endings:
    """Made once for each engine."""
    return Endings(dialect)
