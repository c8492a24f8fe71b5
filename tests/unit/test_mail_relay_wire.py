"""One session with the relay: what is said in which groups, what each answer leads to, and when no more is said."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail import relay_wire
from gateway.mail.relay import Mail, Relay, RelaySettings
from gateway.mail.relay_wire import BrokenOffError, Kept, Letter, Reply, Wire, dotted, with_line_ends
from tests.fakes import SinkRelay

LETTER = Letter(b"", b"ann@corp.example", b"Subject: x\r\n\r\nhello\r\n")
PIPELINING = frozenset({"pipelining", "size"})
TAKEN = Reply(250, "2.0.0 taken")
HANG_UP, SILENCE = b"-hang up-", b""


@dataclass
class Far:
    """The relay's end: answers by the first word of a command, `.` for a text; `heard` is what came, read by read."""

    answers: Mapping[str, bytes] = field(default_factory=dict)
    heard: list[bytes] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    texts: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        in_text = False
        while line := await reader.readline():
            self.heard.append(line)
            word = "." if line == b".\r\n" else line[:4].decode().strip().upper()
            if in_text and word != ".":
                continue
            self.words.append(word)
            if word == ".":
                self.texts.set()
            usual = {"DATA": b"354 go on\r\n", ".": b"250 2.0.0 taken\r\n", "QUIT": b"221 bye\r\n"}
            answer = self.answers.get(word, usual.get(word, b"250 fine\r\n"))
            if answer.endswith(HANG_UP):
                writer.write(answer.removesuffix(HANG_UP))
                break
            writer.write(answer)
            in_text = answer.startswith(b"354")
        writer.close()
        self.left.set()


@asynccontextmanager
async def session(far: Far, extensions: frozenset[str] = PIPELINING, seconds: float = 10) -> AsyncIterator[Wire]:
    """A wire to that end."""
    loop = asyncio.get_running_loop()
    talks: list[asyncio.Task[None]] = []

    def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(loop.create_task(far.talk(reader, writer)))

    async with await asyncio.start_server(talk, "127.0.0.1") as server:
        host, port = server.sockets[0].getsockname()[:2]
        transport, _ = await loop.create_connection(asyncio.Protocol, host, port)
        wire = Wire(transport, extensions, seconds)
        transport.set_protocol(wire)
        yield wire
        wire.close()
        await asyncio.sleep(0)
        await asyncio.gather(*talks)


@pytest.mark.parametrize("extensions", [PIPELINING, frozenset[str]()])
async def test_a_mail_is_sent_and_has_its_answer(extensions: frozenset[str]) -> None:
    far = Far()
    async with session(far, extensions) as wire:
        assert await wire.send(LETTER) == TAKEN
        assert wire.text_begun

    size = b" SIZE=21" if extensions else b""
    assert far.words == ["MAIL", "RCPT", "DATA", "."]
    assert far.heard[:2] == [b"MAIL FROM:<>" + size + b"\r\n", b"RCPT TO:<ann@corp.example>\r\n"]
    assert b"".join(far.heard[3:]) == LETTER.text + b".\r\n"


@pytest.mark.parametrize(
    ("extensions", "text", "told"),
    [
        ({"8bitmime"}, "Gr\u00fc\u00dfe", b" BODY=8BITMIME"),
        ({"8bitmime"}, "Hello", b""),
        ({"pipelining", "size"}, "Gr\u00fc\u00dfe", b" SIZE=23"),
        ({"8bitmime", "size"}, "Gr\u00fc\u00dfe", b" SIZE=23 BODY=8BITMIME"),
    ],
)
async def test_a_text_that_is_not_ascii_is_said_to_be_so(extensions: set[str], text: str, told: bytes) -> None:
    far = Far()
    async with session(far, frozenset(extensions)) as wire:
        assert await wire.send(replace(LETTER, text=f"Subject: x\r\n\r\n{text}\r\n".encode())) == TAKEN

    assert far.heard[0] == b"MAIL FROM:<>" + told + b"\r\n"


async def test_who_takes_no_group_is_given_one_command_at_a_time() -> None:
    far = Far({"MAIL": b"550 5.7.1 not from you\r\n"})
    async with session(far, frozenset()) as wire:
        assert await wire.send(LETTER) == Reply(550, "5.7.1 not from you")

    assert far.words == ["MAIL", "RSET"]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"MAIL": b"550 no\r\n", "RCPT": b"503 no\r\n", "DATA": b"503 no\r\n"}, ["RSET"]),
        ({"RCPT": b"550 no\r\n", "DATA": b"554 nobody\r\n"}, ["RSET"]),
        ({"RCPT": b"550 no\r\n", ".": b"554 nobody\r\n"}, [".", "RSET"]),  # RFC 2920 3.1
        ({"DATA": b"550 no\r\n"}, ["RSET"]),
    ],
)
async def test_a_refusal_in_a_group_is_the_mails_answer_and_leaves_the_session_open(
    answers: dict[str, bytes], words: list[str]
) -> None:
    far = Far(answers)
    async with session(far) as wire:
        assert await wire.send(LETTER) == Reply(550, "no")
        assert not wire.text_begun
        far.answers = {}
        assert await wire.send(LETTER) == TAKEN

    assert far.words == ["MAIL", "RCPT", "DATA", *words, "MAIL", "RCPT", "DATA", "."]


async def test_a_text_that_is_refused_is_told_with_all_its_lines() -> None:
    far = Far({".": b"554-5.6.0 this is\r\n554-5.6.0\r\n554 5.6.0 spam\r\n"})
    async with session(far) as wire:
        reply = await wire.send(LETTER)

    assert (reply.code, reply.words, reply.well) == (554, "5.6.0 this is 5.6.0 5.6.0 spam", False)


