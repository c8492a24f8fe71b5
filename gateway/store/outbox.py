"""The outbox: mails committed with the change they report, sent afterwards, one commit for each.

What lives here: adding, claiming and settling mails, and listing them. What does not: composing
(`gateway.flows.notices`), SMTP (`gateway.mail.relay`). A crash between sending and settling sends a mail twice, with
the same Message-ID.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select

from gateway.domain.errors import LostClaimError
from gateway.domain.job import Job
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.fax_rows import check_process
from gateway.store.fax_tables import OutboxRow
from gateway.store.locking import locked, unlocked_ones

PAUSE_AFTER_FAULT = timedelta(minutes=1)


class MailState(StrEnum):
    """Where a mail of the outbox is; `dead` mails are for administrators to see, `dropped` were given up by one."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to be added: a whole message with CRLF line ends, and its one recipient.

    A second mail of the same submission, job, kind and attempt is not added. `job_id` is None and `attempt_no` 0 for
    what concerns the whole submission; `submission_id` is None for what became none, and then it is always added.
    """

    kind: str
    submission_id: int | None
    job_id: int | None
    attempt_no: int
    recipient: str
    message: bytes = field(repr=False)
    message_id: str


# Composes the mail that tells of a job as it now is, or None when nobody wants one. It is called inside the
# transaction that changes the job: it may read the store, which still shows the job as it was, and must not write.
MakeMail = Callable[[Job], NewMail | None]


@dataclass(frozen=True, slots=True)
class MailClaim:
    """A mail that is ours to send; `tries` counts this one."""

    id: int
    kind: str
    submission_id: int | None
    job_id: int | None
    recipient: str
    message: bytes = field(repr=False)
    message_id: str
    created: datetime
    tries: int
    fence: int


@dataclass(frozen=True, slots=True)
class Mail:
    """A line of the outbox, without the message."""

    id: int
    kind: str
    submission_id: int | None
    job_id: int | None
    attempt_no: int
    recipient: str
    message_id: str
    state: MailState
    created: datetime
    not_before: datetime
    tries: int
    reply: str
    sent: datetime | None


def add_mails(session: Session, mails: Iterable[NewMail | None], now: datetime) -> None:
    """Add mails inside the caller's transaction; what is there already is left alone."""
    for mail in mails:
        if mail is not None and not _is_there(session, mail):
            row = OutboxRow(
                submission_id=mail.submission_id,
                job_id=mail.job_id,
                kind=mail.kind,
                attempt_no=mail.attempt_no,
                recipient=mail.recipient,
                message=mail.message,
                message_id=mail.message_id,
                state=MailState.WAITING.value,
                created=now,
                not_before=now,
            )
            session.add(row)
            session.flush()


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
    return db.write(lambda session: _claim(session, process_id, now))


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

    def work(session: Session) -> MailClaim | None:
        row = _fenced(session, claim)
        row.state, row.owner, row.reply, row.sent = MailState.SENT.value, None, reply, now
        if next_for is None:
            return None
        session.flush()
        return _claim(session, next_for, now)

    return db.write(work)


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


def mail_dead(db: Database, claim: MailClaim, reply: str) -> None:
    """The relay will not take the mail, or it has been tried for too long.

    Raises:
        LostClaimError: the mail is another process's by now.
    """

    def work(session: Session) -> None:
        row = _fenced(session, claim)
        row.state, row.owner, row.reply = MailState.DEAD.value, None, reply

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


def mail_from(row: OutboxRow) -> Mail:
    """A row of the outbox as callers get it."""
    return Mail(
        id=key_of(row.id),
        kind=row.kind,
        submission_id=row.submission_id,
        job_id=row.job_id,
        attempt_no=row.attempt_no,
        recipient=row.recipient,
        message_id=row.message_id,
        state=MailState(row.state),
        created=row.created,
        not_before=row.not_before,
        tries=row.tries,
        reply=row.reply,
        sent=row.sent,
    )


def _claim(session: Session, process_id: int, now: datetime) -> MailClaim | None:
    due = select(OutboxRow).where(in_state(OutboxRow.state, MailState.WAITING), col(OutboxRow.not_before) <= now)
    oldest = due.order_by(col(OutboxRow.not_before), col(OutboxRow.id)).limit(1)
    check_process(session, process_id)
    row = session.exec(unlocked_ones(oldest)).one_or_none()
    if row is None:
        return None
    row.state, row.owner = MailState.SENDING.value, process_id
    row.fence += 1
    row.tries += 1
    return _claim_from(row)


def _claim_from(row: OutboxRow) -> MailClaim:
    return MailClaim(
        id=key_of(row.id),
        kind=row.kind,
        submission_id=row.submission_id,
        job_id=row.job_id,
        recipient=row.recipient,
        message=row.message,
        message_id=row.message_id,
        created=row.created,
        tries=row.tries,
        fence=row.fence,
    )


def _is_there(session: Session, mail: NewMail) -> bool:
    if mail.submission_id is None:
        return False
    statement = select(OutboxRow.id).where(
        OutboxRow.submission_id == mail.submission_id,
        OutboxRow.job_id == mail.job_id,
        OutboxRow.kind == mail.kind,
        OutboxRow.attempt_no == mail.attempt_no,
    )
    return session.exec(statement).first() is not None


def _fenced(session: Session, claim: MailClaim) -> OutboxRow:
    statement = select(OutboxRow).where(
        OutboxRow.id == claim.id, OutboxRow.fence == claim.fence, in_state(OutboxRow.state, MailState.SENDING)
    )
    row = session.exec(locked(statement)).one_or_none()
    if row is None:
        raise LostClaimError(f"mail {claim.id} is another process's by now")
    return row
