"""Numbered bits: the fields of DIS, DTC and DCS as sets of bit numbers, with their extension bits (T.30 table 2).

What lives here: bits as octets and back. What does not: what a bit means (`capabilities`). Bits count from 1; bit 1 is
the first sent, the most significant of the first octet. Missing octets are zeros; octets behind a cleared extension bit
are not read.
"""

from collections.abc import Iterable

LAST_BIT = 127
_LEAST_OCTETS = 3
_EXTENSIONS = range(24, LAST_BIT + 1, 8)  # each says that another octet follows


def encode(bits: Iterable[int]) -> bytes:
    """The octets with these bits set, three or as many as they need; extension bits are set by need."""
    wanted = set(bits)
    octets = max(_LEAST_OCTETS, (max(wanted, default=0) + 7) // 8)
    wanted |= {extension for extension in _EXTENSIONS if extension < 8 * octets}
    return sum(1 << (8 * octets - bit) for bit in wanted).to_bytes(octets, "big")


def decode(fif: bytes) -> frozenset[int]:
    """The numbers of the bits set, up to the first cleared extension bit; extension bits are not among them."""
    found = {8 * place + 1 + bit for place, octet in enumerate(fif) for bit in range(8) if octet & 0x80 >> bit}
    last = next((extension for extension in _EXTENSIONS if extension not in found), LAST_BIT)
    return frozenset(bit for bit in found if bit <= last and bit not in _EXTENSIONS)


def of_number(first: int, length: int, value: int) -> set[int]:
    """The bits set when `value` stands at `length` bits from `first` on, most significant first."""
    return {first + place for place in range(length) if value >> (length - 1 - place) & 1}


def number(bits: frozenset[int], first: int, length: int) -> int:
    """The value that stands at `length` bits from `first` on."""
    return sum(1 << (length - 1 - place) for place in range(length) if first + place in bits)
