"""Submissions: accepted with their jobs in one commit, rendered under a claim.

What lives here: the store's functions on submissions. What does not: calls (`calls`), jobs once rendered (`jobs`).
Mails that became no submission are in `refusals` and handed on from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from gateway.domain.addresses import Destination, FaxAddress
from gateway.domain.errors import LostClaimError
from gateway.domain.job import Job, JobEvent, JobState
from gateway.domain.outcome import Outcome
from gateway.domain.submission import NewSubmission, PartPages, Submission, SubmissionState
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.fax_rows import (
    MAX_RENDER_CRASHES,
    as_json,
    check_process,
    job_from,
    jobs_of,
    move,
    move_submission,
    submission_from,
)  # fmt: skip
from gateway.store.fax_tables import EventRow, JobRow, PartRow, SubmissionRow
from gateway.store.handback import hand_back_submission
from gateway.store.locking import locked, unlocked_ones
from gateway.store.outbox import NewMail, add_mails
from gateway.store.refusals import add_refusal, refusals

__all__ = [
    "Accepted", "FailedRender", "RenderClaim", "RenderedJob", "RenderedSubmission", "add", "add_refusal",
    "claim_render", "fail_render", "finish_render", "give_back", "refusals",
]  # fmt: skip
DUPLICATE_WINDOW = timedelta(days=5)  # as long as servers go on trying to deliver (RFC 5321 4.5.4.1)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a submission became; of a duplicate, what the first one became."""

    submission_id: int
    jobs: tuple[Job, ...]
    duplicate: bool


@dataclass(frozen=True, slots=True)
class RenderClaim:
    """A submission that is ours to render, with the jobs that wait for it.

    `crashes` counts the renders of it that ended with their process.
    """

    submission: Submission
    jobs: tuple[Job, ...]
    crashes: int = 0

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


def add(db: Database, new: NewSubmission) -> Accepted:
    """Write a submission and one job for each distinct destination (the first address wins), in one commit.

    The same duplicate key within five days adds nothing.

    Raises:
        UnavailableError: it could not be written now; nothing was.
    """
    try:
        return db.write(lambda session: _first_one(session, new) or _insert(session, new))
    except IntegrityError:
        # Two processes met at the unique key: now the other's is there to be found.
        return db.write(lambda session: _first_one(session, new) or _insert(session, new))


def claim_render(db: Database, process_id: int, now: datetime) -> RenderClaim | None:
    """Take the oldest submission that waits to be rendered; None when none does.

    Raises:
        LostClaimError: this process was given up for dead.
    """
    waiting = select(SubmissionRow).where(in_state(SubmissionRow.state, SubmissionState.ACCEPTED))
    oldest = unlocked_ones(waiting.order_by(col(SubmissionRow.id)).limit(1))

    def work(session: Session) -> RenderClaim | None:
        check_process(session, process_id)
        row = session.exec(oldest).one_or_none()
        if row is None:
            return None
        move_submission(session, row, SubmissionState.RENDERING, now)
        row.owner = process_id
        row.fence += 1
        jobs = tuple(job_from(job) for job in _still_accepted(session, key_of(row.id)))
        return RenderClaim(submission_from(row), jobs, row.crashes)

    return db.write(work)


def finish_render(
    db: Database, claim: RenderClaim, rendered: RenderedSubmission, now: datetime, mails: Sequence[NewMail]
) -> None:
    """Keep the pages and let the jobs go on, with the mails that tell of it, in one commit.

    Raises:
        LostClaimError: the submission was cancelled or is another process's by now; nothing was written.
    """

    def work(session: Session) -> None:
        accepted = _still_accepted(session, claim.submission.id, lock=True)
        row = _fenced(session, claim)
        row.pages_digest, row.pages = rendered.pages_digest, rendered.pages
        move_submission(session, row, SubmissionState.RENDERED, now)
        _keep_parts(session, row, rendered.part_pages)
        for job in accepted:
            own = rendered.jobs[key_of(job.id)]
            job.cover_digest, job.pages = own.cover_digest, own.pages
            move(session, job, JobEvent.RENDERED if job.not_before <= now else JobEvent.SCHEDULED, now)
        add_mails(session, mails, now)

    db.write(work)


