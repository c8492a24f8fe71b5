"""Areas filled with a middle grey: what a threshold makes solid black, and what is written on them lost.

What lives here: finding such areas on a drawn page and showing them as a light screen, with all that stands out
from them, darker or lighter, in black. What does not: photographs (`halftone.selective`).
"""

import numpy as np
from numpy.typing import NDArray

from renderers.faxpage import Resolution
from renderers.halftone import BLOCK, Grey, Mask, Rows, count_in_blocks, screen

_DARKEST_FILL = 56  # darker is as good as black: white text on it stays as it is
_LIGHTEST_FILL = 208  # lighter is black only because the page was empty otherwise
_SOLID_PELS = BLOCK * BLOCK * 9 // 10
_SAME, _OTHER = 24, 44
_REACH = 40  # pels: how far apart two parts of a fill may be for what is between to be writing on it
_HALO = 2
_HARDLY_ANY = 80  # pels: less than a word of small print
_FEWEST_BLOCKS = 1  # smaller is a sign, not an area; emoji read best under the plain threshold


def lift(grey: Grey, rows: Rows, pictures: Mask, resolution: Resolution) -> Rows:
    """Redo the filled areas of a thresholded page; `pictures` are blocks to leave alone.

    A page without such areas, which is nearly every page, comes back as it is after a look at its black blocks.
    """
    levels = fill_levels(grey, rows, pictures)
    down, across = np.flatnonzero(levels.any(axis=1)), np.flatnonzero(levels.any(axis=0))
    if not down.size:
        return rows
    window = slice(down[0] * BLOCK, (down[-1] + 1) * BLOCK), slice(across[0] * BLOCK, (across[-1] + 1) * BLOCK)
    part = grey[window].astype(np.int16)
    blocks = levels[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
    level, region = _as_pels(blocks, part), _as_pels(_regions(blocks), part)
    away = part - level
    fill = (np.abs(away) <= _SAME) & (level > 0)
    area = _closed(fill)
    area &= ~np.isin(region, _well_as_black(region, area, away))
    writing = area & (np.abs(away) >= _OTHER)
    dots = np.unpackbits(screen((128 + part // 2).astype(np.uint8), resolution), axis=1)[:, : part.shape[1]]
    shown = ((dots == 1) & fill & ~_spread(writing)) | writing
    lifted = np.unpackbits(rows, axis=1)
    lifted[window] = np.where(area, shown, lifted[window])
    return np.packbits(lifted, axis=1)


def _as_pels(blocks: NDArray[np.int16], part: NDArray[np.int16]) -> NDArray[np.int16]:
    return blocks.repeat(BLOCK, 0).repeat(BLOCK, 1)[: part.shape[0], : part.shape[1]]


def fill_levels(grey: Grey, rows: Rows, pictures: Mask) -> NDArray[np.int16]:
    """The grey of the fill that each block of 16 by 16 pels belongs to or borders on; 0 where there is none."""
    solid = count_in_blocks(rows) >= _SOLID_PELS
    solid &= ~pictures
    if not solid.any():
        return np.zeros(solid.shape, np.int16)
    solid &= _neighbors(solid.astype(np.int16), np.add) > _FEWEST_BLOCKS
    levels = np.zeros(solid.shape, np.int16)
    middle = _middles(grey, solid)
    levels[solid] = np.where((middle > _DARKEST_FILL) & (middle < _LIGHTEST_FILL), middle, 0)
    for _ in range(2):
        levels = np.where(levels > 0, levels, _neighbors(levels, np.maximum))
    return levels


def _middles(grey: Grey, blocks: Mask) -> NDArray[np.int16]:
    """The median grey of each of the chosen blocks, of every third pel of it; those cut off by the edge repeat it."""
    down, across = blocks.nonzero()
    step = np.arange(0, BLOCK, 3)
    rows = np.minimum(down[:, None] * BLOCK + step, grey.shape[0] - 1)
    pels = np.minimum(across[:, None] * BLOCK + step, grey.shape[1] - 1)
    samples = grey[rows[:, :, None], pels[:, None, :]].reshape(len(down), step.size**2)
    samples.partition(samples.shape[1] // 2, axis=1)
    middles: NDArray[np.int16] = samples[:, samples.shape[1] // 2].astype(np.int16)
    return middles


def _neighbors(levels: NDArray[np.int16], join: np.ufunc) -> NDArray[np.int16]:
    """Each block and the eight around it, joined."""
    wide = np.pad(levels, 1)
    height, width = levels.shape
    around = [wide[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    joined: NDArray[np.int16] = join.reduce(around)
    return joined


def _regions(levels: NDArray[np.int16]) -> NDArray[np.int16]:
    """The same number for all blocks of one connected area, 0 outside."""
    inside = levels > 0
    numbers = np.where(inside, np.arange(1, levels.size + 1, dtype=np.int16).reshape(levels.shape), 0).astype(np.int16)
    for _ in range(sum(levels.shape)):
        spread = np.where(inside, _neighbors(numbers, np.maximum), 0).astype(np.int16)
        if np.array_equal(spread, numbers):
            break
        numbers = spread
    return numbers


def _well_as_black(region: NDArray[np.int16], area: Mask, away: NDArray[np.int16]) -> NDArray[np.intp]:
    """The regions on which all writing is lighter: white on black is how it was meant."""
    lighter = np.bincount(region[area & (away >= _OTHER)], minlength=1)
    darker = np.bincount(region[area & (away <= -_OTHER)], minlength=len(lighter))[: len(lighter)]
    return np.flatnonzero((lighter > 0) & (darker < _HARDLY_ANY))


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
