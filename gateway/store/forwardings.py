"""The work of forwarding received faxes: added with the end of a call, claimed, and turned into mails in one commit.

What lives here: the store's functions on that work. What does not: the mails (`outbox`), what they say
(`gateway.mail.received_mail`), whom they go to (`routes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, func, select

from gateway.domain.errors import LostClaimError
from gateway.domain.received import ReceivedEvent
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.fax_rows import check_process
from gateway.store.fax_tables import OutboxRow
from gateway.store.forwarding_tables import ForwardingRow
from gateway.store.locking import locked, unlocked_ones
from gateway.store.mails import MailState, NewMail
from gateway.store.outbox import add_mails
from gateway.store.received_tables import ReceivedEventRow

MOST_DETAIL = 500  # characters


class ForwardingState(StrEnum):
    """Where the work stands: `done` when its mails are in the outbox, `failed` when there will be none."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ForwardingClaim:
    """A received fax that is ours to turn into mails; `tries` counts those that broke off before."""

    id: int
    received_id: int
    resubmission: int
    created: datetime
    tries: int
    fence: int


@dataclass(frozen=True, slots=True)
class Forwarding:
    """One time that a fax was to be mailed: 0 is the first. `detail` says why it waits, or failed."""

    resubmission: int
    state: ForwardingState
    created: datetime
    ended: datetime | None
    detail: str


def of_fax(db: Database, received_id: int) -> tuple[Forwarding, ...]:
    """Every time that a fax was to be mailed, the first one first."""
    mine = select(ForwardingRow).where(ForwardingRow.received_id == received_id)
    in_order = mine.order_by(col(ForwardingRow.resubmission))

    def work(session: Session) -> tuple[Forwarding, ...]:
        return tuple(
            Forwarding(row.resubmission, ForwardingState(row.state), row.created, row.ended, row.detail)
            for row in session.exec(in_order)
        )

    return db.read(work)


def add(session: Session, received_id: int, resubmission: int, now: datetime) -> None:
    """A received fax is to be mailed, inside the caller's transaction; `resubmission` is 0 for the first time."""
    state = ForwardingState.WAITING.value
    row = ForwardingRow(
        received_id=received_id, resubmission=resubmission, state=state, created=now, not_before=now, tries=0, fence=0
    )
    session.add(row)
    session.flush()


def next_resubmission(session: Session, received_id: int) -> int:
    """The number that the next resubmission of a fax has; who asks has locked the fax's row."""
    highest = select(func.max(ForwardingRow.resubmission)).where(ForwardingRow.received_id == received_id)
    last = session.exec(highest).one()
    return 0 if last is None else last + 1


def is_open(session: Session, received_id: int) -> bool:
    """Whether a fax is still to be mailed, or a mail with it is still on its way: it must not be erased yet."""
    unmade = in_state(ForwardingRow.state, ForwardingState.WAITING, ForwardingState.WORKING)
    unsent = in_state(OutboxRow.state, MailState.WAITING, MailState.SENDING)
    work = select(ForwardingRow.id).where(ForwardingRow.received_id == received_id, unmade).limit(1)
    mails = select(OutboxRow.id).where(OutboxRow.received_id == received_id, unsent).limit(1)
    return session.exec(work).first() is not None or session.exec(mails).first() is not None


def claim(db: Database, process_id: int, now: datetime) -> ForwardingClaim | None:
    """Take the fax that has waited for longest; None when none is due.

    Raises:
        LostClaimError: this process was given up for dead.
    """
    due = select(ForwardingRow).where(
        in_state(ForwardingRow.state, ForwardingState.WAITING), col(ForwardingRow.not_before) <= now
    )
    oldest = due.order_by(col(ForwardingRow.not_before), col(ForwardingRow.id)).limit(1)

    def work(session: Session) -> ForwardingClaim | None:
        check_process(session, process_id)
        row = session.exec(unlocked_ones(oldest)).one_or_none()
        if row is None:
            return None
        row.state, row.owner, row.fence = ForwardingState.WORKING.value, process_id, row.fence + 1
        session.flush()
        return ForwardingClaim(key_of(row.id), row.received_id, row.resubmission, row.created, row.tries, row.fence)

    return db.write(work)


def made(db: Database, claim: ForwardingClaim, mails: Sequence[NewMail], now: datetime) -> None:
    """The mails are in the outbox.

    Raises:
        LostClaimError: the fax is another process's by now.
    """

    def work(session: Session) -> None:
        _end(_fenced(session, claim), ForwardingState.DONE, now)
        add_mails(session, mails, now)

    db.write(work)


def failed(db: Database, claim: ForwardingClaim, event: ReceivedEvent) -> None:
    """There will be no mail this time, and the fax's history says why.

    Raises:
        LostClaimError: the fax is another process's by now.
    """

    def work(session: Session) -> None:
        _end(_fenced(session, claim), ForwardingState.FAILED, event.at, event.detail)
        note(session, claim.received_id, [event])

    db.write(work)


def put_off(db: Database, claim: ForwardingClaim, not_before: datetime, why: str, *, counted: bool = True) -> None:
    """The fax is tried again later; `counted` is false for what is no fault of ours, as a relay that is away.

    Raises:
        LostClaimError: the fax is another process's by now.
    """

    def work(session: Session) -> None:
        row = _fenced(session, claim)
        row.state, row.owner, row.not_before = ForwardingState.WAITING.value, None, not_before
        row.tries, row.detail = row.tries + counted, why[:MOST_DETAIL]

    db.write(work)


def note(session: Session, received_id: int, events: Sequence[ReceivedEvent]) -> None:
    """Add to the history of a received fax, inside the caller's transaction."""
    for event in events:
        row = ReceivedEventRow(
            received_id=received_id,
            at=event.at,
            name=event.name.value,
            address=event.address,
            result=event.result,
            detail=event.detail[:MOST_DETAIL],
        )
        session.add(row)
    session.flush()


def hand_back(row: ForwardingRow) -> None:
    """Let a fax be forwarded again whose process died at it."""
    row.state, row.owner = ForwardingState.WAITING.value, None
    row.fence += 1
    row.tries += 1


def _end(row: ForwardingRow, state: ForwardingState, now: datetime, detail: str = "") -> None:
    row.state, row.owner, row.ended, row.detail = state.value, None, now, detail[:MOST_DETAIL]


def _fenced(session: Session, claim: ForwardingClaim) -> ForwardingRow:
    statement = select(ForwardingRow).where(
        ForwardingRow.id == claim.id,
        ForwardingRow.fence == claim.fence,
        in_state(ForwardingRow.state, ForwardingState.WORKING),
    )
    row = session.exec(locked(statement)).one_or_none()
    if row is None:
        raise LostClaimError(f"received fax {claim.received_id} is another process's to forward by now")
    return row
