"""What a call needs to know of its fax, read at one go when the call was claimed.

What lives here: the submission, what holds for it, and the calls before. What does not: claiming (`claims`), what the
calls before teach (`gateway.domain.retry`).
"""

import json
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Dialect

from gateway.domain.errors import NotFoundError
from gateway.domain.frozen import Frozen
from gateway.domain.job import Attempt
from gateway.domain.retry import Past
from gateway.domain.submission import Submission
from gateway.store import frozen
from gateway.store.by_hand import Cursor, Rows
from gateway.store.calls import CallClaim
from gateway.store.database import Database
from gateway.store.fax_rows import attempt_from, part_from, submission_from
from gateway.store.fax_tables import AttemptRow, PartRow, SubmissionRow


@dataclass(frozen=True, slots=True)
class Material:
    """The fax of a claim. `before` are its earlier attempts, oldest first."""

    submission: Submission
    held: Frozen
    before: tuple[Attempt, ...]

    @property
    def past(self) -> tuple[Past, ...]:
        """The earlier attempts as the retry policy looks at them; those that our own crash cut are left out."""
        return tuple(_past(attempt) for attempt in self.before if attempt.outcome is not None)


def of_claim(db: Database, claim: CallClaim) -> Material:
    """All of it.

    Raises:
        NotFoundError: the submission is gone.
    """
    job, hand = claim.job, _statements(db.dialect)

    def work(cursor: Cursor) -> tuple[Submission, str, tuple[Attempt, ...]]:
        found = hand.submissions.find(cursor, "id = ?", [job.submission_id])
        if not found:
            raise NotFoundError(f"there is no submission {job.submission_id}")
        row = found[0].row
        parts = hand.parts.find(cursor, "submission_id = ? ORDER BY position", [job.submission_id])
        before = hand.before(cursor, claim) if job.dials > 1 else ()
        return submission_from(row, tuple(part_from(part.row) for part in parts)), row.frozen, before

    submission, text, before = db.read_by_hand(work)
    return Material(submission, frozen.frozen_in(db, text, job.user_id), before)


class _Statements:
    """What is asked of one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self.submissions = Rows(SubmissionRow, dialect)
        self.parts = Rows(PartRow, dialect, "submission_id")
        self._attempts = Rows(AttemptRow, dialect)

    def before(self, cursor: Cursor, claim: CallClaim) -> tuple[Attempt, ...]:
        """The attempts before this one, oldest first."""
        others = "job_id = ? AND id <> ? ORDER BY number"
        return tuple(
            attempt_from(one.row) for one in self._attempts.find(cursor, others, [claim.job.id, claim.attempt.id])
        )


@lru_cache(maxsize=8)
def _statements(dialect: Dialect) -> _Statements:
    """Made once for each engine."""
    return _Statements(dialect)


def _past(attempt: Attempt) -> Past:
    assert attempt.outcome is not None
    rate = json.loads(attempt.report).get("rate") if attempt.report else None
    return Past(
        attempt.outcome,
        attempt.detail,
        attempt.session,
        attempt.first_page,
        attempt.pages_confirmed,
        attempt.started,
        rate,
    )
