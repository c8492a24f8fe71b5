"""Troubles behind the front door, with the real desk: the sender keeps the mail, and nobody else waits."""

import asyncio
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlmodel import Session

from gateway.domain.job import JobState
from gateway.mail.listener import Listener
from gateway.parts import build_listener
from gateway.sections import Dns, Settings, Smtp, Storage
from gateway.store import jobs, tree
from gateway.store.database import Database, open_database
from tests.dns_server import DnsServer, Manner
from tests.fakes import FakeClock, started
from tests.filled_store import NOW, anna, opened
from tests.flows.letters import ANNA

pytestmark = pytest.mark.slow  # seconds, together

NUMBER = "+12025550101@fax.example"
LARGE = "\r\n".join(["x" * 70] * 10_000)  # such a mail has a file of its own
LONGEST = 1.0  # seconds that another client may wait, on a machine that has much to do


@dataclass
class Door:
    """A listener with its real desk."""

    listener: Listener
    db: Database
    rings: list[str] = field(default_factory=list)

    async def deliver(self, body: str = "hello") -> str:
        """Send Anna's mail; the reply that ended it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listener.port)
        text = f"From: {ANNA}\r\nMessage-ID: <1@acme.example>\r\nSubject: x\r\n\r\n{body}\r\n."
        reply = await line(reader)
        for command in ("HELO c", f"MAIL FROM:<{ANNA}>", f"RCPT TO:<{NUMBER}>", "DATA", text):
            writer.write(f"{command}\r\n".encode())
            reply = await line(reader)
            if reply[0] in "45":
                break
        writer.close()
        return reply

    async def deliver_watched(self, body: str = "hello") -> tuple[str, float]:
        """The same, and how long another client waited meanwhile for one answer."""
        busy, longest = started(self.deliver(body)), 0.0
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listener.port)
        await line(reader)
        while not busy.done():
            began = time.monotonic()
            writer.write(b"HELO c\r\n")
            await line(reader)
            longest = max(longest, time.monotonic() - began)
            await asyncio.wait({busy}, timeout=0.2)
        writer.close()
        return await busy, longest

    def taken(self) -> int:
        return jobs.unfinished(self.db).get(JobState.ACCEPTED, 0)


async def line(reader: asyncio.StreamReader) -> str:
    async with asyncio.timeout(60):
        return (await reader.readline()).decode()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A store of its own with Anna in it; loopback is a trusted relay."""
    with opened(tmp_path) as db:
        anna(db)
        url = db.url.render_as_string(hide_password=False)
        yield Settings(storage=Storage(url, tmp_path), smtp=Smtp(port=0, domains=("fax.example",)))


@asynccontextmanager
async def door_of(settings: Settings) -> AsyncIterator[Door]:
    db = open_database(settings.storage.database_url)
    rings: list[str] = []
    listener = build_listener(settings, db, FakeClock(NOW), lambda: rings.append("ring"))
    await listener.start()
    try:
        yield Door(listener, db, rings)
    finally:
        await listener.stop(5)
        db.close()


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    """Somebody writes, and does not come to an end."""
    other, begun, over = open_database(url), threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        session.connection()  # only now the lock is taken
        begun.set()
        over.wait(60)

    writing = started(asyncio.to_thread(other.write, hold))
    await asyncio.to_thread(begun.wait, 60)
    try:
        yield
    finally:
        over.set()
        await writing
        other.close()


async def test_a_database_that_is_locked_puts_the_mail_off(settings: Settings) -> None:
    if not settings.storage.database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL locks rows")
    hasty = replace(settings, storage=replace(settings.storage, url=f"{settings.storage.url}?timeout=0.5"))
    async with door_of(hasty) as door:
        async with locked(settings.storage.url):
            reply, longest = await door.deliver_watched()

        assert reply.startswith("451 4.3.1")
        assert longest < LONGEST
        assert (await door.deliver()).startswith("250")
        assert (door.taken(), len(door.rings)) == (1, 1)


@pytest.mark.parametrize("manner", [Manner.SILENT, Manner.SERVFAIL])
async def test_a_name_server_that_does_not_help_puts_the_mail_off(settings: Settings, manner: Manner) -> None:
    with DnsServer({}) as dns:
        dns.behave(manner)
        asking = replace(settings, smtp=replace(settings.smtp, trusted_relays=()), dns=Dns((dns.address,), timeout=0.5))
        async with door_of(asking) as door:
            tree.set_setting(door.db, "Acme", "fax.sender_proof", "spf")
            reply, longest = await door.deliver_watched()

            assert reply.startswith("451 4.")
            assert longest < LONGEST
            assert door.taken() == 0


async def test_a_disk_that_is_full_puts_the_mail_off(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_file: object) -> None:
        raise OSError(28, "No space left on device")

    async with door_of(settings) as door:
        with monkeypatch.context() as full:
            full.setattr("os.fsync", no_room)
            reply, longest = await door.deliver_watched(LARGE)

        assert reply.startswith("451 4.3.1")
        assert longest < LONGEST
        assert list((settings.storage.folder / "spool" / "arriving").rglob("*.eml")) == []
        assert (await door.deliver(LARGE)).startswith("250")
        assert door.taken() == 1


async def test_a_folder_that_is_gone_puts_the_mail_off(settings: Settings) -> None:
    async with door_of(settings) as door:
        shutil.rmtree(settings.storage.folder / "spool" / "arriving")

        assert (await door.deliver(LARGE)).startswith("451 4.3.1")
        assert door.taken() == 0


async def test_the_same_mail_at_the_same_time_from_many_is_one_fax(settings: Settings) -> None:
    async with door_of(settings) as door:
        replies = await asyncio.gather(*(door.deliver() for _ in range(8)))

        assert all(reply.startswith("250") for reply in replies)
        assert len({reply.split()[-1] for reply in replies}) == 1
        assert door.taken() == 1
