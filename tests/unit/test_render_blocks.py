"""Areas of blocks, and what lies between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from renderers.blocks import BLOCK, as_pels, between, grown, middles, mostly, neighbors, opened, opened_by, regions

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def spread(inside: np.ndarray) -> np.ndarray:
    """The same areas, found by letting the largest number spread."""
    numbers = np.where(inside, np.arange(1, inside.size + 1).reshape(inside.shape), 0)
    for _ in range(inside.size):
        numbers = np.where(inside, neighbors(numbers, np.maximum), 0)
    return numbers


@given(inside=MASKS)
def test_blocks_of_one_area_have_one_number(inside: np.ndarray) -> None:
    pairs = set(zip(regions(inside).ravel().tolist(), spread(inside).ravel().tolist(), strict=True))
    ours, theirs = [one for one, _ in pairs], [other for _, other in pairs]
    assert len(set(ours)) == len(set(theirs)) == len(pairs)


@given(inside=MASKS)
def test_areas_are_numbered_from_one(inside: np.ndarray) -> None:
    numbers = regions(inside)
    assert np.array_equal(numbers > 0, inside)
    assert set(np.unique(numbers[inside])) == set(range(1, numbers.max() + 1))


def test_corners_connect() -> None:
    assert regions(np.eye(4, dtype=bool)).max() == 1
    assert regions(np.array([[True, False, True]])).max() == 2


@given(fill=MASKS, reach=st.integers(1, 6))
def test_between_has_fill_near_on_both_sides(fill: np.ndarray, reach: int) -> None:
    for lines, found in ((fill, between(fill, 1, reach)), (fill.T, between(fill, 0, reach).T)):
        for line, seen in zip(lines, found, strict=True):
            for place in range(len(line)):
                before, after = line[max(0, place - reach + 1) : place + 1], line[place : place + reach]
                assert seen[place] == (before.any() and after.any())


@given(blocks=MASKS, steps=st.integers(0, 3))
def test_growing_reaches_so_many_blocks_around(blocks: np.ndarray, steps: int) -> None:
    expected = np.zeros_like(blocks)
    for down, across in zip(*np.nonzero(blocks), strict=True):
        expected[max(0, down - steps) : down + steps + 1, max(0, across - steps) : across + steps + 1] = True
    assert np.array_equal(grown(blocks, steps), expected)


@pytest.mark.parametrize("shape", [(48, 64), (41, 56)])
def test_the_middle_grey_of_blocks_at_the_edge_is_their_own(shape: tuple[int, int]) -> None:
    blocks = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    grey = as_pels(blocks, shape)
    assert grey.shape == shape
    assert np.array_equal(middles(grey, np.ones((3, 4), bool)), blocks.ravel())


def test_few_strokes_do_not_change_the_middle_grey() -> None:
    grey = np.full((BLOCK, BLOCK), 30, np.uint8)
    grey[:, 3:6] = 255
    assert middles(grey, np.ones((1, 1), bool)).tolist() == [30]


def test_of_no_blocks_there_is_no_grey() -> None:
    assert middles(np.zeros((32, 32), np.uint8), np.zeros((2, 2), bool)).size == 0


def test_thin_lines_are_no_fill() -> None:
    fill = np.zeros((20, 20), bool)
    fill[4:12, 4:12] = True
    block = fill.copy()
    fill[15:17, :] = fill[:, 18] = True
    assert np.array_equal(opened(fill), block)


def test_a_block_half_of_writing_is_not_mostly_fill() -> None:
    grey = np.full((BLOCK, 2 * BLOCK), 190, np.uint8)
    grey[:, BLOCK : BLOCK + 8] = 0
    level = np.array([190, 190], np.int16)
    assert mostly(grey, np.ones((1, 2), bool), level, 24).tolist() == [True, False]


@given(seed=st.integers(0, 99), height=st.integers(1, 40), width=st.integers(1, 40))
def test_middles_of_all_blocks_are_those_of_each(seed: int, height: int, width: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    every = np.ones((-(-height // BLOCK), -(-width // BLOCK)), bool)

    together = middles(grey, every)

    for number, (down, across) in enumerate(zip(*np.nonzero(every), strict=True)):
        block = grey[down * BLOCK : (down + 1) * BLOCK, across * BLOCK : (across + 1) * BLOCK]
        padded = np.pad(block, ((0, BLOCK - block.shape[0]), (0, BLOCK - block.shape[1])), mode="edge")
        assert together[number] == np.sort(padded[::3, ::3], axis=None)[18]


@given(fill=MASKS, rows=st.integers(1, 4), pels=st.integers(1, 4))
def test_what_is_opened_is_made_of_rectangles_of_that_size(fill: np.ndarray, rows: int, pels: int) -> None:
    expected = np.zeros_like(fill)
    for down in range(fill.shape[0] - rows + 1):
        for across in range(fill.shape[1] - pels + 1):
            box = np.s_[down : down + rows, across : across + pels]
            expected[box] |= fill[box].all()
    assert np.array_equal(opened_by(fill, rows, pels), expected)
