"""UDPTL datagrams as octets: a sequence number, a packet, and what recovers packets lost before it (T.38 9.1, Annex A).

What lives here: encoding and decoding. What does not: what came before and after (`sequence`), and what the packets say
(`ifp`). Octets behind a whole datagram are ignored, for the packet in it is whole; one that ends too early is refused.
"""

from dataclasses import dataclass

from gateway.fax.t38.per import PerError, Reader, length, open_type

SEQUENCES = 0x10000
_PARITY = 0x80


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
    reader = Reader(octets)
    try:
        return Datagram(reader.number(16), reader.open_type(), _recovery(reader))
    except PerError as fault:
        raise UdptlError(f"{octets[:8].hex(' ')}: {fault}") from fault


def exclusive_or(packets: list[bytes]) -> bytes:
    """The packets one over the other, each completed with zeros to the longest."""
    longest = max(map(len, packets), default=0)
    total = 0
    for packet in packets:
        total ^= int.from_bytes(packet.ljust(longest, b"\0"), "big")
    return total.to_bytes(longest, "big")


def _recovery(reader: Reader) -> tuple[bytes, ...] | Parity:
    parity = reader.number(1)
    if not parity:
        return _packets(reader)
    return Parity(int.from_bytes(reader.open_type(), "big"), _packets(reader))


def _packets(reader: Reader) -> tuple[bytes, ...]:
    return tuple(reader.open_type() for _ in range(reader.length()))
