"""The queue from end to end: python -m tests.bench.bench_queue [--jobs N] [--postgresql | --both] [--profile FILE].

Mails over SMTP become faxes on sixty lines of the simulator and two notices each, which a relay takes; the clock runs
after the notice of the last delivery. Three runs on each store: with 20 ms of rendering, with the pages there already,
and idle, one mail after another. While the queue is full, jobs are cancelled as `faxgw outbound cancel` does it, from
another process; the start of Python is left out.

Beside jobs a second stands how many plain commits a second the same store took in the same minute, for disks and
machines differ; processor milliseconds of a job are the daemon's with all its processes.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import Session

from gateway.domain.call import Coding
from gateway.fax.t4.codec import encode
from gateway.keeper import REPORT_SECONDS
from gateway.store import tree
from gateway.store.database import open_database
from gateway.store.migrate import open_store
from gateway.store.process_tables import WorksForRow
from gateway.store.tree import NewUser
from renderers.faxpage import FaxPage, write_tiff
from samples.demo import free_port
from tests import postgresql
from tests.bench.queue_cancels import cancel_newest
from tests.bench.queue_load import SENDERS, Client, Sink, send_all
from tests.fax_calls import text_bitmap
from tests.processes import processor_seconds

TOP = Path(__file__).parents[2]
DOMAIN = "fax.bench.example"
RENDER_MS = 20.0
# A clock that leaps waits a moment for each end of a call, so it sets the pace itself; at this speed a call of a page
# takes a fifth of a second, and so many lines are no bottleneck.
LINES, SPEED = 60, 300
RENDERERS = 6  # some of them wait for the disk
WANTED = {"rendering": 60, "pages there": 300}  # jobs a second
MOST_COMMITS = {"sqlite": 5.0, "postgresql": 2.0}  # for one job
LATENCY_MS, CANCEL_MS, WORST_CANCEL_MS = 60, 50, 500
PATIENCE = 600.0  # seconds for one run
CANCEL_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Place:
    """One daemon's folder and ports, and its store."""

    folder: Path
    engine: str
    url: str
    smtp: int
    relay: int
    http: int

    @property
    def page(self) -> Path:
        """The page that every mail becomes."""
        return self.folder / "page.tif"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.folder / "faxgw.toml"


def new_place(folder: Path, engine: str, processes: int = 1) -> Place:
    """An empty store with ten users, and a page, for a daemon in so many processes."""
    store = folder / "store"
    url = postgresql.postgresql_url() if engine == "postgresql" else f"sqlite:///{store / 'faxgw.sqlite'}"
    place = Place(folder, engine, url, free_port(), free_port(), free_port())
    db = open_store(url, store)
    tree.add_company(db, "Acme")
    tree.set_setting(db, "Acme", "notify.delay_minutes", "0")  # a clock so fast makes every fax late
    for number, sender in enumerate(SENDERS):
        tree.add_user(db, NewUser("Acme", "User", str(number), (sender,), user_name=f"user{number}"))
    db.close()
    place.settings.write_text(
        f'[storage]\nfolder = "{store}"\nurl = "{url}"\n[smtp]\nport = {place.smtp}\ndomains = ["{DOMAIN}"]\n'
        f"[relay]\nport = {place.relay}\n[http]\nport = {place.http}\n[rendering]\nworkers = {RENDERERS}\n"
        f"[calling]\nlines = {LINES}\n[simulator]\nspeed = {SPEED}\n[queue]\nprocesses = {processes}\n"
    )
    write_tiff(place.page, [page()])
    return place


def page() -> FaxPage:
    """A fine page that is half full of print: what a letter comes to."""
    bitmap = text_bitmap(rows=1100)
    return FaxPage(bitmap.shape.width, bitmap.shape.rows, bitmap.shape.resolution, encode(bitmap, Coding.MMR).strip)


@contextmanager
def daemon(place: Place, *options: str) -> Iterator[int]:
    """The daemon; its first process."""
    words = [sys.executable, "-m", "tests.bench.queue_daemon", str(place.settings), str(place.page), *options]
    with (place.folder / "log").open("ab") as log:
        running = subprocess.Popen(words, cwd=TOP, stdout=subprocess.PIPE, stderr=log, env=os.environ | _path())
    try:
        assert running.stdout is not None
        assert running.stdout.readline(), (place.folder / "log").read_text()
        yield running.pid
    finally:
        running.terminate()
        running.wait()


def _path() -> dict[str, str]:
    return {"PYTHONPATH": str(TOP)}  # for the confined process, which starts in a folder of its own


@dataclass(frozen=True, slots=True)
class Throughput:
    """Jobs a second, processor milliseconds and commits of a job, works of a commit, and seconds of each cancel."""

    rate: float
    cpu: float
    commits: float
    works: float
    cancels: tuple[float, ...] = ()


def numbers(first: int, count: int) -> list[str]:
    """Numbers that answer and take faxes."""
    return [f"+1202{456 + number // 10_000}{number % 10_000:04}" for number in range(first, first + count)]


