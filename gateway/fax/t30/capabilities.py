"""DIS, DTC and DCS: what a far end offers and what a DCS settles, bit by bit (T.30 5.3.6.2, table 2).

What lives here: the bits and their codec. What does not: choosing from them (`agreement`). Bits count from 1; bit 1 is
the first sent, the most significant of the first octet. Missing octets are zeros; octets behind a cleared extension bit
are not read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, IntEnum

from gateway.fax.t30.signals import Modulation


class Flag(IntEnum):
    """Single bits, by their number; the same number means the like in DIS/DTC (offered) and DCS (used)."""

    T37 = 1
    T38 = 3
    V8 = 6
    SMALL_FRAMES_PREFERRED = 7
    HAS_DOCUMENT = 9
    RECEIVE = 10
    FINE = 15
    MR = 16
    UNCOMPRESSED = 26
    ECM = 27
    SMALL_FRAMES = 28
    MMR = 31
    FIELD_NOT_VALID = 33
    MULTIPLE_SELECTIVE_POLLING = 34
    POLLED_SUBADDRESS = 35
    T43 = 36
    SUPERFINE = 41
    DPI_300 = 42
    DPI_400 = 43
    INCH = 44
    METRIC = 45
    SUPERFINE_HALF_TIME = 46
    SELECTIVE_POLLING = 47
    SUB = 49
    PWD = 50
    BFT = 53
    DTM = 54
    EDI = 55
    BTM = 57
    JPEG = 68
    COLOUR = 69
    TWELVE_BIT = 71
    LETTER = 76
    LEGAL = 77
    T85 = 78
    T85_L0 = 79
    T38_FLOW_CONTROL = 121
    LARGER_K = 122
    INTERNET_AWARE = 123


class Modems(Enum):
    """DIS bits 11-14: the sets of modems that can be offered."""

    V27_2400 = 0b0000
    V27 = 0b0100
    V29 = 0b1000
    V27_V29 = 0b1100
    V27_V29_V17 = 0b1101


class Widths(Enum):
    """Bits 17-18: the widest row, in pels at R8 (215, 255 and 303 mm)."""

    A4 = 0b00
    B4 = 0b10
    A3 = 0b01


class Lengths(Enum):
    """Bits 19-20: the longest page."""

    A4 = 0b00
    B4 = 0b10
    UNLIMITED = 0b01


class ScanTime(Enum):
    """Bits 21-23: least ms of a row at 3.85 rows per mm, and whether fine halves it."""

    MS20 = 0b000
    MS5 = 0b100
    MS10 = 0b010
    MS40 = 0b001
    MS20_HALF = 0b110
    MS10_HALF = 0b011
    MS40_HALF = 0b101
    MS0 = 0b111

    @property
    def standard_ms(self) -> int:
        """Milliseconds at standard resolution."""
        return int(self.name.removeprefix("MS").removesuffix("_HALF"))

    @property
    def fine_ms(self) -> int:
        """Milliseconds at fine resolution."""
        return self.standard_ms // 2 if self.name.endswith("_HALF") else self.standard_ms


MODULATION_OF = {m.code: m for m in Modulation if m.code is not None}
_EXTENSIONS = range(24, 128, 8)
_Coded = Modems | Widths | Lengths | ScanTime


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a DIS or DTC offers."""

    flags: frozenset[Flag]
    modems: Modems = Modems.V27_2400
    widths: Widths = Widths.A4
    lengths: Lengths = Lengths.A4
    scan: ScanTime = ScanTime.MS20

    def __contains__(self, flag: Flag) -> bool:
        return flag in self.flags

    def with_flags(self, flags: Iterable[Flag]) -> "Capabilities":
        """The same with these single bits and no others."""
        return replace(self, flags=frozenset(flags))

    def encode(self) -> bytes:
        """The field of DIS or DTC, three octets or as many as the bits need."""
        return _encode(self.flags, self.modems.value, (self.widths, self.lengths, self.scan))

    def __str__(self) -> str:
        names = [flag.name for flag in sorted(self.flags)]
        return " ".join([self.modems.name, self.widths.name, self.lengths.name, self.scan.name, *names])


@dataclass(frozen=True, slots=True)
class Profile:
    """What a DCS settles for the pages that follow. `scan` is one of the five without a half."""

    modulation: Modulation
    flags: frozenset[Flag]
    width: Widths = Widths.A4
    length: Lengths = Lengths.A4
    scan: ScanTime = ScanTime.MS20

    def __contains__(self, flag: Flag) -> bool:
        return flag in self.flags

    def encode(self) -> bytes:
        """The field of DCS; its first two octets are the field of CTC."""
        return _encode(self.flags, self.modulation.code or 0, (self.width, self.length, self.scan))


def decode_capabilities(fif: bytes) -> Capabilities:
    """Read the field of DIS or DTC; no octets are wrong, unknown modem codes are V.27ter's fall-back."""
    bits = _Bits(fif)
    code = bits.number(11, 4)
    modems = Modems(code) if code in {m.value for m in Modems} else Modems.V27_2400
    return Capabilities(bits.flags(), modems, *bits.shape())


def decode_profile(fif: bytes) -> Profile:
    """Read the field of DCS; an unknown rate code is read as 2400 bit/s, whose training will then fail."""
    bits = _Bits(fif)
    return Profile(MODULATION_OF.get(bits.number(11, 4), Modulation.V27_2400), bits.flags(), *bits.shape())


def _encode(flags: frozenset[Flag], modem_code: int, shape: tuple[_Coded, ...]) -> bytes:
    bits = set(flags) | _set_bits(11, 4, modem_code)
    for first, length, coded in zip((17, 19, 21), (2, 2, 3), shape, strict=True):
        bits |= _set_bits(first, length, int(coded.value))
    octets = max(3, (max(bits, default=0) + 7) // 8)
    bits |= {extension for extension in _EXTENSIONS if extension < 8 * octets}
    return sum(1 << (8 * octets - bit) for bit in bits).to_bytes(octets, "big")


def _set_bits(first: int, length: int, value: int) -> set[int]:
    """The numbers of the bits set when `value` stands at bits `first` onwards."""
    return {first + place for place in range(length) if value >> (length - 1 - place) & 1}


class _Bits:
    """The bits of a field, read up to the first cleared extension bit."""

    def __init__(self, fif: bytes) -> None:
        self._fif = fif
        ends = (bit for bit in _EXTENSIONS if not self._raw(bit))
        self._last = next(ends, 128)

    def _raw(self, bit: int) -> bool:
        place = bit - 1
        return place // 8 < len(self._fif) and bool(self._fif[place // 8] & 0x80 >> place % 8)

    def number(self, first: int, length: int) -> int:
        return int("".join("01"[self._raw(first + place)] for place in range(length)), 2)

    def flags(self) -> frozenset[Flag]:
        return frozenset(flag for flag in Flag if flag <= self._last and self._raw(flag))

    def shape(self) -> tuple[Widths, Lengths, ScanTime]:
        """Widths, lengths and scan time; the codes that T.30 calls invalid mean the widest and longest."""
        widths, lengths = self.number(17, 2), self.number(19, 2)
        return (
            Widths(widths) if widths != 0b11 else Widths.A3,
            Lengths(lengths) if lengths != 0b11 else Lengths.UNLIMITED,
            ScanTime(self.number(21, 3)),
        )
