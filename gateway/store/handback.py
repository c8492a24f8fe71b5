"""What becomes of the work of a process that died: the jobs it was calling, its renders, its mails.

What lives here: the verdict on each, inside the caller's transaction. What does not: who is dead (`processes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.domain.job import JobEvent
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule, Standing
from gateway.domain.submission import SubmissionState
from gateway.store.columns import key_of
from gateway.store.fax_rows import MAX_CRASHES, job_from, move, move_submission
from gateway.store.fax_tables import AttemptRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.locking import locked
from gateway.store.outbox import MailState, MakeMail, add_mails
from gateway.store.quarantine import note_end

OWNER_LOST = "owner-lost"
_TABLES = (JobRow, SubmissionRow, OutboxRow)
# The verdicts that end a job, and the outcome of each.
_FINAL = {
    JobEvent.CONFIRMED: Outcome.SUCCESS,
    JobEvent.DOUBT: Outcome.UNCONFIRMED,
    JobEvent.CANCELLED: Outcome.CANCELLED,
}


def owns_work(session: Session, process_id: int) -> bool:
    """Whether any row still has this owner."""
    return any(_owned(session, table, process_id) for table in _TABLES)


@dataclass(frozen=True, slots=True)
class Owned:
    """One thing that a process owns: which table's, its number, and the fence it was claimed with."""

    table: str
    id: int
    fence: int


def owned(session: Session, process_id: int) -> frozenset[Owned]:
    """All that the store says this process owns."""
    return frozenset(_name(row) for table in _TABLES for row in session.exec(_rows_of(table, process_id)))


def hand_back(
    session: Session, process_id: int, now: datetime, make_mail: MakeMail, only: frozenset[Owned] | None = None
) -> None:
    """Free what a dead process owned; every fence grows, so that whatever it still writes is refused.

    With `only` that much of what a living one owns.
    """
    for row in _owned(session, JobRow, process_id, only):
        hand_back_job(session, row, now, make_mail)
    for row in _owned(session, SubmissionRow, process_id, only):
        hand_back_submission(session, row, now)
    for row in _owned(session, OutboxRow, process_id, only):
        row.state, row.owner = MailState.WAITING.value, None
        row.fence += 1
    session.flush()


def _rows_of(table: Any, process_id: int) -> SelectOfScalar[Any]:
    return select(table).where(table.owner == process_id).order_by(col(table.id))


def _owned(session: Session, table: Any, process_id: int, only: frozenset[Owned] | None = None) -> list[Any]:
    rows = session.exec(locked(_rows_of(table, process_id))).all()
    return [row for row in rows if only is None or _name(row) in only]


def _name(row: Any) -> Owned:
    return Owned(str(row.__tablename__), key_of(row.id), row.fence)


def hand_back_job(session: Session, row: JobRow, now: datetime, make_mail: MakeMail) -> None:
    """Free a job whose call broke off: what was confirmed before decides; the call itself counts as no try."""
    row.fence += 1
    row.crashes += 1
    attempts = _open_attempts(session, row)
    event = _verdict(row, last_page_sent=any(attempt.last_page_sent for attempt in attempts))
    outcome = _FINAL.get(event)
    # Only the job is cancelled: the call was cut by us, which is no outcome.
    _close(attempts, now, None if event is JobEvent.CANCELLED else outcome)
    if outcome is not None:
        row.outcome = outcome.value
        row.outcome_detail = JobEvent.CANCELLED.value if event is JobEvent.CANCELLED else OWNER_LOST
    move(session, row, event, now, OWNER_LOST)
    if outcome is Outcome.SUCCESS:
        note_end(session, Standing(row.number, 0, now, outcome, OWNER_LOST), QuarantineRule())
    if outcome is not None:
        add_mails(session, [make_mail(job_from(row))], now)


def _verdict(row: JobRow, *, last_page_sent: bool) -> JobEvent:
    """What was confirmed or is in doubt goes before a cancel: nothing takes back what the far end holds.

    A last page that was sent and not confirmed stays in doubt even if the far end refused it since: that is not kept.
    """
    if 0 < row.pages <= row.pages_sent:
        return JobEvent.CONFIRMED
    if last_page_sent and row.pages_sent == row.pages - 1:
        return JobEvent.DOUBT
    if row.cancel_asked:
        return JobEvent.CANCELLED
    return JobEvent.HELD if row.crashes >= MAX_CRASHES else JobEvent.OWNER_LOST


def _open_attempts(session: Session, row: JobRow) -> Sequence[AttemptRow]:
    statement = select(AttemptRow).where(AttemptRow.job_id == row.id, col(AttemptRow.ended).is_(None))
    return session.exec(statement).all()


def _close(attempts: Sequence[AttemptRow], now: datetime, outcome: Outcome | None) -> None:
    for attempt in attempts:
        attempt.ended, attempt.detail = now, OWNER_LOST
        attempt.outcome = outcome.value if outcome else None


def hand_back_submission(session: Session, row: SubmissionRow, now: datetime, *, counted: bool = True) -> None:
    """Let a submission whose render broke off be rendered again."""
    row.fence += 1
    row.crashes += counted
    move_submission(session, row, SubmissionState.ACCEPTED, now, OWNER_LOST)
