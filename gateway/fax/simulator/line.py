"""A simulated line: two ends, a delay, and what goes wrong between them, on a virtual clock.

What lives here: carrying signals and the disturbances that can be put on a line. What does not: what the ends are
(`far_ends`, `t30`).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.fax.t30.signals import CallProgress, LineSignal, Progress

SECOND_MS = 1000


class End(Protocol):
    """One end of a line, driven like `t30.station.Station`."""

    @property
    def done(self) -> bool:
        """True when this end has left."""
        ...

    @property
    def wake_in(self) -> int | None:
        """Milliseconds until it does something by itself."""
        ...

    def deliver(self, signal: LineSignal) -> None:
        """Take a signal."""
        ...

    def advance(self, milliseconds: int) -> list[LineSignal]:
        """Let time pass; what it sent."""
        ...


class Side(StrEnum):
    """Who sent a signal."""

    CALLER = "caller"
    FAR_END = "far end"


Disturbance = Callable[[Side, LineSignal, int], Sequence[LineSignal] | None]
"""Told who sends, the signal and the milliseconds since dialling: what arrives instead; none cuts the line."""


@dataclass(slots=True)
class _Way:
    """One direction: where it leads, and what is under way on it."""

    sender: End
    receiver: End
    side: Side
    under_way: deque[tuple[int, LineSignal]]


class Line:
    """Carries one call until both ends have left."""

    def __init__(self, caller: End, far_end: End, disturbances: Sequence[Disturbance] = (), delay_ms: int = 0) -> None:
        self._ways = (
            _Way(caller, far_end, Side.CALLER, deque()),
            _Way(far_end, caller, Side.FAR_END, deque()),
        )
        self._disturbances = tuple(disturbances)
        self._delay_ms = delay_ms
        self.now = 0

    def run(self, each_second: Callable[[], None] = lambda: None, limit_ms: int = 24 * 3_600_000) -> None:
        """Run the call to its end; `each_second` is called once in each virtual second.

        Raises RuntimeError when the ends are not done within `limit_ms`: they would wait for ever.
        """
        due = SECOND_MS
        while not all(way.sender.done for way in self._ways):
            step = self._step()
            if step is None or self.now > limit_ms:
                raise RuntimeError("a simulated call does not end")
            self._advance(step)
            if self.now >= due:
                due += SECOND_MS
                each_second()

    def _step(self) -> int | None:
        """Milliseconds to the next thing that happens, or to the next second."""
        steps = [wake for way in self._ways if (wake := way.sender.wake_in) is not None]
        steps += [way.under_way[0][0] - self.now for way in self._ways if way.under_way]
        return max(0, min([*steps, SECOND_MS])) if steps else None

    def _advance(self, step: int) -> None:
        self.now += step
        for way in self._ways:
            for signal in way.sender.advance(step):
                self._carry(way, signal)
        for way in self._ways:
            while way.under_way and way.under_way[0][0] <= self.now:
                way.receiver.deliver(way.under_way.popleft()[1])

    def _carry(self, way: _Way, signal: LineSignal) -> None:
        """Put a signal on its way, through every disturbance."""
        arriving: Sequence[LineSignal] = (signal,)
        for disturb in self._disturbances:
            changed = [disturb(way.side, each, self.now) for each in arriving]
            if None in changed:
                self._cut()
                return
            arriving = [each for group in changed if group for each in group]
        way.under_way.extend((self.now + self._delay_ms, each) for each in arriving)

    def _cut(self) -> None:
        """Both ends find the line dead."""
        for way in self._ways:
            way.under_way.clear()
            way.under_way.append((self.now, CallProgress(Progress.HANG_UP)))
