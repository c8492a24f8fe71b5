"""One session with the relay once it has greeted us and knows who we are: whole mails, as few writes and waits.

What lives here: MAIL, RCPT, DATA, the text and QUIT on the connection (RFC 5321 4.1.1), in one group where the relay
takes that (PIPELINING, RFC 2920). What does not: connecting, TLS, AUTH and EHLO, and what an answer means for a mail
(`relay`).

aiosmtplib sends one command at a time, looks at each text and address some times over and waits for each answer with a
task; with two mails for each fax that is a good part of all work.
"""

import asyncio
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

MOST_OCTETS = 32_768  # of the answers to one group: more is no talk of a mail server
GOING_AWAY = 421  # may answer any command (RFC 5321 3.8)
NOT_WITH_US = 530  # it wants TLS or a password first (RFC 3207 4, RFC 4954 6): no fault of any mail
GO_ON = 354
PARTING_SECONDS = 5.0
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its code and its words on one line."""

    code: int
    words: str

    @property
    def well(self) -> bool:
        """Whether it says yes."""
        return 200 <= self.code < 300


class BrokenOffError(ConnectionError):
    """Nothing more can be sent in this session; `code` is the relay's in saying so, 0 where it said nothing."""

    def __init__(self, words: str, code: int = 0) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with its envelope. Addresses have no line ends: who gives them has looked.

    Where one has octets above 127 (UTF-8), the session must take that (`Wire.takes_utf8`).
    """

    sender: bytes
    recipient: bytes
    text: bytes

    @property
    def needs_utf8(self) -> bool:
        """Whether it can go by SMTPUTF8 alone (RFC 6531 3.4)."""
        return not (self.sender.isascii() and self.recipient.isascii())


class Wire(asyncio.Protocol):
    """The session; one mail at a time. `extensions` are those of the relay's EHLO, in lower case.

    `seconds` are waited for each answer. While the last mail's text is on its way, or was, `text_begun` is true: the
    relay may have that mail. `mails` counts those that were tried. `takes_utf8` tells of SMTPUTF8 (RFC 6531).
    """

    def __init__(self, transport: asyncio.Transport, extensions: Collection[str], seconds: float) -> None:
        self._transport = transport
        self._pipelined = "pipelining" in extensions
        self._sized = "size" in extensions
        self._takes_eight_bits = "8bitmime" in extensions
        self.takes_utf8 = "smtputf8" in extensions
        self._seconds = seconds
        self._heard = bytearray()
        self._lines: list[str] = []
        self._octets = 0
        self._replies: list[Reply] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._trouble: BrokenOffError | None = None
        self._leaving = False
        self.text_begun = False
        self.mails = 0

    @property
    def is_open(self) -> bool:
        """Whether a mail may be tried."""
        return self._trouble is None and not self._leaving and not self._transport.is_closing()

    async def send(self, letter: Letter) -> Reply:
        """Send a mail; the answer to its text, or the one that refused it before.

        Raises:
            BrokenOffError: the session is over, or the relay says so.
        """
        self.text_begun, self.mails = False, self.mails + 1
        text = dotted(with_line_ends(letter.text))
        refusal = await self._introduced(letter, self._parameters(letter, text))
        if refusal is not None:
            with suppress(BrokenOffError):  # the mail has its answer; the next one will see
                await self._ask(b"RSET\r\n")
            return refusal
        self.text_begun = True
        [reply] = await self._ask(text + b".\r\n")
        return reply if reply.well else self._refusal(reply)

    async def goodbye(self) -> None:
        """Take leave, and close."""
        try:
            if self.is_open:
                await self._ask(b"QUIT\r\n")
        except BrokenOffError:
            pass  # how the relay takes its leave changes nothing
        finally:
            self.close()

    def leave(self) -> None:
        """As `goodbye`, without waiting: it is closed when the relay has answered."""
        if not self.is_open:
            self.close()
            return
        self._leaving = True
        self._transport.write(b"QUIT\r\n")
        asyncio.get_running_loop().call_later(PARTING_SECONDS, self.close)

    def close(self) -> None:
        """Close without a word, or with the one that was written."""
        self._trouble = self._trouble or BrokenOffError("the session was closed")
        self._transport.close()

    def _parameters(self, letter: Letter, text: bytes) -> bytes:
        """What is told of a mail, as far as the relay takes it.

        Octets above 127 are in letters of strangers, and where an address has them.
        """
        size = b" SIZE=%d" % len(text) if self._sized else b""
        body = b" BODY=8BITMIME" if self._takes_eight_bits and not text.isascii() else b""
        return size + body + (b" SMTPUTF8" if letter.needs_utf8 else b"")

    async def _introduced(self, letter: Letter, parameters: bytes) -> Reply | None:
        """Name sender and recipient and announce the text; the answer that refuses it, None when it may follow."""
        commands = (
            b"MAIL FROM:<%b>%b\r\n" % (letter.sender, parameters),
            b"RCPT TO:<%b>\r\n" % letter.recipient,
            b"DATA\r\n",
        )
        replies = await (self._ask(b"".join(commands), 3) if self._pipelined else self._one_by_one(commands))
        for reply in replies:
            if reply.code in (GOING_AWAY, NOT_WITH_US):
                self._refusal(reply)
        refusal = next((reply for reply in replies[:2] if not reply.well), None)
        if refusal is not None and replies[-1].code == GO_ON:
            await self._ask(b".\r\n")  # RFC 2920 3.1: it waits for a text that nobody gets
        if refusal is None and replies[-1].code != GO_ON:
            refusal = replies[-1]
        return None if refusal is None else self._refusal(refusal)

    def _refusal(self, reply: Reply) -> Reply:
        """An answer that says no to this mail; any other ends the session, and so do those that are not about it."""
        told = reply.code in (GOING_AWAY, NOT_WITH_US)
        if told or not 400 <= reply.code < 600:
            self._trouble = BrokenOffError(reply.words, reply.code if told else 0)
            self._transport.close()
            raise self._trouble
        return reply

    async def _one_by_one(self, commands: Sequence[bytes]) -> list[Reply]:
        """The answers up to the first that is a refusal."""
        replies: list[Reply] = []
        for command in commands:
            replies += await self._ask(command)
            if not replies[-1].well:
                break
        return replies

    async def _ask(self, octets: bytes, count: int = 1) -> list[Reply]:
        """Write, and wait for so many answers."""
        if not self.is_open:
            raise self._trouble or BrokenOffError("the connection is closed")
        loop = asyncio.get_running_loop()
        self._replies, self._wanted, self._octets = [], count, 0
        self._waiter = loop.create_future()
        self._transport.write(octets)
        timer = loop.call_later(self._seconds, self._break, "no answer in time")
        try:
            await self._waiter
            return self._replies[:count]
        except asyncio.CancelledError:
            self.close()  # an answer that comes later would be taken for another's
            raise
        finally:
            timer.cancel()
            self._waiter, self._wanted = None, 0

    def data_received(self, data: bytes) -> None:
        """What the relay says, in any pieces."""
        if self._leaving:
            self.close()
            return
        self._heard += data
        self._octets += len(data)
        if self._octets > MOST_OCTETS:
            self._break("the answer is too long")
        while self._trouble is None and (end := self._heard.find(b"\n")) >= 0:
            line = bytes(self._heard[:end])
            del self._heard[: end + 1]
            self._hear(line)

    def eof_received(self) -> bool:
        """The relay says no more: nor do we."""
        self._break("the relay has closed the connection")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, whoever made it."""
        self._break(f"the connection was lost: {type(exc).__name__}" if exc else "the connection was closed")

    def _hear(self, line: bytes) -> None:
        if not line[:3].isdigit():
            self._break("that is no answer of a mail server")
            return
        self._lines.append(line[4:].decode("utf-8", "replace").strip())
        if line[3:4] == b"-":
            return
        self._replies.append(Reply(int(line[:3]), " ".join(self._lines)))
        self._lines = []
        if self._waiter is None or len(self._replies) > self._wanted:
            self._break("an answer that nobody asked for")
        elif len(self._replies) == self._wanted and not self._waiter.done():
            self._waiter.set_result(None)

    def _break(self, words: str) -> None:
        """The session is over. What the relay said last may tell why."""
        last = self._replies[-1] if self._replies else None
        if self._trouble is None:
            said = last is not None and last.code == GOING_AWAY
            self._trouble = BrokenOffError(last.words, GOING_AWAY) if last and said else BrokenOffError(words)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(self._trouble)
        self._transport.close()


