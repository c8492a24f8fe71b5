"""What becomes of the work of a process that died: the jobs it was calling, its renders, its mails, faxes that came in.

What lives here: the verdict on each, inside the caller's transaction. What does not: who is dead (`processes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.domain.archive import Direction, order_of
from gateway.domain.broken_call import Fate, ReadJournal, fate_of, no_journal
from gateway.domain.job import JobEvent
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule, Standing
from gateway.domain.retry_policy import Unconfirmed
from gateway.domain.submission import SubmissionState
from gateway.store import archive_transfers, frozen
from gateway.store.archive_tables import ArchiveTransferRow
from gateway.store.columns import key_of
from gateway.store.fax_rows import MAX_CRASHES, confirm, job_from, move, move_submission, note
from gateway.store.fax_tables import AttemptRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.forwarding_tables import ForwardingRow
from gateway.store.forwardings import hand_back as forward_again
from gateway.store.locking import locked
from gateway.store.outbox import MailState, MakeMail, add_mails
from gateway.store.quarantine import note_end
from gateway.store.received import hand_back as leave_to_anybody
from gateway.store.received_tables import ReceivedRow

OWNER_LOST = "owner-lost"
ALARM = "operator-told"  # the event of what the operator must hear of
DOUBTFUL = "unconfirmed"
_TABLES = (JobRow, SubmissionRow, OutboxRow, ForwardingRow, ReceivedRow, ArchiveTransferRow)
# The verdicts that end a job, and the outcome of each.
_FINAL = {
    JobEvent.CONFIRMED: Outcome.SUCCESS,
    JobEvent.DOUBT: Outcome.UNCONFIRMED,
    JobEvent.CANCELLED: Outcome.CANCELLED,
}
_OUTCOME_OF = {Fate.CONFIRMED: Outcome.SUCCESS, Fate.UNCONFIRMED: Outcome.UNCONFIRMED}


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Who is told of what broke off, and who knows of it: the journals of calls, as far as they are within reach.

    `counted` is false for what was no crash of the job's, as a full disk.
    """

    make_mail: MakeMail
    journal: ReadJournal = no_journal
    counted: bool = True


def owns_work(session: Session, process_id: int) -> bool:
    """Whether any row still has this owner."""
    return any(_owned(session, table, process_id) for table in _TABLES)


@dataclass(frozen=True, slots=True)
class Owned:
    """One thing that a process owns: which table's, its number, and the fence it was claimed with."""

    table: str
    id: int
    fence: int


def owned_by(session: Session, process_id: int) -> frozenset[Owned]:
    """All that the store says this process owns."""
    return frozenset(_name(row) for table in _TABLES for row in session.exec(_rows_of(table, process_id)))


def hand_back(
    session: Session, process_id: int, now: datetime, after: Aftermath, only: frozenset[Owned] | None = None
) -> None:
    """Free what a dead process owned; every fence grows, so that whatever it still writes is refused.

    With `only` that much of what a living one owns.
    """
    for row in _owned(session, JobRow, process_id, only):
        hand_back_job(session, row, now, after)
    for row in _owned(session, SubmissionRow, process_id, only):
        hand_back_submission(session, row, now)
    for row in _owned(session, OutboxRow, process_id, only):
        row.state, row.owner = MailState.WAITING.value, None
        row.fence += 1
    for row in _owned(session, ForwardingRow, process_id, only):
        forward_again(row)
    for row in _owned(session, ReceivedRow, process_id, only):
        leave_to_anybody(row)
    for row in _owned(session, ArchiveTransferRow, process_id, only):
        archive_transfers.make_again(row)
    session.flush()


def _rows_of(table: Any, process_id: int) -> SelectOfScalar[Any]:
    return select(table).where(table.owner == process_id).order_by(col(table.id))


def _owned(session: Session, table: Any, process_id: int, only: frozenset[Owned] | None = None) -> list[Any]:
    rows = session.exec(locked(_rows_of(table, process_id))).all()
    return [row for row in rows if only is None or _name(row) in only]


