"""T.30 frames as octets: address, control, facsimile control field and information field.

What lives here: the frames' names and octets, identifiers, and the fields of PPS, EOR and PPR. What does not: DIS and
DCS bits (`capabilities`), non-standard facilities and Internet addresses (`fields`). Octets are as T.30 prints them,
first bit sent leftmost (T.30 5.3).
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
PARTIAL_PAGE_OCTETS = 4


class FrameError(ValueError):
    """Octets that are no frame, or a field of the wrong length."""


class Fcf(IntEnum):
    """Facsimile control fields (T.30 5.3.6.1, T.4 Annex A), with X clear where X is part of the code.

    NULL is no frame: it stands only in the fields of PPS and EOR.
    """

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


# DIS and its like never carry X, DTC and its like always; the fast channel has no such bit (T.4 Annex A).
_NO_X = frozenset({Fcf.DIS, Fcf.CSI, Fcf.NSF, Fcf.FCD, Fcf.RCP, Fcf.NULL})
_READ: dict[int, Fcf] = {code.value: code for code in Fcf if code is not Fcf.NULL}
_READ |= {code | X: code for code in Fcf if code < X and code not in _NO_X}
_ENDS = frozenset(
    {Fcf.NULL, Fcf.EOM, Fcf.MPS, Fcf.EOP, Fcf.EOS, Fcf.PRI_EOM, Fcf.PRI_MPS, Fcf.PRI_EOP}
)  # fmt: skip
_ENDS_READ = {code | x: code for code in _ENDS for x in (0, X)}  # NULL with X too: some set it everywhere

STATION_IDENTIFIERS = frozenset({Fcf.CSI, Fcf.TSI, Fcf.CIG})
IDENTIFIERS = STATION_IDENTIFIERS | {Fcf.SUB, Fcf.SEP, Fcf.SID, Fcf.PWD, Fcf.PSA}
_DIGITS = frozenset("0123456789 ")
_MARKS = frozenset("*#")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `x` is the first bit of the control field as sent, whatever was asked where the code leaves none."""

    fcf: Fcf
    fif: bytes = b""
    final: bool = True
    x: bool = False

    def __post_init__(self) -> None:
        if self.fcf in _NO_X or self.fcf >= X:
            object.__setattr__(self, "x", self.fcf >= X)

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
    fcf = _READ.get(octets[2])
    if fcf is None:
        raise FrameError(f"unknown facsimile control field {octets[2]:02X}")
    return Frame(fcf, octets[3:], octets[1] == FINAL, octets[2] != fcf)


def encode_identifier(text: str, of: Fcf = Fcf.TSI) -> bytes:
    """Twenty characters, last one first, each bit-reversed (T.30 5.3.6.2.4 to 11).

    Raises FrameError on more than twenty, on a plus that is not the first, and on characters other than digits and
    spaces; addresses and passwords may have star and number sign too.
    """
    allowed = _DIGITS if of in STATION_IDENTIFIERS else _DIGITS | _MARKS
    if len(text) > IDENTIFIER_LENGTH or set(text.lstrip().removeprefix("+")) - allowed:
        raise FrameError(f"{of.name} is a plus, digits and spaces, at most {IDENTIFIER_LENGTH}")
    return reversed_octets(text.rjust(IDENTIFIER_LENGTH)[::-1].encode("ascii"))


def decode_identifier(fif: bytes) -> str:
    """The text of an identifier without its padding; octets that are not printable ASCII are left out.

    Machines that send the bits of each octet, or the characters, in the wrong order are seen by what then can be
    read, and by a plus that would be last.
    """
    field = fif[:IDENTIFIER_LENGTH]
    text = max(_printable(reversed_octets(field)), _printable(field), key=len)[::-1].strip()
    return text[::-1] if text.endswith("+") and not text.startswith("+") else text


def _printable(octets: bytes) -> str:
    return "".join(chr(octet) for octet in octets if 0x20 <= octet < 0x7F)


def encode_end(after: Fcf, *, x: bool = True) -> bytes:
    """The field of EOR, and the first octet of that of PPS (T.30 A.4). Raises FrameError when nothing ends so."""
    if after not in _ENDS:
        raise FrameError(f"{after.name} ends no page")
    return bytes((after | X if x and after else after,))


def decode_end(fif: bytes) -> Fcf:
    """What EOR or PPS says will follow: a post-message command, or NULL within a page. Raises FrameError."""
    after = _ENDS_READ.get(fif[0]) if fif else None
    if after is None:
        raise FrameError(f"{fif[:1].hex().upper() or 'nothing'} ends no page")
    return after


@dataclass(frozen=True, slots=True)
class PartialPage:
    """The field of PPS (T.30 A.4): what ends, and how much was sent.

    `after` is NULL within a page, else the post-message command; `page` and `block` are counted modulo 256; `count`
    is the frames of this transmission, 1 to 256.
    """

    after: Fcf
    page: int
    block: int
    count: int

    def encode(self, *, x: bool = True) -> bytes:
        """Four octets; the counters go least significant bit first. Raises FrameError on a count of no block."""
        if not 1 <= self.count <= FRAMES_PER_BLOCK:
            raise FrameError(f"{self.count} frames are no block")
        counters = bytes((self.page & 0xFF, self.block & 0xFF, self.count - 1))
        return encode_end(self.after, x=x) + reversed_octets(counters)


def decode_partial_page(fif: bytes) -> PartialPage:
    """Read the field of PPS. Raises FrameError when it is short or names no post-message command."""
    if len(fif) < PARTIAL_PAGE_OCTETS:
        raise FrameError("PPS needs four octets")
    page, block, last = reversed_octets(fif[1:PARTIAL_PAGE_OCTETS])
    return PartialPage(decode_end(fif), page, block, last + 1)


def encode_map(missing: frozenset[int]) -> bytes:
    """The field of PPR: 256 bits, first bit frame 0, 1 = send again (T.30 A.4)."""
    bits = sum(1 << (FRAMES_PER_BLOCK - 1 - number) for number in missing if 0 <= number < FRAMES_PER_BLOCK)
    return bits.to_bytes(MAP_OCTETS, "big")


def decode_map(fif: bytes) -> frozenset[int]:
    """The frames that a PPR asks for. Raises FrameError when the map is short."""
    if len(fif) < MAP_OCTETS:
        raise FrameError("PPR needs 32 octets")
    bits = f"{int.from_bytes(fif[:MAP_OCTETS], 'big'):0{FRAMES_PER_BLOCK}b}"
    return frozenset(number for number, bit in enumerate(bits) if bit == "1")
