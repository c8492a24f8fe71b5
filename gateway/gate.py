"""One look at a time for work of one kind, for as much as there are workers free: who finds nothing has looked for all.

What lives here: sparing the store looks that cannot find anything, and commits that others could share. What does not:
claiming (`gateway.store`), who wakes those that look (`gateway.worker`).

A process has as many workers for calls as lines. When something happens all of them wake, and all but one would ask the
store in vain. And a claim waits for its commit: one after another, they would hold up everything.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from gateway.store.strands import at_once

T = TypeVar("T")
Take = Callable[[int], Awaitable[Sequence[T]]]


def always() -> bool:
    """Yes."""
    return True


def nobody() -> int:
    """None that rests."""
    return 0


class Gate:
    """Lets the workers of one kind claim in turn, each for all that are free.

    `news` tells how often something has happened that may have made work; a look in vain need not be repeated before it
    tells another number, or `stale` seconds have passed. Without `news` everybody looks. `worth` is a glance that costs
    next to nothing, and is believed when it says no. `found` is called once for each worker to be woken: for what was
    found beyond one's own, and because there may be more. `resting` tells how many could be woken.
    """

    def __init__(
        self,
        news: Callable[[], int] | None = None,
        stale: float = 0.0,
        worth: Callable[[], bool] = always,
        found: Callable[[], object] = always,
        resting: Callable[[], int] = nobody,
    ) -> None:
        self._news = news or itertools.count().__next__
        self._stale = stale
        self._worth = worth
        self._found = found
        self._resting = resting
        self._turn = asyncio.Lock()
        self._here = 0
        self._shelf: deque[Any] = deque()
        self._in_vain: int | None = None
        self._looked = 0.0

    async def claim(self, take: Take[T]) -> T | None:
        """One of those that `take` finds, who is told how many are wanted; None when it is known that there is nothing.

        What it finds beyond that waits for the next worker; it is in hand of this process, as `take` has to see to.
        """
        self._here += 1
        try:
            async with self._turn:
                if not self._shelf and self._may_find():
                    await self._look(take)
                return self._shelf.popleft() if self._shelf else None
        finally:
            self._here -= 1

    def left(self) -> list[Any]:
        """What was claimed and not begun, when nobody will come for it any more."""
        left = list(self._shelf)
        self._shelf.clear()
        return left

    def _may_find(self) -> bool:
        return self._news() != self._in_vain or time.monotonic() - self._looked >= self._stale

    async def _look(self, take: Take[T]) -> None:
        heard = self._news()
        found = await take(self._here + self._resting()) if self._worth() else ()
        self._shelf.extend(found)
        self._in_vain = None if found else heard
        self._looked = time.monotonic()
        for _ in found:
            self._found()


def single(take: Callable[[], T | None]) -> Take[T]:
    """For work that is claimed one at a time."""

    async def taken(_most: int) -> list[T]:
        found = await at_once(take)
        return [] if found is None else [found]

    return taken
