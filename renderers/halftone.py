"""Grey rasters to packed black and white rows.

What lives here: threshold, clustered screen, and the choice between them block by block. What does not: where
grey comes from. Grey is uint8 (rows, width), 255 = white, width a multiple of 8; rows are packed as in `libtiff`.
"""

import numpy as np
from numpy.typing import NDArray

from renderers.faxpage import Resolution

Grey = NDArray[np.uint8]
Rows = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BLOCK = 16
DARK, LIGHT = 48, 208
_TONED_SHARE = 0.6  # more than strokes of grey text ever cover
# Clustered dot at 45 degrees: each half grows from its own centre, so tones print as dots a fax keeps apart.
_DOTS = np.array(
    [
        [24, 10, 12, 26, 35, 47, 49, 37],
        [8, 0, 2, 14, 45, 59, 61, 51],
        [22, 6, 4, 16, 43, 57, 63, 53],
        [30, 20, 18, 28, 33, 41, 55, 39],
        [34, 46, 48, 36, 25, 11, 13, 27],
        [44, 58, 60, 50, 9, 1, 3, 15],
        [42, 56, 62, 52, 23, 7, 5, 17],
        [32, 40, 54, 38, 31, 21, 19, 29],
    ],
    dtype=np.uint8,
)


def level_for(resolution: Resolution) -> int:
    """The grey below which a pel is black; higher at 98 lines, where thin horizontals fade in tall pels."""
    return 208 if resolution is Resolution.STANDARD else 192


def threshold(grey: Grey, level: int) -> Rows:
    """Black where darker than `level`: sharp, and the only thing text survives."""
    return np.packbits(grey < level, axis=1)


def screen(grey: Grey, resolution: Resolution) -> Rows:
    """Clustered dots, about 36 to the inch, round on paper at every resolution."""
    levels = _dots_for(resolution) * 4 + 2
    height, width = grey.shape
    tiled = np.tile(levels, (-(-height // len(levels)), -(-width // 8)))[:height, :width]
    return np.packbits(grey < tiled, axis=1)


def _dots_for(resolution: Resolution) -> NDArray[np.uint8]:
    if resolution is Resolution.STANDARD:
        return _DOTS[::2].argsort(axis=None).argsort().astype(np.uint8).reshape(4, 8) * 2
    return _DOTS.repeat(2, 0) if resolution is Resolution.SUPERFINE else _DOTS


def selective(grey: Grey, resolution: Resolution, where: Mask | None = None) -> Rows:
    """Threshold, but screen the blocks of 16 by 16 pels that are mostly mid-tone, and their neighbours.

    `where`, one flag a block, says which blocks may be screened at all; None is all of them.
    """
    plain = threshold(grey, level_for(resolution))
    if where is not None and not where.any():
        return plain
    toned = toned_blocks(grey)
    if where is not None:
        toned &= where
    if not toned.any():
        return plain
    toned = _grown(toned)
    if where is not None:
        toned &= where
    chosen = toned.repeat(BLOCK, 0)[: grey.shape[0]].repeat(BLOCK // 8, 1)[:, : plain.shape[1]]
    return np.where(chosen, screen(grey, resolution), plain)


def toned_blocks(grey: Grey) -> Mask:
    """One flag for each block of 16 by 16 pels: at least 60 % of it is neither nearly black nor nearly white."""
    middle = np.packbits((grey > DARK) & (grey < LIGHT), axis=1)
    counts = count_in_blocks(middle)
    toned: Mask = counts >= int(_TONED_SHARE * BLOCK * BLOCK)
    return toned


def count_in_blocks(rows: Rows) -> NDArray[np.uint16]:
    """How many bits are set in each block of 16 by 16 pels; those at the end may be cut off by the edge."""
    height, stride = rows.shape
    room = np.zeros((-(-height // BLOCK) * BLOCK, -(-stride // 2) * 2), np.uint8)
    room[:height, :stride] = rows
    pairs = np.bitwise_count(room.view(np.uint16)).reshape(-1, BLOCK, room.shape[1] // 2)
    counts: NDArray[np.uint16] = np.add.reduce(pairs, axis=1, dtype=np.uint16)
    return counts


def _grown(blocks: Mask) -> Mask:
    wide = blocks.copy()
    wide[1:] |= blocks[:-1]
    wide[:-1] |= blocks[1:]
    tall = wide.copy()
    wide[:, 1:] |= tall[:, :-1]
    wide[:, :-1] |= tall[:, 1:]
    return wide


def rescue(grey: Grey, resolution: Resolution) -> Rows:
    """Make pale content show that a threshold lost: stretch its darkest grey to black, then threshold.

    Nothing darker than paper dust (250) stays nothing.
    """
    darkest = int(grey.min())
    if darkest >= 250:
        return np.zeros((grey.shape[0], grey.shape[1] // 8), np.uint8)
    level = darkest + (255 - darkest) * level_for(resolution) // 255
    return threshold(grey, level)


def to_rows(grey: Grey, resolution: Resolution, where: Mask | None = None) -> Rows:
    """The best rows for a page: selective, redone from stretched grey when it came out empty and grey was not."""
    rows = selective(grey, resolution, where)
    return rows if rows.any() else rescue(grey, resolution)