class Kept:
    """Sessions that are left open for a while, for whoever has the next mail."""

    def __init__(self) -> None:
        self._wires: list[Wire] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, wire: Wire, seconds: float) -> None:
        """Keep a session; it takes leave when nobody has used it for so long."""
        self._loop = asyncio.get_running_loop()
        self._wires.append(wire)
        self._loop.call_later(seconds, self._let_go, wire, wire.mails)

    def take(self) -> Wire | None:
        """The one that was used last; None when all were closed, by the relay or by us."""
        while self._wires:
            wire = self._wires.pop()
            if wire.is_open:
                return wire
        return None

    def close(self) -> None:
        """Close all, with a word but without waiting for the answer; any thread may ask."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._close)

    def _let_go(self, wire: Wire, mails: int) -> None:
        if wire in self._wires and wire.mails == mails:
            self._wires.remove(wire)
            wire.leave()

    def _close(self) -> None:
        while self._wires:
            wire = self._wires.pop()
            wire.leave()
            wire.close()


def with_line_ends(text: bytes) -> bytes:
    """Lines as mail has them, the last one's end included (RFC 5321 2.3.8). Ours are so already."""
    ends = text.count(b"\r\n")
    if text.count(b"\n") != ends or text.count(b"\r") != ends:
        text = _LINE_END.sub(b"\r\n", text)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def dotted(text: bytes) -> bytes:
    """No line of it ends the mail (RFC 5321 4.5.2)."""
    stuffed = text.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
