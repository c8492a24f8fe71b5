"""What no dialogue can show: faults behind the door, clients that vanish, waits, and the end."""

import asyncio
import contextlib
import errno
import logging
import resource
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import BinaryIO

import pytest
import trustme

from gateway.domain.errors import RefusedError, SmtpReply, UnavailableError, UnreachableError
from gateway.domain.submission import Refusal
from gateway.mail.content_file import FileOpener, open_private
from gateway.mail.desk import Doorway, Limits, ListenerSettings, Sharing, Waits
from gateway.mail.listener import Listener
from gateway.mail.smtp_mailing import MOST_NOTES
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
        (UnavailableError("the store is locked"), "451 4.3.1 the mail cannot be taken now, try again later"),
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


async def test_a_text_that_trickles_is_given_up_though_it_never_pauses(settings: ListenerSettings) -> None:
    slow = replace(settings, waits=Waits(window=0.3), limits=Limits(least_rate=1_000_000))

    async with listening(slow, FakeDesk()) as listener, connected(listener) as client:
        assert (await client.until_data()).startswith("354")
        client.writer.write(MAIL)
        answer = started(client.line())
        while not answer.done():
            client.writer.write(b"x")
            await asyncio.wait({answer}, timeout=0.01)

        assert (await answer).startswith("421 4.4.2")
    assert list(settings.incoming.iterdir()) == []


async def test_our_own_slow_disk_is_not_the_clients_fault(settings: ListenerSettings) -> None:
    def slow(path: Path) -> BinaryIO:
        released.wait(10)
        return open_private(path)

    released = threading.Event()
    hurried, desk = replace(settings, waits=Waits(window=0.2, data=0.3, header=0.2)), FakeDesk()
    content = MAIL + b"x" * 300_000 + b"\r\n"

    async with listening(hurried, desk, slow) as listener, connected(listener) as client:
        answer = started(client.mail(content))
        await asyncio.wait({answer}, timeout=0.6)
        released.set()

        assert (await answer).startswith("250")
    assert desk.contents == [content]


async def test_a_client_that_does_not_read_is_cut_off_in_the_end(settings: ListenerSettings) -> None:
    many = Limits(max_idle_commands=10**9)
    deaf = replace(settings, waits=Waits(command=0.2), limits=many)

    async with listening(deaf, FakeDesk()) as listener, connected(listener) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]

        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(chatter(client.writer), 20)

        assert client.writer.transport.is_closing()


async def chatter(writer: asyncio.StreamWriter) -> None:
    while not writer.transport.is_closing():
        writer.write(b"HELP\r\n" * 1000)
        await writer.drain()


async def test_the_announced_address_is_what_connections_are_counted_for(settings: ListenerSettings) -> None:
    behind = replace(settings, balancers=(ip_network("127.0.0.1/32"),), limits=Limits(max_connections_per_address=1))

    greetings = []
    async with listening(behind, FakeDesk()) as listener, AsyncExitStack() as stack:
        for last in (1, 1, 2):
            client = await stack.enter_async_context(connected(listener))
            client.writer.write(f"PROXY TCP4 203.0.113.{last} 192.0.2.1 1 25\r\n".encode())
            greetings.append((await client.line())[:9])

    assert greetings == ["220 fax.e", "421 4.7.0", "220 fax.e"]


async def test_from_others_than_the_balancers_nothing_is_announced(settings: ListenerSettings) -> None:
    desk = FakeDesk()
    behind = replace(settings, balancers=(ip_network("10.0.0.5/32"),))
    async with listening(behind, desk) as listener, connected(listener) as client:
        assert (await client.mail()).startswith("250")

    assert desk.envelopes[0].peer == "127.0.0.1"


async def test_who_signed_in_is_named_in_the_envelope(settings: ListenerSettings, tmp_path: Path) -> None:
    desk = FakeDesk(passwords={"ann": "secret"})
    authority, trust = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trust)
    safe = replace(
        with_tls(settings, authority, tmp_path), submission=(Doorway(0, submission=True, implicit_tls=True),)
    )

    async with listening(safe, desk) as listener:
        streams = await asyncio.open_connection(
            "127.0.0.1", listener.ports[1], ssl=trust, server_hostname="fax.example"
        )
        client = Client(*streams)
        await client.line()
        client.writer.write(b"EHLO c\r\n")
        while (await client.line())[3:4] == "-":
            continue
        assert (await client.say("AUTH PLAIN AGFubgBzZWNyZXQ=")).startswith("235")
        for command in ("MAIL FROM:<ann@corp.example>", "RCPT TO:<1@fax.example>", "DATA"):
            await client.say(command)
        assert (await client.say(MAIL.decode() + ".")).startswith("250")
        client.writer.close()

    assert (desk.envelopes[0].authenticated_as, desk.envelopes[0].tls) == ("ann", True)


