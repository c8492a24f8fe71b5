"""The page header: a line of small text above each page, put on without decoding the page.

What lives here: laying the line out and joining two T.6 strips. What does not: what the line says, and how its
characters are drawn (`lettering`).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from renderers.faxpage import PELS_PER_INCH, FaxPage, FaxShape
from renderers.lettering import Lettering
from renderers.libtiff import encode

_EOFB_BITS = 24
_MARGIN = PELS_PER_INCH // 4
_SIZE = 0.66  # of the height is a character's


def stamp(pages: Sequence[FaxPage], lines: Sequence[str]) -> list[FaxPage]:
    """Put one header line above each page; what was there stays bit for bit, `FaxShape.header_rows` lower.

    A tab parts the line: what is before it stands left, what follows is spread, the last stands right.

    Raises:
        ValueError: not one line for each page.
    """
    return [_stamped(page, line) for page, line in zip(pages, lines, strict=True)]


def _stamped(page: FaxPage, line: str) -> FaxPage:
    shape = FaxShape(width=page.width, resolution=page.resolution)
    strip = encode(draw_line(line, shape))
    return FaxPage(page.width, page.rows + shape.header_rows, page.resolution, join_strips(strip, page.mmr))


def join_strips(upper: bytes, lower: bytes) -> bytes:
    """One T.6 strip of two of the same width, the upper ending in a white row and in EOFB.

    The lower's first row refers to a white row (T.6 2.2.1), which is what the upper leaves behind, so its code
    words stay as they are and are only shifted to the bit where the upper's last row ends.
    """
    bits = int.from_bytes(upper)
    trailing = (bits & -bits).bit_length() - 1
    kept = len(upper) * 8 - trailing - _EOFB_BITS
    spare = -(kept + len(lower) * 8) % 8
    joined = (bits >> (trailing + _EOFB_BITS)) << (len(lower) * 8) | int.from_bytes(lower)
    return (joined << spare).to_bytes((kept + len(lower) * 8 + spare) // 8)


def draw_line(line: str, shape: FaxShape, height: float = 1) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Draw a header line as packed rows, the last of them white; `height` times as high as a header."""
    own_rows = round(shape.header_rows * height)
    high = own_rows * PELS_PER_INCH // shape.resolution.value
    parts, room = line.split("\t"), shape.width - 2 * _MARGIN
    lettering = _fitting(parts, room, Lettering(round(high * _SIZE), high, own_rows))
    pels = np.zeros((own_rows, shape.width), np.bool_)
    for index, part in enumerate(parts):
        share = index / (len(parts) - 1) if len(parts) > 1 else 0.0
        lettering.write(pels, _MARGIN + share * (room - lettering.length(part)), part)
    pels[-1] = False
    return np.packbits(pels, axis=1)


def _fitting(parts: Sequence[str], room: int, full: Lettering) -> Lettering:
    """The largest lettering in which all parts fit beside each other."""
    wanted = sum(full.length(part) for part in parts) + (len(parts) - 1) * full.high
    return full if wanted <= room else replace(full, size=max(8, int(full.high * _SIZE * room / wanted)))
