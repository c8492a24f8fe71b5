"""Blocks of 16 by 16 pels, by which areas are told from writing: their greys, their neighbors, areas of them.

What lives here: arrays with one value a block, and what lies between parts of an area. What does not: what becomes of
an area (`fills`, `grounds`), counting bits (`halftone`).
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from renderers.halftone import BLOCK, Grey, Mask

S = TypeVar("S", bound=np.generic)
REACH = 40  # pels: how far apart two parts of a fill may be for what is between to be writing on it


def as_pels(blocks: NDArray[S], shape: tuple[int, ...]) -> NDArray[S]:
    """Each block's value for each of its pels; blocks at the end may be cut off by the edge."""
    return blocks.repeat(BLOCK, 0).repeat(BLOCK, 1)[: shape[0], : shape[1]]


def middles(grey: Grey, blocks: Mask) -> NDArray[np.int16]:
    """The median grey of each of the chosen blocks, of every third pel of it; those cut off by the edge repeat it."""
    down, across = blocks.nonzero()
    step = np.arange(0, BLOCK, 3)
    rows = np.minimum(down[:, None] * BLOCK + step, grey.shape[0] - 1)
    pels = np.minimum(across[:, None] * BLOCK + step, grey.shape[1] - 1)
    samples = grey[rows[:, :, None], pels[:, None, :]].reshape(len(down), step.size**2)
    samples.partition(samples.shape[1] // 2, axis=1)
    middles: NDArray[np.int16] = samples[:, samples.shape[1] // 2].astype(np.int16)
    return middles


def neighbors(levels: NDArray[S], join: np.ufunc) -> NDArray[S]:
    """Each block and the eight around it, joined."""
    wide = np.pad(levels, 1)  # nothing, or False
    height, width = levels.shape
    around = [wide[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    joined: NDArray[S] = join.reduce(around)
    return joined


def grown(blocks: Mask, steps: int = 1) -> Mask:
    """The flagged blocks and so many around them."""
    for _ in range(steps):
        blocks = neighbors(blocks, np.logical_or)
    return blocks


def regions(inside: Mask) -> NDArray[np.int32]:
    """The same number for all blocks of one connected area, 0 outside."""
    numbers = np.where(inside, np.arange(1, inside.size + 1, dtype=np.int32).reshape(inside.shape), 0)
    for _ in range(inside.size):
        spread = np.where(inside, neighbors(numbers, np.maximum), 0)
        if np.array_equal(spread, numbers):
            break
        numbers = spread
    return numbers.astype(np.int32)


def between(fill: Mask) -> Mask:
    """The pels of each row that have fill near on the left and on the right."""
    width = fill.shape[1]
    place = np.arange(width, dtype=np.int16)
    before = np.maximum.accumulate(np.where(fill, place, np.int16(-REACH)), axis=1)
    after = np.minimum.accumulate(np.where(fill, place, np.int16(width + REACH))[:, ::-1], axis=1)[:, ::-1]
    near: Mask = (place - before < REACH) & (after - place < REACH)
    return near
