"""Coding and decoding of whole pages by libtiff: MH, MR (T.4) and MMR (T.6).

What lives here: packed rows to a class F strip and back. What does not: what the line adds to a strip (`stream`) and
files on disk (`classf`).
"""

import os
import struct
from dataclasses import replace

from gateway.domain.call import Coding
from gateway.fax.t4 import damaged, libtiff
from gateway.fax.t4.libtiff import Tag, Tiff
from gateway.fax.t4.page import Bitmap, CodedPage, PageShape, Resolution

COMPRESSION = {Coding.MH: 3, Coding.MR: 3, Coding.MMR: 4}
GROUP3_OPTIONS = {Coding.MH: 0, Coding.MR: 1, Coding.MMR: 0}

_FIRST_STRIP = 8  # libtiff writes the first strip just behind the TIFF header
_USUAL_METRES = 0.36  # a legal page; a roll may be longer
_STRIDE = 128
_BAD_ROW = "%s at line"  # libtiff's words for a row whose runs do not add up to the width
# libtiff 4.5 has no room for an MH row in which every pel has another color than the one before and the first is black.
_TOO_MANY_RUNS = "Buffer overflow"


def encode(bitmap: Bitmap, coding: Coding) -> CodedPage:
    """Code packed rows into one strip; MR takes K = 2 at standard resolution and 4 above it (T.4 4.2.2)."""
    descriptor = libtiff.memory()
    with libtiff.opened(descriptor, "w") as tiff:
        describe(tiff, bitmap.shape, coding)
        tiff.encode(0, bitmap.octets)
        strip = os.pread(descriptor, tiff.raw_size(0), _FIRST_STRIP)
    return CodedPage(bitmap.shape, coding, strip)


def describe(tiff: Tiff, shape: PageShape, coding: Coding) -> None:
    """Set the tags of one class F page (RFC 3949 profile F; white is zero, one strip, MSB first)."""
    for tag, value in (
        (Tag.SUBFILE_TYPE, 2),
        (Tag.WIDTH, shape.width),
        (Tag.LENGTH, shape.rows),
        (Tag.BITS_PER_SAMPLE, 1),
        (Tag.SAMPLES_PER_PIXEL, 1),
        (Tag.COMPRESSION, COMPRESSION[coding]),
        (Tag.PHOTOMETRIC, 0),
        (Tag.FILL_ORDER, 1),
        (Tag.ORIENTATION, 1),
        (Tag.ROWS_PER_STRIP, shape.rows),
    ):
        tiff.set(tag, value)
    tiff.set(Tag.GROUP4_OPTIONS if coding is Coding.MMR else Tag.GROUP3_OPTIONS, GROUP3_OPTIONS[coding])
    tiff.set_resolution(shape.resolution.across, shape.resolution)


def decode(page: CodedPage) -> tuple[Bitmap, int]:
    """The packed rows of a page whose number of rows is known, and how many of them were bad."""
    buffer = bytearray(page.shape.row_octets * page.shape.rows)
    said = _decode_into(page.strip, page.coding, page.shape, buffer)
    bad = _count_bad(said)
    if bad and page.coding is not Coding.MMR:
        rows, bad = damaged.decode_rows(page.strip, page.coding, page.shape.width, page.shape.rows)
        return Bitmap(page.shape, b"".join(rows).ljust(len(buffer), b"\0")), bad
    return Bitmap(page.shape, bytes(buffer)), bad


def decode_counting(
    strip: bytes, coding: Coding, width: int, resolution: Resolution = Resolution.FINE
) -> tuple[Bitmap, int]:
    """The packed rows of a strip of unknown length, and how many were bad.

    An MH or MR strip in which libtiff finds a bad row is decoded by our own decoder, which repeats the last good row in
    its place. libtiff misses some rows too long for the width, up to a quarter of those with two-dimensional coding: a
    page where it finds none at all has a few bad rows at most.
    """
    octets, said = _decode_unmeasured(strip, coding, PageShape(width, _usual_rows(resolution), resolution))
    bad = max(0, _count_bad(said) - 1)
    if coding is not Coding.MMR and (bad or _has_too_many_runs(said)):
        rows, bad = damaged.decode_rows(strip, coding, width)
        octets = b"".join(rows)
    count = len(octets) // ((width + 7) // 8)
    return Bitmap(PageShape(width, count, resolution), octets), min(count, bad)


def _usual_rows(resolution: Resolution) -> int:
    return int(resolution.per_metre * _USUAL_METRES)


def _decode_unmeasured(strip: bytes, coding: Coding, room: PageShape) -> tuple[bytes, list[str]]:
    """A strip's rows by libtiff, and what it said of them; tried again with more room when it fills all there is.

    The buffer is filled with a row that no page has; what libtiff painted over it are the rows. At the end of the
    data it paints one row more, and complains of it once.
    """
    unpainted = (b"\xa5\x3c\x96\x5a\xc3\x69" * (room.row_octets // 6 + 1))[: room.row_octets]
    buffer = bytearray(unpainted) * room.rows
    said = _decode_into(strip, coding, room, buffer)
    painted = _painted(buffer, unpainted, room.rows)
    if painted == room.rows < damaged.MOST_ROWS:
        return _decode_unmeasured(strip, coding, replace(room, rows=damaged.MOST_ROWS))
    return bytes(memoryview(buffer)[: max(0, painted - 1) * room.row_octets]), said


def _decode_into(strip: bytes, coding: Coding, shape: PageShape, buffer: bytearray) -> list[str]:
    """Decode a strip through a TIFF made around it; what libtiff said."""
    descriptor = libtiff.memory(_wrapped(strip, coding, shape))
    with libtiff.opened(descriptor, "r") as tiff:
        tiff.decode_into(0, buffer)
        return tiff.said


def _wrapped(strip: bytes, coding: Coding, shape: PageShape) -> bytes:
    """The smallest TIFF that holds the strip."""
    options = Tag.GROUP4_OPTIONS if coding is Coding.MMR else Tag.GROUP3_OPTIONS
    tags = [
        (256, shape.width), (257, shape.rows), (258, 1), (259, COMPRESSION[coding]), (262, 0), (266, 1),
        (273, 0), (277, 1), (278, shape.rows), (279, len(strip)), (options, GROUP3_OPTIONS[coding]),
    ]  # fmt: skip
    offset = 8 + 2 + 12 * len(tags) + 4
    tags[6] = (273, offset)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + b"\0\0\0\0" + strip


def _painted(buffer: bytearray, unpainted: bytes, rows: int) -> int:
    """How many rows from the top were written over; many are compared at a time."""
    size = len(unpainted)
    for step in (_STRIDE, 1):
        clean = unpainted * step
        while rows >= step and buffer[(rows - step) * size : rows * size] == clean:
            rows -= step
    return rows


def _count_bad(said: list[str]) -> int:
    return sum(words.startswith((_BAD_ROW, _TOO_MANY_RUNS)) for words in said)


def _has_too_many_runs(said: list[str]) -> bool:
    return any(words.startswith(_TOO_MANY_RUNS) for words in said)
