"""The outbox: mails committed with the change they report, sent afterwards, one commit for each.

What lives here: adding, claiming and settling mails, and listing them. What does not: mails themselves (`mails`),
composing (`gateway.notices`), SMTP (`gateway.mail.relay`). A crash between sending and settling sends a mail twice,
with the same Message-ID.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from gateway.domain.errors import LostClaimError
from gateway.store.by_hand import Cursor, joined_cursor
from gateway.store.columns import in_state
from gateway.store.database import Database
from gateway.store.fax_mails import fax_refused, fax_sent, is_made
from gateway.store.fax_tables import OutboxRow
from gateway.store.locking import locked
from gateway.store.mails import (
    CREDENTIALS,
    Mail,
    MailClaim,
    MailState,
    MakeMail,
    NewMail,
    Post,
    mail_from,
)
from gateway.store.posting import posting

__all__ = [
    "PAUSE_AFTER_FAULT", "Mail", "MailClaim", "MailState", "MakeMail", "NewMail", "Post", "add", "add_mails",
    "claim_mail", "content", "give_back", "listing", "mail_dead", "mail_from", "mail_retry", "mail_sent",
]  # fmt: skip
PAUSE_AFTER_FAULT = timedelta(minutes=1)


def add_mails(
    session: Session, mails: Iterable[NewMail | None], now: datetime, owner: int | None = None
) -> list[MailClaim]:
    """Add mails inside the caller's transaction; what is there already is left alone.

    With `owner` they are taken by that process at once: the claims.
    """
    new = [mail for mail in mails if mail is not None and (mail.received_id is None or not is_made(session, mail))]
    if not new:
        return []
    with joined_cursor(session) as cursor:
        return posting(session.get_bind().dialect).add(cursor, new, now, owner)


def add(db: Database, mail: NewMail, now: datetime, *, dead: str = "") -> None:
    """Add one mail in a commit of its own; with the reason `dead` it is kept for administrators and not sent."""

    def work(session: Session) -> None:
        add_mails(session, [mail], now)
        if dead:
            row = session.exec(select(OutboxRow).where(OutboxRow.message_id == mail.message_id)).one()
            row.state, row.reply = MailState.DEAD.value, dead

    db.write(work)


def claim_mail(db: Database, process_id: int, now: datetime) -> MailClaim | None:
    """Take the mail that has been due for longest; None when none is due.

    Raises:
        LostClaimError: this process was given up for dead.
    """
    hand = posting(db.dialect)
    return db.write_by_hand(lambda cursor: hand.claim(cursor, process_id, now))


def give_back(db: Database, claim: MailClaim, now: datetime) -> None:
    """Free a mail whose sending broke off by a fault of ours; it is tried again after a pause.

    Raises:
        LostClaimError: the mail is another process's by now, or was settled.
    """
    mail_retry(db, claim, now + PAUSE_AFTER_FAULT, "broken off")


def mail_sent(
    db: Database, claim: MailClaim, now: datetime, reply: str, *, next_for: int | None = None
) -> MailClaim | None:
    """The relay took the mail; in the same commit the process `next_for` takes the next one that is due.

    Raises:
        LostClaimError: the mail is another process's by now, or that process was given up for dead.
    """
    hand = posting(db.dialect)

    def work(cursor: Cursor) -> MailClaim | None:
        hand.sent(cursor, claim, now, reply)
        return None if next_for is None else hand.claim(cursor, next_for, now)

    def with_fax(session: Session) -> MailClaim | None:
        row = _fenced(session, claim)
        row.reply = reply
        fax_sent(session, row, now)
        if row.kind == CREDENTIALS:
            row.message = b""
        with joined_cursor(session) as cursor:
            return work(cursor)

    return db.write_by_hand(work) if claim.submission_id is not None else db.write(with_fax)


def mail_retry(db: Database, claim: MailClaim, not_before: datetime, reply: str, *, counted: bool = True) -> None:
    """The relay did not take the mail now; `counted` is false when the relay was not reached, which uses up no try.

    Raises:
        LostClaimError: the mail is another process's by now.
    """

    def work(session: Session) -> None:
        row = _fenced(session, claim)
        row.state, row.owner, row.reply, row.not_before = MailState.WAITING.value, None, reply, not_before
        row.tries -= not counted

    db.write(work)


def mail_dead(db: Database, claim: MailClaim, reply: str, now: datetime) -> None:
    """The relay will not take the mail, or it has been tried for too long.

    Raises:
        LostClaimError: the mail is another process's by now.
    """

    def work(session: Session) -> None:
        row = _fenced(session, claim)
        row.state, row.owner, row.reply = MailState.DEAD.value, None, reply
        if row.received_id is not None:
            fax_refused(session, row, now)

    db.write(work)


def listing(db: Database, *, state: MailState | None = None, limit: int = 100) -> tuple[Mail, ...]:
    """The newest mails of the outbox, newest first; all states when none is given."""
    statement = select(OutboxRow).order_by(col(OutboxRow.id).desc()).limit(limit)
    if state is not None:
        statement = statement.where(in_state(OutboxRow.state, state))
    return db.read(lambda session: tuple(mail_from(row) for row in session.exec(statement)))


def content(db: Database, mail_id: int) -> bytes | None:
    """The message of one mail; None when there is no such mail."""

    def work(session: Session) -> bytes | None:
        row = session.get(OutboxRow, mail_id)
        return None if row is None else row.message

    return db.read(work)


def _fenced(session: Session, claim: MailClaim) -> OutboxRow:
    statement = select(OutboxRow).where(
        OutboxRow.id == claim.id, OutboxRow.fence == claim.fence, in_state(OutboxRow.state, MailState.SENDING)
    )
    row = session.exec(locked(statement)).one_or_none()
    if row is None:
        raise LostClaimError(f"mail {claim.id} is another process's by now")
    return row