def with_tls(settings: ListenerSettings, authority: trustme.CA, folder: Path) -> ListenerSettings:
    certificate = authority.issue_cert("fax.example")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    return replace(settings, tls_certificate=folder / "cert.pem", tls_key=folder / "key.pem")


async def test_a_desk_that_cannot_record_refusals_hinders_nobody(settings: ListenerSettings) -> None:
    desk = HangingNotes()

    async with listening(settings, desk) as listener, connected(listener) as client:
        for command in ("HELO c", "MAIL FROM:<>"):
            await client.say(command)
        await client.line()
        for _ in range(20):
            assert (await client.say("RCPT TO:<1@fax.example>")).startswith("550 5.7.1")
        desk.go_on.set()

    assert desk.tried >= 1


class HangingNotes(FakeDesk):
    """Its store is locked when a refusal is to be noted, and then fails."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()
        self.tried = 0

    async def note_refusal(self, refusal: Refusal) -> None:  # noqa: ARG002 - the desk's form
        self.tried += 1
        await self.go_on.wait()
        raise UnavailableError("the store is locked")


async def test_one_session_has_only_so_many_refusals_recorded(settings: ListenerSettings) -> None:
    desk = FakeDesk()
    async with listening(settings, desk) as listener, connected(listener) as client:
        await client.line()
        for command in ("HELO c", "MAIL FROM:<>"):
            await client.say(command)
        for _ in range(MOST_NOTES + 10):
            await client.say("RCPT TO:<1@fax.example>")

    assert len(desk.refusals) == MOST_NOTES


async def reply_of(listener: Listener) -> str:
    async with connected(listener) as client:
        return await client.mail()


async def test_several_listeners_share_a_port(settings: ListenerSettings) -> None:
    first, second = FakeDesk(), FakeDesk()
    async with listening(replace(settings, sharing=Sharing.FIRST), first) as one:
        shared = replace(settings, sharing=Sharing.NEXT, port=one.port)
        async with listening(shared, second):
            replies = [await reply_of(one) for _ in range(40)]

    assert all(reply.startswith("250") for reply in replies)
    assert len(first.envelopes) + len(second.envelopes) == 40
    assert first.envelopes
    assert second.envelopes


async def test_the_first_of_several_does_not_share_with_a_stranger(settings: ListenerSettings) -> None:
    async with listening(replace(settings, sharing=Sharing.FIRST), FakeDesk()) as stranger:
        second = Listener(replace(settings, sharing=Sharing.FIRST, port=stranger.port), FakeDesk(), FakeClock())

        with pytest.raises(UnreachableError, match=str(stranger.port)):
            await second.start()


@pytest.fixture
def descriptors() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_there_is_a_descriptor_for_each_connection_and_its_text(
    settings: ListenerSettings, descriptors: tuple[int, int]
) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, descriptors[1]))

    async with listening(replace(settings, limits=Limits(max_connections=700)), FakeDesk()):
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (1700, descriptors[1])


async def test_too_few_descriptors_are_told(
    settings: ListenerSettings, descriptors: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    if descriptors[1] == resource.RLIM_INFINITY:
        pytest.skip("there are never too few here")
    many = replace(settings, limits=Limits(max_connections=descriptors[1]))

    async with listening(many, FakeDesk()):
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (descriptors[1], descriptors[1])

    assert "smtp.few_descriptors" in caplog.messages


async def test_a_port_is_free_again_at_once(settings: ListenerSettings) -> None:
    async with listening(replace(settings, sharing=Sharing.FIRST), FakeDesk()) as first, connected(first) as client:
        await client.mail()
        port = first.port

    async with listening(replace(settings, sharing=Sharing.FIRST, port=port), FakeDesk()) as second:
        assert second.port == port


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
