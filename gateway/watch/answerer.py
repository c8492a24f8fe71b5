"""Answers GET over HTTP/1.1 (RFC 9112), one request a connection, for machines that watch us.

What lives here: reading a request within bounds, and writing the answer. What does not: any page. Nothing of a request
but its method and path is looked at, and nobody is kept waiting for who says nothing: what is sent is bounded in octets
and time, and so is the number of connections.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

log = logging.getLogger(__name__)
REQUEST_OCTETS = 8192  # of the request line and its fields
REQUEST_SECONDS = 5.0  # to send them
ANSWER_SECONDS = 15.0  # to make an answer, and again to take it
MOST_CONNECTIONS = 32
METHODS = (b"GET", b"HEAD")


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered to a path."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    media_type: str = "text/plain; charset=utf-8"


MakePage = Callable[[], Awaitable[Page]]


class Answerer:
    """Listens on one port; `pages` makes the page for each path."""

    def __init__(self, host: str, port: int, pages: Mapping[str, MakePage]) -> None:
        self._host = host
        self._port = port
        self._pages = {path.encode(): make for path, make in pages.items()}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        """Where it listens; 0 while it does not."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server and self._server.sockets else 0

    async def start(self) -> None:
        """Listen. That the port is not to be had is no reason to take no mail: it is logged, and nobody is answered."""
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=REQUEST_OCTETS)
        except OSError as error:
            log.error("http-not-listening", extra={"detail": error.strerror, "port": self._port})
            return
        log.info("http-listening", extra={"port": self.port})

    async def stop(self) -> None:
        """Listen no longer; what is being answered breaks off."""
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._open):
                writer.transport.abort()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) < MOST_CONNECTIONS:
            self._open.add(writer)
            try:
                await self._answer(reader, writer)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                log.debug("http-broken-off")  # whoever asked is gone
        self._open.discard(writer)
        writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, page = await self._page(reader)
        writer.write(_head(page) + (b"" if method == b"HEAD" else page.body))
        writer.close()
        async with asyncio.timeout(ANSWER_SECONDS):
            await writer.wait_closed()

    async def _page(self, reader: asyncio.StreamReader) -> tuple[bytes, Page]:
        """The method, and what is answered."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            return b"GET", _told(HTTPStatus.REQUEST_TIMEOUT)
        except asyncio.LimitOverrunError:
            return b"GET", _told(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return b"GET", _told(HTTPStatus.BAD_REQUEST)
        method, target, _version = words
        if method not in METHODS:
            return method, _told(HTTPStatus.METHOD_NOT_ALLOWED)
        make = self._pages.get(target.split(b"?", 1)[0])
        if make is None:
            return method, _told(HTTPStatus.NOT_FOUND)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return method, await make()
        except TimeoutError:
            return method, _told(HTTPStatus.SERVICE_UNAVAILABLE)


def _told(status: HTTPStatus) -> Page:
    return Page(f"{status.phrase}\n".encode(), status)


def _head(page: Page) -> bytes:
    fields = [
        f"HTTP/1.1 {page.status.value} {page.status.phrase}",
        f"Content-Type: {page.media_type}",
        f"Content-Length: {len(page.body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    ]
    if page.status is HTTPStatus.METHOD_NOT_ALLOWED:
        fields.append(f"Allow: {b', '.join(METHODS).decode()}")
    return ("\r\n".join(fields) + "\r\n\r\n").encode()
