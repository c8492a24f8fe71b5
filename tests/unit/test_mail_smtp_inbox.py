"""What a client has sent: lines when they are whole, a text in large pieces, and its end without delay."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from gateway.mail.smtp_inbox import LATEST, PIECE, Inbox


@pytest.fixture
async def inbox() -> Inbox:
    return Inbox(1000, asyncio.get_running_loop())


async def begun(work: Coroutine[Any, Any, bytes]) -> asyncio.Task[bytes]:
    """A task that waits already."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    return task


async def text_of(inbox: Inbox) -> bytes:
    return b"".join(await inbox.segments())


async def turns() -> None:
    """Time for who was woken."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_line_is_there_when_it_is_whole(inbox: Inbox) -> None:
    inbox.feed_data(b"EHLO a\r\nMAIL")

    assert inbox.line() == b"EHLO a\r\n"
    assert inbox.line() is None
    assert inbox.octets == b"MAIL"


async def test_nothing_more_comes_after_the_end(inbox: Inbox) -> None:
    inbox.feed_data(b"QUIT")
    inbox.feed_eof()

    assert not await inbox.more()


async def test_nothing_more_comes_of_a_connection_that_broke(inbox: Inbox) -> None:
    waiting = asyncio.create_task(inbox.more())
    await asyncio.sleep(0)

    inbox.set_exception(ConnectionResetError())

    assert not await waiting
    assert not await inbox.more()


async def test_segments_of_a_text_gather(inbox: Inbox) -> None:
    piece = await begun(text_of(inbox))

    for _ in range(PIECE // 4096 - 1):
        inbox.feed_data(b"x" * 4096)
    await turns()
    held = not piece.done()
    inbox.feed_data(b"y" * 4096)

    assert held
    assert await piece == b"x" * (PIECE - 4096) + b"y" * 4096


@pytest.mark.parametrize(
    "segments", [(b"\r\n.\r\n",), (b"x\r\n.", b"\r\n"), (b"\r\n.\r", b"\n"), (b"\r\n.", b"\r", b"\n")]
)
async def test_an_end_is_not_held_back(inbox: Inbox, segments: tuple[bytes, ...]) -> None:
    taken = b""

    for segment in segments:
        piece = await begun(text_of(inbox))
        inbox.feed_data(segment)
        async with asyncio.timeout(5):
            taken += await piece

    assert taken == b"".join(segments)


async def test_an_end_in_segments_that_come_at_once_is_not_held_back(inbox: Inbox) -> None:
    piece = await begun(text_of(inbox))

    for segment in (b"x", b".", b"\r", b"\n"):
        inbox.feed_data(segment)

    assert await piece == b"x.\r\n"


async def test_slow_segments_are_not_held_back(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    piece = await begun(text_of(inbox))
    late = asyncio.get_running_loop().time() + 2 * LATEST
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: late)

    inbox.feed_data(b"a line\r\n")

    assert await piece == b"a line\r\n"


async def test_what_is_held_back_can_be_had(inbox: Inbox) -> None:
    piece = await begun(text_of(inbox))
    inbox.feed_data(b"some")

    assert inbox.wake()
    assert await piece == b"some"
    assert not inbox.wake()


async def test_a_text_that_breaks_off_ends_with_nothing(inbox: Inbox) -> None:
    inbox.feed_data(b"half")
    inbox.feed_eof()

    assert await text_of(inbox) == b"half"
    assert await text_of(inbox) == b""


async def test_what_is_put_back_is_read_next(inbox: Inbox) -> None:
    inbox.feed_data(b"NOOP\r\n")

    inbox.put_back(b"RSET\r\n")

    assert [inbox.line(), inbox.line()] == [b"RSET\r\n", b"NOOP\r\n"]
