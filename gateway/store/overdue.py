"""Jobs that have been open for long, and the one notice that each gets of it.

What lives here: finding them, and adding that notice while the job has not ended. What does not: when a notice is due
(`gateway.delays`), its words (`gateway.mail.delay_letter`).
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from gateway.domain.frozen import Frozen
from gateway.domain.job import FINAL_STATES, Job, JobEvent, JobState
from gateway.store import frozen
from gateway.store.columns import in_state, one_of
from gateway.store.database import Database
from gateway.store.fax_rows import job_from
from gateway.store.fax_tables import AttemptRow, EventRow, JobRow, OutboxRow
from gateway.store.locking import locked
from gateway.store.mails import DELAYED, MailState, MakeMail
from gateway.store.outbox import add_mails

_OPEN = tuple(state for state in JobState if state not in FINAL_STATES)


@dataclass(frozen=True, slots=True)
class Open:
    """A job that has not ended. `start` is when its first call could be placed; `told`: it has its notice."""

    job: Job
    held: Frozen
    start: datetime
    told: bool


def accepted_between(db: Database, after: datetime | None, until: datetime) -> list[tuple[datetime, int]]:
    """When jobs that are open were accepted, with their numbers: those behind `after`, up to `until`."""
    columns = sa.select(col(JobRow.accepted), col(JobRow.id))
    within = [col(JobRow.accepted) <= until, *([col(JobRow.accepted) > after] if after is not None else [])]
    # State by state: each is a range of the index of open jobs.
    each = [columns.where(col(JobRow.ended).is_(None), in_state(JobRow.state, state), *within) for state in _OPEN]
    return db.read(lambda session: [(at, number) for at, number in session.execute(sa.union_all(*each))])


def open_job(db: Database, number: int) -> Open | None:
    """One of them; None when it has ended."""

    def work(session: Session) -> Open | None:
        row = session.get(JobRow, number)
        if row is None or row.ended is not None:
            return None
        held = frozen.in_session(session, row.submission_id, row.user_id)
        return Open(job_from(row), held, _start(session, row), _told(session, row))

    return db.read(work)


def tell(db: Database, number: int, make_mail: MakeMail, now: datetime) -> bool:
    """Add the notice on a delay, unless the job has ended or has one; whether it was added."""

    def work(session: Session) -> bool:
        row = session.exec(locked(select(JobRow).where(JobRow.id == number, col(JobRow.ended).is_(None)))).one_or_none()
        mail = make_mail(job_from(row)) if row is not None and not _told(session, row) else None
        add_mails(session, [mail], now)
        return mail is not None

    return db.write(work)


def drop_late(db: Database) -> int:
    """Drop notices on delays that were not sent before the end of their job; how many."""
    mail, job = OutboxRow, JobRow
    over = sa.select(col(job.id)).where(col(job.ended).is_not(None), col(job.id) == col(mail.job_id)).exists()
    waiting = (in_state(mail.state, MailState.WAITING), one_of(mail.kind, (DELAYED,)))
    late = sa.update(mail).where(*waiting, over).values(state=MailState.DROPPED.value, reply="the fax has ended")
    if not db.read(lambda session: session.execute(sa.select(col(mail.id)).where(*waiting).limit(1)).first()):
        return 0
    return db.write(lambda session: session.connection().execute(late).rowcount)


def _start(session: Session, row: JobRow) -> datetime:
    """When it was accepted, or the later time that was asked for."""
    if row.dials == 0:
        return max(row.accepted, row.not_before)
    events = select(EventRow.id).where(EventRow.job_id == row.id, EventRow.name == JobEvent.SCHEDULED.value)
    if session.exec(events.where(EventRow.from_state == JobState.ACCEPTED.value).limit(1)).first() is None:
        return row.accepted
    first = session.exec(select(func.min(AttemptRow.started)).where(AttemptRow.job_id == row.id)).one()
    return first or row.accepted


def _told(session: Session, row: JobRow) -> bool:
    mails = select(OutboxRow.id).where(
        OutboxRow.submission_id == row.submission_id, OutboxRow.job_id == row.id, OutboxRow.kind == DELAYED
    )
    return session.exec(mails.limit(1)).first() is not None
