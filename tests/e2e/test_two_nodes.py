"""The worked example of config/README.md: two nodes on PostgreSQL and a bucket, one killed and one frozen under way.

Run as it is written there, but for addresses, folders, and times: a lease is short, and calls go faster.
"""

import asyncio
import json
import os
import re
import signal
import smtplib
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from samples.demo import free_port
from tests import postgresql
from tests.balancer import Balancer
from tests.buckets import KEY_ID, SECRET, object_store
from tests.fakes import SinkRelay

pytestmark = pytest.mark.slow
GUIDE = Path(__file__).parents[2] / "config" / "README.md"
SENDER = "anna@acme.example"
PATIENCE = 90.0  # seconds, on a busy machine
LEASE = 4  # seconds
FAXES = 5  # more than the lines of one node, each time
MORE_AFTER = 5.0  # seconds


def block(language: str) -> str:
    """The guide's one block in a language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    return str(found)


def with_changes(text: str, changes: dict[str, str]) -> str:
    """The text with each of these put in place of what the guide has, which it must have."""
    for written, put in changes.items():
        assert written in text, f"the guide does not say {written}"
        text = text.replace(written, put)
    return text


@dataclass
class Node:
    """One of the machines: a folder and a settings file of its own, and its daemon."""

    name: str
    folder: Path
    port: int
    running: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        return self.folder / "faxgw.toml"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "gateway", "--config", str(self.config), *words]

    async def faxgw(self, *words: str) -> str:
        """Run a command to its end; its standard output."""
        made = await asyncio.create_subprocess_exec(*self.command(*words), stdout=-1, stderr=-1)
        out, err = await made.communicate()
        assert made.returncode == 0, err.decode()
        return out.decode()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.running = subprocess.Popen(self.command("serve"), stderr=log, start_new_session=True)

    def is_up(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, (self.folder / "log").read_text()
        return "started" in self.events()

    def signal(self, number: signal.Signals) -> None:
        """To the daemon and all that it has started, as a machine dies or is frozen whole."""
        assert self.running is not None
        os.killpg(self.running.pid, number)

    def end(self) -> None:
        """As the power goes."""
        if self.running is not None:
            self.signal(signal.SIGKILL)
            self.running.wait()
            self.running = None

    def log(self) -> list[dict[str, Any]]:
        lines = (self.folder / "log").read_text().splitlines() if (self.folder / "log").exists() else []
        return [json.loads(line) for line in lines if line.startswith("{")]

    def events(self) -> list[str]:
        return [str(line["event"]) for line in self.log()]

    def pages_heard(self) -> list[dict[str, Any]]:
        """What far ends called from here confirmed."""
        return self._kept("log.jsonl")

    def dials(self) -> int:
        """How many calls were begun from here."""
        return len(self._kept("dials.jsonl"))

    def _kept(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / "store" / "simulator" / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@dataclass
class Site:
    """Both machines, and what stands round them."""

    nodes: tuple[Node, Node]
    sink: SinkRelay
    front: Balancer
    sent: int = 0

    async def send(self, count: int) -> None:
        """Mails through the balancer, each to a number of its own; all are taken."""
        for _ in range(count):
            self.sent += 1
            await asyncio.to_thread(self._send, f"+1202555{300 + self.sent:04}")

    def _send(self, number: str) -> None:
        text = f"From: {SENDER}\r\nSubject: Offer\r\nMessage-ID: <{number}@acme.example>\r\n\r\nDear all,\r\n"
        with smtplib.SMTP("127.0.0.1", self.front.port, timeout=60) as client:
            assert client.sendmail(SENDER, [f"{number}@fax.example.com"], text) == {}

    async def jobs(self) -> list[dict[str, Any]]:
        return list(json.loads(await self.nodes[0].faxgw("outbound", "list", "--limit", "1000", "-o", "json")))

    async def processes(self) -> list[dict[str, Any]]:
        return list(json.loads(await self.nodes[0].faxgw("nodes", "list", "-o", "json")))


async def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what other processes write rings no bell here
            await asyncio.sleep(0.05)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Where the guide's places are in this test."""
    credentials = tmp_path / "credentials"
    written = with_changes(block("ini"), {"= FAXGW": f"= {KEY_ID}", "= SECRET": f"= {SECRET}"})
    credentials.write_text(written, encoding="utf-8")
    url = postgresql.postgresql_url()
    with object_store() as store:
        yield {
            "postgresql+psycopg://faxgw@db.example.com/faxgw": url,
            "https://s3.example.com": store.endpoint,
            "/etc/faxgw/bucket-credentials": str(credentials),
            "10.0.0.5/32": "127.0.0.1/32",
            '"0.0.0.0"': '"127.0.0.1"',
            "speed = 1.0 ": "speed = 20.0 ",
            "lease_seconds = 30": f"lease_seconds = {LEASE}\n[http]\nport = 0",
        }
    postgresql.server().drop(url)


