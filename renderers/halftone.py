"""Grey rasters to packed black and white rows.

What lives here: threshold, clustered screen, and the choice between them block by block. What does not: where
grey comes from. Grey is uint8 (rows, width), 255 = white, width a multiple of 8; rows are packed as in `libtiff`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.faxpage import Resolution

Grey = NDArray[np.uint8]
Rows = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Window = tuple[slice, slice]

BLOCK = 16
DARK, LIGHT = 48, 208
_BAND = 128  # rows
_TONED_SHARE = 0.6  # more than strokes of grey text ever cover, unless it is a picture of text, blown up
_ALL_TONED_SHARE = 0.95
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
    return _darker(grey, np.array(level, np.uint8))


def screen(grey: Grey, resolution: Resolution) -> Rows:
    """Clustered dots, about 36 to the inch, round on paper at every resolution."""
    return _darker(grey, _dot_levels(resolution, grey.shape[1]))


def _darker(grey: Grey, levels: NDArray[np.uint8]) -> Rows:
    """Packed bits of grey < levels (one, or a band of rows that repeats), done in bands that stay in the cache."""
    height, width = grey.shape
    rows = np.empty((height, -(-width // 8)), np.uint8)
    black = np.empty((min(_BAND, height), width), np.bool_)
    for top in range(0, height, _BAND):
        part = grey[top : top + _BAND]
        np.less(part, levels[: len(part)] if levels.ndim else levels, out=black[: len(part)])
        rows[top : top + _BAND] = np.packbits(black[: len(part)], axis=1)
    return rows


@lru_cache(maxsize=8)
def _dot_levels(resolution: Resolution, width: int) -> NDArray[np.uint8]:
    """The grey below which each pel of a band is black."""
    dots = _dots_for(resolution) * 4 + 2
    return np.tile(dots, (_BAND // len(dots), -(-width // 8)))[:, :width]


def _dots_for(resolution: Resolution) -> NDArray[np.uint8]:
    if resolution is Resolution.STANDARD:
        return _DOTS[::2].argsort(axis=None).argsort().astype(np.uint8).reshape(4, 8) * 2
    return _DOTS.repeat(2, 0) if resolution is Resolution.SUPERFINE else _DOTS


def selective(grey: Grey, resolution: Resolution, where: Mask | None = None) -> Rows:
    """Threshold, but screen the blocks of 16 by 16 pels that are mostly mid-tone, and their neighbours.

    `where`, one flag a block, says which blocks may be screened at all; None is all of them.
    """
    rows = threshold(grey, level_for(resolution))
    may = np.ones((-(-grey.shape[0] // BLOCK), -(-grey.shape[1] // BLOCK)), np.bool_) if where is None else where
    window = block_window(may)
    if window is not None:
        may = may[window]
        toned = _grown(toned_blocks(grey[pels_of(window)]) & may) & may
        _screen_blocks(grey[pels_of(window)], rows[bytes_of(window)], toned, resolution)
    return rows


def _screen_blocks(grey: Grey, rows: Rows, toned: Mask, resolution: Resolution) -> None:
    """Put dots into `rows` where blocks are toned."""
    window = block_window(toned)
    if window is None:
        return
    part = rows[bytes_of(window)]
    dots = screen(grey[pels_of(window)], resolution)
    chosen = toned[window].repeat(BLOCK, 0)[: part.shape[0]].repeat(BLOCK // 8, 1)[:, : part.shape[1]]
    np.copyto(part, dots, where=chosen)


def block_window(blocks: Mask) -> Window | None:
    """The smallest rectangle of blocks that holds all that are set; None when none is."""
    down, across = np.flatnonzero(blocks.any(axis=1)), np.flatnonzero(blocks.any(axis=0))
    if not down.size:
        return None
    return slice(int(down[0]), int(down[-1]) + 1), slice(int(across[0]), int(across[-1]) + 1)


def pels_of(window: Window) -> Window:
    """The rows and pels of a rectangle of blocks."""
    return _times(window[0], BLOCK), _times(window[1], BLOCK)


def bytes_of(window: Window) -> Window:
    """The rows and bytes of packed rows of a rectangle of blocks."""
    return _times(window[0], BLOCK), _times(window[1], BLOCK // 8)


def _times(blocks: slice, factor: int) -> slice:
    return slice(blocks.start * factor, blocks.stop * factor)


def toned_blocks(grey: Grey) -> Mask:
    """One flag for each block of 16 by 16 pels: most of it is neither nearly black nor nearly white.

    Lone blocks, and rows of one or two, count only when all of them is so: blurred writing has no more than that.
    """
    below = np.uint8(DARK + 1)
    middle = [
        np.packbits(grey[top : top + _BAND] - below < LIGHT - below, axis=1)  # wraps around: one look at both ends
        for top in range(0, grey.shape[0], _BAND)
    ]
    counts = count_in_blocks(np.concatenate(middle))
    toned = counts >= int(_TONED_SHARE * BLOCK * BLOCK)
    kept = ~_grown(~toned) | (counts >= int(_ALL_TONED_SHARE * BLOCK * BLOCK))
    kept = _grown(kept) & toned
    return ~_grown(_grown(~_grown(_grown(kept))))  # letters in a toned area are part of it


def count_in_blocks(rows: Rows) -> NDArray[np.uint16]:
    """How many bits are set in each block of 16 by 16 pels; those at the end may be cut off by the edge."""
    even = np.ascontiguousarray(np.pad(rows, ((0, 0), (0, 1))) if rows.shape[1] % 2 else rows)
    bits = np.bitwise_count(even.view(np.uint16))
    whole = len(bits) - len(bits) % BLOCK
    counts: NDArray[np.uint16] = np.add.reduce(bits[:whole].reshape(-1, BLOCK, bits.shape[1]), axis=1, dtype=np.uint16)
    if whole < len(bits):
        counts = np.vstack((counts, np.add.reduce(bits[whole:], axis=0, dtype=np.uint16)[None]))
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
