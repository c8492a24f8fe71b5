"""Text in black and white for lines that are drawn again and again: each character is drawn once for each size.

What lives here: pictures of characters, where they stand, how wide a text is. What does not: what is written where
(`header`), and the text of documents (`text`).

In the scripts named below a character's place hangs on the one before it alone (kerning): so pictures of single
characters, put side by side, are what the whole text would be. Texts in other scripts are joined, stacked or run from
right to left; those are drawn whole.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_FONTS = (
    "LiberationSansNarrow-Bold.ttf", "LiberationSans-Bold.ttf", "DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf",
)  # fmt: skip
_SIDE_BY_SIDE = re.compile("[ -~\xa1-\xac\xae-\u02af\u0386-\u03ff\u0400-\u0482\u2010-\u2027\u2030-\u2044€№™]*")
_PIECES = re.compile("[fIJ][filjIJ]+|.", re.DOTALL)  # what fonts may have one shape for stays together
_UNITS = 64  # places are counted in so many parts of a pel (FreeType's 26.6)
_BASE = 0.14  # of the height is above the text
_DARK = 150  # of 255: what is darker is black
_SPARE = 8  # pels at either side, for strokes that lean out of their place
_CHARACTERS, _TEXTS, _SIZES = 2048, 128, 64  # remembered at most

Pels = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lettering:
    """One size of text: `size` pels, in lines `high` pels high when drawn, that are pressed into `rows` rows."""

    size: int
    high: int
    rows: int

    def length(self, text: str) -> float:
        """How many pels wide a text is."""
        return _setting(self.size, text)[-1][1]

    def write(self, line: Pels, left: float, text: str) -> None:
        """Put a text on a line of as many rows, from `left` on; what does not fit beside it is cut."""
        pen = round(left * _UNITS) / _UNITS
        _text(self, text, pen % 1).put(line, math.floor(pen))


@dataclass(frozen=True, slots=True)
class _Picture:
    """The black of a text: `pels` stand `right` of the pen and below row `top` of the line."""

    right: int
    top: int
    pels: Pels

    def put(self, line: Pels, column: int) -> None:
        """Put it on a line, with the pen at a column."""
        height, width = self.pels.shape
        first = column + self.right
        begin, end = max(first, 0), min(first + width, line.shape[1])
        if begin < end:
            line[self.top : self.top + height, begin:end] |= self.pels[:, begin - first : end - first]


@lru_cache(_TEXTS)
def _text(lettering: Lettering, text: str, fraction: float) -> _Picture:
    """A text whose pen stands at this part of a pel: piece by piece, or drawn whole."""
    *places, (_, length) = _setting(lettering.size, text)
    if not places:
        return _drawn(lettering, text, fraction)
    line = np.zeros((lettering.rows, math.ceil(length) + 2 * _SPARE), np.bool_)
    for piece, place in places:
        pen = _SPARE + fraction + place
        if len(piece) == 1:
            _piece(lettering, piece, 0.0).put(line, math.floor(pen + 0.5))
        else:  # the places inside it hang on the part of a pel where it begins
            _piece(lettering, piece, pen % 1).put(line, math.floor(pen))
    return _Picture(-_SPARE, 0, line)


def _drawn(lettering: Lettering, text: str, fraction: float) -> _Picture:
    """A text that is not taken to pieces."""
    width = math.ceil(_length(lettering.size, text)) + 2 * _SPARE
    strip = Image.new("L", (width, lettering.high), 255)
    place = (_SPARE + fraction, lettering.high * _BASE)
    ImageDraw.Draw(strip).text(place, text, fill=0, font=_font(lettering.size))
    dark = np.asarray(strip.resize((width, lettering.rows), Image.Resampling.BOX)) < _DARK
    down, across = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    if not down.size:
        return _Picture(0, 0, dark[:0, :0])
    top, left = int(down[0]), int(across[0])
    return _Picture(left - _SPARE, top, dark[top : down[-1] + 1, left : across[-1] + 1].copy())


_piece = lru_cache(_CHARACTERS)(_drawn)


@lru_cache(_TEXTS)
def _setting(size: int, text: str) -> tuple[tuple[str, float], ...]:
    """The pieces of a text and where each begins, then nothing and the whole length; no piece where there are none."""
    if not _SIDE_BY_SIDE.fullmatch(text):
        return (("", _length(size, text)),)
    places, pen = [], 0.0
    for piece, following in pairwise([*_PIECES.findall(text), ""]):
        places.append((piece, pen))
        pen += _advance(size, piece, following[:1])
    return (*places, ("", pen))


@lru_cache(_CHARACTERS)
def _advance(size: int, piece: str, following: str) -> float:
    """How far the pen goes from a piece to the next character; without one, how wide the piece is."""
    return _length(size, piece + following) - (_length(size, following) if following else 0.0)


def _length(size: int, text: str) -> float:
    return _font(size).getlength(text)


@lru_cache(_SIZES)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """The bold, narrow font of lines above pages; the first of those that this machine has."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    fallback = ImageFont.load_default(size)
    assert isinstance(fallback, ImageFont.FreeTypeFont)
    return fallback
