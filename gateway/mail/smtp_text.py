"""Taking in one text after DATA: from the socket to the disk, within the limits.

What lives here: the loop over chunks and what may go wrong in it. What does not: the decoding (`smtp_data`), the
file (`content_file`), the commands (`smtp_session`).
"""

import logging
import time
from collections.abc import Awaitable, Callable

from gateway.domain.errors import GatewayError, SmtpReply, UnavailableError
from gateway.mail.content_file import ContentFile, Swallow
from gateway.mail.desk import ListenerSettings
from gateway.mail.front_door import DISK_TROUBLE, ClientGoneError
from gateway.mail.smtp_data import DotDecoder, HeaderWatch
from gateway.mail.smtp_inbox import Inbox
from gateway.mail.smtp_pace import TextPace

logger = logging.getLogger(__name__)


class TextIntake:
    """One text on its way in.

    After a fault the rest is read and thrown away, so that the client hears the reply at the end of its text; a
    client that goes on for more than twice `max_size` is to be cut off, and `overrun` tells so. `allow` is told for
    how many seconds we wait, for the client's octets or for our disk; only the client's count for its pace.
    """

    def __init__(
        self, content: ContentFile | Swallow, settings: ListenerSettings, allow: Callable[[float], None]
    ) -> None:
        self._content = content
        self._limits = settings.limits
        self._store_wait = settings.waits.store
        self._pace = TextPace(settings.waits, settings.limits.least_rate)
        self._allow = allow
        self._decoder = DotDecoder()
        self._watch = HeaderWatch(settings.limits.max_header, settings.limits.max_header_fields)
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

    async def take(self, inbox: Inbox) -> GatewayError | None:
        """Read until the end mark. What went wrong, None when all was taken.

        Raises:
            ClientGoneError: the connection ended before the text did.
        """
        while not self._decoder.done and not self.overrun:
            for segment in await self._segments(inbox):
                await self._keep(self._decoder.feed(segment))
        if self._fault is None:
            self._watch.finish()
            self._fault = self._watch.fault
        return self._fault

    async def _segments(self, inbox: Inbox) -> list[bytes]:
        began = time.monotonic()
        self._allow(self._pace.left())
        segments = await inbox.segments()
        if not segments:
            raise ClientGoneError
        self._pace.arrived(sum(map(len, segments)), time.monotonic() - began)
        return segments

    async def _keep(self, content: bytes) -> None:
        if self._fault is None:
            if self._watch.feed(content):
                self._pace.header_ended()
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

    async def _to_disk(self, work: Awaitable[None]) -> None:
        self._allow(self._store_wait)
        try:
            await work
        except OSError as error:
            logger.warning("smtp.storage_failed", extra={"detail": error.strerror})
            self._fault = UnavailableError(DISK_TROUBLE.text, reply=DISK_TROUBLE)


def size_fault(limit: int) -> GatewayError:
    """The refusal of a text, or of a declared size, above `limit` octets (RFC 1870 6.1)."""
    text = f"the mail is larger than {limit} octets"
    return GatewayError(text, reply=SmtpReply(552, "5.3.4", text))
