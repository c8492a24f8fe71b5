"""What the listener refused by itself, told to the desk for the record.

What lives here: a short queue and who empties it, so that no client waits for a record. What does not: what becomes of
a note, which is the desk's. Notes are dropped, and counted, when more come than can be kept.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from gateway.domain.submission import Refusal

logger = logging.getLogger(__name__)

MOST = 500  # notes that wait
LONGEST = 320  # characters of an address in a note


class RefusalNotes:
    """`keep` is called with one note after another, in the running event loop; it does not raise."""

    def __init__(self, keep: Callable[[Refusal], Awaitable[object]]) -> None:
        self._keep = keep
        self._waiting: deque[Refusal] = deque()
        self._work: asyncio.Task[None] | None = None
        self._dropped = 0

    def add(self, refusal: Refusal) -> None:
        """Take a note; it is kept in its turn."""
        if len(self._waiting) >= MOST:
            self._dropped += 1
            return
        self._waiting.append(refusal)
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._empty())

    async def finished(self, grace: float) -> None:
        """Wait up to `grace` seconds for what has been noted; the rest is dropped."""
        if self._work is not None:
            _, late = await asyncio.wait({self._work}, timeout=grace)
            for task in late:
                task.cancel()

    async def _empty(self) -> None:
        while self._waiting:
            await self._keep(self._waiting.popleft())
        self._work = None
        if self._dropped:
            logger.warning("smtp.notes_dropped", extra={"count": self._dropped})
            self._dropped = 0


def shown(address: str) -> str:
    """An address as a client wrote it, fit for a record: of bounded length, and nothing that cannot be printed."""
    return "".join(character if character.isprintable() else "?" for character in address[:LONGEST])
