"""One SMTP connection below the commands: lines in, replies out, waits, half-closed clients, TLS.

What lives here: what we keep of aiosmtpd (its stream plumbing) and what we replace of it, for the reasons measured:
its command loop takes a bare LF for a line end, logs addresses, and cancels the work of a client that half-closes; it
looks through all its methods for each connection; its TLS keeps a large buffer for each. What does not: who is let in
(`smtp_admission`), the commands (`smtp_session`).
"""

import asyncio
import logging
from functools import cache

from aiosmtpd.smtp import SMTP

from gateway.domain.errors import SmtpReply
from gateway.mail.desk import Doorway
from gateway.mail.front_door import ClientGoneError, FrontDoor
from gateway.mail.peers import plain_address
from gateway.mail.smtp_inbox import MAX_BLOB, MAX_DISCARD, EndlessLineError, Inbox
from gateway.mail.smtp_pace import Patience
from gateway.mail.smtp_syntax import refuse
from gateway.mail.smtp_tls import TlsLayer

logger = logging.getLogger(__name__)

MAX_LINE = 2048  # octets; RFC 5321 4.5.3.1.4 asks for 512 and room for parameters
MAX_REPLY = 480
LAST_WORDS = 3.0  # seconds in which a client that is sent away can still read why

BARE_LF = SmtpReply(521, "5.5.2", "lines end in CR LF, not in a bare LF")
IDLE = SmtpReply(421, "4.4.2", "waited too long, goodbye")
STOPPING = SmtpReply(421, "4.3.2", "the gateway is stopping, try again later")
ENDING = frozenset({421, 521})  # replies that end the session


@cache
def _looked_up() -> dict[str, object]:
    """What aiosmtpd finds by looking through all methods, the same for every connection."""
    return vars(SMTP(None, hostname="localhost", loop=asyncio.get_running_loop()))


