"""Broad strokes of a light or middle grey, as the letters of a watermark: dots that leave the page to be read.

What lives here: finding such strokes on a drawn page, each letter whole, and showing them as a light screen. What does
not: areas with writing lighter than they are (`fills`), photographs (`halftone.selective`). Small print in grey has
no broad strokes and stays black; so do large letters of a dark grey.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from renderers.blocks import between, grown, opened_by, regions
from renderers.faxpage import Resolution
from renderers.halftone import BLOCK, Grey, Mask, Rows, Window, bytes_of, level_for, pels_of, screen

S = TypeVar("S", bound=np.generic)
DARKEST_STROKE = 112  # darker letters are meant to be black
_BROAD = 11  # pels: 1.4 mm, more than the stems of a bold heading of 14 points
_CELL = 4  # pels, and as many rows as are as high
_LINES_A_CELL = 49  # to the inch
_SAME, _OTHER = 24, 44
_NEARLY_BROAD = 7  # pels
_GAP_CELLS = 2  # on both sides: 2 mm between letters
_BROAD_SHARE = 0.25  # of a letter; where strokes meet even narrow ones make a broad spot
_LEAST = 48  # pels across or down, 6 mm: smaller is a sign, unless it is a plain square
_PLAIN_SHARE, _PANEL_SHARE = 0.9, 0.6  # of the rectangle around it
_HARDLY_ANY = 80  # pels: less than a word of small print
_MOST_LEVELS = 4
_MOST_PARTS = 1000  # of one grey: more are a pattern
_MARGIN = 10  # blocks: how far a letter reaches from its broad strokes
_REACH, _BRIDGED = 40, 24  # pels: for writing within a panel, and over a stroke
_HALO = 2


class _Seeds(NamedTuple):
    """Where broad black is on thresholded rows that was grey: rows, pels and greys."""

    down: NDArray[np.intp]
    across: NDArray[np.intp]
    tones: Grey


def soften(grey: Grey, rows: Rows, pictures: Mask, resolution: Resolution) -> Rows:
    """Redo the broad grey strokes of a thresholded page, in place; `pictures` are blocks to leave alone.

    A page without such strokes comes back as it is after a look at every fourth row.
    """
    cell = max(1, round(resolution.value / _LINES_A_CELL))
    seeds = _seeds(grey, rows, pictures, cell)
    chosen = (seeds.tones > DARKEST_STROKE) & (seeds.tones < level_for(resolution))
    if chosen.any():
        for level, window in _levels(seeds, chosen, pictures.shape):
            part, bits = grey[pels_of(window)], rows[bytes_of(window)]
            _soften_level(part, bits, level, _as_pels(~pictures[window], BLOCK, BLOCK, part.shape), resolution)
    return rows


def _seeds(grey: Grey, rows: Rows, pictures: Mask, cell: int) -> _Seeds:
    """Spots of 8 black pels, on two rows a cell apart: each stroke as broad as `_BROAD` has them."""
    both = rows[: -cell or None : cell][: len(rows[cell::cell])] & rows[cell::cell]
    whole = both == 0xFF
    whole[:, :-1] |= ((both[:, :-1] & 0x0F) == 0x0F) & (both[:, 1:] >= 0xF0)
    down, byte = np.divmod(np.flatnonzero(whole), whole.shape[1])  # a tenth of the time of whole.nonzero()
    free = ~pictures[down * cell // BLOCK, byte // (BLOCK // 8)]
    down, across = down[free] * cell, byte[free] * 8 + 5  # of both kinds of spots
    return _Seeds(down, across, grey[down, across])


def _levels(seeds: _Seeds, chosen: Mask, blocks: tuple[int, ...]) -> Iterator[tuple[int, Window]]:
    """The greys of most chosen seeds, one after the other, and the blocks in which their letters may be."""
    tones = np.where(chosen, seeds.tones.astype(np.int16), 0)
    for _ in range(_MOST_LEVELS):
        if not tones.any():
            return
        level = int(np.bincount(tones)[1:].argmax()) + 1
        near = (np.abs(tones - level) <= _SAME) & chosen
        spans = [
            slice(max(0, int(place.min()) // BLOCK - _MARGIN), min(end, int(place.max()) // BLOCK + 1 + _MARGIN))
            for place, end in ((seeds.down[near], blocks[0]), (seeds.across[near], blocks[1]))
        ]
        yield level, (spans[0], spans[1])
        tones[near] = 0


def _soften_level(grey: Grey, rows: Rows, level: int, free: Mask, resolution: Resolution) -> None:
    """Redo the broad strokes of one grey."""
    cell = max(1, round(resolution.value / _LINES_A_CELL))
    same = (grey - np.uint8(level - _SAME) <= 2 * _SAME) & free  # wraps around: one look at both ends
    fill, solid = opened_by(same, -(-3 * cell // 4), 3), (grey <= level + _SAME) & free  # writing over it included
    wide, narrow = (opened_by(solid, -(-size * cell // _CELL), size) for size in (_BROAD, _NEARLY_BROAD))
    within = fill | (wide & between(fill, 0, _BRIDGED) & between(fill, 1, _BRIDGED))
    numbers = regions(_cells(within, cell))
    kept = _letters(grey, fill, (wide, narrow), numbers, level)
    if not kept.any():
        return
    lighter = (grey > level - max(_SAME, level // 4)) & free  # than what a threshold makes black on white
    strokes = within & lighter & _as_pels(kept[numbers], cell, _CELL, grey.shape)
    edged = _spread(strokes, 1) & lighter
    edged = _spread(edged, 1) & lighter  # the edges are greys between it and the paper
    toned = np.packbits(strokes & ~_spread(grey < level - _OTHER, _HALO), axis=1)
    rows &= ~np.packbits(edged, axis=1)
    rows |= screen((128 + (grey >> 1)).astype(np.uint8), resolution) & toned


def _letters(grey: Grey, fill: Mask, opened_fills: tuple[Mask, Mask], numbers: NDArray[np.int32], level: int) -> Mask:
    """By its number, whether a connected part is a letter or bar of broad strokes, or nearly so and next to one."""
    many, cell = int(numbers.max(initial=0)) + 1, -(-len(grey) // len(numbers))
    at = np.where(fill, _as_pels(numbers, cell, _CELL, grey.shape), 0)
    areas = np.bincount(at.ravel(), minlength=many)
    broad, nearly = (np.bincount(at[mask], minlength=many) >= _BROAD_SHARE * areas for mask in opened_fills)
    broad &= areas > _HARDLY_ANY
    broad[0] = nearly[0] = False
    if np.count_nonzero(broad) > _MOST_PARTS:
        return np.zeros_like(broad)
    for number, (down, across) in zip(np.flatnonzero(broad), _boxes(numbers, broad, cell), strict=True):
        spot, part = grey[down, across], at[down, across] == number
        tight = _box(part)
        spot, part = spot[tight], part[tight]
        share = areas[number] / part.size
        if share < _PLAIN_SHARE and max(part.shape[0] * _CELL // cell, part.shape[1]) < _LEAST:
            broad[number] = False
        elif share >= _PANEL_SHARE and _lighter_within(spot, part, level) >= _HARDLY_ANY:
            broad[number] = nearly[number] = False
    return broad | _beside(broad, nearly, numbers)


def _beside(broad: Mask, nearly: Mask, numbers: NDArray[np.int32]) -> Mask:
    """Which of the nearly broad ones are in a word with broad ones: a word looks alike all over."""
    words = regions(grown((broad | nearly)[numbers], _GAP_CELLS))
    such = np.bincount(words[broad[numbers]], minlength=int(words.max(initial=0)) + 1) > 0
    beside = np.zeros_like(nearly)
    beside[numbers[such[words]]] = True
    return nearly & beside


def _boxes(numbers: NDArray[np.int32], chosen: Mask, cell: int) -> list[Window]:
    """The rows and pels of the cells of each chosen part."""
    down, across = numbers.nonzero()
    first, last = np.full((2, len(chosen)), numbers.size), np.zeros((2, len(chosen)), np.intp)
    for axis, places in enumerate((down, across)):
        np.minimum.at(first[axis], numbers[down, across], places)
        np.maximum.at(last[axis], numbers[down, across], places + 1)
    return [
        (slice(top * cell, bottom * cell), slice(left * _CELL, right * _CELL))
        for (top, left), (bottom, right) in zip(first.T[chosen].tolist(), last.T[chosen].tolist(), strict=True)
    ]


def _box(mask: Mask) -> Window:
    """The smallest rectangle that holds all of it; it has some."""
    down, across = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(down[0]), int(down[-1]) + 1), slice(int(across[0]), int(across[-1]) + 1)


def _lighter_within(grey: Grey, fill: Mask, level: int) -> int:
    """How many pels are enclosed that are lighter: those of writing on it."""
    enclosed = between(fill, 0, _REACH) & between(fill, 1, _REACH)
    return int(np.count_nonzero(enclosed & (grey >= min(255, level + _OTHER))))


def _cells(mask: Mask, cell: int) -> Mask:
    """Which cells have any of it; width a multiple of 4."""
    whole = np.pad(mask, ((0, -len(mask) % cell), (0, 0)))
    across = np.ascontiguousarray(whole).view(np.uint32) != 0
    cells: Mask = np.logical_or.reduce([across[row::cell] for row in range(cell)])
    return cells


def _as_pels(cells: NDArray[S], high: int, wide: int, shape: tuple[int, ...]) -> NDArray[S]:
    return cells.repeat(wide, 1).repeat(high, 0)[: shape[0], : shape[1]]


def _spread(mask: Mask, steps: int) -> Mask:
    """With a rim of so many pels."""
    wide, tall = mask.copy(), mask
    for step in range(1, steps + 1):
        wide[:, step:] |= mask[:, :-step]
        wide[:, :-step] |= mask[:, step:]
    tall = wide.copy()
    for step in range(1, steps + 1):
        tall[step:] |= wide[:-step]
        tall[:-step] |= wide[step:]
    return tall