async def throughput(place: Place, jobs: int, options: Sequence[str], cancels: int) -> Throughput:
    """So many mails at once, until the last notice."""
    sink = Sink()
    await sink.start(place.relay)
    with daemon(place, *options) as pid:
        await send_all(place.smtp, DOMAIN, numbers(0, 20), 4)  # statements are compiled, renderers warm
        await sink.wait_for(40, PATIENCE)
        await asyncio.sleep(2 * REPORT_SECONDS)
        before, used, start = figures(place), processor_seconds(pid), time.monotonic()
        sending = asyncio.create_task(send_all(place.smtp, DOMAIN, numbers(20, jobs), 10))
        waits = await _cancelled(place, cancels) if cancels else ()
        await sending
        await sink.wait_for(40 + 2 * jobs, PATIENCE)
        seconds, used = sink.last - start, processor_seconds(pid) - used
        await asyncio.sleep(2 * REPORT_SECONDS)  # until processes have told what they counted
        after = figures(place)
    await sink.stop()
    commits = after["faxgw_commit_works_count"] - before["faxgw_commit_works_count"]
    works = after["faxgw_commit_works_sum"] - before["faxgw_commit_works_sum"]
    return Throughput(jobs / seconds, 1000 * used / jobs, commits / jobs, works / commits, waits)


def figures(place: Place) -> dict[str, float]:
    """What the daemon tells Prometheus, without labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{place.http}/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {one.name: one.value for family in families for one in family.samples if not one.labels}


async def latency(place: Place, mails: int) -> list[float]:
    """Milliseconds from each 250 to the dial, one mail after another."""
    sink, dials = Sink(), place.folder / "dials"
    await sink.start(place.relay)
    taken = {}
    with daemon(place, "--dials", str(dials)):
        client = Client(place.smtp, DOMAIN)
        await client.open()
        for place_no, number in enumerate(numbers(0, mails + 5)):
            taken[number] = await client.send(number, SENDERS[place_no % len(SENDERS)])
            await sink.wait_for(2 * (place_no + 1), PATIENCE)
            await asyncio.sleep(0.05)  # idle means idle
        await client.close()
    await sink.stop()
    dialled = dict(line.split() for line in dials.read_text().splitlines())
    return [1000 * (float(dialled[number]) - at) for number, at in list(taken.items())[5:]]


async def _cancelled(place: Place, wanted: int) -> tuple[float, ...]:
    """Seconds that each of so many cancels took, in another process, while mails come in and faxes go out."""
    with ProcessPoolExecutor(1) as other:
        return await asyncio.get_running_loop().run_in_executor(
            other, cancel_newest, place.settings, wanted, CANCEL_SECONDS
        )


def plain_commits(place: Place, seconds: float = 2.0) -> float:
    """One row and its commit after another, on the same store by the same engine: how many a second."""
    db = open_database(place.url)
    count, start = 0, time.monotonic()

    def work(session: Session) -> None:
        session.add(WorksForRow(revision=f"bench {start}", older=str(count)))

    while time.monotonic() < start + seconds:
        db.write(work)
        count += 1
    rate = count / (time.monotonic() - start)
    db.close()
    return rate


def say(line: str) -> None:
    """To whoever measures."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def measure(engine: str, asked: argparse.Namespace) -> bool:
    """All runs on one store; whether every figure is as wanted."""
    well = True
    say(f"{engine}, {asked.processes} processes of {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for name, options in (("rendering", ["--render", str(RENDER_MS)]), ("pages there", [])):
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            place = new_place(Path(folder), engine, asked.processes)
            plain = plain_commits(place)
            more = ["--profile", asked.profile] if asked.profile else []
            run = asyncio.run(throughput(place, asked.jobs, [*options, *more], asked.cancels))
        well &= _told_run(name, engine, run, plain)
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        waits = asyncio.run(latency(new_place(Path(folder), engine, asked.processes), asked.mails))
    middle = statistics.median(waits)
    say(f"  idle: 250 to dialling {middle:.0f} ms, at most {max(waits):.0f} (wanted: {LATENCY_MS})")
    return well and middle <= LATENCY_MS


def _told_run(name: str, engine: str, run: Throughput, plain: float) -> bool:
    wanted, most = WANTED[name], MOST_COMMITS[engine]
    say(f"  {name}: {run.rate:.1f} jobs/s (wanted: {wanted}), {run.rate / plain:.3f} of {plain:.0f} plain commits/s")
    commits = f"{run.commits:.1f} commits a job (at most {most:.0f}) of {run.works:.1f} works"
    say(f"    {run.cpu:.1f} ms CPU a job, {commits}")
    well = run.rate >= wanted and run.commits <= most
    if run.cancels:
        middle, worst = 1000 * statistics.median(run.cancels), 1000 * max(run.cancels)
        say(f"  cancels meanwhile: {middle:.0f} ms, at most {worst:.0f} (wanted: {CANCEL_MS}, {WORST_CANCEL_MS})")
        well &= middle <= CANCEL_MS and worst <= WORST_CANCEL_MS
    return well


def main() -> None:
    """Print the figures; exit 1 when one is not as wanted."""
    parser = argparse.ArgumentParser(description="The queue from end to end.")
    parser.add_argument("--jobs", type=int, default=600)
    parser.add_argument("--mails", type=int, default=40, help="of the idle run")
    parser.add_argument("--processes", type=int, default=1, help="of the daemon")
    parser.add_argument("--cancels", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; by default that of temporary files")
    parser.add_argument("--profile", default="")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--postgresql", action="store_true")
    which.add_argument("--both", action="store_true")
    asked = parser.parse_args()
    engines = ["sqlite", "postgresql"] if asked.both else ["postgresql" if asked.postgresql else "sqlite"]
    found = [measure(engine, asked) for engine in engines]
    sys.exit(not all(found))


if __name__ == "__main__":
    main()
