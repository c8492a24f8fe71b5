"""A store for tests: opened on a fresh database, with people in it and faxes at any point of their way.

SQLite by default; with FAXGW_TEST_ENGINE=postgresql, which the fixture `engine` sets, each in a database of its own on
a server that the tests start.
"""

import functools
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.domain.addresses import Destination, FaxAddress
from gateway.domain.job import Job, JobEvent
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.submission import HeaderFacts, NewSubmission, PartPages
from gateway.store import calls, processes, submissions, tree
from gateway.store.calls import CallClaim, CallEnd
from gateway.store.database import Database, open_database
from gateway.store.migrate import migrate
from gateway.store.outbox import NewMail
from gateway.store.submissions import Accepted, RenderedJob, RenderedSubmission
from tests import postgresql
from tests.claims import claim_render
from tests.reused import Stock

NOW = datetime(2026, 3, 2, 15, 4, 5, 678901, tzinfo=UTC)
WALL = datetime(2026, 7, 1, 8, tzinfo=UTC)
TTL = timedelta(seconds=30)
FAR = "+12025550101"


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    """A migrated store, closed at the end."""
    far = on_postgresql()  # when it is closed, another test may want the other engine
    database = open_database(_stock().take() if far else fresh_url(folder))
    try:
        yield database
    finally:
        database.close()
        if far:
            _stock().give_back(url_of(database))


def on_postgresql() -> bool:
    """Whether the test that runs wants its stores on a server."""
    return os.environ.get("FAXGW_TEST_ENGINE") == "postgresql"


def fresh_url(folder: Path, *, migrated: bool = True) -> str:
    """The URL of an empty database."""
    if on_postgresql():
        return postgresql.server().new_database(_stock().template if migrated else "template1")
    if migrated:
        lay_file(folder / "store.sqlite")
    return f"sqlite:///{folder / 'store.sqlite'}"


def lay_file(path: Path) -> None:
    """A migrated and empty SQLite file."""
    path.write_bytes(_template())


def url_of(db: Database) -> str:
    """With which the same store is opened once more."""
    return db.url.render_as_string(hide_password=False)


def anna(db: Database, address: str = "anna@acme.example") -> User:
    """A user of Acme's sales."""
    if not tree.companies(db):
        tree.add_company(db, "Acme")
        tree.add_department(db, "Acme", "Sales")
    return tree.add_user(db, tree.NewUser("Acme/Sales", "Anna", "Smith", (address,), user_name=address.split("@")[0]))


def mail_to(user: User, *numbers: str, key: str = "", at: datetime = NOW, priority: int = 5) -> NewSubmission:
    """What a mail of this user asks for."""
    facts = HeaderFacts(user.sending_addresses, "Offer", "<1@acme.example>", "no", "", False, False, 1, "ab" * 32)
    return NewSubmission(
        user_id=user.id,
        sender_address=user.sending_addresses[0],
        facts=facts,
        content_digest="cd" * 32,
        received=at,
        duplicate_key=key or uuid.uuid4().hex,
        addresses=tuple(FaxAddress(Destination(number)) for number in numbers or (FAR,)),
        subject="Offer",
        reference="",
        resolution="fine",
        cover=None,
        priority=priority,
        expires=at + timedelta(hours=3),
    )


def process(db: Database, folder: Path, host: str = "here") -> processes.Process:
    """A process with a lease, alive until `killed`."""
    return processes.register(db, host, TTL, WALL, folder / "locks")


def killed(process: processes.Process) -> None:
    """What the system does for a process that dies: its locks are dropped."""
    process.lock.close()


@contextmanager
def owning(db: Database, folder: Path) -> Iterator[int]:
    """The id of a process that is alive meanwhile."""
    alive = process(db, folder)
    try:
        yield alive.id
    finally:
        killed(alive)


def ready(db: Database, owner: int, new: NewSubmission, pages: int = 3) -> Accepted:
    """Accept a mail and render it; other mails must not wait."""
    accepted = submissions.add(db, new)
    claim = claim_render(db, owner, new.received)
    assert claim is not None
    submissions.finish_render(db, claim, rendered(claim, pages), new.received, [])
    return accepted


def rendered(claim: submissions.RenderClaim, pages: int = 3) -> RenderedSubmission:
    """So many pages for every job, without covers."""
    jobs = {job.id: RenderedJob("", pages) for job in claim.jobs}
    return RenderedSubmission("ef" * 32, pages, (PartPages("offer.pdf", pages),), jobs)


def calling(db: Database, owner: int, lines: int = 4, at: datetime = NOW) -> CallClaim:
    """The next call."""
    claim = calls.claim_call(db, owner, "trunk", lines, at)
    assert claim is not None
    return claim


def end(event: JobEvent, outcome: Outcome, **changes: object) -> CallEnd:
    """A call that ended a minute after it began."""
    facts = {"detail": outcome.name.lower(), "session": True, "ended": NOW + timedelta(minutes=1), **changes}
    return CallEnd(event, outcome, **facts)  # type: ignore[arg-type]


def no_mail(_job: Job) -> None:
    """Nobody wants to hear of it."""


def mail_on(job: Job) -> NewMail:
    """A mail that names the job's state."""
    text = f"{job.public_id} {job.state.value} {job.outcome_detail}".encode()
    return NewMail("delivery", job.submission_id, job.id, job.dials, "anna@acme.example", text, f"<{job.id}@fax>")


@functools.cache
def _template() -> bytes:
    """A migrated and empty SQLite file; copying it is much faster than migrating."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.sqlite"
        _migrated(f"sqlite:///{path}")
        return path.read_bytes()


def _migrated(url: str) -> None:
    database = open_database(url)
    migrate(database)
    database.close()


@functools.cache
def _stock() -> Stock:
    """Migrated databases on the server."""
    url = postgresql.server().new_database()
    _migrated(url)
    return Stock.of(postgresql.server(), url)
