"""Taking in one text after DATA: from the socket to the disk, within the limits.

What lives here: the loop over chunks and what may go wrong in it. What does not: the decoding (`smtp_data`), the
file (`content_file`), the commands (`smtp_session`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.domain.errors import GatewayError, SmtpReply, UnavailableError
from gateway.mail.content_file import ContentFile
from gateway.mail.desk import Limits
from gateway.mail.front_door import DISK_TROUBLE, ClientGoneError
from gateway.mail.smtp_data import DotDecoder, HeaderWatch

logger = logging.getLogger(__name__)

CHUNK = 262_144


class TextIntake:
    """One text on its way in.

    After a fault the rest is read and thrown away, so that the client hears the reply at the end of its text; a
    client that goes on for more than twice `max_size` is cut off, and `overrun` tells so.
    """

    def __init__(self, content: ContentFile, limits: Limits) -> None:
        self._content = content
        self._limits = limits
        self._decoder = DotDecoder()
        self._watch = HeaderWatch(limits.max_header)
        self._fault: GatewayError | None = None
        self._thrown_away = 0

    @property
    def overrun(self) -> bool:
        """Whether the client went on far beyond the limit."""
        return self._thrown_away > 2 * self._limits.max_size

    @property
    def rest(self) -> bytes:
        """What came behind the end mark: pipelined commands."""
        return self._decoder.rest

    async def take(self, reader: asyncio.StreamReader, touch: Callable[[], None]) -> GatewayError | None:
        """Read until the end mark; `touch` is called for each chunk. What went wrong, None when all is on disk.

        Raises:
            ClientGoneError: the connection ended before the text did.
        """
        while not self._decoder.done and not self.overrun:
            chunk = await _read(reader)
            touch()
            await self._keep(self._decoder.feed(chunk))
        if self._fault is None:
            await self._finish()
        return self._fault

    async def _keep(self, content: bytes) -> None:
        if self._fault is None:
            self._watch.feed(content)
            self._fault = self._watch.fault or self._size_fault(len(content))
        if self._fault is None:
            await self._to_disk(self._content.write(content))
        else:
            self._thrown_away += len(content)

    def _size_fault(self, more: int) -> GatewayError | None:
        limit = self._limits.max_size
        if self._content.size + more <= limit:
            return None
        return size_fault(limit)

    async def _finish(self) -> None:
        self._watch.finish()
        self._fault = self._watch.fault
        if self._fault is None:
            await self._to_disk(self._content.finish())

    async def _to_disk(self, work: Awaitable[None]) -> None:
        try:
            await work
        except OSError as error:
            logger.warning("smtp.storage_failed", extra={"errno": error.errno})
            self._fault = UnavailableError(DISK_TROUBLE.text, reply=DISK_TROUBLE)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        chunk = await reader.read(CHUNK)
    except ConnectionError:
        raise ClientGoneError from None
    if not chunk:
        raise ClientGoneError
    return chunk


def size_fault(limit: int) -> GatewayError:
    """The refusal of a text, or of a declared size, above `limit` octets (RFC 1870 6.1)."""
    text = f"the mail is larger than {limit} octets"
    return GatewayError(text, reply=SmtpReply(552, "5.3.4", text))
