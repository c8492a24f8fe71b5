"""Compressed RTF, as Outlook keeps the text of a mail ([MS-OXRTFCP]).

What lives here: unpacking. What does not: what the RTF says, and packing.
"""

import struct

_PACKED, _PLAIN = 0x75465A4C, 0x414C454D
_HEADER = struct.Struct("<4I")
_RING = 4096
_BEGINNING = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def unpacked_rtf(content: bytes, most: int = 32 << 20) -> bytes:
    """The RTF; of what is cut off, what came.

    Raises:
        ValueError: it is no compressed RTF, or of more than `most` octets.
    """
    if len(content) < _HEADER.size:
        raise ValueError("no compressed RTF")
    _, size, kind, _ = _HEADER.unpack_from(content)
    if size > most or kind not in {_PACKED, _PLAIN}:
        raise ValueError("no compressed RTF of a bearable size")
    if kind == _PLAIN:
        return content[_HEADER.size : _HEADER.size + size]
    return _unpacked(content[_HEADER.size :], size)


def _unpacked(content: bytes, size: int) -> bytes:
    out = bytearray(_BEGINNING)
    end = len(_BEGINNING) + size
    place = 0
    while place < len(content) and len(out) < end:
        control, place = content[place], place + 1
        for bit in range(8):
            width = 2 if control >> bit & 1 else 1
            run = content[place : place + width]
            place += width
            if len(run) < width or not _append(out, run):
                return bytes(out[len(_BEGINNING) : end])
    return bytes(out[len(_BEGINNING) : end])


def _append(out: bytearray, run: bytes) -> bool:
    """A literal octet, or a reference into the last 4096; false at the end mark, which points at itself."""
    if len(run) == 1:
        out += run
        return True
    reference = int.from_bytes(run)
    back = (len(out) - (reference >> 4)) % _RING
    if back == 0:
        return False
    for _ in range((reference & 15) + 2):
        out.append(out[-back] if back <= len(out) else 0x20)
    return True