@pytest.mark.parametrize(
    ("answers", "code", "begun"),
    [
        ({"MAIL": b"421 4.3.2 closing\r\n" + HANG_UP}, 421, False),
        ({"RCPT": b"421 4.3.2 closing\r\n"}, 421, False),
        ({".": b"421 4.3.2 closing\r\n"}, 421, True),
        ({"MAIL": b"530 5.7.0 sign in first\r\n", "RCPT": b"503 no\r\n", "DATA": b"503 no\r\n"}, 530, False),
        ({"DATA": b"250 what text\r\n"}, 0, False),
        ({"MAIL": b"hello\r\n"}, 0, False),
        ({"MAIL": HANG_UP}, 0, False),
        ({".": HANG_UP}, 0, True),
        ({"MAIL": b"250-" + b"x" * relay_wire.MOST_OCTETS}, 0, False),
    ],
)
async def test_after_an_answer_that_makes_no_sense_or_an_end_nothing_more_is_sent(
    answers: dict[str, bytes], code: int, begun: bool
) -> None:
    far = Far(answers)
    async with session(far) as wire:
        with pytest.raises(BrokenOffError) as caught:
            await wire.send(LETTER)

        assert (caught.value.code, wire.text_begun, wire.is_open) == (code, begun, False)


async def test_a_mail_is_taken_though_the_relay_goes_away_in_the_same_breath() -> None:
    async with session(Far({".": b"250 2.0.0 taken\r\n421 4.3.2 closing\r\n"})) as wire:
        assert await wire.send(LETTER) == TAKEN
        assert not wire.is_open
        with pytest.raises(BrokenOffError, match="closing"):
            await wire.send(LETTER)


async def test_an_answer_that_does_not_come_in_time_ends_the_session() -> None:
    async with session(Far({"MAIL": SILENCE}), seconds=0.01) as wire:
        with pytest.raises(BrokenOffError, match="no answer in time"):
            await wire.send(LETTER)
        assert not wire.is_open


async def test_a_mail_that_is_broken_off_by_us_ends_the_session() -> None:
    far = Far({".": SILENCE})
    async with session(far) as wire:
        sending = asyncio.ensure_future(wire.send(LETTER))
        await far.texts.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

        assert not wire.is_open
        with pytest.raises(BrokenOffError):
            await wire.send(LETTER)


async def test_a_session_that_is_kept_is_had_once_and_closed_with_a_word() -> None:
    far, kept = Far(), Kept()
    async with session(far) as wire:
        kept.put(wire, 60)
        assert [kept.take(), kept.take()] == [wire, None]
        kept.put(wire, 60)
        kept.close()
        await asyncio.sleep(0)

        assert kept.take() is None
        assert not wire.is_open
    assert far.words == ["QUIT"]


async def test_a_session_that_nobody_uses_takes_leave() -> None:
    far, kept = Far(), Kept()
    async with session(far) as wire:
        kept.put(wire, 0.01)
        assert kept.take() is wire
        await wire.send(LETTER)
        kept.put(wire, 60)
        kept.put(kept.take() or wire, 0.01)
        await far.left.wait()
        assert not wire.is_open
    assert far.words[-1] == "QUIT"


async def after_bursts(relay: Relay, sink: SinkRelay, count: int) -> tuple[int, int]:
    """Connections and mails that the relay has seen after bursts of one mail each, all of which it took."""
    for _ in range(count):
        async with relay.burst(keep=60) as burst:
            assert (await burst.send(Mail("ann@corp.example", b"x\r\n"))).done
    seen = sink.connections, len(sink.mails)
    relay.kept.close()
    await asyncio.sleep(0.01)
    return seen


async def test_bursts_use_the_connection_that_was_left_open() -> None:
    async with SinkRelay() as sink:
        relay = Relay(RelaySettings("127.0.0.1", sink.port, timeout=10))
        assert await after_bursts(relay, sink, 3) == (1, 3)


async def test_a_connection_that_the_relay_has_closed_meanwhile_costs_no_mail_its_try() -> None:
    answers = iter(["250 2.1.5 OK", "421 4.4.2 idle for too long", "250 2.1.5 OK"])
    async with SinkRelay() as sink:
        sink.refuse = lambda _name: None if (said := next(answers)).startswith("250") else said
        relay = Relay(RelaySettings("127.0.0.1", sink.port, timeout=10))
        assert await after_bursts(relay, sink, 2) == (2, 2)


async def test_a_mail_whose_text_the_relay_may_have_is_not_sent_over_another_connection() -> None:
    async with SinkRelay() as sink:
        relay = Relay(RelaySettings("127.0.0.1", sink.port, timeout=10))
        async with relay.burst(keep=60) as burst:
            await burst.send(Mail("ann@corp.example", b"x\r\n"))
        sink.data_reply = "421 4.3.2 closing"
        async with relay.burst(keep=60) as burst:
            sent = await burst.send(Mail("ann@corp.example", b"y\r\n"))

    assert (sent.reached, sent.code, sink.connections) == (False, 421, 1)


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a"]), max_size=12))
def test_a_text_ends_where_the_mail_ends_and_comes_out_as_it_went_in(pieces: list[bytes]) -> None:
    text = with_line_ends(b"".join(pieces))
    sent = dotted(text) + b".\r\n"
    lines = sent.split(b"\r\n")

    assert text.endswith(b"\r\n")
    assert not {b"\r", b"\n"} & {bytes([octet]) for octet in text.replace(b"\r\n", b"")}
    assert lines.index(b".") == len(lines) - 2
    assert b"\r\n".join(line.removeprefix(b".") for line in lines[:-2]) + b"\r\n" == text
