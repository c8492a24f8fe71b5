"""An answer that is remembered for a moment, so that many who ask cost no more than one.

What lives here: that. What does not: any answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Asks `make` at most once in `seconds` of the clock `now`, and never twice at a time.

    Who gives up waiting does not end the asking: others wait for the same answer.
    """

    def __init__(self, make: Callable[[], Awaitable[T]], seconds: float, now: Callable[[], float]) -> None:
        self._make = make
        self._seconds = seconds
        self._now = now
        self._asking: asyncio.Task[T] | None = None
        self._asked = 0.0

    async def get(self) -> T:
        """The answer, of now or of a moment ago; what `make` raises is raised, and not remembered."""
        if self._asking is None or self._is_over(self._asking):
            self._asking = asyncio.create_task(self._answer())
        return await asyncio.shield(self._asking)

    def _is_over(self, asking: asyncio.Task[T]) -> bool:
        if not asking.done():
            return False
        failed = asking.cancelled() or asking.exception() is not None
        return failed or self._now() - self._asked >= self._seconds

    async def _answer(self) -> T:
        answer = await self._make()
        self._asked = self._now()
        return answer
