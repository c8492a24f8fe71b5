"""What stands around the daemon in the bench of the queue: senders, and a relay that counts notices.

Both are small and quick, so that the processor is the daemon's.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

SENDERS = tuple(f"user{number}@acme.example" for number in range(10))


class _Session(asyncio.Protocol):
    """One session at the relay: it takes everything."""

    def __init__(self, sink: "Sink") -> None:
        self._sink = sink
        self._transport: asyncio.Transport | None = None
        self._waiting = b""
        self._in_text = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while True:
            end = b"\r\n.\r\n" if self._in_text else b"\r\n"
            head, found, rest = self._waiting.partition(end)
            if not found:
                return
            self._waiting = rest
            self._hear(head)

    def _hear(self, head: bytes) -> None:
        assert self._transport is not None
        if self._in_text:
            self._in_text = False
            self._sink.count()
            self._transport.write(b"250 kept\r\n")
        elif head[:4].upper() == b"DATA":
            self._in_text = True
            self._transport.write(b"354 go on\r\n")
        elif head[:4].upper() == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        elif head[:4].upper() == b"EHLO":
            self._transport.write(b"250-sink\r\n250 PIPELINING\r\n")  # as relays do
        else:
            self._transport.write(b"250 well\r\n")


@dataclass
class Sink:
    """The relay: how many mails it has, and since when."""

    mails: int = 0
    last: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    async def start(self, port: int) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Session(self), "127.0.0.1", port)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    def count(self) -> None:
        self.mails += 1
        self.last = time.monotonic()
        self._changed.set()

    async def wait_for(self, count: int, seconds: float) -> None:
        """Return when it has so many mails."""
        async with asyncio.timeout(seconds):
            while self.mails < count:
                self._changed.clear()
                await self._changed.wait()


@dataclass
class Client:
    """One SMTP session, kept for many mails."""

    port: int
    domain: str
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        await self._reply()
        await self._say(b"EHLO bench\r\n")

    async def send(self, number: str, sender: str) -> float:
        """Send one mail; the moment of its 250, in seconds of the monotonic clock."""
        envelope = f"MAIL FROM:<{sender}>\r\nRCPT TO:<{number}@{self.domain}>\r\nDATA\r\n"
        assert self._writer is not None
        self._writer.write(envelope.encode())
        codes = [await self._reply() for _ in range(3)]
        if codes != [b"250", b"250", b"354"]:
            raise SystemExit(f"the daemon did not take a mail: {codes}")
        header = f"From: <{sender}>\r\nMessage-ID: <{number}.{time.monotonic_ns()}@acme.example>\r\nSubject: Offer\r\n"
        code = await self._say(f"{header}\r\nDear all,\r\n{number}\r\n.\r\n".encode())
        if code != b"250":
            raise SystemExit(f"the daemon did not take a mail: {code!r}")
        return time.monotonic()

    async def close(self) -> None:
        await self._say(b"QUIT\r\n")
        assert self._writer is not None
        self._writer.close()

    async def _say(self, words: bytes) -> bytes:
        assert self._writer is not None
        self._writer.write(words)
        return await self._reply()

    async def _reply(self) -> bytes:
        assert self._reader is not None
        while True:
            line = await self._reader.readline()
            if line[3:4] != b"-":
                return line[:3]


async def send_all(port: int, domain: str, numbers: Sequence[str], sessions: int) -> dict[str, float]:
    """Send a mail to each number over so many sessions; the moment of each 250."""
    waiting, taken = list(enumerate(numbers))[::-1], {}

    async def session() -> None:
        client = Client(port, domain)
        await client.open()
        while waiting:
            place, number = waiting.pop()
            taken[number] = await client.send(number, SENDERS[place % len(SENDERS)])
        await client.close()

    await asyncio.gather(*(session() for _ in range(sessions)))
    return taken
