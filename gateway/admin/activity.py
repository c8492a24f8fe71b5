"""What an administrator looks up and stops: outbound faxes.

What lives here: questions and the cancel, over the store. What does not: rows (`gateway.store.jobs`), writing answers
(`gateway.cli`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from gateway.domain.errors import NotFoundError, UnavailableError
from gateway.domain.job import Job
from gateway.store import jobs
from gateway.store.database import Database
from gateway.store.jobs import Filter, JobDetail
from gateway.store.outbox import NewMail
from gateway.store.spool import Spool

__all__ = ["Filter", "JobDetail", "cancel", "outbound", "save_sent", "show"]


def outbound(db: Database, wanted: Filter) -> Sequence[Job]:
    """Jobs, the newest first."""
    return jobs.listing(db, wanted)


def show(db: Database, public_id: str) -> JobDetail:
    """One job with all that belongs to it.

    Raises:
        NotFoundError: no job has that id.
    """
    return jobs.detail(db, public_id.strip().upper())


def cancel(db: Database, public_id: str, now: datetime, make_mail: Callable[[Job], NewMail | None]) -> bool:
    """Cancel a job; true when it is over at once, false when its call was asked to hang up.

    Raises:
        NotFoundError: no job has that id.
        RefusedError: the job has already ended; says how.
    """
    return jobs.cancel(db, public_id.strip().upper(), now, make_mail)


def save_sent(spool: Spool, detail: JobDetail, kind: str, target: str) -> None:
    """Write the pages of the last attempt, as sent, to `target`; `kind` is tiff or pdf.

    Raises:
        NotFoundError: nothing was sent yet.
        UnavailableError: the target cannot be written.
    """
    digests = [attempt.tiff_digest if kind == "tiff" else attempt.pdf_digest for attempt in detail.attempts]
    digest = next((digest for digest in reversed(digests) if digest), "")
    if not digest:
        raise NotFoundError(f"fax {detail.job.public_id} has no pages as sent: no call was placed yet")
    try:
        Path(target).write_bytes(spool.path(digest).read_bytes())
    except OSError as error:
        raise UnavailableError(f"{target}: cannot be written ({error.strerror})") from None
