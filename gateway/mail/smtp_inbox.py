"""What a client has sent and nobody has read yet: whole lines, and the segments of a text, many at once.

What lives here: asyncio's reader, which has no public way to look ahead nor to put back: its names are touched here
alone. What does not: what the lines mean (`smtp_connection`), and where a text ends (`smtp_data`).
"""

import asyncio

MAX_BLOB = 12_288  # a line of an AUTH exchange (RFC 4954 4)
MAX_DISCARD = 65_536  # of an overlong line, before we give up on the client
PIECE = 131_072  # octets of a text that are worth waking up for
LATEST = 0.05  # seconds after which fewer are, too


class EndlessLineError(Exception):
    """A line that is so long that nobody means it."""


class Inbox(asyncio.StreamReader):
    """The octets that have come, in order.

    While a text comes in, who waits for it is not woken for each of its many segments: that costs more than all else
    that is done with them.
    """

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit, loop)
        self._segments: list[bytes] = []
        self._held = 0
        self._in_text = False
        self._since = 0.0
        self._last = b""  # two octets; a text ends by a dot and CRLF: where there is no dot, as in base64, it goes on

    @property
    def octets(self) -> bytearray:
        """All that has come and was not read, to be looked at."""
        unread: bytearray = self._buffer  # type: ignore[attr-defined]
        return unread

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # wider in typeshed than in asyncio
        """Take what came, and wake who waits for it, unless it is of a text that goes on at once."""
        if not self._in_text:
            super().feed_data(data)
            return
        self._segments.append(data)
        self._held += len(data)
        may_end = b"." in self._last or b"." in data
        self._last = _last(self._last, data)
        if may_end or self._held >= PIECE or self._loop.time() - self._since > LATEST:  # type: ignore[attr-defined]
            self.wake()
        if self._held > 2 * PIECE:
            self._let_wait()

    def _let_wait(self) -> None:
        """Nothing more is taken until this was read; some loops go on reading before they let anybody do that."""
        transport = self._transport  # type: ignore[attr-defined]
        if transport is not None and not self._paused:  # type: ignore[has-type]
            self._paused = True
            transport.pause_reading()

    def wake(self) -> bool:
        """Wake who waits for a text, though it may go on; whether something of it was held back."""
        self._wakeup_waiter()  # type: ignore[attr-defined]
        return bool(self._segments)

    def line(self) -> bytes | None:
        """The next line with its line end, None when it is not there yet."""
        end = self.octets.find(b"\n") + 1
        if not end:
            return None
        line = bytes(self.octets[:end])
        del self.octets[:end]
        return line

    async def next_line(self) -> bytes | None:
        """As `line`, after a wait; None at the end of the stream. Of an overlong one as much as tells its length.

        Raises:
            EndlessLineError: it is longer than that.
        """
        discarded = 0
        while (line := self.line()) is None:
            if len(self.octets) > MAX_BLOB:
                discarded += len(self.octets)
                self.octets.clear()
            if discarded > MAX_DISCARD:
                raise EndlessLineError
            if not await self.more():
                return None
        return bytes(discarded) + line

    async def more(self) -> bool:
        """Wait for more to come; false when nothing will."""
        if self.at_eof() or self._eof or self.exception() is not None:  # type: ignore[attr-defined]
            return False
        try:
            await self._wait_for_data("more")  # type: ignore[attr-defined]
        except ConnectionError:
            return False
        return True

    async def segments(self) -> list[bytes]:
        """What there is of a text, after a wait where nothing is; none at the end of the stream.

        They are not joined: to copy a text costs as much as to digest it.
        """
        if not self.octets:
            await self._next_segments()
        if self.octets:
            self._last = _last(self._last, self.octets)
            self._segments.insert(0, bytes(self.octets))
            self.octets.clear()
        taken, self._segments, self._held = self._segments, [], 0
        return taken

    async def _next_segments(self) -> None:
        self._since, self._in_text = self._loop.time(), True  # type: ignore[attr-defined]
        try:
            await self.more()
        finally:
            self._in_text = False

    def put_back(self, octets: bytes) -> None:
        """Have these read next."""
        self.octets[:0] = octets


def _last(before: bytes, octets: bytes | bytearray) -> bytes:
    return (before + octets[-2:])[-2:]
