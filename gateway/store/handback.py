"""What becomes of the work of a process that died: the jobs it was calling, its renders, its mails.

What lives here: the verdict on each, inside the caller's transaction. What does not: who is dead (`processes`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from gateway.domain.job import JobEvent
from gateway.domain.outcome import Outcome
from gateway.domain.submission import SubmissionState
from gateway.store.fax_rows import MAX_CRASHES, job_from, move, move_submission
from gateway.store.fax_tables import AttemptRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.locking import locked
from gateway.store.outbox import MailState, MakeMail, add_mails

OWNER_LOST = "owner-lost"


def owns_work(session: Session, process_id: int) -> bool:
    """Whether any row still has this owner."""
    return any(_owned(session, table, process_id) for table in (JobRow, SubmissionRow, OutboxRow))


def hand_back(session: Session, process_id: int, now: datetime, make_mail: MakeMail) -> None:
    """Free all that a dead process owned; every fence grows, so that whatever it still writes is refused."""
    for row in _owned(session, JobRow, process_id):
        hand_back_job(session, row, now, make_mail)
    for row in _owned(session, SubmissionRow, process_id):
        hand_back_submission(session, row, now)
    for row in _owned(session, OutboxRow, process_id):
        row.state, row.owner = MailState.WAITING.value, None
        row.fence += 1
    session.flush()


def _owned(session: Session, table: Any, process_id: int) -> Sequence[Any]:
    return session.exec(locked(select(table).where(table.owner == process_id).order_by(col(table.id)))).all()


def hand_back_job(session: Session, row: JobRow, now: datetime, make_mail: MakeMail) -> None:
    """Free a job whose call broke off: what was confirmed before decides; the call itself counts as no try."""
    row.fence += 1
    row.crashes += 1
    event = _verdict(row)
    sent = event is JobEvent.CONFIRMED
    _close_attempts(session, row, now, Outcome.SUCCESS if sent else None)
    if sent:
        row.outcome, row.outcome_detail = Outcome.SUCCESS.value, OWNER_LOST
    elif event is JobEvent.CANCELLED:
        row.outcome, row.outcome_detail = Outcome.CANCELLED.value, JobEvent.CANCELLED.value
    move(session, row, event, now, OWNER_LOST)
    if event in (JobEvent.CONFIRMED, JobEvent.CANCELLED):
        add_mails(session, [make_mail(job_from(row))], now)


def _verdict(row: JobRow) -> JobEvent:
    if 0 < row.pages <= row.pages_sent:
        return JobEvent.CONFIRMED
    if row.cancel_asked:
        return JobEvent.CANCELLED
    return JobEvent.HELD if row.crashes >= MAX_CRASHES else JobEvent.OWNER_LOST


def _close_attempts(session: Session, row: JobRow, now: datetime, outcome: Outcome | None) -> None:
    statement = select(AttemptRow).where(AttemptRow.job_id == row.id, col(AttemptRow.ended).is_(None))
    for attempt in session.exec(statement):
        attempt.ended, attempt.detail = now, OWNER_LOST
        attempt.outcome = outcome.value if outcome else None


def hand_back_submission(session: Session, row: SubmissionRow, now: datetime) -> None:
    """Let a submission whose render broke off be rendered again."""
    row.fence += 1
    row.crashes += 1
    move_submission(session, row, SubmissionState.ACCEPTED, now, OWNER_LOST)
