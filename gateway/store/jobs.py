"""Jobs between their calls: what time and people do to them, and what the flows ask about them.

What lives here: expiry, cancelling, and small questions. What does not: calls (`calls`). Lists and details are written
in `activity`, promotion in `due`, holding and releasing in `holds`; all are handed on from here.
"""

import json
from datetime import datetime
from functools import lru_cache
from typing import cast

from sqlalchemy import Dialect
from sqlmodel import Session, col, func, or_, select

from gateway.domain.addresses import Destination
from gateway.domain.blocks import NUMBER_BLOCKED
from gateway.domain.errors import NotFoundError, RefusedError
from gateway.domain.job import FINAL_STATES, Job, JobEvent, JobState
from gateway.domain.outcome import Outcome
from gateway.domain.retry import Past
from gateway.domain.submission import Submission, SubmissionState
from gateway.store.activity import Filter, JobDetail, detail, listing
from gateway.store.blocks import is_blocked, waiting_for_blocked
from gateway.store.columns import EPOCH, MICROSECOND, in_state
from gateway.store.database import Database
from gateway.store.due import next_due, promote_due
from gateway.store.fax_rows import (
    behind_busy,
    cancel_row,
    job_from,
    jobs_of,
    move_submission,
    parts_of,
    row_of,
    submission_from,
)
from gateway.store.fax_tables import AttemptRow, EventRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.holds import hold, release
from gateway.store.locking import locked, unlocked_ones
from gateway.store.outbox import MailState, MakeMail, add_mails
from gateway.store.received_tables import ReceivedEventRow

__all__ = [
    "Filter", "JobDetail", "cancel", "cancel_blocked", "detail", "expire_due", "history", "hold", "is_quiet", "job",
    "latest_time", "listing", "next_due", "promote_due", "reached_before", "release", "submission", "unfinished",
]  # fmt: skip
BATCH = 100  # rows changed in one transaction
_CAN_EXPIRE = (JobState.ACCEPTED, JobState.READY, JobState.WAITING, JobState.HELD)
_FIRST_EXPIRY = "SELECT min(expires) FROM job WHERE ended IS NULL"  # of those in calls, too: one look into an index


def expire_due(db: Database, now: datetime, make_mail: MakeMail) -> int:
    """Cancel jobs that are past their time and in no call, with their mails; returns how many, a batch at most."""
    over = select(JobRow).where(
        col(JobRow.ended).is_(None), col(JobRow.expires) <= now, in_state(JobRow.state, *_CAN_EXPIRE)
    )
    first = unlocked_ones(over.order_by(col(JobRow.expires)).limit(BATCH))

    def work(session: Session) -> int:
        rows = session.exec(first).all()
        for row in rows:
            _end(session, row, JobEvent.EXPIRED, now, make_mail)
        return len(rows)

    next_end = db.glance(_FIRST_EXPIRY)
    if next_end is None or cast(int, next_end) > (now - EPOCH) // MICROSECOND:
        return 0
    return db.write(work) if db.read(lambda session: session.exec(over.limit(1)).first()) else 0


def cancel(db: Database, public_id: str, now: datetime, make_mail: MakeMail) -> bool:
    """Cancel a job: at once (true) when it is in no call; else its call is asked to hang up, and its end decides.

    Raises:
        NotFoundError: there is no such job.
        RefusedError: it has ended already; names its state.
    """

    def work(session: Session) -> bool:
        row = row_of(session, public_id, lock=True)
        if row.state in {state.value for state in FINAL_STATES}:
            raise RefusedError(f"job {public_id} is {row.state} already and cannot be cancelled")
        if row.state == JobState.CALLING.value:
            row.cancel_asked = True
            return False
        _end(session, row, JobEvent.CANCELLED, now, make_mail)
        return True

    return db.write(work)


def cancel_blocked(db: Database, now: datetime, make_mail: MakeMail) -> int:
    """Cancel jobs in no call whose company has blocked their number since; returns how many, a batch at most."""

    def work(session: Session) -> int:
        rows = [row for row in session.exec(locked(waiting_for_blocked(BATCH))) if is_blocked(session, row)]
        for row in rows:
            _end(session, row, JobEvent.CANCELLED, now, make_mail, NUMBER_BLOCKED)
        return len(rows)

    return db.write(work) if db.read(lambda session: session.exec(waiting_for_blocked(1)).first()) else 0


def job(db: Database, public_id: str) -> Job:
    """One job by the id that people see.

    Raises:
        NotFoundError: there is no such job.
    """
    return db.read(lambda session: job_from(row_of(session, public_id)))


