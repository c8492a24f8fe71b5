"""Pages that the measurements of calls send: an A4 page of small print and one of dithered grey, both fine."""

import numpy as np

from gateway.fax.t4.page import Bitmap, PageShape, Resolution

ROWS = 2292


def text() -> Bitmap:
    """Strokes in lines, as dense as a full page of small print: about 63 kB as MMR."""
    chance = np.random.default_rng(1)
    pels = np.zeros((ROWS, 1728), np.uint8)
    for top in range(40, ROWS - 60, 26):
        for left in range(90, 1640, 16):
            pels[top + chance.integers(0, 9) : top + 18, left : left + 3] = 1
            pels[top + chance.integers(0, 16) :, left : left + 9][:2] = 1
    return Bitmap(PageShape(1728, ROWS, Resolution.FINE), np.packbits(pels, axis=1).tobytes())


def halftone() -> Bitmap:
    """A grey ramp, dithered: about 424 kB as MMR."""
    grey = np.linspace(0, 1, 1728)[None, :] * np.ones((ROWS, 1))
    threshold = np.random.default_rng(1).random((ROWS, 1728)) ** 0.25
    return Bitmap(PageShape(1728, ROWS, Resolution.FINE), np.packbits(grey > threshold, axis=1).tobytes())
