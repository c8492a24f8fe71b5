"""Mails of the outbox as callers know them, and how a row becomes one.

What lives here: new mails, claims, lines of the outbox, and who posts. What does not: adding, claiming and settling
(`outbox`, through which callers import these).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.domain.job import Job
from gateway.store.columns import key_of
from gateway.store.fax_tables import OutboxRow
from gateway.store.public_ids import received_id


class MailState(StrEnum):
    """Where a mail of the outbox is; `dead` mails are for administrators to see, `dropped` were given up by one."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


DELAYED = "delivery-delayed"  # the kind of notices that nobody needs after the end of their job
CREDENTIALS = "welcome-with-credentials"  # the kind of mails that are not kept when they are sent


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to be added: a whole message with CRLF line ends, and its one recipient.

    A second mail of the same submission, job, kind and attempt is not added. `job_id` is None and `attempt_no` 0 for
    what concerns the whole submission; `submission_id` is None for what became none, and then it is always added.

    With a received fax, `attempt_no` counts its resubmissions and `part` its parts; a second mail of the same kind,
    resubmission, recipient and part is not added. Of a large message `message` is the beginning, and the spool has the
    rest as `message_digest`.
    """

    kind: str
    submission_id: int | None
    job_id: int | None
    attempt_no: int
    recipient: str
    message: bytes = field(repr=False)
    message_id: str
    received_id: int | None = None
    part: int = 0
    message_digest: str = ""


# Composes the mail that tells of a job as it now is, or None when nobody wants one. It is called inside the
# transaction that changes the job: it may read the store, which still shows the job as it was, and must not write.
MakeMail = Callable[[Job], NewMail | None]


@dataclass(frozen=True, slots=True)
class MailClaim:
    """A mail that is ours to send; `tries` counts this one. What `message_digest` names follows on `message`."""

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
    message_digest: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A line of the outbox, without the message. `fax` is the id of the received fax that it brings; empty for none."""

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
    fax: str = ""
    part: int = 0


class Post(Protocol):
    """Who sends mails in this very process: what is added for it is taken by the same commit."""

    process: int

    def has_room(self) -> bool:
        """Whether it would take one more."""
        ...

    def take(self, claims: Sequence[MailClaim]) -> None:
        """They are its own now, and committed."""
        ...


def take(row: OutboxRow, process_id: int) -> None:
    """The mail is this process's to send."""
    row.state, row.owner = MailState.SENDING.value, process_id
    row.fence += 1
    row.tries += 1


def claim_from(row: OutboxRow) -> MailClaim:
    """A row that was taken."""
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
        message_digest=row.message_digest,
    )


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
        fax="" if row.received_id is None else received_id(row.received_id),
        part=row.part,
    )
