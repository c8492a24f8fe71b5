"""What a call needs to know of its fax.

What lives here: the submission, what holds for it, and the calls before. What does not: reading them (`papers`),
claiming (`claims`), what the calls before teach (`gateway.domain.retry`).
"""

import json
from dataclasses import dataclass

from gateway.domain.errors import NotFoundError
from gateway.domain.frozen import Frozen
from gateway.domain.job import Attempt
from gateway.domain.retry import Past
from gateway.domain.submission import Submission
from gateway.store import frozen
from gateway.store.by_hand import Cursor
from gateway.store.calls import CallClaim
from gateway.store.database import Database
from gateway.store.papers import Papers, papers_of


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
    """All of it; what the claim has read already is not asked for again.

    Raises:
        NotFoundError: the submission is gone.
    """
    job = claim.job

    def work(cursor: Cursor) -> Papers | None:
        return papers_of(db.dialect, cursor, [(job, claim.attempt.id)]).get(job.id)

    papers = claim.papers or db.read_by_hand(work)
    if papers is None:
        raise NotFoundError(f"there is no submission {job.submission_id}")
    return Material(papers.submission, frozen.frozen_in(db, papers.frozen, job.user_id), papers.before)


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
