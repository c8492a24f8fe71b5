"""What a render reads and writes, by statements that cost little: each fax is rendered once.

What lives here: those statements. What does not: transactions, and what they come to (`submissions`).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect

from gateway.domain.errors import LostClaimError
from gateway.domain.job import JobState
from gateway.domain.submission import PartPages, Submission
from gateway.store.by_hand import LOCKED, Cursor, Found, Insertion, Rows, marked
from gateway.store.fax_tables import ContentRow, EventRow, JobRow, PartRow, SubmissionRow

OLDEST = "state = 'accepted' ORDER BY id LIMIT ?"


class Renders:
    """What is said of renders to one kind of database; see `renders`."""

    def __init__(self, dialect: Dialect) -> None:
        self.submissions = Rows(SubmissionRow, dialect)
        self.jobs = Rows(JobRow, dialect)
        self._contents = Rows(ContentRow, dialect, "submission_id")
        self._events = Insertion(EventRow, dialect)
        self._parts = Insertion(PartRow, dialect)
        self._drop = marked("DELETE FROM content WHERE submission_id = ?", dialect.paramstyle)

    def accepted(self, cursor: Cursor, submission_id: int, lock: str = "") -> list[Found[JobRow]]:
        """The jobs that were not cancelled meanwhile, oldest first."""
        found = self.jobs.find(cursor, "submission_id = ? ORDER BY id", [submission_id], lock)
        return [job for job in found if job.row.state == JobState.ACCEPTED.value]

    def fenced(self, cursor: Cursor, claimed: Submission) -> Found[SubmissionRow]:
        """The submission, locked.

        Raises:
            LostClaimError: it was cancelled or is another process's by now.
        """
        mine = "id = ? AND fence = ? AND state = 'rendering'"
        for found in self.submissions.find(cursor, mine, [claimed.id, claimed.fence], LOCKED):
            return found
        raise LostClaimError(f"submission {claimed.id} was cancelled or is another process's by now")

    def content(self, cursor: Cursor, submission_id: int) -> bytes:
        """The mail of a submission, empty when it is in the spool."""
        found = self._contents.find(cursor, "submission_id = ?", [submission_id])
        return found[0].row.octets if found else b""

    def drop_content(self, cursor: Cursor, submission_id: int) -> None:
        """The spool has the mail, durably."""
        cursor.execute(self._drop, (submission_id,))

    def keep_parts(self, cursor: Cursor, submission_id: int, parts: Sequence[PartPages]) -> None:
        """What became of the parts of a mail."""
        rows = [
            {"submission_id": submission_id, "position": position, "name": part.name, "pages": part.pages,
             "left_out": part.left_out}
            for position, part in enumerate(parts)
        ]  # fmt: skip
        if rows:
            self._parts.add(cursor, rows)

    def tell(self, cursor: Cursor, events: Sequence[dict[str, Any]]) -> None:
        """Write events, in their order."""
        self._events.add(cursor, events)


@lru_cache(maxsize=8)
def renders(dialect: Dialect) -> Renders:
    """Made once for each engine."""
    return Renders(dialect)
