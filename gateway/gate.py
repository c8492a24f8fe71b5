"""One look at a time for work of one kind: who finds nothing has looked for all others, too.

What lives here: sparing the store looks that cannot find anything. What does not: claiming (`gateway.store`), who wakes
those that look (`gateway.worker`).

A process has as many workers for calls as lines. When something happens all of them wake, and all but one would ask the
store in vain.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def always() -> bool:
    """Yes."""
    return True


class Gate:
    """Lets the workers of one kind claim in turn.

    `news` tells how often something has happened that may have made work; a look in vain need not be repeated before it
    tells another number, or `stale` seconds have passed. Without `news` everybody looks. `worth` is a glance that costs
    next to nothing, and is believed when it says no. `found` is called when something was: there may be more.
    """

    def __init__(
        self,
        news: Callable[[], int] | None = None,
        stale: float = 0.0,
        worth: Callable[[], bool] = always,
        found: Callable[[], object] = always,
    ) -> None:
        self._news = news or itertools.count().__next__
        self._stale = stale
        self._worth = worth
        self._found = found
        self._turn = asyncio.Lock()
        self._in_vain: int | None = None
        self._looked = 0.0

    async def claim(self, take: Callable[[], T | None]) -> T | None:
        """What `take` finds, in a thread; None without asking when it is known that there is nothing."""
        async with self._turn:
            heard = self._news()
            if heard == self._in_vain and time.monotonic() - self._looked < self._stale:
                return None
            found = await asyncio.to_thread(take) if self._worth() else None
            self._in_vain = heard if found is None else None
            self._looked = time.monotonic()
            if found is not None:
                self._found()
            return found
