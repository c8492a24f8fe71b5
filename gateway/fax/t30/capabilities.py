"""DIS, DTC and DCS: what a far end offers and what a DCS settles, bit by bit (T.30 5.3.6.2, table 2).

What lives here: what the bits mean, and the field of CTC. What does not: bits as octets (`bits`), choosing from them
(`agreement`). Bits that mean nothing in the frame they came in are not read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, IntEnum

from gateway.fax.t30 import bits
from gateway.fax.t30.signals import Modulation


class Flag(IntEnum):
    """Single bits, by their number (T.30 table 2): in DIS and DTC what is offered, in DCS what is used.

    In DTC and DCS the bits of addresses say that the frame precedes: SUB and SID in DCS; SEP, PWD and PSA in DTC.
    """

    T37 = 1
    T38 = 3
    MOBILE_3G = 4
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
    PLANE_INTERLEAVE = 37
    G726 = 38
    VOICE = 39
    SUPERFINE = 41
    DPI_300 = 42
    DPI_400 = 43
    INCH = 44
    METRIC = 45
    SUPERFINE_HALF_TIME = 46
    SELECTIVE_POLLING = 47
    SUB = 49
    PWD = 50
    SID = 50
    HAS_FILE = 51
    BFT = 53
    DTM = 54
    EDI = 55
    BTM = 57
    HAS_MIXED_MODE_DOCUMENT = 59
    CHARACTER_MODE = 60
    MIXED_MODE = 62
    PROCESSABLE_MODE_26 = 65
    DIGITAL_NETWORK = 66
    DUPLEX = 67
    JPEG = 68
    COLOUR = 69
    PREFERRED_HUFFMAN_TABLES = 70
    TWELVE_BIT = 71
    NO_SUBSAMPLING = 73
    CUSTOM_ILLUMINANT = 74
    CUSTOM_GAMUT = 75
    LETTER = 76
    LEGAL = 77
    T85 = 78
    T85_L0 = 79
    HKM_KEYS = 81
    RSA_KEYS = 82
    OVERRIDE = 83
    HFX40_CIPHER = 84
    CIPHER_2 = 85
    CIPHER_3 = 86
    HFX40_HASHING = 87
    HASHING_2 = 89
    HASHING_3 = 90
    T44_BIT_92 = 92
    T44_BIT_93 = 93
    T44_BIT_94 = 94
    T44_PAGE_LENGTH = 95
    COLOUR_300_400 = 97
    COLOUR_100 = 98
    SIMPLE_BFT = 99
    EXTENDED_BFT = 100
    INTERNET_POLLING_ADDRESS = 101
    INTERNET_ROUTING_ADDRESS = 102
    DPI_600 = 105
    DPI_1200 = 106
    DPI_300_600 = 107
    DPI_400_800 = 108
    DPI_600_1200 = 109
    COLOUR_600 = 110
    COLOUR_1200 = 111
    DOUBLE_SIDED_ALTERNATE = 113
    DOUBLE_SIDED_CONTINUOUS = 114
    BLACK_AND_WHITE_MRC = 115
    T45 = 116
    SHARED_MEMORY_117 = 117
    SHARED_MEMORY_118 = 118
    T44_COLOUR_SPACE = 119
    T38_FLOW_CONTROL = 121
    LARGER_K = 122
    INTERNET_AWARE = 123
    T88_BIT_124 = 124
    T88_BIT_125 = 125
    T88_BIT_126 = 126
    SYCC_JPEG = 127


_F = Flag
# Each of these is set to 0 in the one, or says nothing there (T.30 table 2 and its notes).
_NOT_IN_DIS = frozenset({_F.SMALL_FRAMES, _F.PREFERRED_HUFFMAN_TABLES})
_NOT_IN_DCS = frozenset(
    {
        _F.V8, _F.SMALL_FRAMES_PREFERRED, _F.HAS_DOCUMENT, _F.MULTIPLE_SELECTIVE_POLLING, _F.POLLED_SUBADDRESS,
        _F.METRIC, _F.SUPERFINE_HALF_TIME, _F.SELECTIVE_POLLING, _F.HAS_FILE, _F.HAS_MIXED_MODE_DOCUMENT,
        _F.PROCESSABLE_MODE_26, _F.EXTENDED_BFT, _F.INTERNET_POLLING_ADDRESS, _F.BLACK_AND_WHITE_MRC,
    }
)  # fmt: skip
OFFERED_FLAGS = frozenset(Flag) - _NOT_IN_DIS
USED_FLAGS = frozenset(Flag) - _NOT_IN_DCS
_ADDRESSES = frozenset(
    {
        _F.SUB, _F.PWD, _F.SELECTIVE_POLLING, _F.POLLED_SUBADDRESS, _F.INTERNET_POLLING_ADDRESS,
        _F.INTERNET_ROUTING_ADDRESS,
    }
)  # fmt: skip


class Modems(Enum):
    """DIS bits 11-14: the sets of modems that can be offered, and the codes that say nothing to us."""

    V27_2400 = 0b0000
    V27 = 0b0100
    V29 = 0b1000
    V27_V29 = 0b1100
    V27_V29_V17 = 0b1101
    V27_V29_V33 = 0b1110
    UNKNOWN_1 = 0b0001
    UNKNOWN_2 = 0b0010
    UNKNOWN_3 = 0b0011
    UNKNOWN_5 = 0b0101
    UNKNOWN_6 = 0b0110
    UNKNOWN_7 = 0b0111
    UNKNOWN_9 = 0b1001
    UNKNOWN_10 = 0b1010
    UNKNOWN_11 = 0b1011
    UNKNOWN_15 = 0b1111


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
RATE_OCTETS = 2
_MODEMS, _WIDTH, _LENGTH, _SCAN = (11, 4), (17, 2), (19, 2), (21, 3)  # first bit and length
_INVALID = 0b11


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

    def request(self, announced: frozenset[Flag]) -> "Capabilities":
        """The same as DTC says it: bits of addresses for those frames alone that go before it, no document of ours."""
        return self.with_flags(self.flags - _ADDRESSES - {Flag.HAS_DOCUMENT} | announced)

    def encode(self) -> bytes:
        """The field of DIS or DTC, three octets or as many as the bits need."""
        return _encode(self.flags & OFFERED_FLAGS, self.modems.value, self.widths, self.lengths, self.scan)

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

    def encode_rate(self) -> bytes:
        """The field of CTC: bits 1 to 16 (T.30 A.4)."""
        return self.encode()[:RATE_OCTETS]

    def encode(self) -> bytes:
        """The field of DCS."""
        return _encode(self.flags & USED_FLAGS, self.modulation.code or 0, self.width, self.length, self.scan)


def decode_capabilities(fif: bytes) -> Capabilities:
    """Read the field of DIS or DTC; no octets are wrong."""
    found = bits.decode(fif)
    return Capabilities(_flags(found, OFFERED_FLAGS), Modems(bits.number(found, *_MODEMS)), *_shape(found))


def decode_profile(fif: bytes) -> Profile:
    """Read the field of DCS; an unknown rate code is read as 2400 bit/s, whose training will then fail."""
    found = bits.decode(fif)
    return Profile(_modulation(found), _flags(found, USED_FLAGS), *_shape(found))


def decode_rate(fif: bytes, profile: Profile) -> Profile:
    """The profile at the rate that the field of CTC names; at its own when the field is short."""
    return replace(profile, modulation=_modulation(bits.decode(fif))) if len(fif) >= RATE_OCTETS else profile


def _encode(flags: frozenset[Flag], modem_code: int, *shape: Widths | Lengths | ScanTime) -> bytes:
    wanted = set(flags) | bits.of_number(*_MODEMS, modem_code)
    for place, coded in zip((_WIDTH, _LENGTH, _SCAN), shape, strict=True):
        wanted |= bits.of_number(*place, coded.value)
    return bits.encode(wanted)


def _flags(found: frozenset[int], known: frozenset[Flag]) -> frozenset[Flag]:
    return frozenset(flag for flag in known if flag in found)


def _modulation(found: frozenset[int]) -> Modulation:
    return MODULATION_OF.get(bits.number(found, *_MODEMS), Modulation.V27_2400)


def _shape(found: frozenset[int]) -> tuple[Widths, Lengths, ScanTime]:
    """Widths, lengths and scan time; the codes that T.30 calls invalid mean the widest and longest."""
    widths, lengths = bits.number(found, *_WIDTH), bits.number(found, *_LENGTH)
    return (
        Widths(widths) if widths != _INVALID else Widths.A3,
        Lengths(lengths) if lengths != _INVALID else Lengths.UNLIMITED,
        ScanTime(bits.number(found, *_SCAN)),
    )
