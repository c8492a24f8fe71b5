"""Fitting pages to what a far end takes: fewer rows, fewer pels, another coding.

What lives here: re-sampling and re-coding decisions for one page. What does not: what the far end takes
(`t30.agreement`) and the codec itself.
"""

import numpy as np

from gateway.domain.call import Coding
from gateway.fax.t4 import codec
from gateway.fax.t4.page import Bitmap, CodedPage, PageShape


def fit(page: CodedPage, shape: PageShape, coding: Coding) -> CodedPage:
    """The page in the agreed shape and coding; the stored strip itself when nothing has to change."""
    if page.shape == shape and page.coding is coding:
        return page
    bitmap, _ = codec.decode(page)
    return codec.encode(reshape(bitmap, shape), coding)


def reshape(bitmap: Bitmap, shape: PageShape) -> Bitmap:
    """Re-sample packed rows: a pel is black when any of the pels it replaces is, so that thin lines stay.

    A page narrower or shorter than `shape` keeps its pels and is filled up with white.
    """
    old = bitmap.shape
    if (old.width, old.rows) == (shape.width, shape.rows):
        return Bitmap(shape, bitmap.octets)
    rows = np.frombuffer(bitmap.octets, np.uint8).reshape(old.rows, old.row_octets)
    rows = _fewer_rows(rows, min(shape.rows, old.rows))
    if old.width != shape.width:
        rows = _fewer_pels(rows, old.width, shape.width)
    return Bitmap(shape, rows.tobytes().ljust(shape.row_octets * shape.rows, b"\0"))


def _fewer_rows(rows: np.ndarray, count: int) -> np.ndarray:
    """Combine neighbouring rows into `count` rows."""
    if count in (0, len(rows)):
        return rows[:count]
    return np.bitwise_or.reduceat(rows, np.arange(count) * len(rows) // count, axis=0)


def _fewer_pels(rows: np.ndarray, old: int, new: int) -> np.ndarray:
    """Combine neighbouring pels of each row, or set the row in the middle of a wider one."""
    pels = np.unpackbits(rows, axis=1)[:, :old]
    if new < old:
        pels = np.bitwise_or.reduceat(pels, np.arange(new) * old // new, axis=1)
    else:
        left = (new - old) // 2
        pels = np.pad(pels, ((0, 0), (left, new - old - left)))
    return np.packbits(pels, axis=1)
