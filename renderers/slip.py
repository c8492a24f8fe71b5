"""A short page with a few lines of text, drawn at once: what a call says before it goes on where another broke off.

What lives here: its look. What does not: its words, and pages of documents (`rasterize`).
"""

from collections.abc import Sequence

import numpy as np

from renderers.faxpage import FaxPage, FaxShape
from renderers.header import draw_line
from renderers.libtiff import encode

_LINE, _TITLE = 1.6, 3.0  # heights, of a header line's


def draw_slip(title: str, lines: Sequence[str], shape: FaxShape) -> FaxPage:
    """A page as high as its text: the title large, then the lines, each on one line of its own."""
    strips = [draw_line("", shape, _TITLE), draw_line(title, shape, _TITLE), draw_line("", shape)]
    strips += [draw_line(line, shape, _LINE) for line in lines]
    rows = np.concatenate([*strips, draw_line("", shape, _TITLE)])
    return FaxPage(shape.width, len(rows), shape.resolution, encode(rows))
