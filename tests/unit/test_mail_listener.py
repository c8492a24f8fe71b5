"""What no dialogue can show: faults behind the door, clients that vanish, waits, and the end."""

import asyncio
import errno
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from gateway.domain.errors import RefusedError, SmtpReply, UnavailableError, UnreachableError
from gateway.mail.content_file import FileOpener, open_private
from gateway.mail.desk import Limits, ListenerSettings, Waits
from gateway.mail.listener import Listener
from tests.fakes import FakeClock, FakeDesk, started

MAIL = b"From: ann@corp.example\r\n\r\nhello\r\n"


@pytest.fixture
def settings(tmp_path: Path) -> ListenerSettings:
    return ListenerSettings("127.0.0.1", 0, "fax.example", frozenset({"fax.example"}), tmp_path / "incoming")


class Client:
    """A client that knows just enough SMTP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def line(self) -> str:
        async with asyncio.timeout(10):
            return (await self.reader.readline()).decode().strip()

    async def say(self, text: str) -> str:
        self.writer.write(f"{text}\r\n".encode())
        return await self.line()

    async def until_data(self) -> str:
        await self.line()
        for command in ("HELO c", "MAIL FROM:<ann@corp.example>", "RCPT TO:<+12025550123@fax.example>"):
            await self.say(command)
        return await self.say("DATA")

    async def mail(self, content: bytes = MAIL) -> str:
        await self.until_data()
        self.writer.write(content + b".\r\n")
        return await self.line()


@asynccontextmanager
async def listening(
    settings: ListenerSettings, desk: FakeDesk, opener: FileOpener = open_private
) -> AsyncIterator[Listener]:
    listener = Listener(settings, desk, FakeClock(), opener)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop(0)


@asynccontextmanager
async def connected(listener: Listener) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def reply_with(settings: ListenerSettings, desk: FakeDesk, opener: FileOpener = open_private) -> str:
    async with listening(settings, desk, opener) as listener, connected(listener) as client:
        return await client.mail()


async def test_the_envelope_says_who_where_and_when(settings: ListenerSettings) -> None:
    desk = FakeDesk()

    await reply_with(settings, desk)

    envelope = desk.envelopes[0]
    assert (envelope.mail_from, envelope.recipients) == ("ann@corp.example", ("+12025550123@fax.example",))
    assert (envelope.peer, envelope.helo, envelope.size) == ("127.0.0.1", "c", len(MAIL))
    assert envelope.received == FakeClock().now()
    assert desk.asked == [("+12025550123@fax.example", "ann@corp.example", "")]


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (RefusedError("not you", reply=SmtpReply(550, "5.7.1", "not you")), "550 5.7.1 not you"),
        (UnavailableError("the store is locked"), "451 4.3.1 the store is locked"),
        (RefusedError("zwei\r\nZeilen: ß"), "550 5.7.1 zwei??Zeilen: ?"),
        (OSError(errno.ENOSPC, "No space left on device"), "451 4.3.1 the mail cannot be stored now, try again later"),
        (ValueError("secret internals"), "451 4.3.0 a fault on our side, try again later"),
    ],
)
async def test_what_goes_wrong_at_the_desk_is_answered(
    settings: ListenerSettings, error: Exception, reply: str
) -> None:
    assert await reply_with(settings, FakeDesk(submit_error=error)) == reply
    assert list(settings.incoming.iterdir()) == []


async def test_a_disk_that_is_full_from_the_start_is_451(settings: ListenerSettings) -> None:
    def full(_path: Path) -> BinaryIO:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert (await reply_with(settings, FakeDesk(), full)).startswith("451 4.3.1")


class FillsUp:
    """A file on a disk with room for `room` octets."""

    def __init__(self, file: BinaryIO, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, octets: bytes) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._file.write(octets[: self._room])
        self._room -= written
        return written

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()


async def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(settings: ListenerSettings) -> None:
    desk = FakeDesk()

    def filling(path: Path) -> BinaryIO:
        return FillsUp(open_private(path), 300_000)  # type: ignore[return-value]  # as much of one as is used

    async with listening(settings, desk, filling) as listener, connected(listener) as client:
        reply = await client.mail(MAIL + b"x" * 1_000_000 + b"\r\n")
        again = await client.say("NOOP")

    assert reply.startswith("451 4.3.1")
    assert again.startswith("250")
    assert desk.envelopes == []
    assert list(settings.incoming.iterdir()) == []


async def test_a_large_mail_arrives_whole(settings: ListenerSettings) -> None:
    desk = FakeDesk()
    content = MAIL + b"\r\n.." * 700_000 + b"\r\n"

    async with listening(settings, desk) as listener, connected(listener) as client:
        assert (await client.mail(content)).startswith("250")

    assert desk.contents == [content.replace(b"\r\n..", b"\r\n.")]


async def test_a_client_that_leaves_while_we_store_does_not_undo_the_store(settings: ListenerSettings) -> None:
    desk = FakeDesk(hold=asyncio.Event())
    async with listening(settings, desk) as listener:
        async with connected(listener) as client:
            await client.until_data()
            client.writer.write(MAIL + b".\r\n")
            await desk.began.wait()
            client.writer.transport.abort()
        assert desk.hold is not None
        desk.hold.set()

        async with asyncio.timeout(10):
            await desk.ended.wait()

    assert desk.contents == [MAIL]


async def test_a_client_that_leaves_in_its_text_leaves_nothing(settings: ListenerSettings) -> None:
    desk = FakeDesk()
    async with listening(settings, desk) as listener, connected(listener) as client:
        await client.until_data()
        client.writer.write(MAIL + b"x" * 1_000_000)
        await client.writer.drain()

    assert desk.envelopes == []
    assert list(settings.incoming.iterdir()) == []


async def test_too_many_connections_are_turned_away(settings: ListenerSettings) -> None:
    few = replace(settings, limits=Limits(max_connections=1))

    async with listening(few, FakeDesk()) as listener, connected(listener) as first, connected(listener) as second:
        assert (await first.line()).startswith("220")
        assert (await second.line()).startswith("421 4.3.2")
        assert await second.line() == ""


async def test_one_address_may_not_take_all_connections(settings: ListenerSettings) -> None:
    few = replace(settings, limits=Limits(max_connections_per_address=1))

    async with listening(few, FakeDesk()) as listener:
        async with connected(listener) as first, connected(listener) as second:
            assert (await first.line()).startswith("220")
            assert (await second.line()).startswith("421 4.7.0")
            assert (await first.say("QUIT")).startswith("221")
            assert await first.line() == ""
        async with connected(listener) as third:
            assert (await third.line()).startswith("220")


async def test_a_silent_client_is_sent_away(settings: ListenerSettings) -> None:
    short = replace(settings, waits=Waits(command=0.05))

    async with listening(short, FakeDesk()) as listener, connected(listener) as client:
        assert (await client.line()).startswith("220")
        assert (await client.line()).startswith("421 4.4.2")
        assert await client.line() == ""


@pytest.mark.parametrize("waits", [Waits(window=0.05), Waits(data=0.05)], ids=["window", "all"])
async def test_a_text_that_stalls_is_given_up(settings: ListenerSettings, waits: Waits) -> None:
    async with listening(replace(settings, waits=waits), FakeDesk()) as listener, connected(listener) as client:
        assert (await client.until_data()).startswith("354")
        client.writer.write(MAIL)

        assert (await client.line()).startswith("421 4.4.2")
        assert await client.line() == ""


async def test_stopping_says_goodbye_to_those_who_wait(settings: ListenerSettings) -> None:
    listener = Listener(settings, FakeDesk(), FakeClock())
    await listener.start()
    port = listener.port
    async with connected(listener) as client:
        await client.line()

        await listener.stop(10)

        assert (await client.line()).startswith("421 4.3.2")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_stopping_waits_for_a_mail_that_is_being_stored(settings: ListenerSettings) -> None:
    desk = FakeDesk(hold=asyncio.Event())
    listener = Listener(settings, desk, FakeClock())
    await listener.start()
    async with connected(listener) as client:
        answer = started(client.mail())
        await desk.began.wait()
        stopping = started(listener.stop(10))
        assert desk.hold is not None
        desk.hold.set()

        await stopping

        assert (await answer).startswith("250 2.0.0")


async def test_a_port_that_is_taken_is_named(settings: ListenerSettings) -> None:
    async with listening(settings, FakeDesk()) as listener:
        second = Listener(replace(settings, port=listener.port), FakeDesk(), FakeClock())

        with pytest.raises(UnreachableError, match=str(listener.port)):
            await second.start()


async def test_what_a_crash_left_half_received_is_removed(settings: ListenerSettings) -> None:
    (settings.incoming / "of-the-dead").mkdir(parents=True)
    (settings.incoming / "of-the-dead" / "half.eml").write_bytes(b"From: ")

    async with listening(settings, FakeDesk()):
        assert list(settings.incoming.rglob("*.eml")) == []


async def test_logs_name_events_and_no_addresses(settings: ListenerSettings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    await reply_with(settings, FakeDesk(submit_error=ValueError("x")))

    events = [record.message for record in caplog.records if record.name.startswith("gateway")]
    assert "smtp.fault" in events
    assert "smtp.mail" in events
    assert not any("ann@" in record.getMessage() or "2025550123" in str(record.__dict__) for record in caplog.records)
