"""Signals of the engine as IFP packets, at the pace of the modulation they stand for (T.38 clause 7, 8).

What lives here: what is sent, and when. What does not: octets (`ifp`, `udptl`), and the other direction (`incoming`).
The engine tells of a frame when its last bit is out; its octets have to leave while it is on its way, so that the far
end's timers see something coming. Hence the packets of the signal that is under way are planned ahead.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

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
from gateway.fax.t38.modulations import CARRIERS, INDICATORS
from gateway.fax.t38.packets import Carrier, Field, FieldKind, Fields, Indicator, Packet

CNG_MS = 500
PADDING_MS = 40  # of zeros behind T.4 octets, without which old gateways cut the RTC off
Due = tuple[int, Packet]


@dataclass(frozen=True, slots=True)
class Pace:
    """How signals are cut into packets.

    `packet_ms`: as many octets in a packet as the modulation carries in that time, one at least. `whole_frames`: an
    HDLC frame is one packet, sent when the frame ends; with `whole_fast_frames` one of a fast carrier is, which ends
    soon after it began. `repeats`: how often indicators and ends of signals are said,
    which packets lost one by one cannot all undo. `most`: octets of the line in a packet, whatever the others say.
    """

    packet_ms: int = 30
    whole_frames: bool = False
    whole_fast_frames: bool = False
    repeats: int = 3
    most: int = 4096

    def octets(self, modulation: Modulation) -> int:
        """Octets of a packet."""
        return max(1, min(modulation.rate * self.packet_ms // 8000, self.most))

    def keeps_whole(self, frame: HdlcFrame) -> bool:
        """Whether a frame goes uncut."""
        fast = frame.modulation is not Modulation.V21_300
        return (self.whole_frames or (fast and self.whole_fast_frames)) and len(frame.octets) <= self.most


class Outgoing:
    """What one end has to send: told of each signal by `look_ahead` and `sent`, it gives packets when they are due."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._queue: deque[Due] = deque()
        self._planned: deque[Due] = deque()
        self._planned_for: tuple[int, LineSignal] | None = None
        self._clear_since = 0  # when the signal before was out
        self._carrier: Modulation | None = None
        self._frames = False  # HDLC rather than T.4 octets are on the carrier
        self._sounding = False
        self._say(0, Indicator.NO_SIGNAL)

    @property
    def next_due(self) -> int | None:
        """When the next packet is due; none when nothing is known to come."""
        if not self._queue:
            return self._planned[0][0] if self._planned else None
        first = self._queue[0][0]
        return min(first, self._planned[0][0]) if self._planned else first

    def due(self, now: int) -> list[Packet]:
        """The packets that should have left by now, in order."""
        return _until(self._queue, now) + _until(self._planned, now)

    def drop(self) -> None:
        """Nothing more is to be sent."""
        self._queue.clear()
        self._planned.clear()

    def look_ahead(self, upcoming: tuple[int, LineSignal] | None) -> None:
        """Tell what will be out next, and when; another than before means that the one before is given up."""
        if upcoming is self._planned_for:
            return
        self._planned_for = upcoming
        self._planned.clear()
        if upcoming is not None:
            self._planned.extend(self._cut(*upcoming))

    def sent(self, now: int, signal: LineSignal, following: LineSignal | None) -> None:
        """Tell that a signal is out, and which will be next."""
        planned = self._planned_for is not None and self._planned_for[1] is signal
        for _, packet in list(self._planned) if planned else self._cut(now, signal):
            self._put(now, packet)
        self.look_ahead(None)
        self._conclude(now, signal, following)
        self._clear_since = now

    # -- cutting a signal into packets

    def _cut(self, end: int, signal: LineSignal) -> Iterator[Due]:
        """The packets of a signal that will be out at `end`, all but what concludes it."""
        if isinstance(signal, ImageOctets):
            yield from self._pieces(end, signal.octets, signal.modulation, FieldKind.T4, 0.0)
        elif isinstance(signal, HdlcFrame) and not self._pace.keeps_whole(signal):
            yield from self._pieces(end, signal.octets, signal.modulation, FieldKind.HDLC, FCS_OCTETS + FLAG_OCTETS)

    def _pieces(self, end: int, octets: bytes, modulation: Modulation, kind: FieldKind, more: float) -> Iterator[Due]:
        """Octets spread over the time they take; `more` octets follow them that no packet carries."""
        size = self._pace.octets(modulation)
        on_line = len(octets) + more
        start = max(self._clear_since, end - int(on_line * 8000 * STUFFING / modulation.rate))
        for first in range(0, len(octets), size):
            piece = octets[first : first + size]
            moment = start + int((end - start) * (first + len(piece)) / on_line)
            yield moment, Fields(CARRIERS[modulation], (Field(kind, piece),))

    # -- what concludes a signal

    def _conclude(self, now: int, signal: LineSignal, following: LineSignal | None) -> None:
        if isinstance(signal, Tone):
            self._begin_tone(now, signal.kind)
        elif isinstance(signal, Flags):
            self._begin(now, Modulation.V21_300, Indicator.V21_PREAMBLE)
        elif isinstance(signal, Training):
            self._begin(now, signal.modulation, INDICATORS[_as_indicated(signal)])
        elif isinstance(signal, HdlcFrame):
            self._end_frame(now, signal, last=isinstance(following, CarrierEnd))
        elif isinstance(signal, ImageOctets):
            self._frames = False
        elif isinstance(signal, CarrierEnd):
            self._end(now)

    def _begin_tone(self, now: int, kind: ToneKind) -> None:
        self._say(now, Indicator[kind.name])
        self._sounding = kind is ToneKind.CED
        if kind is ToneKind.CNG:
            self._say(now + CNG_MS, Indicator.NO_SIGNAL)

    def _begin(self, now: int, modulation: Modulation, indicator: Indicator) -> None:
        self._say(now, indicator)
        self._carrier = modulation
        self._frames = modulation is Modulation.V21_300

    def _end_frame(self, now: int, frame: HdlcFrame, *, last: bool) -> None:
        self._frames = True
        carrier = CARRIERS[frame.modulation]
        closing = FieldKind.FCS_OK if frame.good else FieldKind.FCS_BAD
        whole = (Field(FieldKind.HDLC, frame.octets),) if self._pace.keeps_whole(frame) else ()
        if not last:
            self._put(now, Fields(carrier, (*whole, Field(closing))))
            return
        if whole:
            self._put(now, Fields(carrier, whole))
        self._end_signal(now, carrier, FieldKind.FCS_OK_SIG_END if frame.good else FieldKind.FCS_BAD_SIG_END)

    def _end(self, now: int) -> None:
        """The carrier or the tone is over; a carrier whose last frame has said so is over already."""
        if self._carrier is not None and self._frames:
            self._end_signal(now, CARRIERS[self._carrier], FieldKind.HDLC_SIG_END)
        elif self._carrier is not None:
            zeros = bytes(max(1, self._carrier.rate * PADDING_MS // 8000))
            for due, packet in self._pieces(now + PADDING_MS, zeros, self._carrier, FieldKind.T4, 0.0):
                self._put(due, packet)
            self._end_signal(now + PADDING_MS, CARRIERS[self._carrier], FieldKind.T4_SIG_END)
        elif self._sounding:
            self._say(now, Indicator.NO_SIGNAL)
        self._sounding = False

    def _end_signal(self, now: int, carrier: Carrier, kind: FieldKind) -> None:
        """End the carrier, and say so again with no-signal, which some gateways wait for."""
        self._say(now, Fields(carrier, (Field(kind),)))
        self._say(now, Indicator.NO_SIGNAL)
        self._carrier = None

    # -- the queue

    def _say(self, moment: int, packet: Packet) -> None:
        for _ in range(self._pace.repeats):
            self._put(moment, packet)

    def _put(self, moment: int, packet: Packet) -> None:
        """Queue a packet; those before it that are due later leave with it, for the order is the meaning."""
        if self._queue and self._queue[-1][0] > moment:
            self._queue = deque((min(due, moment), earlier) for due, earlier in self._queue)
        self._queue.append((moment, packet))


def _as_indicated(training: Training) -> Training:
    """Only V.17 tells short from long training."""
    return training if training in INDICATORS else Training(training.modulation)


def _until(dues: deque[Due], now: int) -> list[Packet]:
    packets = []
    while dues and dues[0][0] <= now:
        packets.append(dues.popleft()[1])
    return packets
