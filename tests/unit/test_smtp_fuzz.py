"""Sessions of random pieces: whatever comes, the listener answers in SMTP, has no fault, and takes the next mail."""

import asyncio
import logging
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.mail.desk import Limits, ListenerSettings, Waits
from gateway.mail.listener import Listener
from tests.fakes import FakeClock, FakeDesk

SESSIONS = 150
PIECES = (
    b"EHLO c\r\n", b"HELO c\r\n", b"MAIL FROM:<a@b.example>\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<1@fax.example>\r\n",
    b"RCPT TO:<postmaster>\r\n", b"RCPT TO:<bounces@fax.example>\r\n", b"RCPT TO:<1@elsewhere.example>\r\n",
    b"DATA\r\n", b"From: a@b.example\r\n", b"\r\n", b"\n", b"\r", b"\0", b".\r\n", b".", b"..\r\n", b"\r\n.\r\n",
    b"\n.\n", b"\r\n.\n", b"RSET\r\n", b"NOOP\r\n", b"VRFY x\r\n", b"AUTH PLAIN\r\n", b"AUTH LOGIN =\r\n", b"*\r\n",
    b"STARTTLS\r\n", b"BDAT 3 LAST\r\nabc", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", b"GET / HTTP/1.1\r\n", b"QUIT\r\n",
    b"x" * 3000, b"\xff\xfe\x80", b"MAIL FROM:<\xc3\xbc@b.example> SMTPUTF8\r\n", b"MAIL FROM:<" + b"<" * 500,
    b">" * 300 + b"\r\n",
    b"MAIL FROM:<a@b.example> SIZE=99999999999 BODY=8BITMIME AUTH=<>\r\n", b'RCPT TO:<"\\"@fax.example>\r\n', b" ",
    "RCPT TO:<\u0661\u0662@fax.example>\r\n".encode(), b"\r\n\r\n\0\r\nQUIT\n", b"\x16\x03\x01\x02\x00\x01",
)  # fmt: skip
GOOD = (
    b"HELO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<1@fax.example>\r\nDATA\r\n"
    b"From: a@b.example\r\n\r\nx\r\n.\r\nQUIT\r\n"
)
REPLY = re.compile(rb"(?:[2-5][0-9][0-9][ -][\x20-\x7e]*\r\n)*")


@pytest.fixture
def settings(tmp_path: Path) -> ListenerSettings:
    limits = Limits(max_errors=1000, max_idle_commands=1000, max_size=5000, max_header=500)
    settings = ListenerSettings("127.0.0.1", 0, "fax.example", frozenset({"fax.example"}), tmp_path / "incoming")
    return replace(settings, limits=limits, waits=Waits(command=5, line=5))


def any_stream(chance: random.Random) -> bytes:
    begin = (b"", b"EHLO c\r\n", GOOD.partition(b"From")[0])
    return chance.choice(begin) + b"".join(chance.choices(PIECES, k=chance.randrange(1, 40)))


async def session(port: int, stream: bytes, chance: random.Random) -> bytes:
    """Send it in segments of any length, close one half, and read to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while stream:
            length = chance.choice((1, 7, 100, 5000))
            writer.write(stream[:length])
            await asyncio.sleep(0)
            stream = stream[length:]
        writer.write_eof()
        async with asyncio.timeout(20):
            return await reader.read()
    except OSError:  # it was cut off while it talked
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("seed", range(4))
async def test_random_sessions_are_answered_in_smtp(
    settings: ListenerSettings, tmp_path: Path, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    desk, chance, untold = FakeDesk(), random.Random(seed), []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: untold.append(context))
    listener = Listener(settings, desk, FakeClock())
    await listener.start()

    heard = [await session(listener.port, any_stream(chance), chance) for _ in range(SESSIONS)]
    heard.append(await session(listener.port, GOOD, chance))
    await listener.stop(5)

    assert [replies for replies in heard if not REPLY.fullmatch(replies)] == []
    assert sum(b"354" in replies for replies in heard) > 5
    assert b"250 2.0.0 accepted" in heard[-1]
    assert untold == []
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert files_below(tmp_path) == []


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
