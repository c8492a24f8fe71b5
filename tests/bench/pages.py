"""Pages that the measurements of calls send, A4 fine: small print, a photograph, and grey dithered by chance."""

from pathlib import Path

import numpy as np
from PIL import Image

from gateway.fax.t4.page import Bitmap, PageShape, Resolution
from renderers import faxpage
from renderers.halftone import screen

_PHOTOGRAPH = Path(__file__).parents[2] / "samples/documents/landscape.jpg"

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


def photograph() -> Bitmap:
    """A page that is all photograph, in the dots our renderers make of it: about 400 kB as MMR and as MH."""
    with Image.open(_PHOTOGRAPH) as picture:
        grey = np.asarray(picture.convert("L").resize((1728, ROWS)))
    return Bitmap(PageShape(1728, ROWS, Resolution.FINE), screen(grey, faxpage.Resolution.FINE).tobytes())


def halftone() -> Bitmap:
    """A grey ramp dithered by chance, the worst there is to code: about 455 kB as MMR, 365 kB as MH."""
    grey = np.linspace(0, 1, 1728)[None, :] * np.ones((ROWS, 1))
    threshold = np.random.default_rng(1).random((ROWS, 1728)) ** 0.25
    return Bitmap(PageShape(1728, ROWS, Resolution.FINE), np.packbits(grey > threshold, axis=1).tobytes())
