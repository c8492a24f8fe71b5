"""The list of processes: who they are, how long their leases hold, what they own."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.nodes import User
from gateway.store import outbox, processes, received, submissions
from gateway.store.database import Database
from gateway.store.node_list import listing
from gateway.store.processes import About
from gateway.store.received import NewReception
from tests.claims import claim_render
from tests.filled_store import NOW, TTL, WALL, calling, killed, mail_to, process, ready

ABOUT = About("smtp lines", "0.1.0", 4711)


@pytest.fixture
def own(db: Database, tmp_path: Path) -> object:
    lease = processes.register(db, "fax-a", TTL, WALL, tmp_path / "locks", ABOUT)
    yield lease
    killed(lease)


def test_a_process_tells_of_itself(db: Database, own: processes.Process) -> None:
    [found] = listing(db, WALL + timedelta(seconds=10))

    assert (found.id, found.host, found.pid) == (own.id, "fax-a", 4711)
    assert (found.roles, found.version, found.started) == (("smtp", "lines"), "0.1.0", WALL)
    assert found.lease == TTL - timedelta(seconds=10)


def test_what_each_owns_is_counted(db: Database, own: processes.Process, user: User, tmp_path: Path) -> None:
    other = process(db, tmp_path, host="fax-b")
    for number in ("+12025550101", "+12025550109"):
        ready(db, own.id, mail_to(user, number))
        calling(db, own.id)
    received.begin(db, own.id, NewReception("c1", "+12065550142", "", user.id, NOW))
    submissions.add(db, mail_to(user))
    claim_render(db, other.id, NOW)
    outbox.add(db, outbox.NewMail("x", None, None, 0, "anna@acme.example", b"x", "<1@fax>"), NOW)
    outbox.claim_mail(db, other.id, NOW)

    found = [(one.host, one.calls, one.renders, one.mails) for one in listing(db, WALL)]

    assert found == [("fax-a", 3, 0, 0), ("fax-b", 0, 1, 1)]
    killed(other)


def test_where_nobody_runs_the_list_is_empty(db: Database) -> None:
    assert listing(db, WALL) == ()
