"""What PDFium draws on: a grey buffer as large as a fax page, or twice as large and averaged.

What lives here: the buffer, drawing one page on it, and the averages. What does not: where a page lands (`pdfium`),
black and white (`halftone`).
"""

import contextlib
import ctypes
import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pypdfium2.raw as raw

from renderers.halftone import Grey

_FLAGS = raw.FPDF_ANNOT | raw.FPDF_PRINTING
_WHITE = 0xFFFFFFFF
_HUGE_PAGE = 2 << 20
_BAND = 64  # rows


class Canvas:
    """A grey buffer, 255 = white, with PDFium's hold on it."""

    def __init__(self, rows: int, width: int) -> None:
        self.grey = _room(rows, width)
        start = self.grey.ctypes.data_as(ctypes.c_void_p)
        self._bitmap = raw.FPDFBitmap_CreateEx(width, rows, raw.FPDFBitmap_Gray, start, width)

    def close(self) -> None:
        """Let PDFium go; the buffer stays."""
        raw.FPDFBitmap_Destroy(self._bitmap)

    def draw(self, page: Any, form: Any | None, box: Sequence[int]) -> None:
        """Draw a page, with the fields of its form, on white; `box` is left, top, width, height, quarter turns."""
        rows, width = self.grey.shape
        raw.FPDFBitmap_FillRect(self._bitmap, 0, 0, width, rows, _WHITE)
        raw.FPDF_RenderPageBitmap(self._bitmap, page, *box, _FLAGS)
        if form is not None:
            raw.FPDF_FFLDraw(form, self._bitmap, page, *box, _FLAGS)


def halve(large: Grey, grey: Grey) -> None:
    """Fill `grey` with the averages of 2 by 2 pels of `large`, each a little apart from those above and below it.

    The stroke of a small letter falls on two rows, grey on both, and between two strokes there is not a whole row:
    without that all three would be black. `large` has an even number of rows and pels.
    """
    four = np.empty((len(grey) + 2, grey.shape[1]), np.int16)  # with a row more at both ends
    for top in range(0, len(grey), _BAND):
        upper, lower = (large[2 * top + row : 2 * (top + _BAND) : 2].view(np.uint16) for row in (0, 1))
        four[1 + top : 1 + top + len(upper)] = (upper & 0xFF) + (upper >> 8) + (lower & 0xFF) + (lower >> 8)
    four[[0, -1]] = four[[1, -2]]
    for top in range(0, len(grey), _BAND):
        above, below = (four[top + row : top + row + _BAND][: len(grey) - top] for row in (0, 2))
        apart = four[1 + top : 1 + top + len(above)] * 6
        apart -= above
        apart -= below
        grey[top : top + _BAND] = np.clip(apart >> 4, 0, 255)


def _room(rows: int, width: int) -> Grey:
    """A buffer in memory pages of 2 MB where the kernel has them: a thousand page faults less in a forked process."""
    size = -(-rows * width // _HUGE_PAGE) * _HUGE_PAGE
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8, rows * width).reshape(rows, width)
