"""Who waits to write is given way by who writes much, in this process and in another."""

import multiprocessing
import statistics
import threading
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from gateway.domain.errors import UnavailableError
from gateway.store.database import Database, open_database
from gateway.store.process_tables import TrunkRow
from gateway.store.turns import COURTESY_SECONDS, Turns
from tests.filled_store import opened

pytestmark = pytest.mark.slow  # processes are started, and wait


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """On SQLite: a server has turns of its own."""
    with opened(tmp_path) as database:
        yield database


def busy(url: str, stop: Event) -> None:
    """A daemon that commits back to back, each write long, from several threads."""
    database = open_database(url)

    def write(session: Session) -> None:
        session.connection().execute(text("update trunk set lines = lines + 1"))
        time.sleep(0.003)

    def run() -> None:
        while not stop.is_set():
            database.write(write)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.close()


def test_a_command_is_not_starved_by_a_busy_daemon(db: Database) -> None:
    db.write(lambda session: session.add(TrunkRow(name="trunk")))
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    daemons = [context.Process(target=busy, args=(db.url.render_as_string(), stop)) for _ in range(2)]
    for daemon in daemons:
        daemon.start()
    waits = []
    while db.glance("select lines from trunk") == 0:
        time.sleep(0.01)

    for _ in range(20):
        time.sleep(0.02)
        began = time.monotonic()
        db.write(lambda session: session.connection().execute(text("update trunk set state = 'open'")).rowcount)
        waits.append(time.monotonic() - began)

    stop.set()
    for daemon in daemons:
        daemon.join()
    assert statistics.median(waits) < 0.25  # on a machine that has much else to do
    assert max(waits) < 2.0


def test_who_knocks_is_given_way_and_not_for_ever(db: Database, tmp_path: Path) -> None:
    waiting, busy_one = (Turns(tmp_path / "store.sqlite", 1.0) for _ in range(2))
    assert waiting._lock(1)  # LOCK_SH: it knocks, and does not come in

    began = time.monotonic()
    busy_one.ended()
    busy_one._give_way()

    assert COURTESY_SECONDS <= time.monotonic() - began < 1
    assert db.is_near
    waiting.close()
    busy_one.close()


def test_without_a_knock_nobody_waits_long(tmp_path: Path) -> None:
    alone = Turns(tmp_path / "store.sqlite", 1.0)

    def given_way() -> float:
        alone.ended()
        began = time.monotonic()
        alone._give_way()
        return time.monotonic() - began

    assert min(given_way() for _ in range(20)) < COURTESY_SECONDS  # the best: a busy machine may stop any of them
    alone.close()


def test_the_file_beside_is_its_owners_only(db: Database) -> None:
    db.write(lambda session: session.add(TrunkRow(name="a")))
    db.write(lambda session: session.add(TrunkRow(name="b")))

    knock = Path(str(db.url.database) + "-knock")
    assert knock.stat().st_mode & 0o077 == 0


def test_a_door_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "missing" / "store.sqlite", 1.0)

    with pytest.raises(UnavailableError, match="cannot be used"):
        turns._lock(1)


def test_patience_ends(db: Database) -> None:
    hasty = open_database(db.url.update_query_dict({"timeout": "0.05"}).render_as_string())

    def meanwhile(_session: Session) -> float:
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="locked"):
            hasty.write(lambda session: session.add(TrunkRow(name="late")))
        return time.monotonic() - began

    assert 0.05 <= db.write(meanwhile) < 5
    hasty.close()
