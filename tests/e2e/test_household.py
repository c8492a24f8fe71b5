"""A daemon in two equal processes: one killed and one frozen under way, figures added up, ended in order."""

import asyncio
import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import select

from gateway.domain.errors import ExitCode
from gateway.domain.job import JobState
from gateway.store import jobs
from gateway.store.database import open_database
from gateway.store.fax_tables import JobRow
from samples.demo import DOMAIN, Demo, free_port
from tests.fakes import SinkRelay
from tests.flows.daemons import AMELIA, demo_with_people
from tests.processes import descendants, lives

pytestmark = pytest.mark.slow
TOP = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds, on a busy machine
LEASE = 3  # seconds
FAXES = 6  # more than the lines, each time


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what other processes do rings no bell here
            await asyncio.sleep(0.2)  # each look costs a processor's time that they need


def serving(parent: int) -> list[int]:
    """The equal processes, in the order of their beginnings."""
    found = []
    for pid in descendants(parent):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"gateway.serving" in words:
            found.append(pid)
    return sorted(found)


def own_processors() -> list[set[int]]:
    """Where two processes run that keep to a processor each, where there are two."""
    ours = sorted(os.sched_getaffinity(0))
    return [{ours[0]}, {ours[1]}] if len(ours) > 1 else [set(ours)] * 2


