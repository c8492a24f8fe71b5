"""Submissions: rendered under a claim.

What lives here: the store's functions on submissions. What does not: calls (`calls`), jobs once rendered (`jobs`).
How mails become submissions is in `acceptance`, those that became none are in `refusals`; both are handed on from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from gateway.domain.errors import LostClaimError
from gateway.domain.job import Job, JobEvent, JobState
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages, Submission, SubmissionState
from gateway.store import contents
from gateway.store.acceptance import Accepted, add
from gateway.store.by_hand import LOCKED, Cursor
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.fax_rows import (
    MAX_RENDER_CRASHES,
    cancelled,
    held_if_asked,
    job_from,
    jobs_of,
    move,
    move_submission,
    moved,
    submission_from,
)  # fmt: skip
from gateway.store.fax_tables import JobRow, PartRow, SubmissionRow
from gateway.store.handback import hand_back_submission
from gateway.store.locking import locked
from gateway.store.outbox import MailClaim, NewMail, Post, add_mails
from gateway.store.posting import posting
from gateway.store.refusals import add_refusal, refusals
from gateway.store.renders import renders

__all__ = [
    "Accepted", "FailedRender", "RenderClaim", "RenderedJob", "RenderedSubmission", "add", "add_refusal",
    "claim_renders", "fail_render", "finish_render", "give_back", "refusals",
]  # fmt: skip
PREVIEW = "preview"  # why a job is cancelled whose sender only wanted to see the pages


@dataclass(frozen=True, slots=True)
class RenderClaim:
    """A submission that is ours to render, with the jobs that wait for it.

    `crashes` counts the renders of it that ended with their process. `content` is the mail when the spool does not have
    it yet, `frozen` what holds for it, as it was written down.
    """

    submission: Submission
    jobs: tuple[Job, ...]
    crashes: int = 0
    content: bytes = field(default=b"", repr=False)
    frozen: str = field(default="", repr=False)

    @property
    def is_poisoned(self) -> bool:
        """Whether so many renders of it were lost that it must not be rendered again, but failed as General Error."""
        return self.crashes >= MAX_RENDER_CRASHES


@dataclass(frozen=True, slots=True)
class RenderedJob:
    """One job's own pages: the digest of its cover pages, empty for none, and how many cover and document have."""

    cover_digest: str
    pages: int


@dataclass(frozen=True, slots=True)
class RenderedSubmission:
    """What rendering gave; `jobs` is by job id and holds every job of the claim."""

    pages_digest: str
    pages: int
    part_pages: tuple[PartPages, ...]
    jobs: Mapping[int, RenderedJob]


@dataclass(frozen=True, slots=True)
class FailedRender:
    """Why there is nothing to send."""

    outcome: Outcome
    detail: str
    part_pages: tuple[PartPages, ...] = ()


def claim_renders(db: Database, process_id: int, now: datetime, most: int = 1) -> list[RenderClaim]:
    """Take the submissions that have waited longest to be rendered, `most` at most.

    Raises:
        LostClaimError: this process was given up for dead.
    """
    hand = renders(db.dialect)

    def work(cursor: Cursor) -> list[RenderClaim]:
        posting(db.dialect).check_process(cursor, process_id)
        rows = hand.take(cursor, process_id, most)
        if not rows:
            return []
        numbers = [key_of(row.id) for row in rows]
        hand.tell(
            cursor, [_event(number, SubmissionState.ACCEPTED, SubmissionState.RENDERING, now) for number in numbers]
        )
        jobs = [job_from(found.row) for found in hand.accepted(cursor, numbers)]
        contents = hand.contents(cursor, numbers)
        return [_claim(row, [job for job in jobs if job.submission_id == row.id], contents) for row in rows]

    return db.write_by_hand(work)


def _claim(row: SubmissionRow, jobs: Sequence[Job], contents: Mapping[int, bytes]) -> RenderClaim:
    number = key_of(row.id)
    return RenderClaim(submission_from(row), tuple(jobs), row.crashes, contents.get(number, b""), row.frozen)


def _event(number: int, before: SubmissionState, after: SubmissionState, now: datetime) -> dict[str, Any]:
    return {
        "submission_id": number, "at": now, "name": after.value, "from_state": before.value, "to_state": after.value,
        "detail": "",
    }  # fmt: skip


