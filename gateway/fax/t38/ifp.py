"""IFP packets as octets: ASN.1 in aligned PER, all versions (T.38 Annex A; X.691).

What lives here: encoding and decoding. What does not: what packets mean (`packets`), and finding out a far end's
version (`versions`). Versions differ in the fields: the text of 1998 (version 0) gives the kind three bits without an
extension marker, so that two fields without octets share one octet; later texts give it a marker and three bits.

Padding is checked, and octets left over are refused unless they are zeros: parity recovers a packet with zeros behind
it, and anything else shows that the packet was read in the wrong version or is damaged.
"""

from collections.abc import Callable
from typing import TypeVar

from gateway.fax.t38 import shortcuts
from gateway.fax.t38.packets import VERSIONS, Carrier, Field, FieldKind, Fields, Indicator, Packet
from gateway.fax.t38.per import PerError, Reader, Writer, length

_OCTETS_FOLLOW, _FIELDS = 0x80, 0x40
_ROOT_INDICATORS, _ROOT_CARRIERS, _ROOT_KINDS = 16, 9, 8
_LONGEST_FIELD = 0xFFFF


class IfpError(ValueError):
    """Octets that are no IFP packet of the version, or a packet that the version cannot say."""


def encode(packet: Packet, version: int) -> bytes:
    """A packet as octets. Raises IfpError for what the version cannot say, and for a field of over 65535 octets."""
    common = shortcuts.encode(packet, version)
    return common if common is not None else written(packet, version)


def written(packet: Packet, version: int) -> bytes:
    """What `encode` gives, always bit by bit."""
    writer = Writer()
    try:
        if isinstance(packet, Indicator):
            _write_head(writer, 0, packet, _ROOT_INDICATORS, version)
        else:
            head = _FIELDS | (_OCTETS_FOLLOW if packet.fields else 0)
            _write_head(writer, head, packet.carrier, _ROOT_CARRIERS, version)
            _write_fields(writer, packet.fields, version)
    except PerError as fault:
        raise IfpError(str(fault)) from fault
    return writer.written()


def decode(octets: bytes, version: int) -> Packet:
    """The packet in octets. Raises IfpError."""
    if version not in VERSIONS:
        raise IfpError(f"no T.38 version {version}")
    common = shortcuts.decode(octets, version)
    return common if common is not None else read(octets, version)


def read(octets: bytes, version: int) -> Packet:
    """What `decode` gives, always bit by bit."""
    fault: PerError | None = None
    for next_field, padded in _WAYS_BEFORE_1 if version == 0 else _WAYS:
        try:
            return _read(Reader(octets), next_field, padded=padded)
        except PerError as found:
            fault = fault or found
    raise IfpError(f"{octets[:8].hex(' ')}: {fault}")


# -- writing


def _write_head(writer: Writer, head: int, number: int, root: int, version: int) -> None:
    """Whether fields follow, which of the two messages it is, and its number."""
    if number < root:
        writer.number(head >> 6 << 5 | number, 7)
    elif version == 0:
        raise IfpError(f"version 0 has no number {number}")
    else:
        writer.number(head >> 6 << 1 | 1, 3)
        writer.number(number - root, 7)
    writer.align()


def _write_fields(writer: Writer, fields: tuple[Field, ...], version: int) -> None:
    if not fields:
        return
    writer.octets(length(len(fields)))
    for field in fields:
        _write_kind(writer, field, version)
        if field.octets:
            if len(field.octets) > _LONGEST_FIELD:
                raise IfpError(f"a field of {len(field.octets)} octets")
            writer.octets((len(field.octets) - 1).to_bytes(2, "big") + field.octets)


def _write_kind(writer: Writer, field: Field, version: int) -> None:
    present = bool(field.octets)
    if field.kind < _ROOT_KINDS:
        writer.number(present << (3 if version == 0 else 4) | field.kind, 4 if version == 0 else 5)
    elif version == 0:
        raise IfpError(f"version 0 has no field {field.kind.name}")
    else:
        writer.number(present << 1 | 1, 2)
        writer.number(field.kind - _ROOT_KINDS, 7)


# -- reading

_NextField = Callable[[Reader], Field]
_Number = TypeVar("_Number", Indicator, Carrier, FieldKind)


def _read(reader: Reader, next_field: _NextField, *, padded: bool) -> Packet:
    follow, fields, extended = reader.number(1), reader.number(1), reader.number(1)
    if extended and next_field is _field_before_1:
        raise PerError("an extension in version 0")
    if not fields:
        packet: Packet = _numbered(reader, Indicator, _ROOT_INDICATORS, extended=extended)
        if follow:
            raise PerError("an indicator with fields")
    else:
        carrier = _numbered(reader, Carrier, _ROOT_CARRIERS, extended=extended)
        packet = Fields(carrier, tuple(next_field(reader) for _ in range(reader.length())) if follow else ())
    rest = reader.rest()
    if rest.strip(b"\0") if padded else rest:
        raise PerError(f"{len(rest)} octets left over")
    return packet


def _field_before_1(reader: Reader) -> Field:
    present = reader.number(1)
    return Field(FieldKind(reader.number(3)), _field_octets(reader) if present else b"")


def _field_since_1(reader: Reader) -> Field:
    present, extended = reader.number(1), reader.number(1)
    kind = _known(FieldKind, reader.number(7) + _ROOT_KINDS) if extended else FieldKind(reader.number(3))
    return Field(kind, _field_octets(reader) if present else b"")


def _field_on_octets(reader: Reader) -> Field:
    """A field of version 1 as some implementations write it: each begins with an octet of its own."""
    reader.align()
    return _field_since_1(reader)


def _field_octets(reader: Reader) -> bytes:
    reader.align()
    return reader.octets(reader.number(16) + 1)


def _numbered(reader: Reader, kind: type[_Number], root: int, *, extended: int) -> _Number:
    """A member before the extension marker, in four bits, or behind it."""
    number = reader.number(7) + root if extended else reader.number(4)
    if number >= root and not extended:
        raise PerError(f"{kind.__name__} {number} is unknown")
    return _known(kind, number)


def _known(kind: type[_Number], number: int) -> _Number:
    try:
        return kind(number)
    except ValueError:
        raise PerError(f"{kind.__name__} {number} is unknown") from None


# What to try, in order: how fields follow one another, and whether zeros may follow them.
_WAYS_BEFORE_1 = ((_field_before_1, False), (_field_before_1, True))
_WAYS = ((_field_since_1, False), (_field_on_octets, False), (_field_since_1, True), (_field_on_octets, True))
