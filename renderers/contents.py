"""What stands on a PDF page, as its objects tell before anything is drawn: where pictures are, how small the print is.

What lives here: the walk over a page's objects, and what counts as print too small to read. What does not: drawing and
geometry (`pdfium`), black and white (`halftone`).
"""

import ctypes
import math
from types import MappingProxyType
from typing import Any

import pypdfium2.raw as raw

from renderers.faxpage import Resolution

_PICTURES = frozenset({raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_SHADING})
_DEEPEST_FORM = 4
_MOST_IN_FORMS = 4000  # objects
_SAMPLE = 48  # pieces of writing that are looked at: a few stand for thousands
# Points of type on the paper under which readers, people or programs, miss more than every fifth word.
LEAST_POINTS = MappingProxyType({Resolution.STANDARD: 6.0, Resolution.FINE: 4.5, Resolution.SUPERFINE: 4.0})
_SLACK = 0.05
_MANY = 300.0  # characters: more than two lines of footnotes
_FEW = 40.0  # a label or two
_CHARACTER = 0.5  # of its size: about how wide one is

_Writing = tuple[Any, float]  # a text object, and how much larger the forms around it show it


class Contents:
    """A page's objects that hold pictures, and its writing; the handles are good while the page is open."""

    def __init__(self, page: Any) -> None:
        self.pictures: list[Any] = []
        self._writing: list[_Writing] = []
        self._left = _MOST_IN_FORMS
        for index in range(raw.FPDFPage_CountObjects(page)):
            part = raw.FPDFPage_GetObject(page, index)
            if self._note(part, 1.0, _DEEPEST_FORM):
                self.pictures.append(part)

    def _note(self, part: Any, scale: float, depth: int) -> bool:
        """Note the writing in an object; true when there is a picture in it, or too much to find out."""
        kind = raw.FPDFPageObj_GetType(part)
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            self._writing.append((part, scale))
        if kind != raw.FPDF_PAGEOBJ_FORM or depth == 0:
            return kind in _PICTURES
        inner_scale = scale * _height(part)
        noted = []
        for index in range(max(0, raw.FPDFFormObj_CountObjects(part))):
            self._left -= 1
            if self._left < 0:
                return True
            noted.append(self._note(raw.FPDFFormObj_GetObject(part, index), inner_scale, depth - 1))
        return any(noted)

    def has_tiny_print(self, resolution: Resolution, scale: float) -> bool:
        """Whether a good deal of the writing is too small to read when the page is shown `scale` times its size."""
        return self.has_print_below((LEAST_POINTS[resolution] - _SLACK) / scale)

    def has_print_below(self, points: float) -> bool:
        """Whether a good deal of the writing is smaller, as the page gives it.

        That is more than two lines of footnotes, or half of what is written where there is less of it. What is not
        shown, such as the words laid behind a scan, does not count.
        """
        chosen = self._writing[:: 1 + len(self._writing) // _SAMPLE]
        sizes = [_points(part) * larger for part, larger in chosen]
        if all(size >= points for size in sizes):
            return False
        characters = [_characters(part) for part, _ in chosen]
        share = len(self._writing) / len(chosen)
        small = share * sum(count for count, size in zip(characters, sizes, strict=True) if size < points)
        return small >= _MANY or (small >= _FEW and small >= share * sum(characters) / 2)


def _points(part: Any) -> float:
    """The size of some writing, where nothing around it makes it larger."""
    size = ctypes.c_float()
    raw.FPDFTextObj_GetFontSize(part, size)
    return abs(size.value) * _height(part)


def _characters(part: Any) -> float:
    """About how many characters some writing shows."""
    bounds = [ctypes.c_float() for _ in range(4)]
    if raw.FPDFTextObj_GetTextRenderMode(part) == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
        return 0.0
    points = _points(part)
    if points <= 0 or not raw.FPDFPageObj_GetBounds(part, *bounds):
        return 0.0
    left, bottom, right, top = (value.value for value in bounds)
    return max(right - left, top - bottom, 0.0) / (points * _CHARACTER) if right > left else 0.0


def _height(part: Any) -> float:
    """How much taller an object's matrix makes what is upright in it."""
    matrix = raw.FS_MATRIX()
    return math.hypot(matrix.c, matrix.d) if raw.FPDFPageObj_GetMatrix(part, matrix) else 1.0
