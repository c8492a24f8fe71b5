"""Lists and details of faxes, for people to look at.

What lives here: filters, pages of lists, one job with all that happened to it. What does not: changes. Callers import
these through `jobs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from gateway.domain.errors import NotFoundError
from gateway.domain.frozen import Frozen
from gateway.domain.job import Attempt, Event, Job, JobState, status_word
from gateway.domain.outcome import Outcome
from gateway.domain.submission import Submission
from gateway.store.columns import in_state
from gateway.store.database import Database
from gateway.store.fax_rows import attempt_from, event_from, job_from, parts_of, submission_from
from gateway.store.fax_tables import AttemptRow, EventRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.frozen import in_session
from gateway.store.outbox import Mail, mail_from
from gateway.store.public_ids import job_number

MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs to list; what is empty does not filter.

    `status` is one of the words of `gateway.domain.job.status_word`, `number` is exact, `number_contains` a part of
    one, `since` the time of acceptance. `after` is the public id of the last job seen: the next page follows it.
    """

    state: JobState | None = None
    status: str = ""
    outcome: Outcome | None = None
    number: str = ""
    number_contains: str = ""
    user_id: int | None = None
    since: datetime | None = None
    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class JobDetail:
    """One job with its submission, its attempts, its history and the mails about it, all oldest first."""

    job: Job
    submission: Submission
    attempts: tuple[Attempt, ...]
    events: tuple[Event, ...]
    notices: tuple[Mail, ...]
    frozen: Frozen


ALL = Filter()


def listing(db: Database, wanted: Filter = ALL) -> tuple[Job, ...]:
    """The newest jobs that fit, newest first, at most a thousand."""
    newest = select(JobRow).where(*_conditions(wanted)).order_by(col(JobRow.id).desc())
    statement = newest.limit(min(wanted.limit, MAX_PAGE))
    return tuple(job_from(row) for row in db.read(lambda session: session.exec(statement).all()))


def detail(db: Database, public_id: str) -> JobDetail:
    """All that is known of one job.

    Raises:
        NotFoundError: there is no such job.
    """

    def work(session: Session) -> JobDetail:
        number = job_number(public_id)
        row = None if number is None else session.get(JobRow, number)
        submission = None if row is None else session.get(SubmissionRow, row.submission_id)
        if row is None or submission is None:
            raise NotFoundError(f"there is no job {public_id}; `faxgw outbound list` shows the ids")
        return JobDetail(
            job=job_from(row),
            submission=submission_from(submission, parts_of(session, row.submission_id)),
            attempts=_attempts(session, row),
            events=tuple(event_from(event) for event in _about(session, EventRow, row)),
            notices=tuple(mail_from(mail) for mail in _about(session, OutboxRow, row)),
            frozen=in_session(session, row.submission_id, row.user_id),
        )

    return db.read(work)


def _conditions(wanted: Filter) -> list[Any]:
    conditions = _ended_how(wanted)
    if wanted.number:
        conditions.append(JobRow.number == wanted.number)
    if wanted.number_contains:
        conditions.append(col(JobRow.number).contains(wanted.number_contains, autoescape=True))
    if wanted.user_id is not None:
        conditions.append(JobRow.user_id == wanted.user_id)
    if wanted.since is not None:
        conditions.append(col(JobRow.accepted) >= wanted.since)
    if wanted.after:
        conditions.append(col(JobRow.id) < (job_number(wanted.after) or 0))
    return conditions


def _ended_how(wanted: Filter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.state is not None:
        conditions.append(in_state(JobRow.state, wanted.state))
    if wanted.status:
        conditions.append(in_state(JobRow.state, *(state for state in JobState if status_word(state) == wanted.status)))
    if wanted.outcome is not None:
        conditions.append(JobRow.outcome == wanted.outcome.value)
    return conditions


def _attempts(session: Session, row: JobRow) -> tuple[Attempt, ...]:
    statement = select(AttemptRow).where(AttemptRow.job_id == row.id).order_by(col(AttemptRow.number))
    return tuple(attempt_from(attempt) for attempt in session.exec(statement))


def _about(session: Session, table: Any, row: JobRow) -> Sequence[Any]:
    """The rows that concern this job, or its submission as a whole."""
    this_job = or_(table.job_id == row.id, col(table.job_id).is_(None))
    statement = select(table).where(table.submission_id == row.submission_id, this_job)
    return session.exec(statement.order_by(col(table.id))).all()