def fail_render(
    db: Database, claim: RenderClaim, failed: FailedRender, now: datetime, mails: Sequence[NewMail]
) -> None:
    """End the submission and its jobs with an outcome, and the mails that tell of it, in one commit.

    Raises:
        LostClaimError: the submission was cancelled or is another process's by now; nothing was written.
    """

    def work(session: Session) -> None:
        accepted = _still_accepted(session, claim.submission.id, lock=True)
        row = _fenced(session, claim)
        move_submission(session, row, SubmissionState.FAILED, now, failed.detail)
        _keep_parts(session, row, failed.part_pages)
        for job in accepted:
            move(session, job, JobEvent.REFUSED, now, failed.detail)
            job.outcome, job.outcome_detail = failed.outcome.value, failed.detail
        add_mails(session, mails, now)

    db.write(work)


def give_back(db: Database, claim: RenderClaim, now: datetime, *, counted: bool = True) -> None:
    """Let a render that broke off by a fault of ours start again, as if its process had died.

    `counted` is false when the store had no room or was locked: that says nothing of the mail.

    Raises:
        LostClaimError: the submission was cancelled, is another process's by now, or was settled.
    """
    db.write(lambda session: hand_back_submission(session, _fenced(session, claim), now, counted=counted))


def _first_one(session: Session, new: NewSubmission) -> Accepted | None:
    """What the same mail became earlier. A key that is older than the window is given up."""
    statement = select(SubmissionRow).where(SubmissionRow.duplicate_key == new.duplicate_key)
    row = session.exec(locked(statement)).one_or_none()
    if row is None:
        return None
    if row.received <= new.received - DUPLICATE_WINDOW:
        row.duplicate_key = None
        session.flush()
        return None
    jobs = tuple(job_from(job) for job in jobs_of(session, key_of(row.id)))
    return Accepted(key_of(row.id), jobs, duplicate=True)


def _insert(session: Session, new: NewSubmission) -> Accepted:
    row = SubmissionRow(
        user_id=new.user_id,
        sender_address=new.sender_address,
        subject=new.subject,
        reference=new.reference,
        message_id=new.facts.message_id,
        reference_ids=new.facts.references,
        content_digest=new.content_digest,
        received=new.received,
        duplicate_key=new.duplicate_key,
        evidence=as_json(new.evidence),
        resolution=new.resolution,
        cover=new.cover,
        state=SubmissionState.ACCEPTED.value,
    )
    session.add(row)
    session.flush()
    first: dict[Destination, FaxAddress] = {}
    for address in new.addresses:
        first.setdefault(address.destination, address)
    jobs = [_job_row(new, key_of(row.id), address) for address in first.values()]
    session.add_all(jobs)
    session.add(_accepted(row))
    session.flush()
    return Accepted(key_of(row.id), tuple(job_from(job) for job in jobs), duplicate=False)


def _job_row(new: NewSubmission, submission_id: int, address: FaxAddress) -> JobRow:
    return JobRow(
        submission_id=submission_id,
        user_id=new.user_id,
        number=address.destination.number,
        state=JobState.ACCEPTED.value,
        accepted=new.received,
        not_before=new.received,
        expires=new.expires,
        sub_address=address.sub_address,
        recipient_name=address.name,
        recipient_company=address.company,
        recipient_cover=address.cover,
        sender_name=address.sender,
        priority=new.priority,
    )


def _accepted(row: SubmissionRow) -> EventRow:
    name = SubmissionState.ACCEPTED.value
    return EventRow(submission_id=key_of(row.id), at=row.received, name=name, from_state="", to_state=name)


def _still_accepted(session: Session, submission_id: int, *, lock: bool = False) -> list[JobRow]:
    """The jobs that were not cancelled meanwhile."""
    return [job for job in jobs_of(session, submission_id, lock=lock) if job.state == JobState.ACCEPTED.value]


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
