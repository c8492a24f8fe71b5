"""Finding out in which version a far end packs its fields, where nobody said so (T.38 Annex A, 1998 and 2002).

What lives here: reading packets with the version known or not. What does not: the octets (`ifp`).

Version 0 and the later ones are two packings. Most packets can be read in one of them only: the end of a burst of more
than one frame, every T.4 octet, every training check. Of the rest two forms are left that both read, differently:

    01 10   version 0: end of signal             later: end of a good frame
    01 20   version 0: end of a good frame       later: end of a good frame, and of the signal

The first is told by whether a frame was on its way. The second ends a good frame either way, so it does no harm to
read it as version 0; it is settled by the frame's final bit and by what follows. Who has to speak before that says
each burst of frames in the other version than the one before, version 0 first, which is the commonest.
"""

from gateway.fax.t38 import ifp
from gateway.fax.t38.ifp import IfpError
from gateway.fax.t38.packets import FieldKind, Fields, Indicator, Packet

_CONTROL, _FINAL = 1, 0x08  # the octet behind the address, in the order sent; its final bit (T.30 5.3.5)


class PacketReader:
    """Reads packets of a version, or, where that is none, finds it out; `version` is what to write."""

    def __init__(self, version: int | None) -> None:
        self.version = version or 0
        self._known = version is not None
        self._frame = bytearray()
        self._ends_in_doubt = False  # a final frame ended in a form that may have ended the signal too
        self._bursts = 0

    def begin_burst(self) -> None:
        """We begin to send frames: in the other version than before, while nobody knows better."""
        if not self._known:
            self.version = self._bursts % 2
            self._bursts += 1

    def decode(self, octets: bytes) -> Packet:
        """The packet in octets. Raises IfpError."""
        if self._known:
            return ifp.decode(octets, self.version)
        old, new = _decoded(octets, 0), _decoded(octets, 1)
        if old is None or new is None:
            packet = new if old is None else old
            if packet is None:
                raise IfpError(f"{octets[:8].hex(' ')}: a packet of no version")
            self._settle(1 if old is None else 0)
        else:
            packet = self._weighed(old, new)
        self._remember(packet)
        return packet

    def lose(self) -> None:
        """Packets are missing here: what the next one follows is not known."""
        self._frame.clear()
        self._ends_in_doubt = False

    def _settle(self, version: int) -> None:
        self.version, self._known = version, True

    def _weighed(self, old: Packet, new: Packet) -> Packet:
        """A packet that both read."""
        if isinstance(new, Indicator):
            if self._ends_in_doubt and new is Indicator.NO_SIGNAL:
                self._settle(1)
            return new
        if old == new or not isinstance(old, Fields):
            return new
        frame = self._frame_before_last(old)
        if _is_nonsense(old) or (frame and old.fields[-1].kind is FieldKind.HDLC_SIG_END):
            self._settle(1)
            return new
        if old.fields[-1].kind is FieldKind.HDLC_SIG_END and self._ends_in_doubt:
            self._settle(0)  # the signal had not ended, so that was the end of the frame alone
        elif old.fields[-1].kind is FieldKind.FCS_OK and len(frame) > _CONTROL:
            self._weigh_end(final=bool(frame[_CONTROL] & _FINAL))
        return old

    def _weigh_end(self, *, final: bool) -> None:
        """A frame ended with the form that may end the signal: that would be wrong after one that is not final."""
        self._ends_in_doubt = final
        if not final:
            self._settle(0)

    def _frame_before_last(self, packet: Fields) -> bytearray:
        """The octets of the frame that the last field of a packet may end."""
        frame = bytearray(self._frame)
        for field in packet.fields[:-1]:
            if field.kind is FieldKind.HDLC:
                frame += field.octets
            else:
                frame.clear()
        return frame

    def _remember(self, packet: Packet) -> None:
        if isinstance(packet, Indicator):
            self._frame.clear()
            self._ends_in_doubt = False
            return
        frame = self._frame_before_last(packet)
        last = packet.fields[-1:]
        self._frame = frame + last[0].octets if last and last[0].kind is FieldKind.HDLC else bytearray()


def _decoded(octets: bytes, version: int) -> Packet | None:
    try:
        return ifp.decode(octets, version)
    except IfpError:
        return None


def _is_nonsense(packet: Fields) -> bool:
    """True when the end of a frame that version 0 reads is T.4 octets of a later one."""
    return any(field.kind is FieldKind.FCS_BAD and field.octets for field in packet.fields)
