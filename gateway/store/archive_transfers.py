"""Copies on their way to an archive: committed with the end of the fax, claimed, and settled in a commit of their own.

What lives here: adding, claiming and settling transfers, and what retention does to them. What does not: lists, and
what administrators do (`archive_lists`), copying itself (`gateway.flows.archive`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from gateway.domain.archive import ArchiveOrder, Direction, TransferState, parse_place
from gateway.domain.errors import LostClaimError
from gateway.domain.job import JobState
from gateway.domain.received import ReceivedEventName
from gateway.store.archive_tables import ArchiveTransferRow
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.fax_rows import check_process, note
from gateway.store.fax_tables import JobRow
from gateway.store.locking import locked, unlocked_ones
from gateway.store.public_ids import public_id, received_id
from gateway.store.received_tables import ReceivedEventRow

PAUSE_AFTER_FAULT = timedelta(minutes=1)
# So long, and no longer, retention lets a first try go before: else no copy would be kept of what is erased at once.
FIRST_TRY = timedelta(minutes=10)
ARCHIVED, NOT_ARCHIVED, ARCHIVE_LOST = "archived", "not-archived", "archive-lost"  # events of a job that was sent
ERASED = "the fax was erased before it could be copied"
COPIED = frozenset({JobState.SENT.value, JobState.UNCONFIRMED.value})  # of sent faxes
# One that is under way has the pages already, and may yet arrive.
_OPEN = frozenset({TransferState.WAITING.value, TransferState.DEAD.value})


@dataclass(frozen=True, slots=True)
class TransferClaim:
    """A copy that is ours to make; `tries` counts this one. Exactly one of `job_id` and `received_id` is given."""

    id: int
    job_id: int | None
    received_id: int | None
    user_id: int
    order: ArchiveOrder
    created: datetime
    tries: int
    fence: int

    @property
    def fax(self) -> str:
        """The id of the fax that people see."""
        return fax_of(self.job_id, self.received_id)


def fax_of(job_id: int | None, number: int | None) -> str:
    """The id that people see of the job or of the received fax, whichever it is."""
    return public_id(job_id) if job_id is not None else received_id(number or 0)


def new_sent(job: JobRow, order: ArchiveOrder | None, now: datetime) -> ArchiveTransferRow | None:
    """The copy to be made if one is wanted and the fax got through, or may have."""
    if order is None or job.state not in COPIED:
        return None
    return _new(order, job.user_id, now, job_id=key_of(job.id))


def add_sent(session: Session, job: JobRow, order: ArchiveOrder | None, now: datetime) -> None:
    """Have it made, inside the caller's transaction."""
    copy = new_sent(job, order, now)
    if copy is not None:
        session.add(copy)


def add_received(session: Session, received_id: int, user_id: int, order: ArchiveOrder, now: datetime) -> None:
    """Have a copy made of a fax that came in, inside the caller's transaction."""
    session.add(_new(order, user_id, now, received_id=received_id))


def claim(db: Database, process_id: int, now: datetime, held: Collection[str] = ()) -> TransferClaim | None:
    """Take the copy that has been due for longest, but none to places that are `held`; None when none is due.

    Raises:
        LostClaimError: this process was given up for dead.
    """
    due = select(ArchiveTransferRow).where(
        in_state(ArchiveTransferRow.state, TransferState.WAITING), col(ArchiveTransferRow.not_before) <= now
    )
    if held:
        due = due.where(col(ArchiveTransferRow.place).not_in(held))
    oldest = due.order_by(col(ArchiveTransferRow.not_before), col(ArchiveTransferRow.id)).limit(1)

    def work(session: Session) -> TransferClaim | None:
        check_process(session, process_id)
        row = session.exec(unlocked_ones(oldest)).one_or_none()
        if row is None:
            return None
        row.state, row.owner = TransferState.COPYING.value, process_id
        row.fence += 1
        row.tries += 1
        return _claim_from(row)

    return db.write(work)


def copied(db: Database, claimed: TransferClaim, now: datetime, file_name: str) -> None:
    """The copy is at its place.

    Raises:
        LostClaimError: it is another process's to make by now.
    """

    def work(session: Session) -> None:
        row = _fenced(session, claimed)
        row.state, row.owner, row.ended = TransferState.DONE.value, None, now
        row.file_name, row.reply = file_name, ""
        _tell(session, row, ARCHIVED, now)

    db.write(work)


def put_off(db: Database, claimed: TransferClaim, not_before: datetime, reply: str, *, counted: bool = True) -> None:
    """It did not come about now; `counted` is false when the server was not reached, which uses up no try.

    Raises:
        LostClaimError: it is another process's to make by now.
    """

    def work(session: Session) -> None:
        row = _fenced(session, claimed)
        row.state, row.owner, row.reply, row.not_before = TransferState.WAITING.value, None, reply, not_before
        row.tries -= not counted

    db.write(work)


