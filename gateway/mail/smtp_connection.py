"""One SMTP connection below the commands: lines in, replies out, waits, half-closed clients, STARTTLS.

What lives here: what we keep of aiosmtpd (its stream plumbing and the change to TLS) and what we replace of it, for
the reasons measured: its command loop takes a bare LF for a line end, logs addresses, and cancels the work of a client
that half-closes. What does not: the commands (`smtp_session`).
"""

import asyncio
import logging

from aiosmtpd.smtp import SMTP, TLSSetupException

from gateway.domain.errors import SmtpReply
from gateway.mail.front_door import ClientGoneError, FrontDoor
from gateway.mail.smtp_syntax import refuse

logger = logging.getLogger(__name__)

MAX_LINE = 2048  # octets; RFC 5321 4.5.3.1.4 asks for 512 and room for parameters
MAX_BLOB = 12_288  # a line of an AUTH exchange (RFC 4954 4)
MAX_DISCARD = 65_536  # of an overlong line, before we give up on the client
MAX_REPLY = 480

BARE_LF = SmtpReply(521, "5.5.2", "lines end in CR LF, not in a bare LF")
IDLE = SmtpReply(421, "4.4.2", "waited too long, goodbye")
STOPPING = SmtpReply(421, "4.3.2", "the gateway is stopping, try again later")
ENDING = frozenset({421, 521})  # replies that end the session


class SmtpConnection(SMTP):
    """A client, seen as lines and replies. `peer` is its IP address."""

    line_length_limit = MAX_BLOB

    def __init__(self, door: FrontDoor) -> None:
        self.door = door
        self.peer = ""
        self.ending = False
        self._busy = False
        super().__init__(
            None,
            hostname=door.settings.hostname,
            tls_context=door.tls,
            timeout=door.settings.waits.command,
            loop=asyncio.get_running_loop(),
        )

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the client in; called a second time when TLS has begun."""
        if not self.peer:
            name = transport.get_extra_info("peername")
            self.peer = str(name[0]) if name else "unknown"
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Stop the conversation; a store that has begun goes on (`FrontDoor.store`)."""
        already = self.transport is None
        super().connection_lost(error)
        if not already:
            self.door.leave(self)

    def eof_received(self) -> bool:
        """Go on answering what came before: simple devices send all, close their half and wait."""
        self._reader.feed_eof()
        return self._tls_protocol is None

    def _timeout_cb(self) -> None:
        logger.info("smtp.timeout", extra={"peer": self.peer})
        self._end_with(IDLE)

    async def _handle_client(self) -> None:
        try:
            await self.converse()
        except ClientGoneError:
            logger.info("smtp.client_gone", extra={"peer": self.peer})
        finally:
            self._writer.close()

    # What the commands use.

    async def converse(self) -> None:
        """The whole conversation; ends when the client or we have had enough."""
        raise NotImplementedError

    @property
    def encrypted(self) -> bool:
        """Whether TLS has begun."""
        return self._tls_protocol is not None

    def stop(self) -> None:
        """Say goodbye: at once when waiting for a command, else after the command that runs."""
        self.ending = True
        if not self._busy:
            self._end_with(STOPPING)

    def abort(self) -> None:
        """Cut the connection."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    async def say(self, *lines: str) -> None:
        """Send whole reply lines in one write."""
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode("ascii", "replace"))
        try:
            await self._writer.drain()
        except ConnectionError:
            raise ClientGoneError from None

    async def reply(self, reply: SmtpReply) -> None:
        """Send a reply on one line of plain ASCII, whatever its text holds."""
        self.ending = self.ending or reply.code in ENDING
        await self.say(_one_line(reply))

    async def read_line(self, limit: int = MAX_LINE) -> str | None:
        """The client's next line without its CRLF, None at the end of the stream.

        Octets that are no UTF-8 become lone surrogates.

        Raises:
            SyntaxRefusedError: a bare LF (which ends the session), a bare CR, a NUL, or a line that is too long.
        """
        line = await self._raw_line()
        if line is None:
            return None
        if line[-2:] != b"\r\n":
            raise refuse(BARE_LF.code, BARE_LF.enhanced, BARE_LF.text)
        if len(line) > limit:
            raise refuse(500, "5.5.2", "the line is too long")
        if b"\r" in line[:-2] or b"\0" in line:
            raise refuse(500, "5.5.2", "the line holds a bare CR or a NUL")
        return line[:-2].decode("utf-8", "surrogateescape")

    async def challenge(self, text: str) -> str:
        """Ask in an AUTH exchange; `text` is base64 already.

        Raises:
            SyntaxRefusedError: as `read_line`.
            ClientGoneError: the client has gone.
        """
        await self.say(f"334 {text}")
        answer = await self.read_line(MAX_BLOB)
        if answer is None:
            raise ClientGoneError
        return answer

    def push_back(self, octets: bytes) -> None:
        """Put back what was read behind the end of a text; asyncio's reader has no public way."""
        self._reader._buffer[:0] = octets  # type: ignore[attr-defined]

    async def begin_tls(self) -> None:
        """Change to TLS; what the client sent ahead in the clear is dropped (RFC 3207 4.2).

        Raises:
            ClientGoneError: the handshake failed; the connection is closed.
        """
        try:
            await self.smtp_STARTTLS("")
        except TLSSetupException as error:
            logger.info("smtp.tls_failed", extra={"peer": self.peer, "reason": type(error.__cause__).__name__})
            self.abort()
            self.connection_lost(error)
            raise ClientGoneError from error

    async def _raw_line(self) -> bytes | None:
        """A line with its line end; of an overlong one only as much as shows that it is too long."""
        discarded = b""
        while len(discarded) <= MAX_DISCARD:
            try:
                line: bytes = await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                discarded += await self._reader.read(error.consumed)
                continue
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            return discarded + line
        raise ClientGoneError

    def _end_with(self, reply: SmtpReply) -> None:
        if self.transport is not None:
            self._writer.write(f"{reply}\r\n".encode())
            self.transport.close()


def _one_line(reply: SmtpReply) -> str:
    text = "".join(character if " " <= character <= "~" else "?" for character in reply.text)
    return f"{reply.code} {reply.enhanced} {text}"[:MAX_REPLY]
