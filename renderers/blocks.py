"""Blocks of 16 by 16 pels, by which areas are told from writing: their greys, their neighbors, areas of them.

What lives here: arrays with one value a block, and what lies between parts of an area. What does not: what becomes of
an area (`fills`, `grounds`), counting bits (`halftone`).
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from renderers.halftone import BLOCK, Grey, Mask

S = TypeVar("S", bound=np.generic)
_MOST = 0.6
REACH = 40  # pels: how far apart two parts of a fill may be for what is between to be writing on it


def as_pels(blocks: NDArray[S], shape: tuple[int, ...]) -> NDArray[S]:
    """Each block's value for each of its pels; blocks at the end may be cut off by the edge."""
    return blocks.repeat(BLOCK, 1).repeat(BLOCK, 0)[: shape[0], : shape[1]]  # whole rows last: a fifth of the time


def middles(grey: Grey, blocks: Mask) -> NDArray[np.int16]:
    """The median grey of each of the chosen blocks, of every third pel of it; those cut off by the edge repeat it."""
    samples = _samples(grey, blocks)
    samples.partition(samples.shape[1] // 2, axis=1)
    middles: NDArray[np.int16] = samples[:, samples.shape[1] // 2].astype(np.int16)
    return middles


def mostly(grey: Grey, blocks: Mask, level: NDArray[np.int16], reach: int) -> Mask:
    """Whether most of each of the chosen blocks is within `reach` of its level."""
    near = np.abs(_samples(grey, blocks).astype(np.int16) - level[:, None]) <= reach
    enough: Mask = near.mean(axis=1) >= _MOST
    return enough


def _samples(grey: Grey, blocks: Mask) -> Grey:
    """Every third pel of each of the chosen blocks: (blocks, 36)."""
    if blocks.all():
        return _every_sample(grey, blocks.shape)
    down, across = blocks.nonzero()
    step = np.arange(0, BLOCK, 3)
    rows = np.minimum(down[:, None] * BLOCK + step, grey.shape[0] - 1)
    pels = np.minimum(across[:, None] * BLOCK + step, grey.shape[1] - 1)
    samples: Grey = grey[rows[:, :, None], pels[:, None, :]].reshape(len(down), step.size**2)
    return samples


def _every_sample(grey: Grey, shape: tuple[int, ...]) -> Grey:
    """The same of all blocks, in a fifth of the time."""
    height, width = grey.shape
    whole = np.pad(grey, ((0, shape[0] * BLOCK - height), (0, shape[1] * BLOCK - width)), mode="edge")
    chosen = whole.reshape(shape[0], BLOCK, shape[1], BLOCK)[:, ::3, :, ::3]
    samples: Grey = chosen.transpose(0, 2, 1, 3).reshape(shape[0] * shape[1], -1)
    return samples


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
    """The same number for all blocks of one connected area, corners among them, from 1; 0 outside."""
    edges = np.diff(np.pad(inside, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, stops = np.nonzero(edges == -1)
    numbers = np.zeros(inside.shape, np.int32)
    if rows.size:
        joined = _joined(rows.tolist(), starts.tolist(), stops.tolist())
        _, names = np.unique(joined, return_inverse=True)
        numbers[inside] = np.repeat(names + 1, stops - starts)
    return numbers


def _joined(rows: list[int], starts: list[int], stops: list[int]) -> list[int]:
    """For each run of blocks, row by row, one run that stands for all it is connected with."""
    known = list(range(len(rows)))
    above = 0
    for run, (row, start, stop) in enumerate(zip(rows, starts, stops, strict=True)):
        while rows[above] < row - 1 or (rows[above] == row - 1 and stops[above] < start):
            above += 1
        for other in range(above, run):
            if rows[other] != row - 1 or starts[other] > stop:
                break
            known[_first(known, other)] = _first(known, run)
    return [_first(known, run) for run in range(len(known))]


def _first(known: list[int], run: int) -> int:
    while known[run] != run:
        known[run] = run = known[known[run]]
    return run


def between(fill: Mask, axis: int, reach: int = REACH) -> Mask:
    """The pels that have fill near on both sides along an axis: above and below (0), or left and right (1)."""
    lines = fill if axis == 0 else fill.T
    near = _after(lines, reach)
    near &= _after(lines[::-1], reach)[::-1]
    return near if axis == 0 else near.T


def _after(fill: Mask, reach: int) -> Mask:
    """What is fill, or has fill less than `reach` rows before it, found by doubling."""
    near = fill.copy(order="K")
    span = 1
    while span < reach:
        step = min(span, reach - span)
        near[step:] |= near[:-step].copy(order="K")
        span += step
    return near


def opened(fill: Mask) -> Mask:
    """The fill without what is thinner than three pels."""
    core = np.pad(fill, 2)
    core = core[1:-1] & core[:-2] & core[2:]
    core = core[:, 1:-1] & core[:, :-2] & core[:, 2:]
    core = np.pad(core, 1)
    core = core[1:-1] | core[:-2] | core[2:]
    core = core[:, 1:-1] | core[:, :-2] | core[:, 2:]
    return core[1:-1, 1:-1]


def opened_by(fill: Mask, rows: int, pels: int) -> Mask:
    """The fill without what is not as large as a rectangle of so many rows and pels."""
    held = np.pad(fill, ((rows, rows), (pels, pels)))
    for axis, size in ((0, rows), (1, pels)):
        held = ~_stretched(~held, axis, size)
    for axis, size in ((0, rows), (1, pels)):
        held = np.flip(_stretched(np.flip(held, axis), axis, size), axis)
    return held[rows:-rows, pels:-pels]


def _stretched(mask: Mask, axis: int, size: int) -> Mask:
    """Each flag and the `size` - 1 after it."""
    return _after(mask, size) if axis == 0 else _after(mask.T, size).T