class SmtpConnection(SMTP):
    """A client, seen as lines and replies.

    `peer` is its IP address; `known` tells whether the door has counted that. `cut_short` is true when we end the
    session while the client may still be talking. While `storing` is true a mail is kept, whatever the client does.
    """

    def __init__(self, door: FrontDoor, doorway: Doorway) -> None:
        self.__dict__.update(_looked_up())
        loop = asyncio.get_running_loop()
        self.reader = Inbox(MAX_BLOB, loop)
        asyncio.StreamReaderProtocol.__init__(self, self.reader, self._cb_client_connected, loop)
        self.loop = loop
        self.hostname = door.settings.hostname
        self.door = door
        self.doorway = doorway
        self.waits = door.settings.waits
        self.peer = ""
        self.encrypted = False
        self.ending = False
        self.patience = Patience(loop, self._timeout_cb)
        self._timeout_handle = self.patience  # type: ignore[assignment]  # aiosmtpd cancels it at the end, and no more
        self._began = loop.time()
        self.known = False
        self._busy = False  # with a command
        self.cut_short = False
        self.storing = False
        self._choked = False
        self._line_awaited = False
        self._unsent: list[str] = []

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to talk; called a second time when TLS has begun."""
        if self.peer:
            self.encrypted = True
        else:
            name = transport.get_extra_info("peername")  # None when it has gone already
            self.peer = plain_address(str(name[0])) if name else "0.0.0.0"
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came; a line that has begun must come to its end."""
        self.reader.feed_data(data)
        if self._line_awaited and b"\n" not in data:
            self._line_awaited = False
            self.patience.shorten(self.waits.line)

    def connection_lost(self, error: Exception | None) -> None:
        """Stop the conversation, unless it keeps a mail: that goes on to its end."""
        if self.transport is None:
            return
        self.patience.cancel()
        if self._original_transport is not None:
            self._original_transport.close()  # or it would have something to say after this
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        self.transport = None
        assert self._handler_coroutine is not None
        if not self.storing:
            self._handler_coroutine.cancel()
        self.door.leave(self, self.known)

    def pause_writing(self) -> None:
        """The client does not read what we say."""
        self._choked = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """It has read it."""
        self._choked = False
        super().resume_writing()

    def eof_received(self) -> bool:
        """Go on answering what came before: simple devices send all, close their half and wait."""
        self.reader.feed_eof()
        return self._tls_protocol is None

    def _reset_timeout(self, duration: float | None = None) -> None:
        self.patience.allow(duration or self.waits.command)

    def _timeout_cb(self) -> None:
        if self.reader.wake():  # something of a text was held back: its pace is looked at once more
            self.patience.allow(self.waits.line)
            return
        logger.info("smtp.timeout", extra={"peer": self.peer})
        self._end_with(IDLE)

    async def _handle_client(self) -> None:
        try:
            await self.converse()
            await self._part()
        except ClientGoneError:
            logger.info("smtp.client_gone", extra={"peer": self.peer})
        finally:
            self._writer.close()

    @property
    def age(self) -> float:
        """Seconds since the connection was made."""
        return self.loop.time() - self._began

    # What the commands use.

    async def converse(self) -> None:
        """The whole conversation; ends when the client or we have had enough."""
        raise NotImplementedError

    def stop(self) -> None:
        """Say goodbye: at once when waiting for a command, else after the command that runs."""
        self.ending = True
        if not self._busy:
            self._end_with(STOPPING)

    def abort(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self._writer.transport.abort()

    def say(self, *lines: str) -> None:
        """Give whole reply lines; they leave when nothing is left to answer (RFC 2920 3.2), or at `flush`."""
        self._unsent += lines

    def reply(self, reply: SmtpReply) -> None:
        """Give a reply on one line of plain ASCII, whatever its text holds."""
        if reply.code in ENDING:
            self.ending = self.cut_short = True
        self.say(_one_line(reply))

    def dismiss(self, reply: SmtpReply) -> None:
        """Give a reply that ends the session."""
        self.reply(reply)
        self.ending = self.cut_short = True

    async def flush(self) -> None:
        """Send what was said.

        Raises:
            ClientGoneError: the connection has ended.
        """
        if not self._unsent:
            return
        if self.transport is None:
            raise ClientGoneError
        self._writer.write(self._words())
        if not self._choked and not self.transport.is_closing():
            return
        try:
            await self._writer.drain()
        except ConnectionError:
            raise ClientGoneError from None

    async def read_line(self, limit: int = MAX_LINE) -> str | None:
        """The client's next line without its CRLF, None at the end of the stream.

        Octets that are no UTF-8 become lone surrogates.

        Raises:
            SyntaxRefusedError: a bare LF (which ends the session), a bare CR, a NUL, or a line that is too long.
        """
        line = self.reader.line() or await self._await_line()
        if line is None:
            return None
        if line[-2:] != b"\r\n":
            raise refuse(BARE_LF.code, BARE_LF.enhanced, BARE_LF.text)
        if len(line) > (MAX_BLOB if line[:5].upper() == b"AUTH " else limit):
            raise refuse(500, "5.5.6" if limit == MAX_BLOB else "5.5.2", "the line is too long")  # RFC 4954 6
        if line.find(b"\r") != len(line) - 2 or b"\0" in line:
            raise refuse(500, "5.5.2", "the line holds a bare CR or a NUL")
        return line[:-2].decode("utf-8", "surrogateescape")

    async def challenge(self, text: str) -> str:
        """Ask in an AUTH exchange; `text` is base64 already.

        Raises:
            SyntaxRefusedError: as `read_line`.
            ClientGoneError: the client has gone.
        """
        self.say(f"334 {text}")
        answer = await self.read_line(MAX_BLOB)
        if answer is None:
            raise ClientGoneError
        return answer

    def unread(self) -> bytes:
        """What has come and was not read."""
        return bytes(self.reader.octets)

    async def begin_tls(self, early: bytes = b"") -> None:
        """Change to TLS; what the client sent ahead in the clear is dropped (RFC 3207 4.2).

        `early` is what was read of the handshake already.

        Raises:
            ClientGoneError: the handshake failed; the connection is closed.
        """
        await self.flush()
        below, context = self._writer.transport, self.door.tls
        assert context is not None
        layer = TlsLayer(self.loop, self, context, self.door.tls_buffer, self.waits.handshake)
        self._tls_protocol, self._original_transport, self.transport = layer, below, layer.transport
        layer.begin(below, early)
        trouble: Exception | None = None
        try:
            await layer.shaken
        except (OSError, ValueError) as error:  # ssl has both kinds
            trouble = error
        if trouble is not None or not self.encrypted:
            logger.info("smtp.tls_failed", extra={"peer": self.peer, "detail": type(trouble).__name__})
            self.abort()
            self.connection_lost(trouble)
            raise ClientGoneError

    # The end.

    async def _part(self) -> None:
        """Send the last words. A client that still talks reads them only if we listen on for a moment."""
        await self.flush()
        if not self.cut_short or not self._writer.can_write_eof():
            return
        self._writer.write_eof()
        self.patience.allow(LAST_WORDS)
        while await self.reader.read(MAX_DISCARD):
            continue

    def _end_with(self, reply: SmtpReply) -> None:
        if self.transport is None:
            return
        if not self.cut_short:
            self.say(str(reply))
            self._writer.write(self._words())
        self.transport.close()
        self.loop.call_later(LAST_WORDS, self.abort)  # a client that does not read keeps nobody waiting

    def _words(self) -> bytes:
        words, self._unsent = self._unsent, []
        return "".join(f"{line}\r\n" for line in words).encode("ascii", "replace")

    async def _await_line(self) -> bytes | None:
        await self.flush()
        if self.reader.octets:
            self.patience.shorten(self.waits.line)
        else:
            self._line_awaited = True
        try:
            line = await self.reader.next_line()
        except EndlessLineError:
            raise ClientGoneError from None
        self._line_awaited = False
        return line


def _one_line(reply: SmtpReply) -> str:
    text = reply.text
    if not (text.isascii() and text.isprintable()):
        text = "".join(character if " " <= character <= "~" else "?" for character in text)
    return f"{reply.code} {reply.enhanced} {text}"[:MAX_REPLY]
