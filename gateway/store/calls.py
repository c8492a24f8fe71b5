"""Calls: a job, a line and an attempt claimed together; pages recorded; the end settled in one commit.

What lives here: the store's functions on a call that runs. What does not: placing it (`gateway.fax`), what its end
means (`gateway.domain.outcome`, `retry`).
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from gateway.domain.errors import LostClaimError
from gateway.domain.job import Attempt, Job, JobEvent, JobState
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule, Standing
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.fax_rows import attempt_from, behind_busy, check_process, job_from, move, note
from gateway.store.fax_tables import AttemptRow, JobRow
from gateway.store.handback import hand_back_job
from gateway.store.locking import locked, unlocked_ones
from gateway.store.outbox import MakeMail, add_mails
from gateway.store.process_tables import TrunkRow
from gateway.store.quarantine import note_end

ALARM = "operator-told"  # the event of a call that the operator must hear of
# With a cancel asked for, these do not keep a job alive.
_GOING_ON = frozenset({JobEvent.RETRY, JobEvent.HELD, JobEvent.OWNER_LOST})


@dataclass(frozen=True, slots=True)
class CallClaim:
    """A job that is ours to call, its attempt, which is committed, and the line."""

    job: Job
    attempt: Attempt

    @property
    def line(self) -> int:
        """The line of the trunk, from 1."""
        return self.attempt.line


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended, and what becomes of the job: `event` moves it.

    `pages_confirmed` counts from the call's first page. `started` is when it was dialled, none for when it was
    claimed. `not_before`, `ecm` and `slower` are for the next call. `reason` says why there is none, `alarm` what the
    operator must hear of; both are kept in the history. `quarantine` is the rule for numbers that are gone.
    """

    event: JobEvent
    outcome: Outcome
    detail: str
    session: bool
    ended: datetime
    started: datetime | None = None
    pages_confirmed: int = 0
    report_json: str = ""
    tiff_digest: str = ""
    pdf_digest: str = ""
    not_before: datetime | None = None
    ecm: bool = True
    slower: int = 0
    reason: str = ""
    alarm: str = ""
    quarantine: QuarantineRule = field(default_factory=QuarantineRule)


def claim_call(db: Database, process_id: int, trunk: str, lines: int, now: datetime) -> CallClaim | None:
    """Take the first ready job whose destination is in no call, and a free line of the trunk; None when none is.

    Lines are counted over all processes, from 1 to `lines`. First is the lowest priority number, then the earliest
    time. The attempt with its call's uid is committed before anybody dials.

    Raises:
        LostClaimError: this process was given up for dead.
    """
    try:
        return db.write(lambda session: _claim(session, process_id, trunk, lines, now))
    except IntegrityError:
        return None  # another trunk took the destination at the same moment; the caller asks again


def record_page(db: Database, claim: CallClaim, index: int) -> None:
    """Keep, durably, that the far end confirmed a page; `index` counts from 0 at the call's first page.

    Raises:
        LostClaimError: the job is another process's by now: hang up.
    """

    def work(session: Session) -> None:
        job, attempt = _fenced(session, claim)
        _confirm(job, attempt, index + 1)

    db.write(work)


def record_last_page(db: Database, claim: CallClaim) -> None:
    """Keep, durably, that the far end may hold the last page from now on; called before it is told that page is over.

    Raises:
        LostClaimError: the job is another process's by now: hang up.
    """

    def work(session: Session) -> None:
        _, attempt = _fenced(session, claim)
        attempt.last_page_sent = True

    db.write(work)


def cancel_asked(db: Database, claim: CallClaim) -> bool:
    """Whether the call should be hung up: somebody cancelled the job, or it is ours no longer."""

    def work(session: Session) -> bool:
        row = session.get(JobRow, claim.job.id)
        return row is None or row.fence != claim.job.fence or row.cancel_asked

    return db.read(work)


def finish_call(db: Database, claim: CallClaim, end: CallEnd, now: datetime, make_mail: MakeMail) -> Job:
    """Close the attempt, move the job and add its mail, in one commit; returns the job as it now is.

    A job whose cancel was asked for while the call ended otherwise is cancelled instead of tried again.

    Raises:
        LostClaimError: the job is another process's by now; nothing was written.
    """

    def work(session: Session) -> Job:
        row, attempt = _fenced(session, claim)
        _close(attempt, end)
        _confirm(row, attempt, end.pages_confirmed)
        _settle(session, row, end, now)
        note_end(session, Standing(row.number, 0, end.ended, end.outcome, end.detail), end.quarantine)
        job = job_from(row)
        add_mails(session, [make_mail(job)], now)
        return job

    return db.write(work)


def last_endings(db: Database, trunk: str, most: int) -> list[tuple[Outcome, str]]:
    """How the last calls on a trunk ended, newest first: outcome and detail; those that a crash cut are left out."""
    mine = select(AttemptRow.outcome, AttemptRow.detail).where(
        AttemptRow.trunk == trunk, col(AttemptRow.outcome).is_not(None)
    )
    newest = mine.order_by(col(AttemptRow.id).desc()).limit(most)
    rows = db.read(lambda session: session.exec(newest).all())
    return [(Outcome(str(outcome)), detail) for outcome, detail in rows]


