"""UDPTL datagrams as octets: a sequence number, a packet, and what recovers packets lost before it (T.38 9.1, Annex A).

What lives here: encoding and decoding. What does not: what came before and after (`sequence`), and what the packets say
(`ifp`). Octets behind a whole datagram are ignored, for the packet in it is whole; one that ends too early is refused.
"""

from dataclasses import dataclass

from gateway.fax.t38.per import PerError, length, open_type

SEQUENCES = 0x10000
_PARITY = 0x80
_SEQUENCE_OCTETS = 2
_TWO_OCTETS, _FRAGMENTS = 0x80, 0xC0


class UdptlError(ValueError):
    """Octets that are no UDPTL datagram, or packets that do not fit into one."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Forward error correction: entry k of n is the exclusive or of `span` packets, each n after the one before.

    The last of them stands n - k before the primary packet (T.38 9.1.4.2).
    """

    span: int
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Datagram:
    """The packet numbered `sequence`, and the packets before it, newest first, or their parity."""

    sequence: int
    primary: bytes
    recovery: tuple[bytes, ...] | Parity = ()


def encode(datagram: Datagram) -> bytes:
    """A datagram as octets. Raises UdptlError for a packet of over 16383 octets."""
    recovery = datagram.recovery
    packets = recovery.entries if isinstance(recovery, Parity) else recovery
    # The span is a whole number without bounds: its own length stands before it (X.691 10.8).
    kind = bytes((_PARITY, 1, recovery.span)) if isinstance(recovery, Parity) else b"\0"
    head = datagram.sequence.to_bytes(2, "big")
    try:
        before = b"".join(map(open_type, packets))
        return head + open_type(datagram.primary) + kind + length(len(packets)) + before
    except PerError as fault:
        raise UdptlError(str(fault)) from fault


def decode(octets: bytes) -> Datagram:
    """The datagram in octets. Raises UdptlError."""
    try:
        primary, at = _open_type(octets, _SEQUENCE_OCTETS)
        if octets[at] & ~_PARITY:
            raise UdptlError(f"{octets[:8].hex(' ')}: padding bits that are not zero")
        if not octets[at]:
            recovery: tuple[bytes, ...] | Parity = _packets(octets, at + 1)
        else:
            span, after = _open_type(octets, at + 1)
            recovery = Parity(int.from_bytes(span, "big"), _packets(octets, after))
    except IndexError as fault:
        raise UdptlError(f"{octets[:8].hex(' ')}: it ends too early") from fault
    return Datagram(int.from_bytes(octets[:_SEQUENCE_OCTETS], "big"), primary, recovery)


def exclusive_or(packets: list[bytes]) -> bytes:
    """The packets one over the other, each completed with zeros to the longest."""
    longest = max(map(len, packets), default=0)
    total = 0
    for packet in packets:
        total ^= int.from_bytes(packet.ljust(longest, b"\0"), "big")
    return total.to_bytes(longest, "big")


def _packets(octets: bytes, at: int) -> tuple[bytes, ...]:
    """So many packets as their count says. Raises IndexError where they are not all there."""
    count, at = _length(octets, at)
    packets = []
    for _ in range(count):
        packet, at = _open_type(octets, at)
        packets.append(packet)
    return tuple(packets)


def _open_type(octets: bytes, at: int) -> tuple[bytes, int]:
    """Octets behind their length (X.691 10.2), and where the next begin. Raises IndexError, UdptlError."""
    length, start = _length(octets, at)
    end = start + length
    if end > len(octets):
        raise IndexError(end)
    return octets[start:end], end


def _length(octets: bytes, at: int) -> tuple[int, int]:
    """A length of one octet, or of two with 14 bits (X.691 10.9.3). Raises IndexError, UdptlError for longer ones."""
    first = octets[at]
    if first < _TWO_OCTETS:
        return first, at + 1
    if first >= _FRAGMENTS:
        raise UdptlError("a length in fragments")
    return (first - _TWO_OCTETS) << 8 | octets[at + 1], at + 2
