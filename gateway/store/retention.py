"""Documents whose time is over: found by the ends of jobs, taken out of the rows, and then off the disk.

What lives here: the store's functions on that. What does not: how long documents are kept (`gateway.domain.retention`),
the rows of received faxes (`received_erasure`), when somebody looks (`gateway.flows.retain`).

Rows go first, in one commit that also lists the contents: whoever dies between that and the disk is followed by another
who finds the list. The rows, the hashes of what they named, and the history stay.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from gateway.domain.job import FINAL_STATES, JobState
from gateway.domain.retention import SETTING_OF, Kept, kind_of, over_at
from gateway.store import archive_transfers, frozen, received_erasure
from gateway.store.by_hand import Insertion, joined_cursor
from gateway.store.columns import key_of, one_of
from gateway.store.database import Database
from gateway.store.fax_tables import AttemptRow, ContentRow, EventRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.locking import locked
from gateway.store.outbox import MailState
from gateway.store.public_ids import public_id
from gateway.store.references import columns
from gateway.store.retention_tables import ErasedContentRow, ErasureMarkRow, ErasureRow
from gateway.store.spool import Spool

BATCH = 2000  # events looked at in one transaction
# Who takes a number for an event may commit it after others: so far back it is looked for again.
OVERLAP = 1000
PATIENCE = timedelta(minutes=1)  # until a fax is looked at again that is still to be copied
_FINAL = tuple(sorted(state.value for state in FINAL_STATES))
_SETTLED = (MailState.SENT, MailState.DROPPED, MailState.DEAD)


@dataclass(frozen=True, slots=True)
class Due:
    """Documents of a job, or a received fax, whose time is over; `number` is the row's."""

    number: int
    public_id: str
    kind: Kept
    due: datetime


def plan(db: Database) -> int:
    """Note when the documents of jobs that ended since are to be erased; how many events are still to be looked at."""
    if not db.read(_news):
        return 0
    return db.write(_plan)


def due(db: Database, now: datetime, most: int) -> list[Due]:
    """Jobs and received faxes whose documents' time is over, the oldest of each first, so many of each."""
    over = select(ErasureRow).where(col(ErasureRow.erased).is_(None), col(ErasureRow.due) <= now)
    first = over.order_by(col(ErasureRow.due)).limit(most)

    def work(session: Session) -> list[Due]:
        return [Due(row.job_id, public_id(row.job_id), Kept(row.kind), row.due) for row in session.exec(first)]

    return db.read(work) + [Due(*one) for one in received_erasure.due(db, now, most)]


def erase(db: Database, one: Due, now: datetime) -> int | None:
    """Take documents out of all rows; how many contents, and None for a fax that must wait."""
    if one.kind is Kept.RECEIVED:
        return received_erasure.erase_rows(db, one.number, now)
    return erase_rows(db, one.number, now)


def erase_rows(db: Database, job_id: int, now: datetime) -> int | None:
    """Take the documents of one job out of all rows, and those of its mail with its last job; how many contents.

    None while it is about to be copied for the first time: with no days the archive would never have any.
    """

    def work(session: Session) -> int | None:
        row = session.exec(locked(select(ErasureRow).where(ErasureRow.job_id == job_id))).one()
        if row.erased is not None:
            return 0
        if archive_transfers.is_first_try_open(session, now, job_id=job_id):
            row.due = now + PATIENCE
            return None
        archive_transfers.erase(session, now, job_id=job_id)
        hashes = {**_of_attempts(session, job_id), **_of_job(session, job_id)}
        row.erased = now
        session.flush()
        if _was_last(session, row.submission_id):
            hashes |= _of_submission(session, row.submission_id)
        _empty_mails(session, row.submission_id, job_id)
        row.hashes = json.dumps(hashes, sort_keys=True)
        for digest in {*hashes.values()}:
            session.merge(ErasedContentRow(digest=digest))
        return len(hashes)

    return db.write(work)


def listed(db: Database, most: int) -> list[str]:
    """Contents that may still have to be erased from the disk."""
    return db.read(lambda session: list(session.exec(select(ErasedContentRow.digest).limit(most))))


def is_named(db: Database, digest: str) -> bool:
    """Whether any row still names a content: another mail may have brought the same."""

    def work(session: Session) -> bool:
        for table, named in columns().items():
            for column in named:
                # The condition of the partial index, or it would not be used.
                wanted = sa.select(table.c.id).where(column == digest, column != sa.literal_column("''")).limit(1)
                if session.connection().execute(wanted).first() is not None:
                    return True
        return False

    return db.read(work)


def unlist(db: Database, digests: Iterable[str]) -> None:
    """These contents are off the disk, or in use again."""
    gone = tuple(digests)
    if gone:
        db.write(
            lambda session: session.execute(delete(ErasedContentRow).where(col(ErasedContentRow.digest).in_(gone)))
        )


def erased_at(db: Database, job_id: int) -> datetime | None:
    """When the documents of a job were erased; None while they are kept."""
    statement = select(ErasureRow.erased).where(ErasureRow.job_id == job_id)
    return db.read(lambda session: session.exec(statement).first())


def hashes_of(db: Database, job_id: int) -> dict[str, str]:
    """What the documents of a job were, by what they were called; empty while they are kept."""
    statement = select(ErasureRow.hashes).where(ErasureRow.job_id == job_id)
    text = db.read(lambda session: session.exec(statement).first())
    found: dict[str, str] = json.loads(text) if text else {}
    return found


