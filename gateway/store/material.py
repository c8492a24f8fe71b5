"""What a call needs to know of its fax, read at one go when the call was claimed.

What lives here: the submission, what holds for it, and the calls before. What does not: claiming (`claims`), what the
calls before teach (`gateway.domain.retry`).
"""

import json
from dataclasses import dataclass

from sqlmodel import Session, col, select

from gateway.domain.errors import NotFoundError
from gateway.domain.frozen import Frozen
from gateway.domain.job import Attempt
from gateway.domain.retry import Past
from gateway.domain.submission import Submission
from gateway.store import frozen
from gateway.store.calls import CallClaim
from gateway.store.database import Database
from gateway.store.fax_rows import attempt_from, parts_of, submission_from
from gateway.store.fax_tables import AttemptRow, SubmissionRow


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
    job = claim.job

    def work(session: Session) -> Material:
        row = session.get(SubmissionRow, job.submission_id)
        if row is None:
            raise NotFoundError(f"there is no submission {job.submission_id}")
        submission = submission_from(row, parts_of(session, job.submission_id))
        held = frozen.in_session(session, job.submission_id, job.user_id)
        return Material(submission, held, _before(session, claim) if job.dials > 1 else ())

    return db.read(work)


def _before(session: Session, claim: CallClaim) -> tuple[Attempt, ...]:
    others = select(AttemptRow).where(AttemptRow.job_id == claim.job.id, AttemptRow.id != claim.attempt.id)
    return tuple(attempt_from(row) for row in session.exec(others.order_by(col(AttemptRow.number))))


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
