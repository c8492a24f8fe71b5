"""Areas filled with a middle grey: what a threshold makes solid black, and what is written on them lost.

What lives here: finding such areas on a drawn page and showing them as a light screen, with all that stands out
from them, darker or lighter, in black. What does not: photographs (`halftone.selective`).
"""

import numpy as np
from numpy.typing import NDArray

from renderers.blocks import as_pels, between, middles, mostly, neighbors, opened, regions
from renderers.faxpage import Resolution
from renderers.halftone import (
    BLOCK,
    Grey,
    Mask,
    Rows,
    block_window,
    bytes_of,
    count_in_blocks,
    pels_of,
    screen,
)

_DARKEST_FILL = 56  # darker is as good as black: white text on it stays as it is
_LIGHTEST_FILL = 208  # lighter is black only because the page was empty otherwise
_SOLID_PELS = BLOCK * BLOCK * 9 // 10
_SAME, _OTHER = 24, 44
_HALO = 2
_MOST_APART = 24  # areas done one by one
_HARDLY_ANY = 80  # pels: less than a word of small print
_FEWEST_BLOCKS = 1  # smaller is a sign, not an area; emoji read best under the plain threshold


def lift(grey: Grey, rows: Rows, pictures: Mask, resolution: Resolution) -> Rows:
    """Redo the filled areas of a thresholded page, in place; `pictures` are blocks to leave alone.

    A page without such areas, which is nearly every page, comes back as it is after a look at its black blocks.
    """
    levels = fill_levels(grey, rows, pictures)
    numbers = regions(levels > 0)
    apart = range(1, int(numbers.max(initial=0)) + 1)
    for inside in [numbers == number for number in apart] if len(apart) <= _MOST_APART else [numbers > 0]:
        window = block_window(inside)
        if window is not None:
            blocks = np.where(inside[window], levels[window], 0), numbers[window]
            _lift_area(grey[pels_of(window)], rows[bytes_of(window)], blocks, resolution)
    return rows


def _lift_area(
    grey: Grey, rows: Rows, blocks: tuple[NDArray[np.int16], NDArray[np.int32]], resolution: Resolution
) -> None:
    """Redo the pels of some areas; `blocks` are the fill's grey in each block, 0 outside, and its area's number."""
    level, region = as_pels(blocks[0], grey.shape), as_pels(blocks[1], grey.shape)
    away = grey.astype(np.int16) - level
    far = np.abs(away)
    fill = opened((far <= _SAME) & (level > 0))  # the edges of letters are no fill
    area = _closed(fill)
    left = _well_as_black(region, area, away)
    if left.any():
        area &= ~left[region]
    if not area.any():
        return
    writing = area & (far >= _OTHER)
    toned = np.packbits(area & fill & ~_spread(writing), axis=1)
    rows &= ~np.packbits(area, axis=1)
    rows |= (screen((128 + (grey >> 1)).astype(np.uint8), resolution) & toned) | np.packbits(writing, axis=1)


def fill_levels(grey: Grey, rows: Rows, pictures: Mask) -> NDArray[np.int16]:
    """The grey of the fill that each block of 16 by 16 pels belongs to or borders on; 0 where there is none."""
    solid = count_in_blocks(rows) >= _SOLID_PELS
    solid &= ~pictures
    if not solid.any():
        return np.zeros(solid.shape, np.int16)
    solid &= neighbors(solid.astype(np.int16), np.add) > _FEWEST_BLOCKS
    levels = np.zeros(solid.shape, np.int16)
    middle = middles(grey, solid)
    fit = (middle > _DARKEST_FILL) & (middle < _LIGHTEST_FILL) & mostly(grey, solid, middle, _SAME)
    levels[solid] = np.where(fit, middle, 0)  # one of bold writing alone gets its neighbors' below
    for _ in range(2):
        levels = np.where(levels > 0, levels, neighbors(levels, np.maximum))
    return levels


def _well_as_black(region: NDArray[np.int32], area: Mask, away: NDArray[np.int16]) -> Mask:
    """By its number, whether a region is one on which all writing is lighter: white on black is how that was meant."""
    many = int(region.max(initial=0)) + 1
    lighter = np.bincount(region[area & (away >= _OTHER)], minlength=many)
    darker = np.bincount(region[area & (away <= -_OTHER)], minlength=many)
    well: Mask = (lighter > 0) & (darker < _HARDLY_ANY)
    return well


def _closed(fill: Mask) -> Mask:
    """The fill with its gaps: pels with fill near on the left and right, and above and below."""
    return fill | (between(fill, 0) & between(fill, 1))


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
