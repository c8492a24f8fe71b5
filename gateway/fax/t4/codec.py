"""Coding and decoding of whole pages by libtiff: MH, MR (T.4) and MMR (T.6).

What lives here: packed rows to a class F strip and back. What does not: what the line adds to a strip (`stream`) and
files on disk (`classf`).
"""

import io
import os
import struct

from PIL import Image

from gateway.domain.call import Coding
from gateway.fax.t4 import libtiff
from gateway.fax.t4.libtiff import Tag, Tiff
from gateway.fax.t4.page import Bitmap, CodedPage, PageShape, Resolution

COMPRESSION = {Coding.MH: 3, Coding.MR: 3, Coding.MMR: 4}
GROUP3_OPTIONS = {Coding.MH: 0, Coding.MR: 1, Coding.MMR: 0}

_FIRST_STRIP = 8  # libtiff writes the first strip just behind the TIFF header
_ROWS_TRIED = (4_400, 70_000)  # a legal page at superfine has 5,500 rows; a roll may be longer
# libtiff 4.5 has no room for an MH row in which every pel has another color than the one before and the first is black.
_TOO_MANY_RUNS = "Buffer overflow"
_BAD_ROW = "%s at line"  # libtiff's words for a row whose runs do not add up to the width


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
    tiff.set_resolution(204, shape.resolution)


def decode(page: CodedPage) -> tuple[Bitmap, int]:
    """The packed rows of a page whose number of rows is known, and how many of them were bad."""
    buffer = bytearray(page.shape.row_octets * page.shape.rows)
    said = _decode_into(page.strip, page.coding, page.shape, buffer)
    if any(words.startswith(_TOO_MANY_RUNS) for words in said):
        return Bitmap(page.shape, _decoded_by_pillow(page)), 0
    return Bitmap(page.shape, bytes(buffer)), _count_bad(said)


def decode_counting(
    strip: bytes, coding: Coding, width: int, resolution: Resolution = Resolution.FINE
) -> tuple[Bitmap, int]:
    """The packed rows of a strip of unknown length, and how many were bad.

    The buffer is filled with a row that no page has; what libtiff painted over it are the rows. At the end of the
    data it paints one row more, and complains of it once.
    """
    row_octets = (width + 7) // 8
    unpainted = (b"\xa5\x3c\x96\x5a\xc3\x69" * (row_octets // 6 + 1))[:row_octets]
    for rows in _ROWS_TRIED:
        buffer = bytearray(unpainted * rows)
        said = _decode_into(strip, coding, PageShape(width, rows, resolution), buffer)
        painted = _painted(buffer, unpainted, rows)
        if painted < rows:
            break
    count = max(0, painted - 1)
    bitmap = Bitmap(PageShape(width, count, resolution), bytes(memoryview(buffer)[: count * row_octets]))
    return bitmap, min(count, max(0, _count_bad(said) - 1))


def _decode_into(strip: bytes, coding: Coding, shape: PageShape, buffer: bytearray) -> list[str]:
    """Decode a strip through a TIFF made around it; what libtiff said."""
    descriptor = libtiff.memory(_wrapped(strip, coding, shape))
    with libtiff.opened(descriptor, "r") as tiff:
        tiff.decode_into(0, buffer)
        return tiff.said


def _decoded_by_pillow(page: CodedPage) -> bytes:
    """The rows by Pillow's own libtiff, which is newer; it gives white as one."""
    with Image.open(io.BytesIO(_wrapped(page.strip, page.coding, page.shape))) as image:
        return bytes(octet ^ 0xFF for octet in image.tobytes())


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
    """How many rows from the top were written over."""
    size = len(unpainted)
    while rows and buffer[(rows - 1) * size : rows * size] == unpainted:
        rows -= 1
    return rows


def _count_bad(said: list[str]) -> int:
    return sum(words.startswith((_BAD_ROW, _TOO_MANY_RUNS)) for words in said)
