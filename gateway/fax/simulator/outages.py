"""What a simulated line swallows by chance or at a moment: frames, the rest of a burst, the call.

What lives here: disturbances that a line's plan asks for. What does not: harm at chosen signals (`disturbances`), wrong
bits (`noise`). All chance comes from the generator that is passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from gateway.fax.simulator.line import Side
from gateway.fax.t30.signals import CallProgress, CarrierEnd, Flags, HdlcFrame, LineSignal, Modulation, Tone, Training


class FrameLoss:
    """Each HDLC frame is lost with the chance `share`."""

    def __init__(self, share: float, chance: Random) -> None:
        self._share = share
        self._chance = chance

    def __call__(self, side: Side, signal: LineSignal, at_ms: int) -> Sequence[LineSignal]:
        """See `line.Disturbance`."""
        del side, at_ms
        lost = isinstance(signal, HdlcFrame) and self._chance.random() < self._share
        return () if lost else (signal,)


@dataclass(slots=True)
class _Carrier:
    """One side's carrier: when it drops, and whether it has."""

    drops_at: float = 0.0
    modulation: Modulation | None = None
    dropped: bool = False


class CarrierDrops:
    """A carrier that has been up for a time of chance ends early, and the rest of its burst is lost.

    `gap_ms` is the mean time of carrier between drops.
    """

    def __init__(self, gap_ms: int, chance: Random) -> None:
        self._gap_ms = gap_ms
        self._chance = chance
        self._carriers = {side: _Carrier() for side in Side}

    def __call__(self, side: Side, signal: LineSignal, at_ms: int) -> Sequence[LineSignal]:
        """See `line.Disturbance`."""
        carrier = self._carriers[side]
        if isinstance(signal, CallProgress | Tone):
            return (signal,)
        if isinstance(signal, Training | Flags):
            modulation = signal.modulation if isinstance(signal, Training) else Modulation.V21_300
            drops_at = at_ms + self._chance.expovariate(1 / self._gap_ms)
            self._carriers[side] = _Carrier(drops_at, modulation)
            return (signal,)
        if carrier.dropped:
            return ()
        return self._during(carrier, signal, at_ms)

    def _during(self, carrier: _Carrier, signal: LineSignal, at_ms: int) -> Sequence[LineSignal]:
        if carrier.modulation is None or at_ms < carrier.drops_at or isinstance(signal, CarrierEnd):
            return (signal,)
        carrier.dropped = True
        return (CarrierEnd(carrier.modulation),)


class HangUp:
    """The line goes dead at the first signal from `at_ms` on."""

    def __init__(self, at_ms: int) -> None:
        self._at_ms = at_ms

    def __call__(self, side: Side, signal: LineSignal, at_ms: int) -> Sequence[LineSignal] | None:
        """See `line.Disturbance`."""
        del side
        return None if at_ms >= self._at_ms else (signal,)
