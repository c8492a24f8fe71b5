"""A simulated line: two ends, delays, and what goes wrong between them, on a virtual clock.

What lives here: carrying signals, and their echo. What does not: what the ends are (`far_ends`, `t30`), the
disturbances that can be put on a line (`disturbances`, `noise`, `outages`), and any real time (`clock`).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.fax.t30.signals import CallProgress, LineSignal, Progress, Tone

SECOND_MS = 1000
DAY_MS = 24 * 3_600_000


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
    """One direction: where it leads, what is under way on it, and what is coming back as an echo."""

    sender: End
    receiver: End
    side: Side
    delay_ms: int
    under_way: deque[tuple[int, LineSignal]] = field(default_factory=deque)
    echoes: deque[tuple[int, LineSignal]] = field(default_factory=deque)


def _untold() -> None:
    """Nobody asked."""


class Line:
    """Carries one call until both ends have left.

    Signals take `delay_ms` each way, those of the far end `late_ms` more. With `echo_ms` above zero each end hears,
    so much later, what it said itself; tones and progress of the call have no echo.
    """

    def __init__(
        self,
        caller: End,
        far_end: End,
        disturbances: Sequence[Disturbance] = (),
        delay_ms: int = 0,
        late_ms: int = 0,
        echo_ms: int = 0,
    ) -> None:
        self._ways = (
            _Way(caller, far_end, Side.CALLER, delay_ms),
            _Way(far_end, caller, Side.FAR_END, delay_ms + late_ms),
        )
        self._disturbances = tuple(disturbances)
        self._echo_ms = echo_ms
        self._second = SECOND_MS
        self.now = 0

    @property
    def done(self) -> bool:
        """True when both ends have left."""
        one, other = self._ways
        return one.sender.done and other.sender.done

    def run(self, each_second: Callable[[], None] = _untold, limit_ms: int = DAY_MS) -> None:
        """Run the call to its end; `each_second` is called once in each virtual second.

        Raises RuntimeError when the ends are not done within `limit_ms`: they would wait for ever.
        """
        if not self.run_until(limit_ms, each_second):
            raise RuntimeError("a simulated call does not end")

    def run_until(self, moment: int, each_second: Callable[[], None] = _untold) -> bool:
        """Run the call until `moment`, in ms since dialling, or to its end; whether it has ended."""
        one, other = self._ways
        while not (one.sender.done and other.sender.done):
            if self.now >= moment:
                return False
            step = min(self._quiet(one), self._quiet(other), moment - self.now)
            self.now += step
            for way in self._ways:
                for signal in way.sender.advance(step):
                    self._carry(way, signal)
            for way in self._ways:
                if way.under_way or way.echoes:
                    self._hand_over(way)
            if self.now >= self._second:
                self._second += SECOND_MS
                each_second()
        return True

    def _quiet(self, way: _Way) -> int:
        """Milliseconds to the next thing that happens on one way, at most a second.

        When nothing will ever happen by itself, seconds pass all the same: `each_second` may cancel the call.
        """
        wake = way.sender.wake_in
        step = SECOND_MS if wake is None or wake > SECOND_MS else wake
        if way.under_way:
            step = min(step, way.under_way[0][0] - self.now)
        if way.echoes:
            step = min(step, way.echoes[0][0] - self.now)
        return step if step > 0 else 0

    def _hand_over(self, way: _Way) -> None:
        """Deliver what has arrived."""
        while way.under_way and way.under_way[0][0] <= self.now:
            way.receiver.deliver(way.under_way.popleft()[1])
        while way.echoes and way.echoes[0][0] <= self.now:
            way.sender.deliver(way.echoes.popleft()[1])

    def _carry(self, way: _Way, signal: LineSignal) -> None:
        """Put a signal on its way."""
        arriving = self._disturbed(way.side, signal) if self._disturbances else (signal,)
        if arriving is None:
            self._cut()
            return
        moment = self.now + way.delay_ms
        for each in arriving:
            way.under_way.append((moment, each))
        if self._echo_ms and not isinstance(signal, CallProgress | Tone):
            way.echoes.append((self.now + self._echo_ms, signal))

    def _disturbed(self, side: Side, signal: LineSignal) -> Sequence[LineSignal] | None:
        """What is left of a signal after every disturbance; none when one cuts the line."""
        arriving: Sequence[LineSignal] = (signal,)
        for disturb in self._disturbances:
            changed = [disturb(side, each, self.now) for each in arriving]
            if None in changed:
                return None
            arriving = [each for group in changed if group for each in group]
        return arriving

    def _cut(self) -> None:
        """Both ends find the line dead."""
        for way in self._ways:
            way.under_way.clear()
            way.echoes.clear()
            way.under_way.append((self.now, CallProgress(Progress.HANG_UP)))
