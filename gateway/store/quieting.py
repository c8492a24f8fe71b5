"""A store that was restored sends nothing by itself: what was on its way is held until somebody lets it go on.

What lives here: what becomes of jobs, submissions and mails that were open. What does not: bringing rows back
(`restore`), holding a single job (`holds`).

Since the backup was made the faxes of that time may have been sent, and their journals are of another life: nobody can
know. The notices may come a second time, with the same Message-ID.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from gateway.domain.archive import TransferState
from gateway.domain.job import JobEvent, JobState
from gateway.domain.submission import SubmissionState
from gateway.store.archive_tables import ArchiveTransferRow
from gateway.store.columns import in_state
from gateway.store.database import Database
from gateway.store.fax_rows import move, move_submission, note
from gateway.store.fax_tables import AttemptRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.forwarding_tables import ForwardingRow
from gateway.store.forwardings import ForwardingState
from gateway.store.forwardings import hand_back as forward_again
from gateway.store.outbox import MailState
from gateway.store.process_tables import ProcessRow
from gateway.store.received_tables import ReceivedRow

RESTORED = "restored"  # the event, and why a job is held
PAGE = 500  # rows in one commit


@dataclass(frozen=True, slots=True)
class Quieted:
    """How many jobs are held now, how many will be when they are rendered, and how many mails are still to be sent."""

    held: int
    to_be_held: int
    mails: int


def quiet(db: Database, made: datetime) -> Quieted:
    """Hold what was on its way when the backup was `made`, and let go of what processes of that time owned."""
    held = 0
    while count := db.write(lambda session: _hold(session, made)):
        held += count
    later = db.write(lambda session: _ask(session, made))
    mails = db.write(lambda session: _let_go(session, made))
    return Quieted(held, later, mails)


def _hold(session: Session, made: datetime) -> int:
    on_its_way = in_state(JobRow.state, JobState.READY, JobState.WAITING, JobState.CALLING)
    rows = session.exec(select(JobRow).where(on_its_way).limit(PAGE)).all()
    for row in rows:
        _close(session, row, made)
        move(session, row, JobEvent.HELD, made, _why(made))
        row.fence += 1
        row.cancel_asked = False
    return len(rows)


def _close(session: Session, row: JobRow, made: datetime) -> None:
    """A call that ran is over, and how it ended is not known."""
    running = select(AttemptRow).where(AttemptRow.job_id == row.id, col(AttemptRow.ended).is_(None))
    for attempt in session.exec(running):
        attempt.ended, attempt.detail = made, RESTORED


def _ask(session: Session, made: datetime) -> int:
    """Jobs that are not rendered yet are held as soon as they are."""
    rows = session.exec(
        select(JobRow).where(in_state(JobRow.state, JobState.ACCEPTED), col(JobRow.hold_asked).is_(False))
    ).all()
    for row in rows:
        row.hold_asked = True
        note(session, row, RESTORED, made, _why(made))
    return len(rows)


def _let_go(session: Session, made: datetime) -> int:
    for row in session.exec(select(SubmissionRow).where(in_state(SubmissionRow.state, SubmissionState.RENDERING))):
        move_submission(session, row, SubmissionState.ACCEPTED, made, RESTORED)
        row.fence += 1
    sending = update(OutboxRow).where(in_state(OutboxRow.state, MailState.SENDING))
    connection = session.connection()
    connection.execute(sending.values(state=MailState.WAITING.value, owner=None, fence=OutboxRow.fence + 1))
    begun = select(ForwardingRow).where(in_state(ForwardingRow.state, ForwardingState.WORKING))
    for forwarding in session.exec(begun):
        forward_again(forwarding)
    session.flush()
    # Who sees a call that nobody receives ends it, with the pages that were confirmed.
    receiving = update(ReceivedRow).where(col(ReceivedRow.owner).is_not(None))
    connection.execute(receiving.values(owner=None, fence=ReceivedRow.fence + 1))
    copying = update(ArchiveTransferRow).where(in_state(ArchiveTransferRow.state, TransferState.COPYING))
    again = {"state": TransferState.WAITING.value, "owner": None, "fence": ArchiveTransferRow.fence + 1}
    connection.execute(copying.values(**again))
    connection.execute(delete(ProcessRow))
    waiting = select(OutboxRow.id).where(in_state(OutboxRow.state, MailState.WAITING))
    return len(session.exec(waiting).all())


def _why(made: datetime) -> str:
    return f"{RESTORED}: may have been sent since the backup of {made:%Y-%m-%d %H:%M} UTC"
