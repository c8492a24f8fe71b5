"""Fewer pels for a picture in black and white, so that lines stay and tones keep their grey.

What lives here: combining pels, and telling screened tones from print. What does not: which size a page gets (`fit`).

Print and lines: pels that become one are black when as many are black as a line of one pel across them has. That makes
toned areas nearly black, so in blocks that change color too often for print the grey is averaged and screened anew.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gateway.fax.t4.page import Resolution

Pels = NDArray[np.uint8]
"""Packed rows, or one octet a pel where said so; 1 is black."""
Blocks = NDArray[np.bool_]

BLOCK = 16
_BLOCK_PELS = BLOCK * BLOCK
# Color changes a pel, both along rows and down columns, as the mean of three by three blocks. Print of 8 points has
# up to 0.10 at fine resolution, of 6 points 0.16; screened and dithered tones have 0.15 to 0.6.
_TONED_FROM = 0.15
_FULL = 144  # a black pel in sums of grey: most sizes of group divide it, and 16 by 16 of it fit 16 bits
_MOST_AT_ONCE = 6  # a group of 6 by 6 pels can be counted; beyond it takes several goes
_SCREEN_PELS = 8  # period of the screen: about 36 dots to the inch at 45 degrees, which a fax keeps apart


def scaled(rows: Pels, old_width: int, size: tuple[int, int], resolution: Resolution) -> Pels:
    """Packed rows re-sampled to `size` (rows, pels) at `resolution`; one octet a pel is returned."""
    height, width = size
    between = max(height, -(-len(rows) // _MOST_AT_ONCE)), max(width, -(-old_width // _MOST_AT_ONCE))
    if between != size:
        return scaled(np.packbits(scaled(rows, old_width, between, resolution), axis=1), between[1], size, resolution)
    toned = toned_blocks(rows)
    if width == old_width and height <= len(rows) and not toned.any():
        return _unpacked(_merged(rows, height), width)
    tall, wide = _Groups(len(rows), height), _Groups(old_width, width)
    counts = wide.counts(tall.counts(_unpacked(rows, old_width), 0), 1)
    lines = (counts >= np.minimum(tall.sizes[:, None], wide.sizes[None, :])).view(np.uint8)
    if not toned.any():
        return lines
    where = toned[np.ix_(tall.starts // BLOCK, wide.starts // BLOCK)]
    return np.where(where, _screened(counts, tall, wide, resolution), lines)


def toned_blocks(rows: Pels) -> Blocks:
    """One flag for each block of 16 by 16 pels: screened or dithered, with its neighbours."""
    along, down = np.zeros_like(rows), np.zeros_like(rows)
    along[:] = rows ^ (rows << 1)
    along[:, :-1] ^= rows[:, 1:] >> 7
    down[:-1] = rows[:-1] ^ rows[1:]
    changes = np.minimum(_count_in_blocks(along), _count_in_blocks(down)).astype(np.uint32)
    return _of_three_by_three(changes) >= _TONED_FROM * 9 * _BLOCK_PELS


def _count_in_blocks(rows: Pels) -> NDArray[np.uint16]:
    """How many bits are set in each block; those at the end may be cut off by the edge."""
    height, octets = rows.shape
    room = np.zeros((-(-height // BLOCK) * BLOCK, -(-octets // 2) * 2), np.uint8)
    room[:height, :octets] = rows
    pairs = np.bitwise_count(room.view(np.uint16)).reshape(-1, BLOCK, room.shape[1] // 2)
    return np.asarray(pairs.sum(axis=1, dtype=np.uint16))


def _of_three_by_three(blocks: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The sum of each block and its eight neighbours."""
    padded = np.pad(blocks, 1)
    tall = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray(tall[:, :-2] + tall[:, 1:-1] + tall[:, 2:])


def _unpacked(rows: Pels, width: int) -> Pels:
    """One octet a pel."""
    return np.unpackbits(rows, axis=1)[:, :width]


def _merged(rows: Pels, height: int) -> Pels:
    """Fewer packed rows of the same width: a line of one row stays, so any black pel makes black."""
    groups = _Groups(len(rows), height)
    merged = rows.take(groups.starts, 0)
    for place in range(1, int(groups.sizes.max())):
        merged |= rows.take(groups.starts + np.minimum(place, groups.sizes - 1), 0)
    return merged


class _Groups:
    """Which rows, or pels, become one: whole ones, since a line that is split between two might be lost in both."""

    def __init__(self, old: int, new: int) -> None:
        self.old, self.new = old, new
        self.starts = np.arange(new) * old // new
        self.sizes = np.maximum(1, np.diff(self.starts, append=old)).astype(np.uint8)

    def counts(self, pels: Pels, axis: int) -> Pels:
        """The sums of every group along an axis."""
        sums = pels.take(self.starts, axis)
        for place in range(1, int(self.sizes.max())):
            more = pels.take(np.minimum(self.starts + place, self.old - 1), axis)
            more *= np.expand_dims(self.sizes > place, 1 - axis).view(np.uint8)
            sums += more
        return sums


def _screened(counts: Pels, tall: _Groups, wide: _Groups, resolution: Resolution) -> Blocks:
    """The grey of the old screen, averaged over its period so that its dots are gone, in dots of a new one."""
    share = counts * (_FULL // (tall.sizes[:, None] * wide.sizes[None, :]))
    grey = share.astype(np.uint16)
    spans = [min(16, max(1, round(_SCREEN_PELS * groups.new / groups.old))) for groups in (tall, wide)]
    for axis, span in enumerate(spans):
        grey = _summed(grey, axis, span)
    dots = _dots(round(_SCREEN_PELS * resolution / resolution.across)) * (_FULL * spans[0] * spans[1])
    tiles = (-(-tall.new // len(dots)), -(-wide.new // _SCREEN_PELS))
    black: Blocks = grey > np.tile(dots.astype(np.uint16), tiles)[: tall.new, : wide.new]
    return black


def _summed(grey: NDArray[np.uint16], axis: int, span: int) -> NDArray[np.uint16]:
    """The sum of `span` neighbours along an axis."""
    ends = [(0, 0), (0, 0)]
    ends[axis] = (span // 2, span - 1 - span // 2)
    wide = np.pad(grey, ends, mode="edge")
    count = grey.shape[axis]
    total = np.zeros_like(grey)
    for first in range(span):
        total += wide[first : first + count] if axis == 0 else wide[:, first : first + count]
    return total


@cache
def _dots(height: int) -> NDArray[np.float32]:
    """Thresholds of a clustered screen at 45 degrees: two dots in a tile of 8 pels, so many rows high."""
    down, along = np.mgrid[0:height, 0:_SCREEN_PELS] + 0.5
    turn = 2 * np.pi
    spot = np.cos(turn * along / _SCREEN_PELS) * np.cos(turn * down / height) + (along + 2 * down) * 1e-6
    ranks = spot.argsort(axis=None).argsort().reshape(spot.shape)
    return np.asarray((ranks + 0.5) / ranks.size, np.float32)
