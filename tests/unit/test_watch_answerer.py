"""HTTP for machines that watch us: what is answered, and that hostile requests are bounded."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest

from gateway.watch import answerer
from gateway.watch.answerer import MOST_CONNECTIONS, REQUEST_OCTETS, Answerer, Page


async def hello() -> Page:
    return Page(b"hello\n")


async def away() -> Page:
    return Page(b"{}", HTTPStatus.SERVICE_UNAVAILABLE, "application/json")


async def never() -> Page:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.fixture
async def server() -> AsyncIterator[Answerer]:
    listening = Answerer("127.0.0.1", 0, {"/hello": hello, "/away": away, "/never": never})
    await listening.start()
    yield listening
    await listening.stop()


async def said(server: Answerer, request: bytes) -> bytes:
    """All that is answered to these octets, until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    return answer


def status(answer: bytes) -> int:
    return int(answer.split()[1])


async def test_a_page_is_answered_with_its_type_and_length_and_then_the_connection_closes(server: Answerer) -> None:
    head, body = (await said(server, b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")).split(b"\r\n\r\n", 1)

    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n")
    assert b"\r\nConnection: close" in head
    assert body == b"hello\n"


async def test_head_is_answered_without_the_body(server: Answerer) -> None:
    answer = await said(server, b"HEAD /hello HTTP/1.1\r\n\r\n")

    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length: 6" in answer


async def test_a_page_may_say_that_all_is_not_well(server: Answerer) -> None:
    answer = await said(server, b"GET /away?verbose=1 HTTP/1.0\r\n\r\n")

    assert status(answer) == 503
    assert b"application/json" in answer


@pytest.mark.parametrize(
    ("request_line", "code"),
    [
        (b"GET /other HTTP/1.1", 404),
        (b"GET /hello/../etc/passwd HTTP/1.1", 404),
        (b"GET http://fax/hello HTTP/1.1", 404),
        (b"POST /hello HTTP/1.1", 405),
        (b"get /hello HTTP/1.1", 405),
        (b"CONNECT relay:25 HTTP/1.1", 405),
        (b"GET /hello", 400),
        (b"GET /hello HTTP/2.0", 400),
        (b"GET  /hello HTTP/1.1", 400),
        (b"", 400),
        (b"\xff\x00\x01", 400),
    ],
)
async def test_anything_else_is_told_what_is_wrong(server: Answerer, request_line: bytes, code: int) -> None:
    answer = await said(server, request_line + b"\r\n\r\n")

    assert status(answer) == code
    assert (b"Allow: GET, HEAD" in answer) == (code == 405)


async def test_a_request_without_end_is_cut_off_by_its_length(server: Answerer) -> None:
    answer = await said(server, b"GET /hello HTTP/1.1\r\nX: " + b"x" * (REQUEST_OCTETS + 10))

    assert answer == b"" or status(answer) == 431


async def test_who_says_nothing_is_cut_off_by_the_clock(server: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answerer, "REQUEST_SECONDS", 0.05)

    assert status(await said(server, b"GET /hel")) == 408


async def test_a_page_that_is_not_made_in_time_is_an_answer_too(
    server: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answerer, "ANSWER_SECONDS", 0.05)

    assert status(await said(server, b"GET /never HTTP/1.1\r\n\r\n")) == 503


async def test_connections_are_bounded_and_room_comes_back(server: Answerer) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(MOST_CONNECTIONS)]

    turned_away = [await is_refused(server) for _ in range(3)]
    for _, writer in idle:
        writer.close()
    for reader, _ in idle:  # it closes, too
        await reader.read()

    assert turned_away == [True] * 3
    assert not await is_refused(server)


async def is_refused(server: Answerer) -> bool:
    try:
        return not (await said(server, b"GET /hello HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return True


async def test_who_leaves_at_once_harms_nobody(server: Answerer) -> None:
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.transport.abort()

    assert status(await said(server, b"GET /hello HTTP/1.1\r\n\r\n")) == 200


async def test_a_port_that_is_taken_is_told_in_the_log_and_stops_nothing(
    server: Answerer, caplog: pytest.LogCaptureFixture
) -> None:
    second = Answerer("127.0.0.1", server.port, {})

    await second.start()
    await second.stop()

    assert second.port == 0
    assert caplog.messages == ["http-not-listening"]
