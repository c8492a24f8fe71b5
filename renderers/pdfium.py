"""PDFium, through its raw interface: PDF pages to grey at the two resolutions of a fax.

What lives here: opening, geometry, rendering, and which blocks of a raster have pictures. What does not: what a page
holds (`contents`), black and white (`halftone`). PDFium is not thread-safe: one document at a time in a process.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from renderers.canvas import Canvas, halve
from renderers.contents import Contents
from renderers.errors import Reason, RenderError
from renderers.faxpage import PELS_PER_INCH, FaxShape, Resolution
from renderers.halftone import BLOCK, Grey, Mask
from renderers.placing import fit_scale, worth_turning

_POINTS = 72.0
_SIGN_BLOCKS = 16  # a picture this small is a sign, such as an emoji, and reads best without dots
_SMALLEST_POINTS = 1.0
_TOO_SMALL = 0.6  # of what its width allows: a page so long is cut instead
_SMALL_PRINT = 7.7  # points, on paper


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a page lands on the raster: quarter turns clockwise, left edge, width and height in pels and rows.

    `top` is the raster's row of its upper edge, below 0 for the later parts of a page higher than the raster.
    """

    turns: int
    left: int
    width: int
    height: int
    top: int = 0

    def scale(self, inches: tuple[float, float]) -> float:
        """How large a page of this size is shown: 1 for its own size, less when it was shrunk."""
        return self.width / (inches[self.turns % 2] * PELS_PER_INCH)


class Drawn(NamedTuple):
    """A raster's grey, the blocks of it where pictures are, and whether much of its print is too small to read."""

    grey: Grey
    pictures: Mask
    tiny: bool


def open_pdf(path: Path, name: str) -> pdfium.PdfDocument:
    """Open a PDF; an empty user password opens by itself.

    Raises:
        RenderError: ENCRYPTED, CORRUPT.
    """
    try:
        book = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        locked = getattr(error, "err_code", None) in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}
        raise RenderError(Reason.ENCRYPTED if locked else Reason.CORRUPT, name, str(error)) from error
    if raw.FPDF_GetFormType(book.raw) != raw.FORMTYPE_NONE:
        book.init_forms()
    return book


def rewrite(path: Path, target: Path, name: str) -> None:
    """Repair a PDF by reading it with pikepdf and writing it anew.

    Raises:
        RenderError: ENCRYPTED, CORRUPT.
    """
    try:
        with pikepdf.open(path, suppress_warnings=True) as book:
            book.save(target)
    except pikepdf.PasswordError as error:
        raise RenderError(Reason.ENCRYPTED, name) from error
    except (pikepdf.PdfError, OSError, ValueError, RuntimeError) as error:
        raise RenderError(Reason.CORRUPT, name, str(error)) from error