def finish_render(
    db: Database,
    claim: RenderClaim,
    rendered: RenderedSubmission,
    now: datetime,
    mails: Sequence[NewMail],
    post: Post | None = None,
) -> None:
    """Keep the pages and let the jobs go on, with the mails that tell of it, in one commit; a preview ends here.

    Its mail must be in the spool by now. `post`, if this process sends mails, takes those of the same commit.

    Raises:
        LostClaimError: the submission was cancelled or is another process's by now; nothing was written.
    """
    hand, post_office = renders(db.dialect), posting(db.dialect)

    def work(cursor: Cursor) -> list[MailClaim]:
        owner = post_office.owner_of(cursor, post)
        number = claim.submission.id
        accepted = hand.accepted(cursor, [number], LOCKED)
        hand.end(cursor, claim.submission, rendered.pages_digest, rendered.pages)
        events = [_event(number, SubmissionState.RENDERING, SubmissionState.RENDERED, now)]
        for job in accepted:
            events += _rendered(job.row, rendered, now, preview=claim.submission.preview)
        hand.jobs.keep_all(cursor, accepted)
        hand.keep_parts(cursor, number, rendered.part_pages)
        hand.tell(cursor, events)
        if claim.content:
            hand.drop_content(cursor, number)
        return post_office.add(cursor, mails, now, owner)

    taken = db.write_by_hand(work)
    if post is not None:
        post.take(taken)


def _rendered(row: JobRow, rendered: RenderedSubmission, now: datetime, *, preview: bool) -> list[dict[str, Any]]:
    """Let a job go on whose pages are there; the events of it."""
    own = rendered.jobs[key_of(row.id)]
    row.cover_digest, row.pages = own.cover_digest, own.pages
    if preview:
        return [cancelled(row, JobEvent.CANCELLED, now, PREVIEW)]
    told = moved(row, JobEvent.RENDERED if row.not_before <= now else JobEvent.SCHEDULED, now)
    return [told, *held_if_asked(row, now)]


def fail_render(
    db: Database, claim: RenderClaim, failed: FailedRender, now: datetime, mails: Sequence[NewMail]
) -> None:
    """End the submission and its jobs with an outcome, and the mails that tell of it, in one commit.

    Raises:
        LostClaimError: the submission was cancelled or is another process's by now; nothing was written.
    """

    def work(session: Session) -> None:
        accepted = _still_accepted(session, claim.submission.id)
        row = _fenced(session, claim)
        move_submission(session, row, SubmissionState.FAILED, now, failed.detail)
        _keep_parts(session, row, failed.part_pages)
        for job in accepted:
            move(session, job, JobEvent.REFUSED, now, failed.detail)
            job.outcome, job.outcome_detail = failed.outcome.value, failed.detail
        contents.drop(session, claim.submission.id)
        add_mails(session, mails, now)

    db.write(work)


def give_back(db: Database, claim: RenderClaim, now: datetime, *, counted: bool = True) -> None:
    """Let a render that broke off by a fault of ours start again, as if its process had died.

    `counted` is false when the store had no room or was locked: that says nothing of the mail.

    Raises:
        LostClaimError: the submission was cancelled, is another process's by now, or was settled.
    """
    db.write(lambda session: hand_back_submission(session, _fenced(session, claim), now, counted=counted))


def _still_accepted(session: Session, submission_id: int) -> list[JobRow]:
    """The jobs that were not cancelled meanwhile, locked."""
    return [job for job in jobs_of(session, submission_id, lock=True) if job.state == JobState.ACCEPTED.value]


def _keep_parts(session: Session, row: SubmissionRow, parts: Sequence[PartPages]) -> None:
    key = key_of(row.id)
    session.add_all(
        PartRow(submission_id=key, position=position, name=part.name, pages=part.pages, left_out=part.left_out)
        for position, part in enumerate(parts)
    )


def _fenced(session: Session, claim: RenderClaim) -> SubmissionRow:
    statement = select(SubmissionRow).where(
        SubmissionRow.id == claim.submission.id,
        SubmissionRow.fence == claim.submission.fence,
        in_state(SubmissionRow.state, SubmissionState.RENDERING),
    )
    row = session.exec(locked(statement)).one_or_none()
    if row is None:
        raise LostClaimError(f"submission {claim.submission.id} was cancelled or is another process's by now")
    return row
