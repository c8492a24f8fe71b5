"""Faxes that come in: a call begins, pages are confirmed, the call ends; what is known of each.

What lives here: those writes, each of which names the fence the call was begun with, and reading one fax. What does
not: rows as domain objects (`received_rows`), whom a number leads to (`routes`), lists (`received_lists`), mailing
(`forwardings`).

The order in which rows are locked: process, received fax. A call whose process died has no owner and is still
`receiving`: anybody may end it, with the pages that were confirmed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from gateway.domain.archive import Direction, order_of
from gateway.domain.errors import ConflictError, LostClaimError, NotFoundError, RefusedError
from gateway.domain.received import ReceivedEvent, ReceivedEventName, ReceivedFax, ReceivedState
from gateway.domain.retention import SETTING_OF, Kept, over_at
from gateway.store import archive_transfers, forwardings, routes
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.fax_rows import check_process
from gateway.store.locking import locked
from gateway.store.node_settings import effective_in
from gateway.store.public_ids import received_id
from gateway.store.received_rows import PageKept, event_from, fax_from, page_from, row_of
from gateway.store.received_tables import ReceivedEventRow, ReceivedPageRow, ReceivedRow

BROKEN_OFF = "broken-off"  # the cause of a call whose process died
SUCCESS, FAILURE = "success", "failure"


@dataclass(frozen=True, slots=True)
class NewReception:
    """A call that we answer: its uid, our number, who calls, and the node that it is for as far as is known."""

    call_uid: str
    number: str
    caller: str
    user_id: int
    started: datetime


@dataclass(frozen=True, slots=True)
class Reception:
    """A call that comes in, and the fence it was begun with."""

    id: int
    fence: int

    @property
    def public_id(self) -> str:
        """The id that people see."""
        return received_id(self.id)


@dataclass(frozen=True, slots=True)
class NewPage:
    """A page in the spool that is about to be confirmed. `number` counts from 1; densities are in lines an inch."""

    number: int
    digest: str
    width: int
    rows: int
    across: int
    down: int
    bad_rows: int
    last: bool
    at: datetime
    remote_id: str = ""
    sub_address: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended; `tiff_digest` names its pages, `report` is JSON."""

    ended: datetime
    tiff_digest: str
    cause: str
    report: str = ""
    remote_id: str = ""
    rate: int | None = None
    ecm: bool | None = None


def begin(db: Database, process_id: int, new: NewReception) -> Reception:
    """Keep that a call was answered; it is this process's from now on.

    Raises:
        LostClaimError: this process was given up for dead.
        ConflictError: the call is known already.
    """

    def work(session: Session) -> Reception:
        check_process(session, process_id)
        if session.exec(select(ReceivedRow.id).where(ReceivedRow.call_uid == new.call_uid)).first() is not None:
            raise ConflictError(f"the call {new.call_uid} was answered before")
        row = ReceivedRow(
            call_uid=new.call_uid,
            number=new.number,
            number_reversed=new.number[::-1],
            caller=new.caller,
            caller_reversed=new.caller[::-1],
            user_id=new.user_id,
            state=ReceivedState.RECEIVING.value,
            started=new.started,
            owner=process_id,
        )
        session.add(row)
        session.flush()
        return Reception(key_of(row.id), row.fence)

    return db.write(work)


def add_page(db: Database, call: Reception, page: NewPage) -> None:
    """Keep a page; on return it may be confirmed. One that comes again with the same number replaces the first.

    A sub-address may lead to somebody else than the number alone.

    Raises:
        LostClaimError: the call is another process's by now: hang up, and confirm nothing.
        RefusedError: whom the sub-address leads to is locked.
    """

    def work(session: Session) -> None:
        row = _fenced(session, call)
        if page.sub_address != row.sub_address:
            _lead(session, row, page.sub_address)
        row.remote_id = page.remote_id or row.remote_id
        row.whole = page.last
        kept = session.exec(_page_of(call.id, page.number)).one_or_none()
        if kept is None:
            kept = ReceivedPageRow(received_id=call.id, number=page.number, **_facts(page))
            row.pages += 1
        else:
            row.bad_rows -= kept.bad_rows
            kept.sqlmodel_update(_facts(page))
        row.bad_rows += page.bad_rows
        session.add(kept)
        session.flush()

    db.write(work)


def finish(db: Database, call: Reception, end: Ending, now: datetime) -> ReceivedFax:
    """Settle a call: its state, its history, what is to be done with it, in one commit.

    Raises:
        LostClaimError: it was settled already, or is another process's by now.
    """

    def work(session: Session) -> ReceivedFax:
        row = _fenced(session, call)
        row.state = _state_of(row).value
        row.ended = max(end.ended, row.started)
        row.tiff_digest, row.cause, row.report = end.tiff_digest, end.cause, end.report
        row.remote_id = end.remote_id or row.remote_id
        row.rate, row.ecm, row.owner = end.rate, end.ecm, None
        forwardings.note(session, call.id, [_received_event(row, now)])
        if row.pages:
            _hand_on(session, call.id, row, now)
        session.flush()
        return fax_from(row)

    return db.write(work)