def place(inches: tuple[float, float], shape: FaxShape) -> Placed:
    """Fit a page of this size on the raster.

    A landscape page is turned where that shows it larger, and what is too large is shrunk; a page far longer than the
    paper is shrunk to its width alone, and is higher than the raster.
    """
    wide, high = inches
    turns = int(worth_turning(inches, shape))
    if turns:
        wide, high = high, wide
    scale, by_width = fit_scale((wide, high), shape), min(1.0, shape.width / (wide * PELS_PER_INCH))
    if scale < _TOO_SMALL * by_width:
        scale = by_width
    width, height = max(1, round(wide * PELS_PER_INCH * scale)), max(1, round(high * shape.resolution.value * scale))
    return Placed(turns, (shape.width - width) // 2, min(width, shape.width), height)


class Raster:
    """One reused grey buffer of a shape, and the drawing of pages into it.

    At 98 lines pages of small print are drawn twice as large in both ways and averaged: PDFium puts letters on whole
    pels and rows, and there are too few of these for them.
    """

    def __init__(self, shape: FaxShape) -> None:
        self.shape = shape
        self._canvas = Canvas(shape.rows, shape.width)
        self._large: Canvas | None = None
        self.grey = self._canvas.grey

    def __enter__(self) -> "Raster":
        return self

    def __exit__(self, *_error: object) -> None:
        for canvas in filter(None, (self._canvas, self._large)):
            canvas.close()

    def draw(self, book: pdfium.PdfDocument, index: int) -> Iterator[Drawn]:
        """Draw a page, a long one as several; each time into the same buffer.

        Raises:
            ValueError: PDFium cannot load the page.
        """
        page = raw.FPDF_LoadPage(book.raw, index)
        if not page:
            raise ValueError(f"page {index + 1} cannot be loaded")
        try:
            if book.formenv is not None:
                raw.FORM_OnAfterLoadPage(page, book.formenv.raw)
            points = (raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page))
            inches = tuple(max(value, _SMALLEST_POINTS) / _POINTS for value in points)
            yield from self._parts(book, page, (inches[0], inches[1]))
        finally:
            raw.FPDF_ClosePage(page)

    def _parts(self, book: pdfium.PdfDocument, page: object, inches: tuple[float, float]) -> Iterator[Drawn]:
        """What of the page the raster holds, one after the other, cut where no writing is cut."""
        placed, contents = place(inches, self.shape), Contents(page)
        scale, resolution = placed.scale(inches), self.shape.resolution
        tiny = contents.has_tiny_print(resolution, scale)
        is_large = resolution is Resolution.STANDARD and contents.has_print_below(_SMALL_PRINT / scale)
        while True:
            self._draw_part(book, page, placed, is_large)
            rest = placed.top + placed.height - self.shape.rows
            cut = self._last_gap() if rest > 0 else self.shape.rows
            self.grey[cut:] = 255
            yield Drawn(self.grey, self._picture_blocks(page, contents, placed), tiny)
            if rest <= 0:
                return
            placed = replace(placed, top=placed.top - cut)

    def _draw_part(self, book: pdfium.PdfDocument, page: object, placed: Placed, is_large: bool) -> None:
        box, form = (placed.left, placed.top, placed.width, placed.height), book.formenv and book.formenv.raw
        if not is_large:
            self._canvas.draw(page, form, (*box, placed.turns))
            return
        self._large = self._large or Canvas(2 * self.shape.rows, 2 * self.shape.width)
        self._large.draw(page, form, (*(2 * span for span in box), placed.turns))
        halve(self._large.grey, self.grey)

    def _last_gap(self) -> int:
        """The lowest row in the raster's last fifth with the least ink in it, at which to cut."""
        first = self.shape.rows * 4 // 5
        ink = 255 - self.grey[first:].min(axis=1).astype(np.int16)
        return first + len(ink) - int(ink[::-1].argmin())

    def _picture_blocks(self, page: object, contents: Contents, placed: Placed) -> Mask:
        blocks = np.zeros((-(-self.shape.rows // BLOCK), -(-self.shape.width // BLOCK)), np.bool_)
        for part in contents.pictures:
            window = _block_window(page, part, placed)
            if blocks[window].size > _SIGN_BLOCKS:
                blocks[window] = True
        return blocks


def _block_window(page: object, part: object, placed: Placed) -> tuple[slice, slice]:
    """The blocks that an object's bounds touch."""
    bounds = [ctypes.c_float() for _ in range(4)]  # left, bottom, right, top, in page space
    if not raw.FPDFPageObj_GetBounds(part, *bounds):
        return slice(None), slice(None)
    left, bottom, right, top = (value.value for value in bounds)
    corners = [_to_pel(page, placed, x, y) for x, y in ((left, bottom), (right, top))]
    across, down = sorted(x for x, _ in corners), sorted(y for _, y in corners)
    return _span(down[0], down[1]), _span(across[0], across[1])


def _to_pel(page: object, placed: Placed, x: float, y: float) -> tuple[int, int]:
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, placed.left, placed.top, placed.width, placed.height, placed.turns, x, y, across, down)
    return across.value, down.value


def _span(first: int, last: int) -> slice:
    return slice(max(0, first // BLOCK), max(0, last // BLOCK + 1))
