"""Pages drawn twice as large and averaged, where the rows are too few for small print."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from renderers.canvas import halve
from renderers.faxpage import FaxShape, Resolution
from renderers.pdfium import Raster, open_pdf
from tests.unit.test_render_contents import sheet, words


def halved(large: np.ndarray) -> np.ndarray:
    grey = np.empty((large.shape[0] // 2, large.shape[1] // 2), np.uint8)
    halve(large, grey)
    return grey


@pytest.mark.parametrize("tone", [0, 1, 128, 254, 255])
@pytest.mark.parametrize("rows", [2, 128, 130, 302])
def test_one_tone_stays_what_it_is(tone: int, rows: int) -> None:
    assert (halved(np.full((rows, 16), tone, np.uint8)) == tone).all()


@given(arrays(np.uint8, st.tuples(st.integers(1, 80).map(lambda n: 2 * n), st.just(8))))
def test_each_pel_is_the_average_of_four_apart_from_its_neighbors(large: np.ndarray) -> None:
    four = large.astype(int).reshape(len(large) // 2, 2, 4, 2).sum(axis=(1, 3))
    around = np.pad(four, ((1, 1), (0, 0)), mode="edge")

    wanted = np.clip((6 * four - around[:-2] - around[2:]) >> 4, 0, 255)

    assert np.array_equal(halved(large), wanted)


def test_a_row_between_two_strokes_stays_white() -> None:
    large = np.full((40, 8), 255, np.uint8)
    large[[19, 22]] = 0  # each fills half of a row; the row between them is free but for one half

    grey = halved(large)[:, 0]

    assert [int(tone) < 208 for tone in grey[8:13]] == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("points", "resolution", "large"),
    [
        (6, Resolution.STANDARD, True),
        (10, Resolution.STANDARD, False),
        (6, Resolution.FINE, False),
        (6, Resolution.SUPERFINE, False),
    ],
)
def test_only_small_print_at_98_lines_is_drawn_large(
    tmp_path: Path, points: float, resolution: Resolution, large: bool
) -> None:
    path = sheet(tmp_path / "a.pdf", words(points, 30))

    with open_pdf(path, "x") as book, Raster(FaxShape(resolution=resolution)) as raster:
        list(raster.draw(book, 0))

        assert (raster._large is not None) is large


def test_what_is_drawn_large_stands_where_it_would(tmp_path: Path) -> None:
    box, shape = "72 100 300 80 re f ", FaxShape(resolution=Resolution.STANDARD)
    plain, small = sheet(tmp_path / "a.pdf", box), sheet(tmp_path / "b.pdf", box + words(6, 20))

    assert black_box(small, shape) == pytest.approx(black_box(plain, shape), abs=1)


def black_box(path: Path, shape: FaxShape) -> tuple[int, ...]:
    """The first and last row and pel of what is black in the lower half of a page."""
    with open_pdf(path, "x") as book, Raster(shape) as raster:
        [drawn] = raster.draw(book, 0)
        down, across = np.nonzero(drawn.grey[shape.rows // 2 :] < 10)
    return int(down.min()), int(down.max()), int(across.min()), int(across.max())
