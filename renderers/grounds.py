"""Dark grounds, such as those of slides: turned to white with what is written on them in black.

What lives here: finding a dark area that fills a good part of a page, and turning its greys around. What does not:
smaller areas, where white on black is how it was meant, and those of middle grey (`fills`). Photographs and scans keep
their tones; a drawing that lets the ground show through turns with it.
"""

import numpy as np
from numpy.typing import NDArray

from renderers.blocks import REACH, as_pels, between, grown, middles, regions
from renderers.halftone import BLOCK, Grey, Mask, block_window, pels_of

_DARK = 112
_LEAST_SHARE = 0.2  # of the page: a heading's bar and a table's head are smaller
_SEEN_THROUGH = 0.5  # of a picture: so much of it is the ground, or it is a picture of its own
_GAP_BLOCKS = 3  # letters of a title may fill whole blocks
_SAME, _OTHER = 24, 44
_HARDLY_ANY = 80  # pels: less than a word of small print
_STEP = 16  # rows
_BAND = 64  # rows: what stays in the cache
_CELL = 4
_FOUR = 0x01010101  # four flags in a row


def lighten(grey: Grey, pictures: Mask) -> bool:
    """Turn dark grounds of a drawn page around, in place; true when there were any.

    `pictures` are the blocks where something is that is neither writing nor line.
    """
    sample = grey[::_STEP]  # whole rows: a tenth of the time of pels here and there
    if np.count_nonzero(sample < _DARK) < _LEAST_SHARE * sample.size:
        return False
    greys = middles(grey, np.ones(_shape(grey), np.bool_)).reshape(_shape(grey))
    numbers = regions(_closed(greys < _DARK) & ~pictures)
    sizes = np.bincount(numbers.ravel())
    found = [number for number in np.flatnonzero(sizes >= _LEAST_SHARE * numbers.size) if number]
    turned = [_turn(grey, numbers == number, greys, pictures) for number in found]
    return any(turned)


def _shape(grey: Grey) -> tuple[int, int]:
    return -(-grey.shape[0] // BLOCK), -(-grey.shape[1] // BLOCK)


def _closed(dark: Mask) -> Mask:
    """With the gaps that writing makes."""
    return ~grown(~grown(dark, _GAP_BLOCKS), _GAP_BLOCKS)


def _turn(grey: Grey, blocks: Mask, greys: NDArray[np.int16], pictures: Mask) -> bool:
    """Turn one ground around, unless nothing is written on it, or what is written is darker than it is."""
    level = int(np.median(greys[blocks]))
    same = np.abs(greys - level) <= _SAME
    around = grown(_closed(blocks | (pictures & same))) & ~_standing_apart(pictures, same)
    window = block_window(around)
    if window is None:
        return False
    part = grey[pels_of(window)]
    area = _area(part, as_pels(around[window], part.shape), level)
    lighter, darker = _count((part > level + _OTHER) & area), _count((part < max(0, level - _OTHER)) & area)
    if lighter < max(darker, _HARDLY_ANY):
        return False
    turned = _turned(level)
    for top in range(0, len(part), _BAND):
        band = part[top : top + _BAND]
        band ^= (band ^ turned.take(band)) & -area[top : top + _BAND].view(np.uint8)  # faster than a masked copy
    return True


def _standing_apart(pictures: Mask, same: Mask) -> Mask:
    """The pictures through which little or nothing of the ground shows."""
    numbers = regions(pictures)
    sizes = np.bincount(numbers.ravel())
    shown = np.bincount(numbers[same], minlength=len(sizes))
    apart: Mask = pictures & (shown < _SEEN_THROUGH * sizes)[numbers]
    return apart


def _area(part: Grey, inside: Mask, level: int) -> Mask:
    """The pels of the ground and of what is written on it, but not a white panel that stands on it.

    What lies between is looked for in cells of 4 by 4 pels, which takes a tenth of the time.
    """
    ground = (part < level + _SAME) & inside
    cells = _whole_cells(ground)
    reach = REACH // _CELL
    area = cells | between(cells, 0, reach) | between(cells, 1, reach)
    area |= between(area, 0, reach) & between(area, 1, reach)  # crossings of lines that are long
    near = area.repeat(_CELL, 1).repeat(_CELL, 0)[: part.shape[0], : part.shape[1]]
    return ground | (near & inside)


def _whole_cells(ground: Mask) -> Mask:
    """The cells that are ground all over; those cut off by the edge by what there is of them."""
    height, width = ground.shape
    whole = np.pad(ground, ((0, -height % _CELL), (0, -width % _CELL)), mode="edge")
    rows = whole[0::_CELL] & whole[1::_CELL] & whole[2::_CELL] & whole[3::_CELL]
    cells: Mask = rows.view(np.uint32) == _FOUR
    return cells


def _turned(level: int) -> NDArray[np.uint8]:
    """What each grey becomes: the ground and all darker white, white black."""
    away = np.maximum(np.arange(256) - level, 0)
    return (255 - away * 255 // (255 - level)).astype(np.uint8)


def _count(flags: Mask) -> int:
    return int(np.count_nonzero(flags))
