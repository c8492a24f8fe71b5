"""How writes share commits, and how long a command waits for its own while a daemon writes as fast as it can.

Run by hand: python -m tests.bench.bench_writes [URL of a PostgreSQL server]. Wanted: a command's write within 50 ms in
the median and 500 ms at worst.
"""

import functools
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path

from sqlmodel import Session

from gateway.store.database import Database, open_database
from gateway.store.migrate import migrate
from gateway.store.process_tables import TrunkRow

SECONDS = 6.0
THREADS = (1, 4, 16)
MEDIAN, WORST = 0.05, 0.5


def raise_lines(session: Session, name: str) -> None:
    """A small write by session, as most are."""
    row = session.get(TrunkRow, name)
    assert row is not None
    row.lines += 1


def load(url: str, threads: int, stop: Event, told: "multiprocessing.Queue[tuple[int, int, float]]") -> None:
    """A daemon under full load."""
    db = open_database(url)

    def run(name: str) -> None:
        while not stop.is_set():
            db.write(lambda session: raise_lines(session, name))

    running = [threading.Thread(target=run, args=(f"t{number}",)) for number in range(threads)]
    began = time.monotonic()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    told.put((db.tally.works, db.tally.commits, time.monotonic() - began))
    db.close()


def commands(db: Database) -> list[float]:
    """The seconds that each write of another process took."""
    waits, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        time.sleep(0.03)
        began = time.monotonic()
        db.write(lambda session: raise_lines(session, "command"))
        waits.append(time.monotonic() - began)
    return waits


def measure(url: str, threads: int) -> bool:
    """One run; whether the command was served as wanted."""
    context = multiprocessing.get_context("spawn")
    stop, told = context.Event(), context.Queue()
    daemon = context.Process(target=load, args=(url, threads, stop, told))
    daemon.start()
    db = open_database(url)
    while db.read(lambda session: session.get_one(TrunkRow, "t0").lines) == 0:
        time.sleep(0.05)
    waits = commands(db)
    stop.set()
    works, commits, seconds = told.get()
    daemon.join()
    db.write(lambda session: setattr(session.get_one(TrunkRow, "t0"), "lines", 0))
    db.close()
    median, worst = statistics.median(waits), max(waits)
    print(  # noqa: T201
        f"{threads:3} threads: {works / seconds:6.0f} works/s, {works / commits:5.1f} a commit; "
        f"a command waits {median * 1000:5.1f} ms, at worst {worst * 1000:5.1f} ms ({len(waits)} writes)"
    )
    return median <= MEDIAN and worst <= WORST


def main() -> int:
    """SQLite, or the server that is named."""
    with tempfile.TemporaryDirectory(prefix="faxgw-bench-") as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{Path(folder) / 'store.sqlite'}"
        db = open_database(url)
        migrate(db)
        names = ["command", *(f"t{number}" for number in range(max(THREADS)))]
        db.write(lambda session: [session.merge(TrunkRow(name=name)) for name in names])
        db.close()
        return 0 if all(map(functools.partial(measure, url), THREADS)) else 1


if __name__ == "__main__":
    sys.exit(main())
