"""Received faxes between rows and domain objects.

What lives here: mapping, and finding the row behind an id; shared inside the store. What does not: queries (`received`,
`received_lists`).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from gateway.domain.errors import NotFoundError
from gateway.domain.received import ReceivedEvent, ReceivedEventName, ReceivedFax, ReceivedState
from gateway.store.columns import key_of
from gateway.store.locking import locked
from gateway.store.public_ids import received_id, received_number
from gateway.store.received_tables import ReceivedEventRow, ReceivedPageRow, ReceivedRow


@dataclass(frozen=True, slots=True)
class PageKept:
    """A confirmed page, as it lies in the spool; empty digest: erased."""

    number: int
    digest: str
    width: int
    rows: int
    across: int
    down: int
    bad_rows: int
    at: datetime


def row_of(session: Session, public_id: str, *, lock: bool = False) -> ReceivedRow:
    """The row of a received fax by the id that people see.

    Raises:
        NotFoundError: there is none.
    """
    number = received_number(public_id)
    statement = select(ReceivedRow).where(ReceivedRow.id == number)
    row = session.exec(locked(statement) if lock else statement).one_or_none()
    if number is None or row is None:
        raise NotFoundError(f"there is no received fax {public_id}; `faxgw inbound list` shows the ids")
    return row


def fax_from(row: ReceivedRow) -> ReceivedFax:
    """A row as a domain object."""
    number = key_of(row.id)
    return ReceivedFax(
        id=number,
        public_id=received_id(number),
        call_uid=row.call_uid,
        number=row.number,
        caller=row.caller,
        remote_id=row.remote_id,
        sub_address=row.sub_address,
        user_id=row.user_id,
        state=ReceivedState(row.state),
        started=row.started,
        ended=row.ended,
        pages=row.pages,
        tiff_digest=row.tiff_digest,
        cause=row.cause,
        rate=row.rate,
        ecm=row.ecm,
        bad_rows=row.bad_rows,
    )


def event_from(row: ReceivedEventRow) -> ReceivedEvent:
    """A row as a domain object."""
    return ReceivedEvent(row.at, ReceivedEventName(row.name), row.address, row.result, row.detail)


def page_from(row: ReceivedPageRow) -> PageKept:
    """A row as what callers get."""
    return PageKept(row.number, row.page_digest, row.width, row.rows, row.across, row.down, row.bad_rows, row.at)
