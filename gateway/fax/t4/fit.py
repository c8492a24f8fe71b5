"""Fitting pages to what a far end takes: other resolutions, fewer pels, fewer rows, another coding.

What lives here: how large a page's picture is at another resolution and width, and the page made so. What does not:
what the far end takes (`t30.agreement`), how pels are combined (`resample`) and the codec itself.
"""

import numpy as np

from gateway.domain.call import Coding
from gateway.fax.t4 import codec, resample
from gateway.fax.t4.page import WIDTHS_AT, Bitmap, CodedPage, PageShape, Resolution

# An A4 page of 400 per inch has 2 per cent more rows than one of 15.4 per mm. So few are squeezed without narrowing the
# picture: machines that call 200 per inch what is 8 x 7.7 per mm distort it more.
_SQUEEZED = 1.03


def fit(page: CodedPage, shape: PageShape, coding: Coding) -> CodedPage:
    """The page in the agreed shape and coding; the stored strip itself when nothing has to change."""
    if page.shape == shape and page.coding is coding:
        return page
    bitmap, _ = codec.decode(page)
    return codec.encode(reshape(bitmap, shape), coding)


def picture(page: PageShape, width: int, resolution: Resolution) -> PageShape:
    """The page's picture at another resolution, its proportions kept: as large as it is, or as wide as `width`."""
    pels = page.width * WIDTHS_AT[resolution.across][0] // WIDTHS_AT[page.resolution.across][0]
    rows, of = page.rows * resolution.per_metre, page.resolution.per_metre
    if pels > width:
        rows, of, pels = rows * width, of * pels, width
    return PageShape(max(1, pels), -(-rows // of), resolution)


def reshape(bitmap: Bitmap, shape: PageShape) -> Bitmap:
    """The page's picture in another shape: shrunk in proportion where it is too large, else filled up with white.

    A picture narrower than the shape is set in its middle, and one shorter at its top. No part of it is cut off.
    """
    old = bitmap.shape
    size = _shrunk(picture(old, shape.width, shape.resolution), shape.rows)
    if (old.width, old.rows) == (size.width, size.rows) == (shape.width, size.rows):
        return Bitmap(shape, bitmap.octets.ljust(shape.row_octets * shape.rows, b"\0"))
    rows = np.frombuffer(bitmap.octets, np.uint8).reshape(old.rows, old.row_octets)
    pels = resample.scaled(rows, old.width, (size.rows, size.width), shape.resolution)
    left = (shape.width - size.width) // 2
    if size.width < shape.width:
        pels = np.pad(pels, ((0, 0), (left, shape.width - size.width - left)))
    octets = np.packbits(pels, axis=1).tobytes()
    return Bitmap(shape, octets.ljust(shape.row_octets * shape.rows, b"\0"))


def _shrunk(size: PageShape, most_rows: int) -> PageShape:
    """The picture with at most so many rows."""
    if size.rows <= most_rows * _SQUEEZED + 1:
        return PageShape(size.width, min(size.rows, most_rows), size.resolution)
    return PageShape(max(1, size.width * most_rows // size.rows), most_rows, size.resolution)
