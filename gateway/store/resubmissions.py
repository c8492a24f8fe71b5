"""A received fax is delivered once more, to the addresses that hold now.

What lives here: whether that can be, and the work for it in one commit. What does not: the mails (`forwardings` and the
flow that claims them), one fax (`received`).
"""

from datetime import datetime

from sqlmodel import Session

from gateway.domain.errors import NotFoundError, RefusedError
from gateway.domain.received import ReceivedEvent, ReceivedEventName, ReceivedFax, ReceivedState
from gateway.store import forwardings
from gateway.store.columns import key_of
from gateway.store.database import Database
from gateway.store.places import place_of
from gateway.store.received_rows import fax_from, row_of
from gateway.store.received_tables import ReceivedRow
from gateway.store.routes import addresses_now


def check_pages(fax: ReceivedFax, erased: datetime | None) -> None:
    """Return when the pages of a fax are there.

    Raises:
        RefusedError: it still comes in.
        NotFoundError: it came without pages, or they were erased; says when.
    """
    if fax.state is ReceivedState.RECEIVING:
        raise RefusedError(f"fax {fax.public_id} still comes in: ask again when its call is over")
    if not fax.pages:
        raise NotFoundError(f"fax {fax.public_id} has no pages: its call ended before one was confirmed")
    if erased is not None:
        raise NotFoundError(f"the pages of fax {fax.public_id} were erased on {erased:%Y-%m-%d}, as the settings say")


def resubmit(db: Database, public_id: str, now: datetime, by: str) -> int:
    """Have a fax mailed once more; how often that was asked for so far. `by` is who asks.

    Raises:
        NotFoundError: there is no such fax, or `check_pages` says so.
        RefusedError: likewise, or whom it is for is locked, or nobody has said where it should go.
    """

    def work(session: Session) -> int:
        row = row_of(session, public_id, lock=True)
        check_pages(fax_from(row), row.erased)
        addresses = _addresses(session, row)
        number = key_of(row.id)
        count = forwardings.next_resubmission(session, number)
        forwardings.add(session, number, count, now)
        event = ReceivedEvent(now, ReceivedEventName.RESUBMITTED, " ".join(addresses), "", f"{count}, by {by}")
        forwardings.note(session, number, [event])
        return count

    return db.write(work)


def _addresses(session: Session, row: ReceivedRow) -> tuple[str, ...]:
    place = place_of(session, row.user_id)
    if place is None or place.locked:
        raise RefusedError(f"{place.path if place else 'whom it is for'} is locked: nothing is delivered there")
    addresses = addresses_now(session, row.number, row.sub_address, row.user_id)
    if not addresses:
        raise RefusedError(f"nobody has said where faxes for {place.path} should go: give it a receiving address")
    return addresses
