"""What a render reads and writes, by statements that cost little: each fax is rendered once.

What lives here: those statements. What does not: transactions, and what they come to (`submissions`).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect

from gateway.domain.errors import LostClaimError
from gateway.domain.job import JobState
from gateway.domain.submission import PartPages, Submission, SubmissionState
from gateway.store.by_hand import STEPPING_OVER, Cursor, Found, Insertion, Rows, among, marked
from gateway.store.fax_tables import ContentRow, EventRow, JobRow, PartRow, SubmissionRow

OLDEST = "state = 'accepted' ORDER BY id LIMIT ?"
_TAKE = "UPDATE submission SET state = 'rendering', owner = ?, fence = fence + 1 WHERE "
_END = (
    "UPDATE submission SET state = 'rendered', owner = NULL, pages_digest = ?, pages = ?"
    " WHERE id = ? AND fence = ? AND state = 'rendering'"
)


class Renders:
    """What is said of renders to one kind of database; see `renders`."""

    def __init__(self, dialect: Dialect) -> None:
        self.jobs = Rows(JobRow, dialect)
        self._submissions = Rows(SubmissionRow, dialect)
        self._contents = Rows(ContentRow, dialect, "submission_id")
        self._events = Insertion(EventRow, dialect)
        self._parts = Insertion(PartRow, dialect)
        self._paramstyle = dialect.paramstyle
        self._end = marked(_END, dialect.paramstyle)
        self._drop = marked("DELETE FROM content WHERE submission_id = ?", dialect.paramstyle)

    def take(self, cursor: Cursor, process_id: int, most: int) -> list[SubmissionRow]:
        """The submissions that have waited longest, which are this process's now; oldest first."""
        rows = [found.row for found in self._submissions.find(cursor, OLDEST, (most,), STEPPING_OVER)]
        if rows:
            taken = marked(_TAKE + among("id", len(rows)), self._paramstyle)
            cursor.execute(taken, [process_id, *(row.id for row in rows)])
        for row in rows:
            row.state, row.owner, row.fence = SubmissionState.RENDERING.value, process_id, row.fence + 1
        return rows

    def accepted(self, cursor: Cursor, submissions: Sequence[int], lock: str = "") -> list[Found[JobRow]]:
        """The jobs of submissions that were not cancelled meanwhile, oldest first."""
        found = self.jobs.find(cursor, f"{among('submission_id', len(submissions))} ORDER BY id", submissions, lock)
        return [job for job in found if job.row.state == JobState.ACCEPTED.value]

    def end(self, cursor: Cursor, claimed: Submission, pages_digest: str, pages: int) -> None:
        """A submission is rendered.

        Raises:
            LostClaimError: it was cancelled or is another process's by now.
        """
        if not cursor.execute(self._end, (pages_digest, pages, claimed.id, claimed.fence)).rowcount:
            raise LostClaimError(f"submission {claimed.id} was cancelled or is another process's by now")

    def contents(self, cursor: Cursor, submissions: Sequence[int]) -> dict[int, bytes]:
        """The mails of submissions that are not in the spool yet."""
        found = self._contents.find(cursor, among("submission_id", len(submissions)), submissions)
        return {one.row.submission_id: one.row.octets for one in found}

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
