"""The commonest IFP packets, read and written at once: an indicator, one field of a carrier, a whole frame.

What lives here: a shorter way through the octets that `ifp` reads and writes bit by bit, for a page is a thousand such
packets. What does not: everything else, and faults: what is not of this form is left to `ifp`, which judges it.
"""

from gateway.fax.t38.packets import Carrier, Field, FieldKind, Fields, Indicator, Packet

_CARRIERS, _KINDS = tuple(Carrier)[:9], tuple(FieldKind)[:8]  # those before the extension markers
_INDICATORS = {bytes((indicator << 1,)): indicator for indicator in tuple(Indicator)[:16]}
_SAID = {indicator: octets for octets, indicator in _INDICATORS.items()}
_PRESENT, _LONGEST_FIELD = 0x80, 0xFFFF
_LENGTH_AT, _OCTETS_AT = 3, 5


def _heads(shift: int) -> dict[tuple[Carrier, FieldKind, bool], bytes]:
    """What stands before a field's length: both messages' heads, one field, its kind at `shift`, octets or none."""
    return {
        (carrier, kind, present): bytes((0xC0 | carrier << 1, 1, present * _PRESENT | kind << shift))
        for carrier in _CARRIERS
        for kind in _KINDS
        for present in (True, False)
    }


_BEFORE_1, _SINCE_1 = _heads(4), _heads(3)
_PAIR = 2
# The octets' field has kind 0 in either packing, and its length ends on an octet: the second field has one of its own.
_FRAME_HEADS = {carrier: bytes((0xC0 | carrier << 1, _PAIR, _PRESENT)) for carrier in _CARRIERS}
_ENDS_BEFORE_1 = {kind: bytes((kind << 4,)) for kind in _KINDS}
_ENDS_SINCE_1 = {kind: bytes((kind << 3,)) for kind in _KINDS}
_READ_FRAME_HEADS = {octets: carrier for carrier, octets in _FRAME_HEADS.items()}
_READ_ENDS_BEFORE_1 = {octets: kind for kind, octets in _ENDS_BEFORE_1.items()}
_READ_ENDS_SINCE_1 = {octets: kind for kind, octets in _ENDS_SINCE_1.items()}
_READ_BEFORE_1 = {octets: key for key, octets in _BEFORE_1.items()}
_READ_SINCE_1 = {octets: key for key, octets in _SINCE_1.items()}


def encode(packet: Packet, version: int) -> bytes | None:
    """A packet as octets, when it is one of the common."""
    if isinstance(packet, Indicator):
        return _SAID.get(packet)
    if len(packet.fields) == _PAIR:
        return _encode_frame(packet, version)
    if len(packet.fields) != 1:
        return None
    [field] = packet.fields
    octets = field.octets
    head = (_SINCE_1 if version else _BEFORE_1).get((packet.carrier, field.kind, bool(octets)))
    if head is None or len(octets) > _LONGEST_FIELD:
        return None
    return head + (len(octets) - 1).to_bytes(2, "big") + octets if octets else head


def decode(octets: bytes, version: int) -> Packet | None:
    """The packet in octets, when it is one of the common and nothing else follows."""
    known = (_READ_SINCE_1 if version else _READ_BEFORE_1).get(octets[:_LENGTH_AT])
    if known is None:
        indicator = _INDICATORS.get(octets)
        return _decode_frame(octets, version) if indicator is None else indicator
    carrier, kind, present = known
    if not present:
        return Fields(carrier, (Field(kind),)) if len(octets) == _LENGTH_AT else None
    length = int.from_bytes(octets[_LENGTH_AT:_OCTETS_AT], "big") + 1
    if len(octets) != _OCTETS_AT + length:
        return None
    return Fields(carrier, (Field(kind, octets[_OCTETS_AT:]),))


# -- a whole frame: its octets, and how its check sequence was


def _encode_frame(packet: Fields, version: int) -> bytes | None:
    frame, end = packet.fields
    head = _FRAME_HEADS.get(packet.carrier)
    length = len(frame.octets)
    if head is None or frame.kind is not FieldKind.HDLC or end.octets or not 0 < length <= _LONGEST_FIELD:
        return None
    tail = (_ENDS_SINCE_1 if version else _ENDS_BEFORE_1).get(end.kind)
    return None if tail is None else head + (length - 1).to_bytes(2, "big") + frame.octets + tail


def _decode_frame(octets: bytes, version: int) -> Packet | None:
    carrier = _READ_FRAME_HEADS.get(octets[:_LENGTH_AT])
    if carrier is None:
        return None
    length = int.from_bytes(octets[_LENGTH_AT:_OCTETS_AT], "big") + 1
    end = (_READ_ENDS_SINCE_1 if version else _READ_ENDS_BEFORE_1).get(octets[-1:])
    if end is None or len(octets) != _OCTETS_AT + length + 1:
        return None
    return Fields(carrier, (Field(FieldKind.HDLC, octets[_OCTETS_AT:-1]), Field(end)))
