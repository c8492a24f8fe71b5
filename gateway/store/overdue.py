"""Jobs that have been open for long, and the one notice that each gets of it.

What lives here: finding them, and adding that notice while the job has not ended. What does not: when a notice is due
(`gateway.delays`), its words (`gateway.mail.delay_letter`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from gateway.domain.frozen import Frozen, thaw
from gateway.domain.job import FINAL_STATES, Job, JobEvent, JobState
from gateway.store import frozen
from gateway.store.by_hand import marked
from gateway.store.columns import EPOCH, MICROSECOND, in_state, one_of
from gateway.store.database import Database
from gateway.store.fax_rows import job_from
from gateway.store.fax_tables import AttemptRow, EventRow, JobRow, OutboxRow
from gateway.store.locking import locked
from gateway.store.mails import DELAYED, MailState, MakeMail
from gateway.store.outbox import add_mails

# State by state: each is a range of the index of open jobs.
_ACCEPTED = " UNION ALL ".join(
    f"SELECT accepted, id, submission_id FROM job WHERE ended IS NULL AND state = '{state.value}'"
    " AND accepted > ? AND accepted <= ?"
    for state in JobState
    if state not in FINAL_STATES
)
_FROZEN = "SELECT id, frozen FROM submission WHERE id IN ({})"
_STILL_OPEN = "SELECT id FROM job WHERE ended IS NULL AND id IN ({})"
PAGE = 500  # mails whose settings are read at once: they are some thousand octets each
_NOTICE_WAITS = f"SELECT id FROM outbox WHERE state = '{MailState.WAITING.value}' AND kind = '{DELAYED}' LIMIT 1"


@dataclass(frozen=True, slots=True)
class Open:
    """A job that has not ended. `start` is when its first call could be placed; `told`: it has its notice."""

    job: Job
    held: Frozen
    start: datetime
    told: bool


@dataclass(frozen=True, slots=True)
class Aging:
    """A job that was open when it was looked for. `held` is None where nothing was frozen with it."""

    accepted: datetime
    number: int
    held: Frozen | None


def accepted_between(db: Database, after: datetime | None, until: datetime) -> Iterator[Aging]:
    """Jobs that are open: those accepted behind `after`, up to `until`."""
    within = (-1 if after is None else (after - EPOCH) // MICROSECOND, (until - EPOCH) // MICROSECOND)
    rows = _asked(db, _ACCEPTED, within * _ACCEPTED.count("SELECT"))
    for start in range(0, len(rows), PAGE):
        page = rows[start : start + PAGE]
        texts = dict(_asked(db, _FROZEN, tuple({mail for _, _, mail in page})))
        for at, number, mail in page:
            yield Aging(EPOCH + at * MICROSECOND, number, thaw(texts[mail]) if texts.get(mail) else None)


def still_open(db: Database, numbers: Sequence[int]) -> frozenset[int]:
    """Those of the jobs that have not ended."""
    return frozenset(number for (number,) in _asked(db, _STILL_OPEN, numbers))


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
    if db.glance(_NOTICE_WAITS) is None:
        return 0
    return db.write(lambda session: session.connection().execute(late).rowcount)


def _asked(db: Database, query: str, values: Sequence[int]) -> list[Any]:
    """The answer to a question by hand; `{}` in it stands for as many marks as there are values."""
    said = marked(query.format(", ".join("?" * len(values))), db.dialect.paramstyle)
    return cast(list[Any], db.read_by_hand(lambda cursor: cursor.execute(said, tuple(values)).fetchall()))


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
