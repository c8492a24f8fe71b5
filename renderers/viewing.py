"""Fax pages as pictures for people: PNG files in true proportions.

What lives here: one PNG a page. What does not: the files that go on the line (`faxpage`).
"""

from pathlib import Path

import numpy as np
from PIL import Image

from renderers.faxpage import Resolution, read_tiff
from renderers.libtiff import decode_page

# How often each row and each pel stands in the picture: a viewer takes pels for squares.
_REPEATS = {Resolution.STANDARD: (2, 1), Resolution.FINE: (1, 1), Resolution.SUPERFINE: (1, 2)}


def write_pngs(tiff: Path, folder: Path) -> list[Path]:
    """Write each page of a class F TIFF as `page-001.png` and so on; returns the files.

    Raises:
        RenderError: CORRUPT, when it is no class F TIFF.
    """
    written = []
    for index, page in enumerate(read_tiff(tiff)):
        ink = np.unpackbits(decode_page(tiff, index, page.width, page.rows), axis=1)[:, : page.width]
        high, wide = _REPEATS[page.resolution]
        pels = np.repeat(np.repeat(1 - ink, high, axis=0), wide, axis=1) * 255
        target = folder / f"page-{index + 1:03d}.png"
        Image.fromarray(pels.astype(np.uint8)).convert("1", dither=Image.Dither.NONE).save(target, optimize=True)
        written.append(target)
    return written