def given_up(db: Database, claimed: TransferClaim, now: datetime, reply: str) -> None:
    """It was tried for too long, or can never come about: administrators may see to it.

    Raises:
        LostClaimError: it is another process's to make by now.
    """

    def work(session: Session) -> None:
        row = _fenced(session, claimed)
        row.state, row.owner, row.reply, row.not_before = TransferState.DEAD.value, None, reply, now
        _tell(session, row, NOT_ARCHIVED, now)

    db.write(work)


def lost(db: Database, claimed: TransferClaim, now: datetime) -> None:
    """There is nothing left to copy: the fax was erased.

    Raises:
        LostClaimError: it is another process's by now.
    """
    db.write(lambda session: _lose(session, _fenced(session, claimed), now))


def give_back(db: Database, claimed: TransferClaim, now: datetime) -> None:
    """Free a copy that broke off by a fault of ours; it is made after a pause.

    Raises:
        LostClaimError: it is another process's by now, or was settled.
    """
    put_off(db, claimed, now + PAUSE_AFTER_FAULT, "broken off")


def make_again(row: ArchiveTransferRow) -> None:
    """Its process died: the next one makes the copy, or finds it made."""
    row.state, row.owner = TransferState.WAITING.value, None
    row.fence += 1


def erase(session: Session, now: datetime, *, job_id: int | None = None, received_id: int | None = None) -> int:
    """Retention erases a fax: a copy of it that is not there yet never will be; how many those are.

    What the copy was called goes, too: a sender's file may have lent its name.
    """
    rows = session.exec(locked(select(ArchiveTransferRow).where(_of(job_id, received_id)))).all()
    open_ones = [row for row in rows if row.state in _OPEN]
    for row in open_ones:
        _lose(session, row, now)
    for row in rows:
        row.file_name = ""
    return len(open_ones)


def is_first_try_open(
    session: Session, now: datetime, *, job_id: int | None = None, received_id: int | None = None
) -> bool:
    """Whether a fax is about to be copied for the first time: what is erased at once waits for that, not for long."""
    rows = session.exec(select(ArchiveTransferRow).where(_of(job_id, received_id))).all()
    return any(_is_first_try(row) and row.created > now - FIRST_TRY for row in rows)


def _of(job_id: int | None, received_id: int | None) -> ColumnElement[bool]:
    if job_id is not None:
        return col(ArchiveTransferRow.job_id) == job_id
    return col(ArchiveTransferRow.received_id) == received_id


def _is_first_try(row: ArchiveTransferRow) -> bool:
    return (row.state, row.tries) in ((TransferState.WAITING.value, 0), (TransferState.COPYING.value, 1))


def _new(
    order: ArchiveOrder, user_id: int, now: datetime, *, job_id: int | None = None, received_id: int | None = None
) -> ArchiveTransferRow:
    return ArchiveTransferRow(
        direction=order.direction.value,
        job_id=job_id,
        received_id=received_id,
        user_id=user_id,
        place=order.place,
        naming=order.naming,
        format=order.format,
        metadata_too=order.metadata,
        state=TransferState.WAITING.value,
        created=now,
        not_before=now,
    )


def _claim_from(row: ArchiveTransferRow) -> TransferClaim:
    order = ArchiveOrder(Direction(row.direction), row.place, row.naming, row.format, row.metadata_too)
    return TransferClaim(
        key_of(row.id), row.job_id, row.received_id, row.user_id, order, row.created, row.tries, row.fence
    )


def _fenced(session: Session, claimed: TransferClaim) -> ArchiveTransferRow:
    statement = select(ArchiveTransferRow).where(
        ArchiveTransferRow.id == claimed.id,
        ArchiveTransferRow.fence == claimed.fence,
        in_state(ArchiveTransferRow.state, TransferState.COPYING),
    )
    row = session.exec(locked(statement)).one_or_none()
    if row is None:
        raise LostClaimError(f"the copy {claimed.id} is another process's by now")
    return row


def _lose(session: Session, row: ArchiveTransferRow, now: datetime) -> None:
    row.state, row.owner, row.ended, row.not_before, row.reply = TransferState.LOST.value, None, now, now, ERASED
    _tell(session, row, ARCHIVE_LOST, now)


def _tell(session: Session, row: ArchiveTransferRow, event: str, now: datetime) -> None:
    """Write it into the history of the fax; of the place only the server, for a folder may tell of somebody."""
    where = parse_place(row.place).server if row.place else "no place is set"
    if row.received_id is not None:
        result = "success" if event == ARCHIVED else "failure"
        name = ReceivedEventName.ARCHIVED.value
        session.add(
            ReceivedEventRow(received_id=row.received_id, at=now, name=name, address=where, result=result, detail=event)
        )
        return
    job = session.get(JobRow, row.job_id)
    assert job is not None  # the row points to it
    note(session, job, event, now, where)
