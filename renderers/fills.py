"""Areas filled with a middle grey: what a threshold makes solid black, and what is written on them lost.

What lives here: finding such areas on a drawn page and showing them as a light screen, with all that stands out
from them, darker or lighter, in black. What does not: photographs (`halftone.selective`).
"""

import numpy as np
from numpy.typing import NDArray

from renderers.faxpage import Resolution
from renderers.halftone import BLOCK, Grey, Mask, Rows, screen

_DARKEST_FILL = 56  # darker is as good as black: white text on it stays as it is
_SOLID_PELS = BLOCK * BLOCK * 9 // 10
_SAME, _OTHER = 24, 44
_REACH = 40  # pels: how far apart two parts of a fill may be for what is between to be writing on it
_HALO = 2


def lift(grey: Grey, rows: Rows, pictures: Mask, resolution: Resolution) -> Rows:
    """Redo the filled areas of a thresholded page; `pictures` are blocks to leave alone.

    A page without such areas, which is nearly every page, comes back as it is after a look at its black blocks.
    """
    levels = fill_levels(grey, rows, pictures)
    down, across = np.flatnonzero(levels.any(axis=1)), np.flatnonzero(levels.any(axis=0))
    if not down.size:
        return rows
    window = slice(down[0] * BLOCK, (down[-1] + 1) * BLOCK), slice(across[0] * BLOCK, (across[-1] + 1) * BLOCK)
    part = grey[window]
    level = levels[down[0] : down[-1] + 1, across[0] : across[-1] + 1].repeat(BLOCK, 0).repeat(BLOCK, 1)
    level = level[: part.shape[0], : part.shape[1]]
    away = np.abs(part.astype(np.int16) - level)
    fill = (away <= _SAME) & (level > 0)
    area = _closed(fill)
    writing = area & (away >= _OTHER)
    shown = np.unpackbits(screen(128 + part // 2, resolution), axis=1).astype(bool)[:, : part.shape[1]]
    shown = (shown & fill & ~_spread(writing)) | writing
    lifted = np.unpackbits(rows, axis=1)
    lifted[window] = np.where(area, shown, lifted[window])
    return np.packbits(lifted, axis=1)


def fill_levels(grey: Grey, rows: Rows, pictures: Mask) -> NDArray[np.int16]:
    """The grey of the fill that each block of 16 by 16 pels belongs to or borders on; 0 where there is none."""
    solid = _black_pels(rows) >= _SOLID_PELS
    solid &= ~pictures[: solid.shape[0], : solid.shape[1]]
    levels = np.zeros(solid.shape, np.int16)
    for down, across in zip(*solid.nonzero(), strict=True):
        block = grey[down * BLOCK : (down + 1) * BLOCK, across * BLOCK : (across + 1) * BLOCK]
        middle = int(np.median(block[::3, ::3]))
        levels[down, across] = middle if middle > _DARKEST_FILL else 0
    for _ in range(2):
        levels = np.where(levels > 0, levels, _neighbors(levels))
    return levels


def _black_pels(rows: Rows) -> NDArray[np.uint16]:
    height, stride = rows.shape[0] // BLOCK * BLOCK, rows.shape[1] // 2 * 2
    counts = np.bitwise_count(rows[:height, :stride]).reshape(height // BLOCK, BLOCK, stride // 2, 2)
    sums: NDArray[np.uint16] = counts.sum(axis=(1, 3), dtype=np.uint16)
    return sums


def _neighbors(levels: NDArray[np.int16]) -> NDArray[np.int16]:
    """The highest level among the eight blocks around each."""
    wide = np.pad(levels, 1)
    height, width = levels.shape
    around = [wide[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    highest: NDArray[np.int16] = np.maximum.reduce(around)
    return highest


def _closed(fill: Mask) -> Mask:
    """The fill with its gaps: pels with fill near on the left and right, and above and below."""
    return fill | (_between(fill) & _between(fill.T).T)


def _between(fill: Mask) -> Mask:
    width = fill.shape[1]
    place = np.arange(width, dtype=np.int16)
    before = np.maximum.accumulate(np.where(fill, place, np.int16(-_REACH)), axis=1)
    after = np.minimum.accumulate(np.where(fill, place, np.int16(width + _REACH))[:, ::-1], axis=1)[:, ::-1]
    near: Mask = (place - before < _REACH) & (after - place < _REACH)
    return near


def _spread(writing: Mask) -> Mask:
    """The writing with a rim, kept white so that dots do not touch letters."""
    wide = writing.copy()
    for step in range(1, _HALO + 1):
        wide[:, step:] |= writing[:, :-step]
        wide[:, :-step] |= writing[:, step:]
    tall = wide.copy()
    for step in range(1, _HALO + 1):
        tall[step:] |= wide[:-step]
        tall[:-step] |= wide[step:]
    return tall
