"""Noise on a simulated line: bits that arrive wrong, here and there and in bursts.

What lives here: the errors, and how much of a line's noise each modem lets through. What does not: signals that do not
arrive at all (`outages`, `disturbances`). All chance comes from the generator that is passed in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log, log1p
from random import Random

from gateway.fax.simulator.line import Side
from gateway.fax.t30.hdlc import FCS_OCTETS, FLAG_OCTETS, STUFFING
from gateway.fax.t30.signals import HdlcFrame, ImageOctets, LineSignal, Modulation

# Shares of the error rate at 14400: slower modems tell fewer points apart, and V.17 corrects errors by its trellis.
FRAILTY = {
    Modulation.V17_14400: 1.0,
    Modulation.V17_12000: 0.4,
    Modulation.V29_9600: 0.3,
    Modulation.V17_9600: 0.15,
    Modulation.V29_7200: 0.1,
    Modulation.V17_7200: 0.05,
    Modulation.V27_4800: 0.02,
    Modulation.V27_2400: 0.004,
    Modulation.V21_300: 0.0005,
}
_MOST = 0.5  # of the bits of pure noise are wrong
_LEAST = 1e-12  # less is none in any call
_KEPT_MS = 60_000  # no signal lasts longer: older bursts are forgotten


@dataclass(frozen=True, slots=True)
class Noise:
    """How noisy a line is. Rates are shares of bits that are wrong at 14400 bit/s; bursts have means in ms."""

    bit_error_rate: float = 0.0
    burst_gap_ms: int = 0  # between bursts; 0: there are none
    burst_ms: int = 0
    burst_error_rate: float = 0.0


class NoisyLine:
    """A disturbance: HDLC frames arrive with a bad FCS when any of their bits is hit, image octets with bits turned."""

    def __init__(self, noise: Noise, chance: Random) -> None:
        self._noise = noise
        self._chance = chance
        self._bursts: list[tuple[float, float]] = []  # from, to
        self._told_until = 0.0
        self._has_bursts = bool(noise.burst_gap_ms and noise.burst_ms)

    def __call__(self, side: Side, signal: LineSignal, at_ms: int) -> Sequence[LineSignal]:
        """See `line.Disturbance`."""
        del side
        if isinstance(signal, HdlcFrame):
            bits = int((len(signal.octets) + FCS_OCTETS + FLAG_OCTETS) * 8 * STUFFING)
            hit = any(True for _ in self._wrong_bits(bits, signal.modulation, at_ms))
            return (replace(signal, good=False) if hit else signal,)
        if isinstance(signal, ImageOctets):
            wrong = list(self._wrong_bits(len(signal.octets) * 8, signal.modulation, at_ms))
            return (replace(signal, octets=_turned(signal.octets, wrong)) if wrong else signal,)
        return (signal,)

    def _wrong_bits(self, bits: int, modulation: Modulation, at_ms: int) -> Iterator[int]:
        """The places of the wrong bits in a signal whose last bit arrives at `at_ms`."""
        frailty = FRAILTY[modulation]
        yield from self._errors(0, bits, self._noise.bit_error_rate * frailty)
        per_ms = modulation.rate / 1000
        began = at_ms - bits / per_ms
        for first, last in self._bursts_until(at_ms):
            start, end = int((first - began) * per_ms), int((last - began) * per_ms)
            yield from self._errors(max(0, start), min(bits, end), self._noise.burst_error_rate * frailty)

    def _errors(self, first: int, last: int, rate: float) -> Iterator[int]:
        """Each bit from `first` before `last` is wrong with the chance `rate`, found by leaps from one to the next."""
        if rate < _LEAST:
            return
        rate = min(rate, _MOST)
        place = first - 1
        while True:
            place += 1 + int(log(1 - self._chance.random()) / log1p(-rate))
            if place >= last:
                return
            yield place

    def _bursts_until(self, at_ms: int) -> list[tuple[float, float]]:
        if not self._has_bursts:
            return []
        while self._told_until <= at_ms:
            first = self._told_until + self._chance.expovariate(1 / self._noise.burst_gap_ms)
            self._told_until = first + self._chance.expovariate(1 / self._noise.burst_ms)
            self._bursts.append((first, self._told_until))
        while self._bursts[0][1] < at_ms - _KEPT_MS:
            self._bursts.pop(0)
        return self._bursts


def _turned(octets: bytes, places: list[int]) -> bytes:
    """The octets with these bits turned; a bit hit twice was hit once."""
    changed = bytearray(octets)
    for place in set(places):
        changed[place // 8] ^= 0x80 >> place % 8
    return bytes(changed)
