"""How a process learns that another one, or a command, has changed the store.

What lives here: hearing of it on either engine. What does not: the bell (`gateway.worker`), what PostgreSQL sends
(`gateway.store.news`).

What is missed costs a second at most: then the workers look by themselves.
"""

import asyncio
from contextlib import suppress
from typing import Protocol

from gateway.domain.errors import UnavailableError
from gateway.store.database import Database
from gateway.store.direct import DirectLine
from gateway.worker import Bell, Topic

LOOK_SECONDS = 0.04
# Our own commits change the number, too: under load it says little, and is heeded this seldom.
SPACING_SECONDS = 0.1
_VERSION = "PRAGMA data_version"  # changes with each commit of another connection to the file


class News(Protocol):
    """Rings the bell when others have committed something, from start to stop."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """End."""
        ...


class NearNews:
    """Looks at the number that SQLite keeps for this; a look takes microseconds and no lock."""

    def __init__(self, db: Database, bell: Bell) -> None:
        self._db = db
        self._bell = bell
        self._seen: object = None
        self._rang = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin."""
        self._seen = self._db.glance(_VERSION)
        self._look_later()

    async def stop(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        present = asyncio.get_running_loop().time()
        if present - self._rang >= SPACING_SECONDS:
            with suppress(UnavailableError):
                self._compare(self._db.glance(_VERSION), present)
        self._look_later()

    def _compare(self, version: object, present: float) -> None:
        if version != self._seen:
            self._seen, self._rang = version, present
            self._bell.ring()


class FarNews:
    """Hears what PostgreSQL sends, on a session that is the process's guard as well."""

    def __init__(self, db: Database, bell: Bell, url: str, process_id: int) -> None:
        self._bell = bell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line = DirectLine(db, url, process_id, self._hear)

    async def start(self) -> None:
        """Begin."""
        self._loop = asyncio.get_running_loop()
        self._line.start()

    async def stop(self) -> None:
        """End; the guard is free then."""
        await asyncio.to_thread(self._line.stop)

    def _hear(self, topic: str) -> None:
        """In the line's thread. A topic that we do not know is a newer version's: it may concern anybody."""
        known = (Topic(topic),) if topic in set(Topic) else ()
        assert self._loop is not None
        with suppress(RuntimeError):  # the loop has ended before the line
            self._loop.call_soon_threadsafe(self._bell.ring, *known)


def news_of(db: Database, bell: Bell, direct_url: str, process_id: int) -> News:
    """What rings this process's bell for others."""
    return NearNews(db, bell) if db.is_near else FarNews(db, bell, direct_url, process_id)
