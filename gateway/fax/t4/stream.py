"""What the line adds to a strip and takes from it: the return to control and fill bits (T.4 clause 4.1).

What lives here: strip to line octets and back. What does not: the coding of rows (`codec`), ECM frames (`t30.ecm`).
"""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gateway.domain.call import Coding

EOL = "000000000001"
_EOL_BITS = bytes(map(int, EOL))
_ZEROS_AHEAD = np.array([8 - octet.bit_length() for octet in range(256)])
_ZEROS_BEHIND = np.array([8] + [(octet & -octet).bit_length() - 1 for octet in range(1, 256)])
# Six EOLs (T.4 4.1.4), six EOL+1 (T.4 4.2.5); the zeros that complete the octet before them count as fill.
_RTC = {
    Coding.MH: int(EOL * 6, 2).to_bytes(9, "big"),
    Coding.MR: int((EOL + "1") * 6 + "00", 2).to_bytes(10, "big"),
    Coding.MMR: b"",
}
_RTC_FOUND = {
    Coding.MH: re.compile("0{11}1(?:0{11,}1)+"),
    Coding.MR: re.compile("0{11}11(?:0{11,}11)+"),
}
# libtiff drops what precedes the first EOL; a row without EOL or tag bit is one-dimensional.
_FIRST_EOL = {Coding.MH: b"\0\x01", Coding.MR: b"\0\x03"}


def _eol_in_octets() -> re.Pattern[bytes]:
    """Finds eleven zeros and a one wherever they start in an octet, with any fill between."""

    def octets(chosen: Iterable[int]) -> bytes:
        return b"[" + b"".join(b"\\x%02x" % octet for octet in chosen) + b"]"

    ways = []
    for behind in range(8):  # zeros at the end of the octet in which the run starts
        starts = octets(octet for octet in range(256) if octet % (1 << behind) == 0) if behind else b""
        least = 11 - behind - 8 * (behind < 4)  # zeros at the head of the octet that has the one
        ends = octets(range(1, 1 << (8 - least))) if least > 0 else b"[^\\x00]"
        ways.append(starts + (b"\\x00" if behind < 4 else b"") + ends)
    ways.append(rb"\x00\x00[^\x00]")
    return re.compile(b"|".join(ways), re.DOTALL)


EOL_IN_OCTETS = _eol_in_octets()
_TAIL = 24  # octets that hold an RTC of 78 bits wherever it starts


def to_line(strip: bytes, coding: Coding, row_bits: int = 0) -> bytes:
    """The octets that carry a strip on the line; rows of MH and MR last at least `row_bits` bits.

    `row_bits` is minimum scan line time x rate; zero with ECM, which needs none (T.30 Annex A).
    """
    if coding is Coding.MMR:
        return strip
    body = _filled(strip, row_bits) if row_bits else strip
    return body + _RTC[coding]


def from_line(octets: bytes, coding: Coding) -> bytes:
    """The strip in received octets: MH and MR lose their RTC and what follows it; a first EOL that lacks is added."""
    strip = without_rtc(octets, coding)
    if coding is Coding.MMR or not strip.strip(b"\0") or begins_with_eol(strip):
        return strip
    return _FIRST_EOL[coding] + strip


def without_rtc(octets: bytes, coding: Coding) -> bytes:
    """Octets without their return to control and what follows it."""
    if coding is Coding.MMR:
        return octets
    kept = octets.rstrip(b"\0")
    head, tail = kept[:-_TAIL], kept[-_TAIL:]
    bits = _bits(tail)
    found = _RTC_FOUND[coding].search(bits)
    return octets if found is None else head + _octets(bits[: found.start()])


def begins_with_eol(strip: bytes) -> bool:
    """True when MH or MR rows are framed as the line wants them (class F, not plain modified Huffman)."""
    coded = strip.lstrip(b"\0")
    zeros = 8 * (len(strip) - len(coded))
    return bool(coded) and zeros + 8 - coded[0].bit_length() >= len(EOL) - 1


def ends_with_eofb(strip: bytes) -> bool:
    """True when an MMR strip has the end of block that the line wants (T.6 2.4.1.1); zeros may follow it."""
    return _bits(strip.rstrip(b"\0")[-_TAIL:]).rstrip("0").endswith(EOL * 2)


def _filled(strip: bytes, row_bits: int) -> bytes:
    """Put fill before each EOL that would come too early (T.4 4.1.3)."""
    ends = _eol_ends(strip)
    lengths = np.diff(ends, append=8 * len(strip) + len(EOL) - 1)  # of a row and the EOL behind it
    if (lengths >= row_bits).all():
        return strip
    bits = np.unpackbits(np.frombuffer(strip, np.uint8)).tobytes()  # an octet for a bit
    starts, ahead = (ends + 1).tolist(), (lengths - len(EOL)).tolist()
    least = row_bits - len(EOL)
    rows = [bits[at : at + size].ljust(least, b"\0") for at, size in zip(starts, ahead, strict=True)]
    return np.packbits(np.frombuffer(_EOL_BITS + _EOL_BITS.join(rows), np.uint8)).tobytes()


def _eol_ends(strip: bytes) -> NDArray[np.int64]:
    """Where the 1 of each EOL is, in bits: behind eleven zeros or more, which no code word has."""
    octets = np.frombuffer(strip, np.uint8)
    at = np.flatnonzero(octets)
    found = octets[at]
    ones = 8 * at + _ZEROS_AHEAD[found]
    before = np.concatenate(([-1], 8 * at[:-1] + 7 - _ZEROS_BEHIND[found[:-1]]))
    return np.asarray(ones[ones - before > len(EOL) - 1], np.int64)


def _bits(octets: bytes) -> str:
    return f"{int.from_bytes(octets, 'big'):0{8 * len(octets)}b}" if octets else ""


def _octets(bits: str) -> bytes:
    """Bits as octets, the last one completed with zeros."""
    size = (len(bits) + 7) // 8
    return int(bits.ljust(8 * size, "0"), 2).to_bytes(size, "big") if bits else b""
