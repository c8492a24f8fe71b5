"""Lists and details of faxes, for people to look at.

What lives here: lines of lists, one job with all that happened to it. What does not: which are in a list (`job_lists`),
changes. Callers import these through `jobs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from gateway.domain.errors import NotFoundError
from gateway.domain.frozen import Frozen
from gateway.domain.job import Attempt, Event, Job
from gateway.domain.submission import Submission
from gateway.store.database import Database
from gateway.store.fax_rows import attempt_from, event_from, job_from, parts_of, submission_from
from gateway.store.fax_tables import AttemptRow, EventRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.frozen import in_session
from gateway.store.job_filter import Filter, Sort
from gateway.store.job_lists import page
from gateway.store.outbox import Mail, mail_from
from gateway.store.paging import MAX_PAGE
from gateway.store.public_ids import job_number
from gateway.store.tree_tables import NodeRow, UserRow

__all__ = ["MAX_PAGE", "Filter", "JobDetail", "Line", "Sort", "detail", "lines", "listing"]
ALL = Filter()


@dataclass(frozen=True, slots=True)
class Line:
    """A job in a list, with what its submission and its user tell of it."""

    job: Job
    user: str
    department: str
    sender: str
    reference: str
    billing_code: str


@dataclass(frozen=True, slots=True)
class JobDetail:
    """One job with its submission, its attempts, its history and the mails about it, all oldest first."""

    job: Job
    submission: Submission
    attempts: tuple[Attempt, ...]
    events: tuple[Event, ...]
    notices: tuple[Mail, ...]
    frozen: Frozen


def listing(db: Database, wanted: Filter = ALL) -> tuple[Job, ...]:
    """The jobs that fit, the newest first if nothing else is wanted, at most a thousand.

    Raises:
        NotFoundError: the job that the list should follow is not there.
    """
    return db.read(lambda session: tuple(job_from(row) for row in page(session, wanted)))


def lines(db: Database, wanted: Filter = ALL) -> tuple[Line, ...]:
    """As `listing`, with what is known of each beside it."""

    def work(session: Session) -> tuple[Line, ...]:
        rows = page(session, wanted)
        above = aliased(NodeRow)
        senders = {
            number: texts
            for number, *texts in session.execute(
                select(
                    SubmissionRow.id, SubmissionRow.sender_address, SubmissionRow.reference, SubmissionRow.billing_code
                ).where(col(SubmissionRow.id).in_({row.submission_id for row in rows}))
            )
        }
        users = {
            number: texts
            for number, *texts in session.execute(
                select(NodeRow.id, UserRow.user_name, above.name)
                .join(UserRow, col(UserRow.node_id) == col(NodeRow.id))
                .join(above, col(above.id) == col(NodeRow.parent_id))
                .where(col(NodeRow.id).in_({row.user_id for row in rows}))
            )
        }
        return tuple(
            Line(job_from(row), *users.get(row.user_id, ("", "")), *senders[row.submission_id]) for row in rows
        )

    return db.read(work)


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


def _attempts(session: Session, row: JobRow) -> tuple[Attempt, ...]:
    statement = select(AttemptRow).where(AttemptRow.job_id == row.id).order_by(col(AttemptRow.number))
    return tuple(attempt_from(attempt) for attempt in session.exec(statement))


def _about(session: Session, table: Any, row: JobRow) -> Sequence[Any]:
    """The rows that concern this job, or its submission as a whole."""
    this_job = or_(table.job_id == row.id, col(table.job_id).is_(None))
    statement = select(table).where(table.submission_id == row.submission_id, this_job)
    return session.exec(statement.order_by(col(table.id))).all()
