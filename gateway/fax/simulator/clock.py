"""The simulator's clocks: one that leaps from end to end of calls, and one that calls must keep up with.

What lives here: telling the time and waiting for it. What does not: the time inside a call (`line`).
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from threading import Lock

# Real seconds in which another line may still begin a call before the clock jumps to the next end.
GRACE = 0.1
SLICE_SECONDS = 0.2  # of real time that a call at a set speed is worked out ahead


class SimulatorClock:
    """Tells the wall clock's time plus the time that simulated calls have skipped; safe between threads.

    `floor` is the latest moment that a former run has written down: the clock never tells an earlier one.

    Calls on several lines overlap as real ones would: each is worked out at once, then waits in `sleep_until` for its
    end, and the clock jumps to the earliest end of all. `running` and `sleep_until` belong to one event loop.
    """

    slice_ms: int | None = None  # a call is worked out whole

    def __init__(self, wall: Callable[[], datetime], floor: datetime | None = None, grace: float = GRACE) -> None:
        self._wall = wall
        self._grace = grace
        self._offset = timedelta()
        self._last = wall()
        self._lock = Lock()
        self._running = 0
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        if floor is not None:
            self.skip_to(floor)

    def now(self) -> datetime:
        """The present, aware, UTC; never earlier than an answer given before."""
        with self._lock:
            self._last = max(self._last, self._wall() + self._offset)
            return self._last

    def skip_to(self, moment: datetime) -> None:
        """Jump to `moment` if it is ahead; every later answer is at least that."""
        with self._lock:
            present = self._wall() + self._offset
            if moment > present:
                self._offset += moment - present

    @contextmanager
    def running(self) -> Iterator[None]:
        """A call is being worked out inside the block: its end is not known yet, so the clock stands."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._wake_later()

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the clock has reached `moment`; it jumps there when nothing is to happen before."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (moment, next(self._order), woken))
        self._wake_later()
        await woken

    def _wake_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._grace, self._wake)

    def _wake(self) -> None:
        """Jump to the earliest end and wake who waits for it; a sleeper that was cancelled is passed over."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if self._running or not self._sleepers:
            return
        moment, _, woken = heapq.heappop(self._sleepers)
        self.skip_to(moment)
        woken.set_result(None)
        self._wake_later()


class PacedClock:
    """Runs `speed` times as fast as the wall clock, from its start or `floor`; calls take their time on it.

    With `since` it began then, at `floor`: so several processes tell one time.
    """

    def __init__(
        self,
        wall: Callable[[], datetime],
        speed: float,
        floor: datetime | None = None,
        since: datetime | None = None,
    ) -> None:
        self._wall = wall
        self._speed = speed
        self._wall_start = since or wall()
        self._start = self._last = max(self._wall_start, floor or self._wall_start)
        self._lock = Lock()

    @property
    def slice_ms(self) -> int:
        """How much of a call is worked out ahead of the clock."""
        return max(1, int(SLICE_SECONDS * 1000 * self._speed))

    def now(self) -> datetime:
        """The present, aware, UTC; never earlier than an answer given before."""
        with self._lock:
            self._last = max(self._last, self._start + (self._wall() - self._wall_start) * self._speed)
            return self._last

    def skip_to(self, moment: datetime) -> None:
        """Time that has a speed cannot be skipped."""

    def running(self) -> AbstractContextManager[None]:
        """The clock waits for nobody."""
        return nullcontext()

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the clock has reached `moment`."""
        wait = (moment - self.now()).total_seconds() / self._speed
        if wait > 0:
            await asyncio.sleep(wait)
            await self.sleep_until(moment)  # the wall clock may have been set back meanwhile
