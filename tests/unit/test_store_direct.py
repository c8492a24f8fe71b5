"""A process's own session with PostgreSQL: the guard that shows its death, and news from others."""

import queue
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, text

from gateway.store import calls, jobs, outbox, processes, submissions
from gateway.store.database import Database, open_database
from gateway.store.direct import EVERYTHING, DirectLine
from gateway.store.engines import FROZEN_SECONDS
from gateway.store.guard import SECOND_LOOK, Suspects
from gateway.store.process_tables import ProcessRow
from tests.filled_store import NOW, TTL, WALL, anna, killed, mail_to, no_mail, opened, process, ready, url_of

SECONDS = 10
pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("FAXGW_TEST_ENGINE", "postgresql")
    with opened(tmp_path) as db:
        yield db


@pytest.fixture
def own(server: Database, tmp_path: Path) -> Iterator[processes.Process]:
    """The process that looks; its clock is the test's."""
    lease = process(server, tmp_path / "own")
    yield replace(lease, suspects=Suspects(elapsed=lambda: seconds[0]))
    killed(lease)


@pytest.fixture
def other(server: Database, tmp_path: Path) -> Iterator[processes.Process]:
    """A process on another host."""
    lease = process(server, tmp_path / "other", host="there")
    yield lease
    killed(lease)


seconds = [0.0]


@contextmanager
def attending(db: Database, process: processes.Process) -> Iterator["queue.Queue[str]"]:
    """Inside the block the process has its line; what it hears is in the queue, the first being that it has begun."""
    heard: queue.Queue[str] = queue.Queue()
    line = DirectLine(db, "", process.id, heard.put)
    line.start()
    try:
        assert heard.get(timeout=SECONDS) == EVERYTHING
        yield heard
    finally:
        line.stop()


def looks(db: Database, own: processes.Process, *, apart: float = SECOND_LOOK) -> list[int]:
    """How many are found dead at a look and a second one."""
    found = []
    for _ in range(2):
        found.append(processes.reap(db, own, WALL, NOW, no_mail))
        seconds[0] += apart
    return found


def guard_of(db: Database, process: processes.Process) -> str:
    row = db.read(lambda session: session.get(ProcessRow, process.id))
    assert row is not None
    return row.guard


def end_sessions(db: Database) -> None:
    """What a network does that drops all idle connections."""

    def work(session: Session) -> None:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        session.execute(text(f"{others} AND datname = current_database() AND query LIKE 'LISTEN%'"))

    db.write(work)


# The guard.


def test_who_holds_his_guard_lives(server: Database, own: processes.Process, other: processes.Process) -> None:
    with attending(server, other):
        assert looks(server, own) == [0, 0]


def test_on_another_host_a_death_shows_at_the_second_look(
    server: Database, own: processes.Process, other: processes.Process
) -> None:
    with attending(server, other):
        pass

    assert looks(server, own) == [0, 1]


def test_two_looks_at_once_are_one(server: Database, own: processes.Process, other: processes.Process) -> None:
    with attending(server, other):
        pass

    assert looks(server, own, apart=SECOND_LOOK / 2) == [0, 0]


def test_who_never_had_a_guard_is_judged_by_his_lease(
    server: Database, own: processes.Process, other: processes.Process
) -> None:
    assert guard_of(server, other) == ""
    assert looks(server, own) == [0, 0]
    assert processes.reap(server, own, WALL + TTL, NOW, no_mail) == 1


def test_a_session_that_was_lost_is_taken_up_again_with_another_guard(
    server: Database, own: processes.Process, other: processes.Process
) -> None:
    with attending(server, other) as heard:
        first = guard_of(server, other)
        end_sessions(server)
        assert heard.get(timeout=SECONDS) == EVERYTHING  # something may have been missed

        assert guard_of(server, other) not in ("", first)
        assert looks(server, own) == [0, 0]


def test_a_guard_from_before_the_server_was_started_anew_proves_nothing(
    server: Database, own: processes.Process, other: processes.Process
) -> None:
    with attending(server, other):
        pass

    def older(session: Session) -> None:
        row = session.get(ProcessRow, other.id)
        assert row is not None
        row.guard = f"{row.guard.partition('@')[0]}@1"

    server.write(older)

    assert looks(server, own) == [0, 0]


def test_leases_go_by_the_servers_clock(server: Database) -> None:
    told = processes.lease_clock(server, lambda: WALL)()

    assert told.tzinfo is not None
    assert told != WALL


def test_where_the_store_is_a_file_they_go_by_the_machines(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        assert processes.lease_clock(db, lambda: WALL)() == WALL


# News.


@contextmanager
def elsewhere(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same store as another process sees it."""
    with monkeypatch.context() as patch:
        patch.setattr("gateway.store.engines._TOKEN", "other")
        opened_there = open_database(url_of(db))
    yield opened_there
    opened_there.close()


def told_by(there: Database, heard: "queue.Queue[str]") -> list[str]:
    """What was heard of what happened there."""
    outbox.add(there, outbox.NewMail("end", None, None, 0, "anna@acme.example", b"x", f"<{uuid.uuid4()}@fax>"), NOW)
    found = [heard.get(timeout=SECONDS)]
    while found[-1] != "mail":
        found.append(heard.get(timeout=SECONDS))
    return found[:-1]


def test_others_hear_of_mails_jobs_calls_and_cancels(
    server: Database, own: processes.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = anna(server)
    with attending(server, own) as heard, elsewhere(server, monkeypatch) as there:
        accepted = ready(there, own.id, mail_to(user))
        assert told_by(there, heard) == ["prepare", "lines"]
        claim = calls.claim_call(there, own.id, "trunk", 4, NOW)
        assert claim is not None
        jobs.cancel(there, accepted.jobs[0].public_id, NOW, no_mail)
        assert told_by(there, heard) == ["cancel"]
        calls.give_back(there, claim, NOW, no_mail)
        assert told_by(there, heard) == ["free"]


def test_of_our_own_doing_we_hear_nothing(
    server: Database, own: processes.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    with attending(server, own) as heard, elsewhere(server, monkeypatch) as there:
        submissions.add(server, mail_to(anna(server)))

        assert told_by(there, heard) == []


def test_a_server_that_is_away_is_tried_again(server: Database, own: processes.Process) -> None:
    heard: queue.Queue[str] = queue.Queue()
    away = url_of(server).replace("127.0.0.1:", "127.0.0.1:1")
    line = DirectLine(server, away, own.id, heard.put)

    line.start()
    line.stop()

    assert heard.empty()


def test_who_freezes_inside_a_transaction_keeps_its_locks_for_seconds_only(server: Database) -> None:
    told = [
        reader(lambda session: session.execute(text("SHOW idle_in_transaction_session_timeout")).scalar())
        for reader in (server.read, server.write)
    ]

    assert told == [f"{FROZEN_SECONDS}s"] * 2
    assert TTL.total_seconds() > FROZEN_SECONDS
