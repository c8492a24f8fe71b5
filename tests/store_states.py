"""A store for tests with a fax in every state, what it looks like to the check, and rows changed by hand."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text

from gateway.domain.archive import ArchiveOrder, Direction
from gateway.domain.job import JobEvent
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.store import calls, jobs, outbox, received, submissions
from gateway.store.check import Kind, check
from gateway.store.database import Database
from gateway.store.engines import make_engine
from gateway.store.spool import Spool
from tests.filled_store import FAR, NOW, calling, end, mail_on, mail_to, owning, ready

COPY = ArchiveOrder(Direction.SENT, "mailto:vault@acme.example", "generated", "pdf", metadata=False)
OTHERS = ("+12025550102", "+12025550103", "+12025550104")
LATE = NOW.timestamp() + 1e9  # when whatever was put is old


def every_state(db: Database, user: User, spool: Spool, tmp_path: Path) -> Database:
    """A store with a fax in every state: called, sent, failed, cancelled, ready, not rendered."""
    small = b"a small mail"
    with owning(db, tmp_path) as owner:
        for event, outcome, pages in ((JobEvent.CONFIRMED, Outcome.SUCCESS, 3), (JobEvent.GAVE_UP, Outcome.BUSY, 0)):
            ready(db, owner, mail_to(user))
            over = end(event, outcome, pages_confirmed=pages, archive=COPY)
            calls.finish_call(db, calling(db, owner), over, NOW, mail_on)
        ready(db, owner, mail_to(user, OTHERS[0]))
        calling(db, owner)
        cancelled = ready(db, owner, mail_to(user, OTHERS[1]))
        jobs.cancel(db, cancelled.jobs[0].public_id, NOW, mail_on)
        ready(db, owner, mail_to(user, OTHERS[2]))
        assert outbox.claim_mail(db, owner, NOW) is not None
        for whole in (True, False):
            came_in(db, owner, user, spool, whole=whole)
        submissions.add(db, replace(mail_to(user), content=small, content_digest=sha256(small).hexdigest()))
    for table, column in (("submission", "content_digest"), ("submission", "pages_digest")):
        digest = spool.put_bytes(column.encode())
        where = "where id not in (select submission_id from content)"
        change(db, f"update {table} set {column} = '{digest}' {where}")
    return db


def came_in(db: Database, owner: int, user: User, spool: Spool, *, whole: bool) -> None:
    """A fax of one page that came in, or comes in still."""
    uid = "over" if whole else "coming"
    call = received.begin(db, owner, received.NewReception(uid, OTHERS[0], FAR, user.id, NOW))
    page = received.NewPage(1, spool.put_bytes(uid.encode()), 1728, 64, 204, 196, 0, last=whole, at=NOW)
    received.add_page(db, call, page)
    if whole:
        received.finish(db, call, received.Ending(NOW, spool.put_bytes(b"all pages"), "done"), NOW)


def change(db: Database, statement: str) -> None:
    """By hand, without what guards the rows."""
    engine = make_engine(db.url, migrating=True)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def faults(db: Database, spool: Spool) -> list[str]:
    return [finding.words for finding in check(db, spool, LATE) if finding.bad]


def kinds(db: Database, spool: Spool) -> set[Kind]:
    return {finding.kind for finding in check(db, spool, LATE) if finding.bad}
