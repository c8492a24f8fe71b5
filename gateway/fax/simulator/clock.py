"""The simulator's clock: the wall clock, and ahead of it as far as calls have reached.

What lives here: one shared offset that only grows. What does not: the time inside a call (`line`).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock


class SimulatorClock:
    """Tells the wall clock's time plus the time that simulated calls have skipped; safe between threads.

    `floor` is the latest moment that a former run has written down: the clock never tells an earlier one.
    """

    def __init__(self, wall: Callable[[], datetime], floor: datetime | None = None) -> None:
        self._wall = wall
        self._offset = timedelta()
        self._last = wall()
        self._lock = Lock()
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
