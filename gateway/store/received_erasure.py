"""Erasing received faxes whose time is over, out of all rows at once; hashes and history stay.

What lives here: which are due, and their rows. What does not: files, and faxes that were sent (`retention`), when
(`gateway.flows.retain`).

A fax that is still to be mailed waits, and so does one that is about to be copied for the first time: with no days it
would be gone before anybody had it.
"""

import json
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from gateway.domain.received import ReceivedEvent, ReceivedEventName
from gateway.domain.retention import Kept
from gateway.store import archive_transfers, forwardings
from gateway.store.columns import one_of
from gateway.store.database import Database
from gateway.store.fax_tables import OutboxRow
from gateway.store.locking import locked
from gateway.store.outbox import MailState
from gateway.store.public_ids import received_id
from gateway.store.received_tables import ReceivedPageRow, ReceivedRow
from gateway.store.retention_tables import ErasedContentRow

PATIENCE = timedelta(minutes=1)  # until a fax is looked at again that is still to be mailed
_SETTLED = (MailState.SENT, MailState.DROPPED, MailState.DEAD)


def due(db: Database, now: datetime, most: int) -> list[tuple[int, str, Kept, datetime]]:
    """Faxes whose time is over, the oldest first: number, id, kind, and when they were due."""
    over = select(ReceivedRow).where(col(ReceivedRow.erased).is_(None), col(ReceivedRow.due) <= now)
    first = over.order_by(col(ReceivedRow.due)).limit(most)

    def work(session: Session) -> list[tuple[int, str, Kept, datetime]]:
        rows = [(row.id, row.due) for row in session.exec(first)]
        return [(number, received_id(number), Kept.RECEIVED, at) for number, at in rows if number and at]

    return db.read(work)


def erase_rows(db: Database, number: int, now: datetime) -> int | None:
    """Take one fax out of all rows; how many contents, and None for one that must wait."""

    def work(session: Session) -> int | None:
        row = session.exec(locked(select(ReceivedRow).where(ReceivedRow.id == number))).one()
        if row.erased is not None:
            return 0
        copying = archive_transfers.is_first_try_open(session, now, received_id=number)
        if copying or forwardings.is_open(session, number):
            row.due = now + PATIENCE
            return None
        archive_transfers.erase(session, now, received_id=number)
        hashes = {**_of_pages(session, number), **({"fax": row.tiff_digest} if row.tiff_digest else {})}
        row.erased, row.tiff_digest, row.hashes = now, "", json.dumps(hashes, sort_keys=True)
        forwardings.note(session, number, [ReceivedEvent(now, ReceivedEventName.DELETED, "", "success", "its time")])
        for digest in {*hashes.values(), *_of_mails(session, number)}:
            session.merge(ErasedContentRow(digest=digest))
        return len(hashes)

    return db.write(work)


def erased_at(db: Database, number: int) -> datetime | None:
    """When a fax was erased; None while it is kept."""
    statement = select(ReceivedRow.erased).where(ReceivedRow.id == number)
    return db.read(lambda session: session.exec(statement).first())


def hashes_of(db: Database, number: int) -> dict[str, str]:
    """What the contents of a fax were, by what they were called; empty while they are kept."""
    statement = select(ReceivedRow.hashes).where(ReceivedRow.id == number)
    text = db.read(lambda session: session.exec(statement).first())
    found: dict[str, str] = json.loads(text) if text else {}
    return found


def _of_pages(session: Session, number: int) -> dict[str, str]:
    rows = session.exec(select(ReceivedPageRow).where(ReceivedPageRow.received_id == number)).all()
    hashes = {f"page {row.number}": row.page_digest for row in rows if row.page_digest}
    for row in rows:
        row.page_digest = ""
    return hashes


def _of_mails(session: Session, number: int) -> list[str]:
    """Mails that need not be sent any more keep their facts alone; the digests of their texts."""
    settled = one_of(OutboxRow.state, (state.value for state in _SETTLED))
    mine = (col(OutboxRow.received_id) == number, settled)
    large = select(OutboxRow.message_digest).where(*mine, col(OutboxRow.message_digest) != "")
    digests = list(session.exec(large))
    session.execute(update(OutboxRow).where(*mine).values(message=b"", message_digest=""))
    return digests