@dataclass
class House:
    """A daemon in two processes, its folder, and the relay."""

    demo: Demo
    http: int
    sink: SinkRelay
    running: subprocess.Popen[bytes]
    sent: int = 0

    async def send(self, count: int) -> None:
        """Mails to a number of its own each, tried again until they are taken, as a mail server does."""
        for _ in range(count):
            self.sent += 1
            async with asyncio.timeout(PATIENCE):
                while not await asyncio.to_thread(self._send, f"+1202555{300 + self.sent:04}"):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)

    def _send(self, number: str) -> bool:
        text = f"From: {AMELIA}\r\nSubject: Offer\r\nMessage-ID: <{number}@acme.example>\r\n\r\nDear all,\r\n"
        try:
            with smtplib.SMTP("127.0.0.1", self.demo.port, timeout=2) as client:
                return client.sendmail(AMELIA, [f"{number}@{DOMAIN}"], text) == {}
        except OSError:  # one that was killed or is frozen had the connection
            return False

    def states(self) -> list[JobState]:
        db = open_database(f"sqlite:///{self.demo.folder / 'store' / 'faxgw.sqlite'}")
        try:
            return sorted(job.state for job in jobs.listing(db))
        finally:
            db.close()

    def callers(self) -> set[int]:
        """The nodes that have a call."""
        db = open_database(f"sqlite:///{self.demo.folder / 'store' / 'faxgw.sqlite'}")
        try:
            owners = db.read(lambda session: session.exec(select(JobRow.owner)).all())
            return {owner for owner in owners if owner is not None}
        finally:
            db.close()

    async def nodes(self) -> dict[int, int]:
        """The processes on this store as `faxgw nodes list` tells them: which node is which process."""
        listed = json.loads(await asyncio.to_thread(self.demo.faxgw, "nodes", "list", "-o", "json"))
        return {int(row["pid"]): int(row["node"]) for row in listed}

    async def asked(self, page: str) -> str:
        def ask() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{page}", timeout=30) as answer:
                return str(answer.read().decode())

        return await asyncio.to_thread(ask)

    async def figures(self) -> dict[tuple[str, ...], float]:
        families = text_string_to_metric_families(await self.asked("/metrics"))
        return {(one.name, *sorted(one.labels.values())): one.value for family in families for one in family.samples}

    def log(self) -> list[dict[str, Any]]:
        lines = (self.demo.folder / "daemon.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.log() if line["event"] == name]

    def complete(self) -> Counter[str]:
        """How often each number confirmed the last page of a fax."""
        path = self.demo.folder / "store" / "simulator" / "log.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(str(page["number"]) for page in map(json.loads, lines) if page["last"])


@asynccontextmanager
async def house(folder: Path, speed: int, *, lines: int = 4, smtp: str = "", notify: str = "") -> AsyncIterator[House]:
    demo, http = demo_with_people(folder / "gateway"), free_port()
    queue = f"[queue]\nprocesses = 2\nlease_seconds = {LEASE}\n"
    text = demo.config.read_text().replace("[queue]\n", queue)
    async with SinkRelay() as sink:
        text = text.replace(f"port = {demo.relay_port}", f"port = {sink.port}")
        extra = f"[simulator]\nspeed = {speed}\n[calling]\nlines = {lines}\n[http]\nport = {http}\n"
        text = text.replace("[smtp]\n", f"[smtp]\n{smtp}")
        demo.config.write_text(f"{text}{extra}")
        command = [sys.executable, "-m", "gateway", "--config", str(demo.config), "serve"]
        environment = os.environ | ({"NOTIFY_SOCKET": notify} if notify else {})
        with (demo.folder / "daemon.log").open("ab") as log:
            running = subprocess.Popen(command, cwd=TOP, stderr=log, env=environment)  # noqa: ASYNC220 - as all tests have daemons
        made = House(demo, http, sink, running)
        try:
            await until(lambda: bool(made.events("processes-ready")) or running.poll() is not None)
            yield made
        finally:
            running.kill()
            await asyncio.to_thread(running.wait)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The end of the socket that a daemon talks to."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(PATIENCE)
        yield ear


async def kill_one_and_freeze_the_other(here: House) -> None:
    """While faxes go on; both are there again at the end."""
    first, second = serving(here.running.pid)
    await here.send(FAXES)
    await until(lambda: bool(here.complete()))
    os.kill(first, signal.SIGKILL)
    await here.send(FAXES)
    await until(lambda: bool(here.events("process-lost")) and len(serving(here.running.pid)) == 2)
    await until(lambda: len(here.events("started")) == 3)
    os.kill(second, signal.SIGSTOP)
    await here.send(FAXES)
    await until(lambda: len(here.events("process-lost")) == 2)
    await until(lambda: len(here.events("started")) == 4)  # it was killed: clients would have waited at its door


async def test_with_one_process_killed_and_one_frozen_every_fax_ends_once(tmp_path: Path) -> None:
    async with house(tmp_path, speed=30) as here:
        before = await here.nodes()
        assert sorted(before) == serving(here.running.pid)
        assert [os.sched_getaffinity(pid) for pid in sorted(before)] == own_processors()
        await kill_one_and_freeze_the_other(here)
        await here.sink.wait_for(2 * here.sent, PATIENCE)
        after, ready = await here.nodes(), json.loads(await here.asked("/readyz"))
        states = here.states()
        here.running.terminate()
        assert await asyncio.to_thread(here.running.wait, PATIENCE) == 0
        left = await here.nodes()

    assert sorted(after) != sorted(before)
    assert not set(after.values()) & set(before.values())
    assert (ready["ready"], len(after), left) == (True, 2, {})
    assert states == [JobState.SENT] * here.sent == [JobState.SENT] * 3 * FAXES
    assert set(here.complete().values()) == {1}
    told = Counter(str(mail.message["Message-ID"]) for mail in here.sink.mails)
    assert len(told) == 2 * here.sent
    assert [death["detail"] for death in here.events("process-died")] == ["killed by signal 9"] * 2


async def test_figures_are_of_both_and_a_stop_lets_calls_end(tmp_path: Path, systemd: socket.socket) -> None:
    async with house(tmp_path, speed=30, lines=1, notify=systemd.getsockname()) as here:
        assert here.running.poll() is None
        assert systemd.recv(1000).startswith(b"READY=1\n")
        assert len(here.events("started")) == 2
        await here.send(FAXES)
        await here.sink.wait_for(FAXES + 1, PATIENCE)
        found: dict[tuple[str, ...], float] = {}
        async with asyncio.timeout(PATIENCE):
            while found.get(("faxgw_renders_total", "done"), 0) < FAXES:
                await asyncio.sleep(0.2)
                found = await here.figures()
        assert json.loads(await here.asked("/healthz")) == {"healthy": True, "troubles": []}
        await until(lambda: JobState.CALLING in here.states())
        here.running.terminate()
        assert await asyncio.to_thread(here.running.wait, PATIENCE) == 0
        assert systemd.recv(1000).startswith(b"STOPPING=1\n")
        systemd.setblocking(False)
        with pytest.raises(BlockingIOError):  # the others do not speak with it
            systemd.recv(1000)

    assert found["faxgw_mails_taken_total", "accepted"] == found["faxgw_jobs_accepted_total",] == FAXES
    assert (found["faxgw_processes",], found["faxgw_trunk_lines", "simulator"]) == (2, 1)
    assert found["faxgw_lease_left_seconds",] > 0
    assert JobState.CALLING not in here.states()
    assert JobState.READY in here.states()
    assert len(here.events("stopped")) == 2
    assert here.events("hurried") == here.events("process-died") == []


async def test_a_second_signal_hangs_up_in_all_of_them(tmp_path: Path) -> None:
    async with house(tmp_path, speed=2) as here:
        await here.send(4)
        await until(lambda: here.states().count(JobState.CALLING) == 4)
        calling = here.callers()
        for _ in range(2):
            here.running.terminate()
            await asyncio.sleep(0.3)
        assert await asyncio.to_thread(here.running.wait, 60) == 0

    assert here.states() == [JobState.READY] * 4
    assert calling <= {event["owner"] for event in here.events("hurried")}  # one without a call may be over already


async def test_they_end_with_a_daemon_that_was_killed_and_the_next_begins_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, speed=30) as here:
        orphans = serving(here.running.pid)
        here.running.kill()
        here.running.wait()
        with here.demo.daemon() as running:
            await until(lambda: not any(lives(pid) for pid in orphans))
            await until(lambda: len(here.events("processes-ready")) == 2)
            await here.send(1)
            assert running.poll() is None
            await here.sink.wait_for(2, PATIENCE)

    assert len(orphans) == 2
    assert here.states() == [JobState.SENT]


async def test_a_daemon_whose_processes_cannot_begin_ends_with_their_status(tmp_path: Path) -> None:
    tls = 'tls_certificate = "../cert.pem"\ntls_key = "../key.pem"\n'
    for name in ("key.pem", "cert.pem"):
        (tmp_path / name).write_text("no such thing")
    async with house(tmp_path, speed=30, smtp=tls) as here:
        assert await asyncio.to_thread(here.running.wait, PATIENCE) == ExitCode.USAGE
        pids = serving(here.running.pid)

    assert (pids, here.events("processes-ready")) == ([], [])
