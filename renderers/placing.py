"""Pictures laid on a fax page: size, scaling by both resolutions, tall pictures cut into pages.

What lives here: geometry of a grey Pillow image on a `FaxShape`. What does not: opening files (`image`, `tiff`), black
and white (`halftone`).
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from renderers.faxpage import PELS_PER_INCH, FaxPage, FaxShape
from renderers.halftone import Grey, screen, to_rows
from renderers.libtiff import encode

_MOST_ENLARGED = 3.0
_WORTH_TURNING = 1.15
_TALL = 2.5


def fit_scale(inches: tuple[float, float], shape: FaxShape) -> float:
    """How much something of this physical size is shrunk to fit the page in both ways; never enlarged."""
    return min(1.0, shape.width / (inches[0] * PELS_PER_INCH), shape.rows / (inches[1] * shape.resolution.value))


def worth_turning(inches: tuple[float, float], shape: FaxShape) -> bool:
    """Whether something is landscape and shows notably larger when it stands on its side."""
    wide, high = inches
    return wide > high and fit_scale((high, wide), shape) > _WORTH_TURNING * fit_scale(inches, shape)


def fitted_size(inches: tuple[float, float], shape: FaxShape) -> tuple[int, int]:
    """Pels and rows for something of this physical size, shrunk to fit."""
    scale = fit_scale(inches, shape)
    wide, high = inches[0] * PELS_PER_INCH, inches[1] * shape.resolution.value
    return max(1, round(wide * scale)), max(1, round(high * scale))


def natural_size(pixels: tuple[int, int], shape: FaxShape) -> tuple[int, int]:
    """Pels and rows for a picture of square pixels: as wide as the page, though never blown up beyond threefold."""
    width = min(shape.width, round(pixels[0] * _MOST_ENLARGED))
    height = width / pixels[0] * pixels[1] * shape.resolution.value / PELS_PER_INCH
    if shape.rows < height <= shape.rows * _TALL:
        width, height = round(width * shape.rows / height), shape.rows
    return max(1, width), max(1, round(height))


def sheets(picture: Image.Image, size: tuple[int, int], shape: FaxShape) -> Iterator[Grey]:
    """The picture scaled to `size` on white pages of the full shape, centered, as many as its height needs."""
    width, height = size
    way = Image.Resampling.BOX if width < picture.width else Image.Resampling.BICUBIC
    scaled = np.asarray(picture.resize(size, way))
    left = (shape.width - width) // 2
    for top in range(0, height, shape.rows):
        part = scaled[top : top + shape.rows]
        sheet = np.full((shape.rows, shape.width), 255, np.uint8)
        sheet[: part.shape[0], left : left + width] = part
        yield sheet


def page_of(sheet: Grey, shape: FaxShape, photo: bool = False) -> FaxPage:
    """Black, white and coded; a photo is screened all over, so that its tones do not change from block to block."""
    rows = screen(sheet, shape.resolution) if photo else to_rows(sheet, shape.resolution)
    return FaxPage(shape.width, sheet.shape[0], shape.resolution, encode(rows))