def _name(row: Any) -> Owned:
    return Owned(str(row.__tablename__), key_of(row.id), row.fence)


def hand_back_job(session: Session, row: JobRow, now: datetime, after: Aftermath) -> None:
    """Free a job whose call broke off: what was confirmed before decides; the call itself counts as no try."""
    row.fence += 1
    row.crashes += after.counted
    attempts = _open_attempts(session, row)
    last_page_out = any([_learn(row, attempt, after.journal) for attempt in attempts])  # noqa: C419 - all learn
    fate = fate_of(row.pages, row.pages_sent, last_page_out=last_page_out)
    event = _event(session, row, fate)
    outcome = _FINAL.get(event)
    # Only the job is cancelled: the call was cut by us, which is no outcome.
    _close(attempts, now, _OUTCOME_OF.get(fate))
    if outcome is not None:
        row.outcome = outcome.value
        row.outcome_detail = JobEvent.CANCELLED.value if event is JobEvent.CANCELLED else OWNER_LOST
    row.hold_asked = False
    move(session, row, event, now, OWNER_LOST)
    if fate is Fate.CONFIRMED:
        note_end(session, Standing(row.number, 0, now, Outcome.SUCCESS, OWNER_LOST), QuarantineRule())
    if fate is Fate.UNCONFIRMED:
        note(session, row, ALARM, now, DOUBTFUL)
    if outcome is not None:
        add_mails(session, [after.make_mail(job_from(row))], now)
        _archive(session, row, now)


def _archive(session: Session, row: JobRow, now: datetime) -> None:
    """Have a copy made where one is wanted of a fax that got through, or may have."""
    if row.state in archive_transfers.COPIED:
        held = frozen.in_session(session, row.submission_id, row.user_id)
        archive_transfers.add_sent(session, row, order_of(held.settings, Direction.SENT), now)


def _learn(row: JobRow, attempt: AttemptRow, journal: ReadJournal) -> bool:
    """Take over what the call's journal knows; whether the far end may hold a last page that it did not confirm.

    The store learns of confirmed pages late, and of the last page's sending always in time. So where no journal is
    within reach a page may be sent twice, and a fax that was delivered be in doubt, but no fax is delivered twice.
    """
    call = journal(attempt.call_uid)
    if call is None:
        return attempt.last_page_sent
    confirm(row, attempt, call.pages_confirmed)
    known = call.last_page_sent
    attempt.last_page_sent = (attempt.last_page_sent or known) and not call.withheld
    return call.may_hold_last_page if known else attempt.last_page_sent


def _event(session: Session, row: JobRow, fate: Fate) -> JobEvent:
    """What was confirmed or is in doubt goes before a cancel: nothing takes back what the far end holds."""
    if fate is Fate.CONFIRMED:
        return JobEvent.CONFIRMED
    if fate is Fate.UNCONFIRMED and (row.cancel_asked or not _resent(session, row)):
        return JobEvent.DOUBT
    if row.cancel_asked:
        return JobEvent.CANCELLED
    return JobEvent.HELD if row.hold_asked or row.crashes >= MAX_CRASHES else JobEvent.OWNER_LOST


def _resent(session: Session, row: JobRow) -> bool:
    """Whether the settings want a fax sent again whose last page is in doubt; then from the page that they want."""
    policy = frozen.in_session(session, row.submission_id, row.user_id).settings.retry_policy()
    doubts = select(func.count()).where(AttemptRow.job_id == row.id, AttemptRow.outcome == Outcome.UNCONFIRMED.value)
    resend = policy.unconfirmed is not Unconfirmed.HOLD and row.crashes < MAX_CRASHES
    if not resend or session.exec(doubts).one() + 1 >= policy.caps.tries_per_page:
        return False
    if policy.unconfirmed is Unconfirmed.RESEND_ALL:
        row.pages_sent = 0
    return True


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
