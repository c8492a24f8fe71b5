"""IFP packets as signals of the engine: frames put together, carriers begun and ended (T.38 clause 7, 8).

What lives here: what packets mean, in whatever pieces they come, repeated, incomplete or not at all. What does not:
octets (`ifp`, `udptl`), and the other direction (`outgoing`). A frame that a missing packet may have left a hole in is
handed on as a bad one, for nobody has checked the octets that came.
"""

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
from gateway.fax.t38.modulations import MODULATIONS, TRAININGS
from gateway.fax.t38.packets import Field, FieldKind, Fields, Indicator, Packet

LONGEST_FRAME = 4096  # octets; no frame of T.30 comes near
STILL_COMING = 30  # octets of a first V.21 frame, 0.8 s, after which the engine is told again that one is on its way

_TONES = {Indicator.CNG: ToneKind.CNG, Indicator.CED: ToneKind.CED}


class Incoming:
    """What one end hears, packet by packet."""

    def __init__(self) -> None:
        self._carrier: Modulation | None = None
        self._indicator = Indicator.NO_SIGNAL
        self._last: Packet | None = None
        self._octets = bytearray()
        self._hole = False
        self._heard = False  # something came on the carrier since it began
        self._framed = False  # a frame has ended on the carrier

    def take(self, packet: Packet) -> list[LineSignal]:
        """The signals that a packet brings; none when it says again what was said."""
        if isinstance(packet, Indicator):
            signals = self._indicated(packet)
        elif packet == self._last and packet.ends_signal:
            signals = []  # an end said again, its last octets with it
        else:
            signals = self._filled(packet)
        self._last = packet
        return signals

    def lose(self) -> None:
        """Packets are missing here: what was being put together has a hole, or what comes next has."""
        self._hole = True
        self._last = None

    def take_turn(self) -> None:
        """We have spoken: the far end's next packet answers that, even if it has the octets of the one before."""
        self._last = None

    # -- indicators

    def _indicated(self, indicator: Indicator) -> list[LineSignal]:
        begins_anew = self._heard and self._hole
        if indicator is self._indicator and not begins_anew:
            return []  # said again, as may be between frames too
        signals = self._ended()
        self._indicator = indicator
        if indicator in _TONES:
            signals.append(Tone(_TONES[indicator]))
        elif indicator is Indicator.V21_PREAMBLE:
            signals += self._begun(Modulation.V21_300)
        elif indicator in TRAININGS:
            signals += self._begun(TRAININGS[indicator].modulation, short=TRAININGS[indicator].short)
        return signals

    def _begun(self, modulation: Modulation, *, short: bool = False) -> list[LineSignal]:
        self._carrier = modulation
        return [Flags() if modulation is Modulation.V21_300 else Training(modulation, short)]

    def _ended(self) -> list[LineSignal]:
        """The carrier ends, whether or not anything said so; a frame that it leaves without its end is dropped."""
        carrier, self._carrier = self._carrier, None
        self._heard = self._framed = self._hole = False
        self._octets.clear()
        return [] if carrier is None else [CarrierEnd(carrier)]

    # -- fields

    def _filled(self, packet: Fields) -> list[LineSignal]:
        modulation = MODULATIONS.get(packet.carrier)
        if modulation is None:
            return []
        return [signal for field in packet.fields for signal in self._field(field, modulation)]

    def _field(self, field: Field, modulation: Modulation) -> list[LineSignal]:
        signals = self._on(modulation) if field.octets else []
        if field.kind is FieldKind.HDLC or field.kind.ends_frame:
            signals += self._frame_octets(field.octets, modulation)
        elif field.octets and field.kind in (FieldKind.T4, FieldKind.T4_SIG_END):
            signals.append(ImageOctets(field.octets, modulation))
        if field.kind.ends_frame:
            signals += self._frame(modulation, good=field.kind.is_good)
        if field.kind.ends_signal and self._carrier is modulation:
            signals += self._ended()
            self._indicator = Indicator.NO_SIGNAL
        return signals

    def _on(self, modulation: Modulation) -> list[LineSignal]:
        """Octets have come on a carrier; its indicator may be lost, or never have been sent."""
        signals: list[LineSignal] = []
        if self._carrier is not modulation:
            hole = self._hole
            signals = [*self._ended(), *self._begun(modulation)]
            self._hole = hole
        self._heard = True
        return signals

    def _frame_octets(self, octets: bytes, modulation: Modulation) -> list[LineSignal]:
        """Add octets to the frame; those in the field of its end, too, where some implementations put them."""
        steps = len(self._octets) // STILL_COMING
        self._octets += octets
        if len(self._octets) > LONGEST_FRAME:
            self._octets.clear()
            self._hole = True
        slow = modulation is Modulation.V21_300 and not self._framed
        return [Flags()] if slow and len(self._octets) // STILL_COMING > steps else []

    def _frame(self, modulation: Modulation, *, good: bool) -> list[LineSignal]:
        """A frame ends; an end without octets is the one before, said again, unless octets may be missing."""
        octets, hole = bytes(self._octets), self._hole
        self._octets.clear()
        self._hole = False
        if not octets and not (hole and self._carrier is modulation):
            return []
        self._framed = True
        return [HdlcFrame(octets, modulation, good and not hole)]
