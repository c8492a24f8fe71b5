"""A job once more: a new one from the document of one that was there, to the same number or another.

What lives here: the new row beside the others of its submission, and what stands against it in the store. What does
not: whether it may be (`gateway.admin.resend`), its cover (`gateway.refilling`).

The new job is one of the same submission, so it has the same pages, sender, settings and thread; `copy_no` tells
those to one number apart.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from gateway.domain.addresses import Destination
from gateway.domain.errors import ConflictError, NotFoundError, RefusedError
from gateway.domain.job import Job, JobState
from gateway.store.columns import key_of
from gateway.store.database import Database
from gateway.store.fax_rows import job_from, row_of
from gateway.store.fax_tables import EventRow, JobRow
from gateway.store.locking import locked
from gateway.store.public_ids import public_id
from gateway.store.retention_tables import ErasureRow

RESENT = "resent"  # the event of both jobs; its detail names the other
_NEXT_ON_SQLITE = "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'job' RETURNING seq"
_NEXT_ON_POSTGRESQL = "SELECT nextval(pg_get_serial_sequence('job', 'id'))"


@dataclass(frozen=True, slots=True)
class NewCopy:
    """What differs in the new job; `pages` counts its cover and the document. `number` is its row's; None: the next."""

    number: int | None
    destination: Destination
    sub_address: str
    recipient_name: str
    recipient_company: str
    cover_digest: str
    pages: int
    lifetime: timedelta


def reserve(db: Database) -> int:
    """A number that no job has or will have but the one that is made with it: a cover shows the id before there is one.

    Raises:
        UnavailableError: the store is out of reach.
    """
    statement = sa.text(_NEXT_ON_SQLITE if db.is_near else _NEXT_ON_POSTGRESQL)
    return int(db.write(lambda session: session.execute(statement).scalar_one()))


def check(db: Database, original: Job) -> None:
    """Return when the pages of a job are there to be sent again.

    Raises:
        RefusedError: it was never rendered, or cancelled before.
        NotFoundError: they were erased; says when.
    """
    db.read(lambda session: _check_pages(session, original.public_id, locking=False))


def add(db: Database, original: Job, copy: NewCopy, now: datetime) -> Job:
    """Put the new job into the queue.

    Raises:
        RefusedError, NotFoundError: as `check`.
        ConflictError: the same document is on its way to that number just now.
    """

    def work(session: Session) -> Job:
        before = _check_pages(session, original.public_id, locking=True)
        copies = select(JobRow).where(
            JobRow.submission_id == before.submission_id, JobRow.number == copy.destination.number
        )
        alike = session.exec(copies.order_by(col(JobRow.copy_no))).all()
        going = next((row for row in alike if row.ended is None), None)
        if going is not None:
            other = public_id(key_of(going.id))
            raise ConflictError(f"the fax is on its way to {copy.destination} already, as {other}")
        row = _row(before, copy, now, 1 + max((one.copy_no for one in alike), default=0))
        session.add(row)
        session.flush()
        made = job_from(row)
        session.add(_event(row, now, "", f"again {original.public_id}"))
        session.add(_event(before, now, before.state, f"as {made.public_id}"))
        return made

    return db.write(work)


def _check_pages(session: Session, public: str, *, locking: bool) -> JobRow:
    """The job, when its pages are kept; while they are locked nobody erases them.

    The row of the erasure is what who erases locks first. Without one nothing of this job's can be erased.
    """
    row = row_of(session, public)
    if row.state == JobState.ACCEPTED.value or not row.pages:
        raise RefusedError(f"fax {public} has no pages: it was never rendered, so nothing can be sent again")
    erasure = select(ErasureRow).where(ErasureRow.job_id == row.id)
    found = session.exec(locked(erasure) if locking else erasure).one_or_none()
    if found is not None and found.erased is not None:
        raise NotFoundError(
            f"the documents of fax {public} were erased on {found.erased:%Y-%m-%d}, as the settings say: "
            "send the mail again"
        )
    return row


def _row(before: JobRow, copy: NewCopy, now: datetime, copy_no: int) -> JobRow:
    return JobRow(
        id=copy.number,
        submission_id=before.submission_id,
        user_id=before.user_id,
        number=copy.destination.number,
        number_reversed=copy.destination.number[::-1],
        copy_no=copy_no,
        state=JobState.READY.value,
        accepted=now,
        not_before=now,
        expires=now + copy.lifetime,
        sub_address=copy.sub_address,
        recipient_name=copy.recipient_name,
        recipient_company=copy.recipient_company,
        recipient_cover=before.recipient_cover,
        sender_name=before.sender_name,
        priority=before.priority,
        pages=copy.pages,
        cover_digest=copy.cover_digest,
    )


def _event(row: JobRow, now: datetime, from_state: str, detail: str) -> EventRow:
    return EventRow(
        submission_id=row.submission_id,
        job_id=key_of(row.id),
        at=now,
        name=RESENT,
        from_state=from_state,
        to_state=row.state,
        detail=detail,
    )