def orphans(db: Database, most: int) -> list[Reception]:
    """Calls that nobody receives any more, and that nobody has settled."""
    left = in_state(ReceivedRow.state, ReceivedState.RECEIVING), col(ReceivedRow.owner).is_(None)
    statement = select(ReceivedRow).where(*left).order_by(col(ReceivedRow.id)).limit(most)
    return db.read(lambda session: [Reception(key_of(row.id), row.fence) for row in session.exec(statement)])


def hand_back(row: ReceivedRow) -> None:
    """The process that received it died, or hung up for good: who sees it next ends it."""
    row.owner = None
    row.fence += 1


def one(db: Database, public_id: str) -> ReceivedFax:
    """A received fax by the id that people see.

    Raises:
        NotFoundError: there is none.
    """
    return db.read(lambda session: fax_from(row_of(session, public_id)))


def by_number(db: Database, number: int) -> ReceivedFax:
    """A received fax by its row's number.

    Raises:
        NotFoundError: there is none.
    """

    def work(session: Session) -> ReceivedFax:
        row = session.get(ReceivedRow, number)
        if row is None:
            raise NotFoundError(f"there is no received fax with the number {number}")
        return fax_from(row)

    return db.read(work)


def pages(db: Database, number: int) -> list[PageKept]:
    """The confirmed pages of a fax, in their order."""
    statement = select(ReceivedPageRow).where(ReceivedPageRow.received_id == number)
    in_order = statement.order_by(col(ReceivedPageRow.number))
    return db.read(lambda session: [page_from(row) for row in session.exec(in_order)])


def events(db: Database, number: int) -> list[ReceivedEvent]:
    """The history of a fax, oldest first."""
    statement = select(ReceivedEventRow).where(ReceivedEventRow.received_id == number)
    in_order = statement.order_by(col(ReceivedEventRow.id))
    return db.read(lambda session: [event_from(row) for row in session.exec(in_order)])


def add_event(db: Database, number: int, event: ReceivedEvent) -> None:
    """Add one line to the history of a fax."""
    db.write(lambda session: forwardings.note(session, number, [event]))


def _fenced(session: Session, call: Reception) -> ReceivedRow:
    ours = (ReceivedRow.id == call.id, ReceivedRow.fence == call.fence)
    receiving = in_state(ReceivedRow.state, ReceivedState.RECEIVING)
    row = session.exec(locked(select(ReceivedRow).where(*ours, receiving))).one_or_none()
    if row is None:
        raise LostClaimError(f"the call {call.public_id} was settled, or is another process's by now")
    return row


def _lead(session: Session, row: ReceivedRow, sub_address: str) -> None:
    """To whom the sub-address leads; one that nobody knows leads where the number does."""
    route = routes.route_in(session, row.number, sub_address)
    row.sub_address = sub_address
    if route is None:
        return  # the number was released while it rang: the fax is still for whom it rang
    if route.locked:
        raise RefusedError("whom this sub-address leads to is locked")
    row.user_id = route.node_id


def _page_of(received: int, number: int) -> Any:
    return select(ReceivedPageRow).where(ReceivedPageRow.received_id == received, ReceivedPageRow.number == number)


def _facts(page: NewPage) -> dict[str, Any]:
    return {
        "page_digest": page.digest,
        "width": page.width,
        "rows": page.rows,
        "across": page.across,
        "down": page.down,
        "bad_rows": page.bad_rows,
        "at": page.at,
    }


def _hand_on(session: Session, number: int, row: ReceivedRow, now: datetime) -> None:
    """What follows a fax with pages: mails, a copy for the archive, and one day its end."""
    settings = effective_in(session, row.user_id)
    row.due = over_at(row.ended or now, int(settings.text(SETTING_OF[Kept.RECEIVED])))
    forwardings.add(session, number, 0, now)
    order = order_of(settings, Direction.RECEIVED)
    if order is not None:
        archive_transfers.add_received(session, number, row.user_id, order, now)


def _state_of(row: ReceivedRow) -> ReceivedState:
    """What the confirmed pages say; how the call ended after them does not matter."""
    if not row.pages:
        return ReceivedState.FAILED
    return ReceivedState.RECEIVED if row.whole else ReceivedState.PARTIAL


def _received_event(row: ReceivedRow, now: datetime) -> ReceivedEvent:
    result = SUCCESS if row.state == ReceivedState.RECEIVED else FAILURE
    return ReceivedEvent(now, ReceivedEventName.RECEIVED, "", result, f"{row.pages} pages, {row.cause}")
