"""The commonest IFP packets, read and written at once: an indicator, and one field of one carrier.

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
_READ_BEFORE_1 = {octets: key for key, octets in _BEFORE_1.items()}
_READ_SINCE_1 = {octets: key for key, octets in _SINCE_1.items()}


def encode(packet: Packet, version: int) -> bytes | None:
    """A packet as octets, when it is one of the common."""
    if isinstance(packet, Indicator):
        return _SAID.get(packet)
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
        return _INDICATORS.get(octets)
    carrier, kind, present = known
    if not present:
        return Fields(carrier, (Field(kind),)) if len(octets) == _LENGTH_AT else None
    length = int.from_bytes(octets[_LENGTH_AT:_OCTETS_AT], "big") + 1
    if len(octets) != _OCTETS_AT + length:
        return None
    return Fields(carrier, (Field(kind, octets[_OCTETS_AT:]),))
