"""T.30 frames as octets: address, control, facsimile control field and information field.

What lives here: the frames' names and octets, identifiers, and the fields of PPS and PPR. What does not: DIS and DCS
bits (`capabilities`). Octets are as T.30 prints them, first bit sent leftmost (T.30 5.3).
"""

from dataclasses import dataclass
from enum import IntEnum

from gateway.fax.t30.hdlc import reversed_octets

ADDRESS = 0xFF
FINAL = 0xC8
NOT_FINAL = 0xC0
X = 0x80  # set by a station that has received a valid DIS (T.30 5.3.6.1)
IDENTIFIER_LENGTH = 20
FRAMES_PER_BLOCK = 256
MAP_OCTETS = 32


class FrameError(ValueError):
    """Octets that are no frame, or a field of the wrong length."""


class Fcf(IntEnum):
    """Facsimile control fields of T.30 5.3.6, with X clear where X is part of the code."""

    DIS = 0x01
    CSI = 0x02
    NSF = 0x04
    DTC = 0x81
    CIG = 0x82
    NSC = 0x84
    PWD = 0x83
    SEP = 0x85
    PSA = 0x86
    CIA = 0x87
    ISP = 0x88
    DCS = 0x41
    TSI = 0x42
    NSS = 0x44
    SUB = 0x43
    SID = 0x45
    TSA = 0x46
    IRA = 0x47
    CTC = 0x48
    CFR = 0x21
    FTT = 0x22
    CTR = 0x23
    CSA = 0x24
    EOM = 0x71
    MPS = 0x72
    EOP = 0x74
    EOS = 0x78
    PRI_EOM = 0x79
    PRI_MPS = 0x7A
    PRI_EOP = 0x7C
    PPS = 0x7D
    EOR = 0x73
    RR = 0x76
    MCF = 0x31
    RTN = 0x32
    RTP = 0x33
    PIN = 0x34
    PIP = 0x35
    PPR = 0x3D
    RNR = 0x37
    ERR = 0x38
    FDM = 0x3F
    DCN = 0x5F
    CRP = 0x58
    FNV = 0x53
    TNR = 0x57
    TR = 0x56
    FCD = 0x60
    RCP = 0x61
    NULL = 0x00


_WITHOUT_X = {code.value: code for code in Fcf}
# DTC's group has its first bit set whatever X is, so 81-88 are never DIS, CSI, NSF with X.
_ANY_X = {code.value | X: code for code in Fcf if code.value >= 0x20} | _WITHOUT_X
IDENTIFIERS = frozenset(
    {Fcf.CSI, Fcf.TSI, Fcf.CIG, Fcf.SUB, Fcf.SEP, Fcf.SID, Fcf.PWD, Fcf.PSA}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `x` is the first bit of the control field as sent."""

    fcf: Fcf
    fif: bytes = b""
    final: bool = True
    x: bool = False

    def encode(self) -> bytes:
        """The octets without FCS."""
        control = FINAL if self.final else NOT_FINAL
        code = self.fcf | X if self.x else self.fcf
        return bytes((ADDRESS, control, code)) + self.fif

    @property
    def name(self) -> str:
        """The name as T.30 writes it."""
        return self.fcf.name.replace("_", "-")


def decode(octets: bytes) -> Frame:
    """Read a frame. Raises FrameError when it is too short, not T.30's or of an unknown control field."""
    if len(octets) < 3 or octets[0] != ADDRESS or octets[1] not in (FINAL, NOT_FINAL):
        raise FrameError("not a T.30 frame")
    fcf = _ANY_X.get(octets[2])
    if fcf is None:
        raise FrameError(f"unknown facsimile control field {octets[2]:02X}")
    x = octets[2] != fcf.value or fcf.value >= X
    return Frame(fcf, octets[3:], octets[1] == FINAL, x)


def encode_identifier(text: str) -> bytes:
    """Twenty characters, last one first, each bit-reversed (T.30 5.3.6.2.4).

    Raises FrameError on characters other than digits, space and plus, and on more than twenty.
    """
    if len(text) > IDENTIFIER_LENGTH or set(text) - set("0123456789 +"):
        raise FrameError("an identifier is at most 20 digits, spaces and plus")
    return reversed_octets(text.rjust(IDENTIFIER_LENGTH)[::-1].encode("ascii"))


def decode_identifier(fif: bytes) -> str:
    """The text of an identifier without its padding; octets that are not printable ASCII are left out."""
    characters = reversed_octets(fif[:IDENTIFIER_LENGTH])[::-1]
    return "".join(chr(octet) for octet in characters if 0x20 <= octet < 0x7F).strip()


@dataclass(frozen=True, slots=True)
class PartialPage:
    """The field of PPS and, as its first octet alone, of EOR (T.30 A.4.3): what ends, and how much was sent.

    `after` is NULL within a page, else the post-message command; `count` is the frames of this transmission.
    """

    after: Fcf
    page: int
    block: int
    count: int

    def encode(self, *, x: bool = True) -> bytes:
        """Four octets; the counters go least significant bit first."""
        after = self.after | X if x and self.after else self.after
        counters = bytes((self.page & 0xFF, self.block & 0xFF, (self.count - 1) & 0xFF))
        return bytes((after,)) + reversed_octets(counters)


def decode_partial_page(fif: bytes) -> PartialPage:
    """Read the field of PPS. Raises FrameError when it is short or names no command."""
    if len(fif) < 4:
        raise FrameError("PPS needs four octets")
    after = _ANY_X.get(fif[0])
    if after is None:
        raise FrameError(f"PPS with unknown command {fif[0]:02X}")
    page, block, last = reversed_octets(fif[1:4])
    return PartialPage(after, page, block, last + 1)


def encode_map(missing: frozenset[int]) -> bytes:
    """The field of PPR: 256 bits, first bit frame 0, 1 = send again (T.30 A.4.4.3)."""
    bits = sum(1 << (FRAMES_PER_BLOCK - 1 - number) for number in missing if 0 <= number < FRAMES_PER_BLOCK)
    return bits.to_bytes(MAP_OCTETS, "big")


def decode_map(fif: bytes) -> frozenset[int]:
    """The frames that a PPR asks for. Raises FrameError when the map is short."""
    if len(fif) < MAP_OCTETS:
        raise FrameError("PPR needs 32 octets")
    bits = f"{int.from_bytes(fif[:MAP_OCTETS], 'big'):0{FRAMES_PER_BLOCK}b}"
    return frozenset(number for number, bit in enumerate(bits) if bit == "1")
