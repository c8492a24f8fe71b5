"""How long a client may take: one timer a connection, and the least pace of a text.

What lives here: the arithmetic of waiting. What does not: the waits themselves (`desk.Waits`), and what is said to a
client that was too slow (`smtp_connection`).
"""

import asyncio
import math
from collections.abc import Callable

from gateway.mail.desk import Waits


class Patience:
    """One timer, prolonged without touching the event loop: a command a millisecond costs it nothing."""

    def __init__(self, loop: asyncio.AbstractEventLoop, run_out: Callable[[], None]) -> None:
        self._loop = loop
        self._run_out = run_out
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def allow(self, seconds: float) -> None:
        """From now on the client has so many seconds."""
        self._until = self._loop.time() + seconds
        if self._timer is None or self._until < self._timer.when():
            self._arm()

    def shorten(self, seconds: float) -> None:
        """The client has so many seconds, unless it had fewer already."""
        if self._loop.time() + seconds < self._until:
            self.allow(seconds)

    def cancel(self) -> None:
        """Wait no longer."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        self.cancel()
        self._timer = self._loop.call_at(self._until, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._loop.time() < self._until:
            self._arm()
        else:
            self._run_out()


class TextPace:
    """What is left to a client for its text: all of it, its header block, and its next octets.

    Within each window `least_rate` times its length must arrive, so neither silence nor a trickle holds a connection.
    Only time that we wait for the client counts, not what our disk takes.
    """

    def __init__(self, waits: Waits, least_rate: int) -> None:
        self._all = waits.data
        self._header = waits.header
        self._window = self._whole_window = waits.window
        self._due = self._quota = int(least_rate * waits.window)

    def left(self) -> float:
        """For how many seconds we wait for the next octets."""
        return max(0.0, min(self._all, self._header, self._window))

    def arrived(self, octets: int, seconds: float) -> None:
        """So many octets came after so long a wait."""
        self._all -= seconds
        self._header -= seconds
        self._window -= seconds
        self._due -= octets
        if self._due <= 0:
            self._window, self._due = self._whole_window, self._quota

    def header_ended(self) -> None:
        """What follows is body."""
        self._header = math.inf
