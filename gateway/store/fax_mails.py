"""Mails that bring a received fax: what their being settled means for the fax.

What lives here: the line in the fax's history, and the text in the spool that is not needed any more. What does not:
settling (`outbox`), composing (`gateway.mail.received_mail`), erasing (`retention`). All inside the caller's
transaction.
"""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, select

from gateway.domain.received import ReceivedEventName
from gateway.store.fax_tables import OutboxRow
from gateway.store.mails import NewMail
from gateway.store.received_tables import ReceivedEventRow

KIND = "received-fax"  # of the mails that forward one; others may carry a fax to an archive
SUCCESS, FAILURE = "success", "failure"
# Two mails with one text may be settled at the same moment, on two connections.
_LIST = text("INSERT INTO erased_content (digest) VALUES (:digest) ON CONFLICT DO NOTHING")


def is_made(session: Session, mail: NewMail) -> bool:
    """Whether this mail with a received fax is in the outbox already."""
    statement = select(OutboxRow.id).where(
        OutboxRow.received_id == mail.received_id,
        OutboxRow.kind == mail.kind,
        OutboxRow.attempt_no == mail.attempt_no,
        OutboxRow.recipient == mail.recipient,
        OutboxRow.part == mail.part,
    )
    return session.exec(statement).first() is not None


def fax_sent(session: Session, row: OutboxRow, now: datetime) -> None:
    """The relay has taken a mail with a fax: nobody needs its text any more."""
    let_go(session, row)
    _tell(session, row, now, SUCCESS)


def fax_refused(session: Session, row: OutboxRow, now: datetime) -> None:
    """A mail with a fax was given up; its text stays, so that an administrator can let it be tried again."""
    _tell(session, row, now, FAILURE)


def let_go(session: Session, row: OutboxRow) -> None:
    """Have the text of a mail erased from the spool unless another row names it, too."""
    if row.message_digest:
        session.execute(_LIST, {"digest": row.message_digest})
        row.message_digest = ""


def _tell(session: Session, row: OutboxRow, now: datetime, result: str) -> None:
    if row.kind != KIND or row.received_id is None:
        return
    event = ReceivedEventRow(
        received_id=row.received_id,
        at=now,
        name=ReceivedEventName.FORWARDED.value,
        address=row.recipient,
        result=result,
        detail=_detail(row),
    )
    session.add(event)


def _detail(row: OutboxRow) -> str:
    part = f"part {row.part}" if row.part else ""
    return ": ".join(filter(None, (part, row.reply)))