def give_back(db: Database, claim: CallClaim, now: datetime, make_mail: MakeMail) -> None:
    """Close a call that broke off by a fault of ours, as if its process had died: what was confirmed decides.

    Raises:
        LostClaimError: the job is another process's by now, or the call was settled; nothing was written.
    """

    def work(session: Session) -> None:
        row, _ = _fenced(session, claim)
        hand_back_job(session, row, now, make_mail)

    db.write(work)


def _claim(session: Session, process_id: int, trunk: str, lines: int, now: datetime) -> CallClaim | None:
    check_process(session, process_id)
    _lock_trunk(session, trunk)
    line = _free_line(session, trunk, lines)
    row = _next_ready(session) if line else None
    if row is None:
        return None
    # A clock that skips may have done so between reading `now` and here: no job starts before its time.
    at = max(now, row.not_before)
    move(session, row, JobEvent.CLAIMED, at)
    row.owner = process_id
    row.fence += 1
    row.dials += 1
    attempt = AttemptRow(
        job_id=key_of(row.id),
        number=_attempts(session, row) + 1,
        call_uid=uuid.uuid4().hex,
        trunk=trunk,
        line=line,
        first_page=row.pages_sent,
        started=at,
    )
    session.add(attempt)
    session.flush()
    return CallClaim(job_from(row), attempt_from(attempt))


def _lock_trunk(session: Session, trunk: str) -> None:
    """One claimer per trunk at a time, so that counting its lines is exact."""
    statement = locked(select(TrunkRow).where(TrunkRow.name == trunk))
    if session.exec(statement).one_or_none() is None:
        session.add(TrunkRow(name=trunk))
        session.flush()


def _free_line(session: Session, trunk: str, lines: int) -> int:
    """The lowest free line; 0 when all are busy."""
    busy = session.exec(select(AttemptRow.line).where(AttemptRow.trunk == trunk, col(AttemptRow.ended).is_(None)))
    return min(set(range(1, lines + 1)) - set(busy), default=0)


def _next_ready(session: Session) -> JobRow | None:
    """Steps over the numbers that are in a call, or were busy, in the index, however many jobs wait for one of them."""
    calling = session.exec(select(JobRow.number).where(in_state(JobRow.state, JobState.CALLING))).all()
    held = select(JobRow.number).where(behind_busy())
    ready = select(JobRow).where(
        in_state(JobRow.state, JobState.READY), col(JobRow.number).not_in(calling), col(JobRow.number).not_in(held)
    )
    first = ready.order_by(col(JobRow.priority), col(JobRow.not_before), col(JobRow.id)).limit(1)
    return session.exec(unlocked_ones(first)).one_or_none()


def _attempts(session: Session, row: JobRow) -> int:
    return session.exec(select(func.count()).select_from(AttemptRow).where(AttemptRow.job_id == row.id)).one()


def _fenced(session: Session, claim: CallClaim) -> tuple[JobRow, AttemptRow]:
    statement = select(JobRow).where(
        JobRow.id == claim.job.id, JobRow.fence == claim.job.fence, in_state(JobRow.state, JobState.CALLING)
    )
    job = session.exec(locked(statement)).one_or_none()
    attempt = session.get(AttemptRow, claim.attempt.id)
    if job is None or attempt is None:
        raise LostClaimError(f"job {claim.job.public_id} is another process's by now")
    return job, attempt


def _confirm(job: JobRow, attempt: AttemptRow, pages: int) -> None:
    attempt.pages_confirmed = max(attempt.pages_confirmed, pages)
    job.pages_sent = max(job.pages_sent, attempt.first_page + attempt.pages_confirmed)


def _close(attempt: AttemptRow, end: CallEnd) -> None:
    attempt.started = end.started or attempt.started
    attempt.ended = end.ended
    attempt.outcome = end.outcome.value
    attempt.detail = end.detail
    attempt.session = end.session
    attempt.tiff_digest = end.tiff_digest
    attempt.pdf_digest = end.pdf_digest
    attempt.report = end.report_json


def _settle(session: Session, row: JobRow, end: CallEnd, now: datetime) -> None:
    cancelled = row.cancel_asked and end.event in _GOING_ON
    event = JobEvent.CANCELLED if cancelled else end.event
    outcome, detail = (Outcome.CANCELLED, "cancelled") if cancelled else (end.outcome, end.detail)
    row.outcome, row.outcome_detail = outcome.value, detail
    row.tries += end.session
    row.ecm, row.slower = end.ecm, end.slower
    row.not_before = end.not_before or row.not_before
    move(session, row, event, now, detail if cancelled or not end.reason else f"{detail}: {end.reason}")
    if end.alarm:
        note(session, row, ALARM, now, end.alarm)
