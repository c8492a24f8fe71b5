"""Looks now and then for contents that no row names any more: a little at a time, so that nothing waits for it.

What lives here: when, and how much at a time. What does not: the sweep (`gateway.store.sweep`).
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.domain.errors import UnavailableError
from gateway.store.database import Database
from gateway.store.spool import Spool
from gateway.store.sweep import Swept, sweep

log = logging.getLogger(__name__)
EACH_SECONDS = 6 * 3600.0  # between two sweeps
FIRST_SECONDS = 300.0  # after the start, which has enough to do
STEP_SECONDS = 0.03  # of work in one look


@dataclass(slots=True)
class Tidy:
    """The flow that keeps the spool clean. Times are in seconds."""

    db: Database
    spool: Spool
    each: float = EACH_SECONDS
    first: float = FIRST_SECONDS
    _steps: Iterator[None] | None = field(default=None, init=False)
    _swept: Swept = field(default_factory=Swept, init=False)
    _due: float | None = field(default=None, init=False)

    async def next(self) -> bool:
        """Go on with a sweep for a moment, when one is due; never true: the rest waits for the next look."""
        await asyncio.to_thread(self._next)
        return False

    def _next(self) -> None:
        now = time.monotonic()
        self._due = self._due if self._due is not None else now + self.first
        if self._steps is None and now >= self._due:
            self._swept = Swept()
            self._steps = sweep(self.db, self.spool, time.time(), self._swept)
        if self._steps is not None:
            self._go_on(self._steps, now + STEP_SECONDS)

    def _go_on(self, steps: Iterator[None], until: float) -> None:
        """Take steps until then; a sweep that ends, or breaks off, is followed by a pause."""
        ended = True
        try:
            while next(steps, self) is None:
                if time.monotonic() >= until:
                    ended = False
                    return
        except UnavailableError as error:
            log.warning("sweep-broken-off", extra={"error": type(error).__name__})
        finally:
            if ended:
                self._steps, self._due = None, time.monotonic() + self.each
        if self._swept.anything:
            log.info("swept", extra={"count": len(self._swept.orphans), "erased": len(self._swept.forgotten)})