def fold(db: Database) -> None:
    """Bring the log of SQLite into the file and empty it, so that nothing erased stands in it; readers may delay it."""
    if db.is_near:
        db.glance("PRAGMA wal_checkpoint(TRUNCATE)")


def _news(session: Session) -> bool:
    mark = session.get(ErasureMarkRow, 1)
    last = session.exec(select(func.max(EventRow.id))).one()
    return last is not None and (mark is None or last > mark.event_id)


def _plan(session: Session) -> int:
    mark = session.exec(locked(select(ErasureMarkRow).where(ErasureMarkRow.id == 1))).one_or_none()
    if mark is None:
        mark = ErasureMarkRow(id=1, event_id=0)
    begin = mark.event_id
    last = session.exec(select(func.max(EventRow.id))).one() or begin
    mark.event_id = min(last, begin + BATCH)
    looked = (col(EventRow.id) > begin - OVERLAP, col(EventRow.id) <= mark.event_id)
    ends = select(EventRow.job_id).where(*looked, one_of(EventRow.to_state, _FINAL), col(EventRow.job_id).is_not(None))
    noted = select(ErasureRow.job_id).where(ErasureRow.job_id == EventRow.job_id).exists()
    _note(session, sorted({key_of(job_id) for job_id in session.exec(ends.where(~noted))}))
    session.add(mark)
    return last - mark.event_id


def _note(session: Session, job_ids: Sequence[int]) -> None:
    """Note when the documents of jobs are to be erased that have ended."""
    job, frozen_text = JobRow, col(SubmissionRow.frozen)
    facts = sa.select(
        col(job.id), col(job.submission_id), col(job.user_id), col(job.state), col(job.ended), frozen_text
    )
    mine = facts.join(SubmissionRow, col(SubmissionRow.id) == col(job.submission_id)).where(col(job.ended).is_not(None))
    noted = []
    for job_id, submission_id, user_id, state, ended, text in session.execute(mine.where(col(job.id).in_(job_ids))):
        kind = kind_of(JobState(state))
        days = int(frozen.thawed(session, text, user_id).settings.text(SETTING_OF[kind]))
        noted.append(
            {"job_id": job_id, "submission_id": submission_id, "kind": kind.value, "due": over_at(ended, days)}
        )
    if not noted:
        return
    with joined_cursor(session) as cursor:
        Insertion(ErasureRow, session.get_bind().dialect).add(cursor, noted)


def _of_attempts(session: Session, job_id: int) -> dict[str, str]:
    rows = session.exec(select(AttemptRow).where(AttemptRow.job_id == job_id)).all()
    return {name: digest for row in rows for name, digest in _emptied(row, f"attempt {row.number} ")}


def _of_job(session: Session, job_id: int) -> dict[str, str]:
    return dict(_emptied(session.exec(select(JobRow).where(JobRow.id == job_id)).one(), ""))


def _of_submission(session: Session, submission_id: int) -> dict[str, str]:
    session.execute(delete(ContentRow).where(col(ContentRow.submission_id) == submission_id))
    row = session.exec(locked(select(SubmissionRow).where(SubmissionRow.id == submission_id))).one()
    return dict(_emptied(row, "mail "))


def _emptied(row: Any, prefix: str) -> list[tuple[str, str]]:
    """What a row named, which it does no more."""
    named = [column.name for table, found in columns().items() if table.name == row.__tablename__ for column in found]
    had = [(name, getattr(row, name)) for name in named if getattr(row, name)]
    for name, _ in had:
        setattr(row, name, "")
    return [(f"{prefix}{name.removesuffix('_digest')}", digest) for name, digest in had]


def _was_last(session: Session, submission_id: int) -> bool:
    """Whether every job of a mail has had its documents erased."""
    kept = select(JobRow.id).where(JobRow.submission_id == submission_id)
    erased = select(ErasureRow.job_id).where(
        ErasureRow.submission_id == submission_id, col(ErasureRow.erased).is_not(None)
    )
    return session.exec(kept.where(col(JobRow.id).not_in(erased)).limit(1)).first() is None


def _empty_mails(session: Session, submission_id: int, job_id: int) -> None:
    """Notices may hold pages: of those that need not be sent any more only the facts stay."""
    of_job = (col(OutboxRow.job_id) == job_id) | col(OutboxRow.job_id).is_(None)
    settled = one_of(OutboxRow.state, (state.value for state in _SETTLED))
    mine = update(OutboxRow).where(col(OutboxRow.submission_id) == submission_id, of_job, settled)
    session.execute(mine.values(message=b""))


def erase_files(db: Database, spool: Spool, digests: Sequence[str], before: float) -> int:
    """Take listed contents off the disk that no row names; those put after `before` wait for the next time.

    Args:
        db: the store.
        spool: where the contents are.
        digests: of contents that are listed.
        before: seconds since 1970. Who puts a content has its row a moment later: what is young may be his.
    """
    gone = [digest for digest in digests if _is_gone(db, spool, digest, before)]
    unlist(db, gone)
    return len(gone)


def _is_gone(db: Database, spool: Spool, digest: str, before: float) -> bool:
    if is_named(db, digest):
        return True  # by another mail: it is not ours to erase
    if spool.retire(digest, before):
        spool.forget(digest)
    return not spool.exists(digest)
