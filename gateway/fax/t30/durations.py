"""How long signals last on the line: bursts as (milliseconds from the start, signal).

What lives here: the time model of tones, V.21 frames, training, TCF and image data (T.30 clause 5.3.1; figures measured
on modems). What does not: any clock; the engine adds these to its own count.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from gateway.fax.t30.hdlc import FCS_OCTETS, FLAG_OCTETS, STUFFING
from gateway.fax.t30.signals import (
    CarrierEnd,
    Flags,
    HdlcFrame,
    ImageOctets,
    LineSignal,
    Modulation,
    Tone,
    ToneKind,
    Training,
)

Burst = list[tuple[int, LineSignal]]

SILENCE_MS = 75  # between a carrier and the next, 75 +- 20 ms (T.30 5.3.2)
TURN_MS = SILENCE_MS + 25  # the far end's closing flags, then silence
PREAMBLE_MS = 1000
TCF_MS = 1500
ECM_FLAGS_MS = 200
CHUNK_MS = 250  # image octets handed over at a time
CED_AFTER_MS = 200
CED_MS = 3000


def joined(first: Burst, second: Burst) -> Burst:
    """One burst after another."""
    end = first[-1][0]
    return first + [(end + offset, signal) for offset, signal in second]


def answer_tone() -> Burst:
    """Silence, CED, silence (T.30 4.1: phase A of the answerer)."""
    return [(CED_AFTER_MS, Tone(ToneKind.CED)), (CED_AFTER_MS + CED_MS + SILENCE_MS, CarrierEnd())]


def v21(frames: Iterable[bytes]) -> Burst:
    """Silence, one second of flags, the frames."""
    burst: Burst = [(TURN_MS, Flags())]
    bits = 0.0
    for octets in frames:
        bits += (len(octets) + FCS_OCTETS + FLAG_OCTETS) * 8 * STUFFING
        burst.append((TURN_MS + PREAMBLE_MS + int(bits * 1000 / 300), HdlcFrame(octets)))
    burst.append((burst[-1][0], CarrierEnd()))
    return burst


def tcf(modulation: Modulation) -> Burst:
    """Silence, long training, 1.5 s of zeros (T.30 5.3.2, TCF)."""
    zeros = bytes(modulation.rate * TCF_MS // 8000)
    return image(zeros, modulation, short=False)


def image(octets: bytes, modulation: Modulation, *, short: bool) -> Burst:
    """Silence, training, octets in pieces as they go out, end of carrier."""
    burst, start = _trained(modulation, short=short)
    size = modulation.rate * CHUNK_MS // 8000
    for first in range(0, len(octets), size):
        piece = octets[first : first + size]
        burst.append((start + (first + len(piece)) * 8000 // modulation.rate, ImageOctets(piece, modulation)))
    burst.append((burst[-1][0], CarrierEnd(modulation)))
    return burst


def hdlc(frames: Sequence[bytes], modulation: Modulation, *, short: bool) -> Burst:
    """Silence, training, flags, frames on the fast carrier, end of carrier (T.30 Annex A)."""
    burst, start = _trained(modulation, short=short)
    start += ECM_FLAGS_MS
    per_octet = 8000 * STUFFING / modulation.rate
    ends = accumulate(len(octets) + FCS_OCTETS + FLAG_OCTETS for octets in frames)
    burst += [
        (start + int(sent * per_octet), HdlcFrame(octets, modulation))
        for octets, sent in zip(frames, ends, strict=True)
    ]
    burst.append((burst[-1][0], CarrierEnd(modulation)))
    return burst


def _trained(modulation: Modulation, *, short: bool) -> tuple[Burst, int]:
    training_ms = modulation.short_ms if short else modulation.long_ms
    return [(SILENCE_MS, Training(modulation, short))], SILENCE_MS + training_ms
