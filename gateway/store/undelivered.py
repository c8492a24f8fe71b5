"""Mails of the outbox as administrators look after them: found, tried again at once, dropped.

What lives here: the store's functions on mails that were not delivered. What does not: sending and settling (`outbox`).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.domain.errors import ConflictError, NotFoundError
from gateway.store.columns import in_state
from gateway.store.database import Database
from gateway.store.fax_mails import let_go
from gateway.store.fax_tables import JobRow, OutboxRow
from gateway.store.locking import locked
from gateway.store.outbox import Mail, MailState, mail_from
from gateway.store.paging import part_of_address
from gateway.store.public_ids import job_number, received_number

OPEN = (MailState.WAITING, MailState.DEAD)  # what can be tried again, or dropped


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mails: in one of these states (all when empty), of a kind, to an address with this, of a job or fax."""

    states: tuple[MailState, ...] = ()
    kind: str = ""
    recipient: str = ""
    job: str = ""
    fax: str = ""
    since: datetime | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail with the message as it is sent; of a large one the spool has the rest as `rest_digest`."""

    mail: Mail
    message: bytes
    rest_digest: str = ""


def listing(db: Database, wanted: Wanted) -> tuple[Mail, ...]:
    """Mails of the outbox, the newest first."""
    statement = select(OutboxRow).order_by(col(OutboxRow.id).desc()).limit(wanted.limit)
    if wanted.states:
        statement = statement.where(in_state(OutboxRow.state, *wanted.states))
    if wanted.kind:
        statement = statement.where(OutboxRow.kind == wanted.kind)
    if wanted.recipient:
        statement = statement.where(part_of_address(col(OutboxRow.recipient), wanted.recipient))
    if wanted.fax:
        statement = statement.where(OutboxRow.received_id == _fax_number(wanted.fax))
    if wanted.since is not None:
        statement = statement.where(col(OutboxRow.created) >= wanted.since)
    return db.read(
        lambda session: tuple(mail_from(row) for row in session.exec(_of_job(session, statement, wanted.job)))
    )


def letter(db: Database, mail_id: int) -> Letter:
    """One mail.

    Raises:
        NotFoundError: there is none of that number.
    """

    def work(session: Session) -> Letter:
        row = _row(session, mail_id)
        return Letter(mail_from(row), row.message, row.message_digest)

    return db.read(work)


def retry(db: Database, mail_id: int, now: datetime) -> Mail:
    """Let a mail be sent at once, also one that was given up; its tries are counted anew.

    Raises:
        NotFoundError: there is none of that number.
        ConflictError: it was sent, is being sent, was dropped, or was erased with its fax.
    """

    def work(session: Session) -> Mail:
        row = _open_row(session, mail_id, "tried again")
        if not row.message:
            raise ConflictError(f"mail {mail_id} was erased with its fax: nothing is left to send")
        row.state, row.not_before, row.tries = MailState.WAITING.value, now, 0
        session.flush()
        return mail_from(row)

    return db.write(work)


def drop(db: Database, mail_id: int) -> Mail:
    """Give a mail up for good; it stays to be seen.

    Raises:
        NotFoundError: there is none of that number.
        ConflictError: it was sent, is being sent, or was dropped before.
    """

    def work(session: Session) -> Mail:
        row = _open_row(session, mail_id, "dropped")
        row.state = MailState.DROPPED.value
        let_go(session, row)
        session.flush()
        return mail_from(row)

    return db.write(work)


def _of_job(session: Session, statement: SelectOfScalar[OutboxRow], public_id: str) -> SelectOfScalar[OutboxRow]:
    """Mails on one job, and those on its whole submission."""
    if not public_id:
        return statement
    number = job_number(public_id)
    job = session.get(JobRow, number) if number is not None else None
    if job is None:
        raise NotFoundError(f"there is no job {public_id}; `faxgw outbound list` shows the ids")
    about = or_(col(OutboxRow.job_id) == job.id, col(OutboxRow.job_id).is_(None))
    return statement.where(OutboxRow.submission_id == job.submission_id, about)


def _fax_number(public_id: str) -> int:
    number = received_number(public_id)
    if number is None:
        raise NotFoundError(f"there is no received fax {public_id}; `faxgw inbound list` shows the ids")
    return number


def _open_row(session: Session, mail_id: int, what: str) -> OutboxRow:
    row = session.exec(locked(select(OutboxRow).where(OutboxRow.id == mail_id))).one_or_none()
    if row is None:
        raise _missing(mail_id)
    if MailState(row.state) not in OPEN:
        raise ConflictError(f"mail {mail_id} is {row.state} and cannot be {what}")
    row.fence += 1
    return row


def _row(session: Session, mail_id: int) -> OutboxRow:
    row = session.get(OutboxRow, mail_id)
    if row is None:
        raise _missing(mail_id)
    return row


def _missing(mail_id: int) -> NotFoundError:
    return NotFoundError(f"there is no mail {mail_id} in the outbox; `faxgw outbox list` shows those there are")