def made_node(name: str, folder: Path, places: dict[str, str], relay: int) -> Node:
    node = Node(name, folder / name, free_port())
    node.folder.mkdir()
    own = {
        "/var/lib/faxgw": str(node.folder / "store"),
        "\nport = 25\nhostname": f"\nport = {node.port}\nhostname",
        'host = "mail.example.com"\nport = 25': f'host = "127.0.0.1"\nport = {relay}',
    }
    node.config.write_text(with_changes(block("toml"), places | own), encoding="utf-8")
    return node


@asynccontextmanager
async def site(folder: Path, places: dict[str, str]) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(SinkRelay())
        first, second = (made_node(name, folder, places, sink.port) for name in ("fax-a", "fax-b"))
        front = await stack.enter_async_context(Balancer([first.port, second.port]))
        for node in (first, second):
            stack.callback(node.end)
        await first.faxgw("company", "add", "Acme")
        await first.faxgw("user", "add", "Acme", "Anna", "Smith", "--sending", SENDER)
        yield Site((first, second), sink, front)


def complete(heard: list[dict[str, Any]]) -> Counter[str]:
    """How often each number confirmed the last page of a fax."""
    return Counter(str(page["number"]) for page in heard if page["last"])


async def faxes_until(here: Site, true: Callable[[], bool]) -> None:
    """Faxes, and more of them as long as it is not true: which node calls is not for us to say."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await here.send(FAXES)
            with suppress(TimeoutError):
                await until(true, MORE_AFTER)


async def kill_one_and_freeze_the_other(here: Site) -> None:
    """While faxes go on; both are back at the end."""
    first, second = here.nodes
    await faxes_until(here, lambda: bool(first.pages_heard()))
    first.end()
    await here.send(FAXES)
    await until(lambda: "process-lost" in second.events())
    first.start()
    await until(lambda: first.events().count("started") == 2)
    dialled = second.dials()
    await faxes_until(here, lambda: second.dials() > dialled)
    second.signal(signal.SIGSTOP)
    await here.send(FAXES)
    await until(lambda: "process-lost" in first.events())
    second.signal(signal.SIGCONT)
    await until(lambda: second.events().count("started") == 2)


async def test_with_one_node_killed_and_one_frozen_every_fax_ends_once(tmp_path: Path, places: dict[str, str]) -> None:
    async with site(tmp_path, places) as here:
        for node in here.nodes:
            node.start()
            await until(node.is_up)
        before = await here.processes()
        await kill_one_and_freeze_the_other(here)
        await here.sink.wait_for(2 * here.sent, PATIENCE)
        jobs, after = await here.jobs(), await here.processes()

    assert [process["roles"] for process in before] == [["smtp", "prepare", "lines", "mail", "inbound"]] * 2
    assert len(after) == 2
    assert not {process["node"] for process in before} & {process["node"] for process in after}
    assert "lease-lost" in here.nodes[1].events()
    check_faxes(here, jobs)


def check_faxes(here: Site, jobs: list[dict[str, Any]]) -> None:
    """Each fax has ended, no far end has confirmed one twice, and each was told of once, by its Message-ID."""
    assert len(jobs) == here.sent >= 4 * FAXES
    assert {job["outcome"] for job in jobs} <= {"Success", "Unconfirmed"}
    heard = complete([page for node in here.nodes for page in node.pages_heard()])
    assert max(heard.values()) == 1
    assert {job["destination"] for job in jobs if job["outcome"] == "Success"} <= set(heard)
    told = Counter(str(mail.message["Message-ID"]) for mail in here.sink.mails)
    assert len(told) == 2 * len(jobs)
