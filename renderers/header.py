"""The page header: a line of small text above each page, put on without decoding the page.

What lives here: drawing the line and joining two T.6 strips. What does not: what the line says.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from renderers.faxpage import PELS_PER_INCH, FaxPage, FaxShape
from renderers.libtiff import encode

_FONTS = (
    "LiberationSansNarrow-Bold.ttf", "LiberationSans-Bold.ttf", "DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf",
)  # fmt: skip
_EOFB_BITS = 24
_MARGIN = PELS_PER_INCH // 4


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
    strip = Image.new("L", (shape.width, high), 255)
    draw = ImageDraw.Draw(strip)
    parts = line.split("\t")
    font = _fitting_font(parts, shape.width - 2 * _MARGIN, high)
    room = shape.width - 2 * _MARGIN
    for index, part in enumerate(parts):
        share = index / (len(parts) - 1) if len(parts) > 1 else 0.0
        left = _MARGIN + share * (room - draw.textlength(part, font))
        draw.text((left, high * 0.14), part, fill=0, font=font)
    rows = np.asarray(strip.resize((shape.width, own_rows), Image.Resampling.BOX)) < 150
    rows[-1] = False
    return np.packbits(rows, axis=1)


def _fitting_font(parts: Sequence[str], room: int, high: int) -> ImageFont.FreeTypeFont:
    full = _font(round(high * 0.66))
    wanted = sum(full.getlength(part) for part in parts) + (len(parts) - 1) * high
    return full if wanted <= room else _font(max(8, int(high * 0.66 * room / wanted)))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    fallback = ImageFont.load_default(size)
    assert isinstance(fallback, ImageFont.FreeTypeFont)
    return fallback