def submission(db: Database, submission_id: int) -> Submission:
    """One submission, with what became of its parts.

    Raises:
        NotFoundError: there is no such submission.
    """

    def work(session: Session) -> Submission:
        row = session.get(SubmissionRow, submission_id)
        if row is None:
            raise NotFoundError(f"there is no submission {submission_id}")
        return submission_from(row, parts_of(session, submission_id))

    return db.read(work)


def history(db: Database, job: Job) -> list[Past]:
    """A job's ended attempts, oldest first, for the retry policy; those that our own crash cut are left out."""
    statement = select(AttemptRow).where(AttemptRow.job_id == job.id, col(AttemptRow.outcome).is_not(None))
    rows = db.read(lambda session: session.exec(statement.order_by(col(AttemptRow.number))).all())
    return [_past(row) for row in rows]


def reached_before(db: Database, destination: Destination) -> bool:
    """Whether a fax machine ever confirmed a page at this number."""
    statement = (
        select(AttemptRow.id)
        .join(JobRow, col(JobRow.id) == col(AttemptRow.job_id))
        .where(JobRow.number == destination.number, col(AttemptRow.pages_confirmed) > 0)
    )
    return db.read(lambda session: session.exec(statement.limit(1)).first()) is not None


def unfinished(db: Database) -> dict[JobState, int]:
    """How many jobs are in each state that is not final; states without jobs are left out."""
    statement = select(JobRow.state, func.count()).where(col(JobRow.ended).is_(None)).group_by(JobRow.state)
    return {JobState(state): count for state, count in db.read(lambda session: session.exec(statement).all())}


def is_quiet(db: Database) -> bool:
    """Whether nothing is being done or could be done now: no render, no call, no mail that was never put off.

    A job whose number was found busy by another cannot be called before that one's time.
    """
    return not db.glance(_busy_question(db.dialect))


@lru_cache(maxsize=8)
def _busy_question(dialect: Dialect) -> str:
    """Whether something is being done or could be; it is asked twenty times a second while a job waits.

    Each part is a look into an index of few rows: what is in work has an owner.
    """
    held = select(JobRow.number).where(behind_busy())
    callable_job = in_state(JobRow.state, JobState.READY) & col(JobRow.number).not_in(held)
    fresh = in_state(OutboxRow.state, MailState.WAITING) & (col(OutboxRow.not_before) == col(OutboxRow.created))
    questions = (
        select(JobRow.id).where(in_state(JobRow.state, JobState.CALLING)),
        select(JobRow.id).where(callable_job),
        select(SubmissionRow.id).where(in_state(SubmissionRow.state, SubmissionState.ACCEPTED)),
        select(SubmissionRow.id).where(
            col(SubmissionRow.owner).is_not(None), in_state(SubmissionRow.state, SubmissionState.RENDERING)
        ),
        select(OutboxRow.id).where(col(OutboxRow.owner).is_not(None), in_state(OutboxRow.state, MailState.SENDING)),
        select(OutboxRow.id).where(fresh),
    )
    asked = select(or_(*(question.exists() for question in questions)))
    return str(asked.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def latest_time(db: Database) -> datetime | None:
    """The latest time in the history; None when there is none. A virtual clock must not go back behind it."""
    sent = select(EventRow.at).order_by(col(EventRow.id).desc()).limit(BATCH)
    received = select(ReceivedEventRow.at).order_by(col(ReceivedEventRow.id).desc()).limit(BATCH)
    return max(db.read(lambda session: [*session.exec(sent), *session.exec(received)]), default=None)


def _past(row: AttemptRow) -> Past:
    rate = json.loads(row.report).get("rate") if row.report else None
    outcome = Outcome(str(row.outcome))
    return Past(outcome, row.detail, row.session, row.first_page, row.pages_confirmed, row.started, rate)


def _end(session: Session, row: JobRow, event: JobEvent, now: datetime, make_mail: MakeMail, detail: str = "") -> None:
    """Cancel a job that is in no call; when it was the last to wait for rendering, nothing is rendered any more."""
    unrendered = row.state == JobState.ACCEPTED.value
    cancel_row(session, row, event, now, detail or event.value)
    if unrendered:
        _leave_unrendered(session, row.submission_id, now)
    add_mails(session, [make_mail(job_from(row))], now)


def _leave_unrendered(session: Session, submission_id: int, now: datetime) -> None:
    session.flush()
    row = session.exec(locked(select(SubmissionRow).where(SubmissionRow.id == submission_id))).one()
    if any(job.state == JobState.ACCEPTED.value for job in jobs_of(session, submission_id)):
        return
    move_submission(session, row, SubmissionState.CANCELLED, now)
    row.fence += 1  # a render that runs has lost its claim
