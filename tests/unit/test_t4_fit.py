"""Fitting a page to a smaller far end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.call import Coding
from gateway.fax.t4 import codec
from gateway.fax.t4.fit import fit, picture, reshape
from gateway.fax.t4.page import WIDTHS, Bitmap, PageShape, Resolution
from gateway.fax.t4.resample import toned_blocks
from tests.fax_calls import text_bitmap

F, S = Resolution.FINE, Resolution.STANDARD


def pels(bitmap: Bitmap) -> np.ndarray:
    rows = np.frombuffer(bitmap.octets, np.uint8).reshape(bitmap.shape.rows, -1)
    return np.unpackbits(rows, axis=1)[:, : bitmap.shape.width]


def packed(shape: PageShape, black: np.ndarray) -> Bitmap:
    return Bitmap(shape, np.packbits(black, axis=1).tobytes())


def square(width: int, rows: int, resolution: Resolution, side: int) -> Bitmap:
    """A black square in the middle of the page's width, ten rows from its top."""
    black = np.zeros((rows, width), np.uint8)
    left = (width - side) // 2
    black[10 : 10 + side, left : left + side] = 1
    return packed(PageShape(width, rows, resolution), black)


def extent(bitmap: Bitmap) -> tuple[int, int]:
    """How many rows and columns have black pels."""
    black = pels(bitmap)
    return int(black.any(axis=1).sum()), int(black.any(axis=0).sum())


def greys(shape: PageShape, share: float) -> Bitmap:
    """A page dithered by chance."""
    chance = np.random.default_rng(3).random((shape.rows, shape.width))
    return packed(shape, chance < share)


def screened(shape: PageShape, share: float) -> Bitmap:
    """A page of the same grey in clustered dots of 8 by 8 pels."""
    down, along = np.mgrid[0 : shape.rows, 0 : shape.width]
    spot = np.cos(2 * np.pi * along / 8) * np.cos(2 * np.pi * down / 8)
    return packed(shape, spot < np.quantile(spot, share))


LARGER = [
    (PageShape(3456, 440, Resolution.DPI_400), PageShape(1728, 220, F)),
    (PageShape(3456, 440, Resolution.DPI_400), PageShape(2592, 338, Resolution.DPI_300)),
    (PageShape(3456, 440, Resolution.DPI_400), PageShape(1728, 110, S)),
    (PageShape(2592, 330, Resolution.DPI_300), PageShape(1728, 216, F)),
    (PageShape(1728, 440, Resolution.SUPERFINE), PageShape(1728, 220, F)),
    (PageShape(1728, 440, F), PageShape(1728, 220, S)),
    (PageShape(2432, 300, F), PageShape(1728, 214, F)),
    (PageShape(1728, 400, F), PageShape(1728, 231, F)),
]
NAMES = [f"{old.width}x{old.rows} {old.resolution.name} to {new.resolution.name}" for old, new in LARGER]


def test_a_page_that_fits_is_passed_on_untouched() -> None:
    page = codec.encode(text_bitmap(), Coding.MMR)

    assert fit(page, page.shape, Coding.MMR) is page


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_another_coding_keeps_every_pel(coding: Coding) -> None:
    page = codec.encode(text_bitmap(), Coding.MMR)

    recoded = fit(page, page.shape, coding)

    assert recoded.coding is coding
    assert codec.decode(recoded)[0] == text_bitmap()


@pytest.mark.parametrize("rows", [300, 301, 2, 1])
def test_half_the_rows_are_each_two_rows_together(rows: int) -> None:
    fine = text_bitmap(rows=rows)
    half = max(1, rows // 2)

    standard = reshape(fine, PageShape(1728, half, S))

    assert standard.shape.rows == half
    assert (pels(standard).sum(0) > 0).tolist() == (pels(fine).sum(0) > 0).tolist()


def test_a_thin_line_is_still_there_at_standard_resolution() -> None:
    thin = Bitmap(PageShape(1728, 4, F), bytes(216) + b"\xff" * 216 + bytes(432))

    standard = reshape(thin, PageShape(1728, 2, S))

    assert pels(standard).any(axis=1).tolist() == [True, False]


def test_a_wide_page_keeps_its_proportions() -> None:
    wide = square(2048, 1000, F, side=400)

    narrow = reshape(wide, PageShape(1728, 844, F))

    assert extent(narrow) == pytest.approx((338, 338), abs=1)
    assert narrow.shape == PageShape(1728, 844, F)


def test_a_narrow_page_is_set_in_the_middle() -> None:
    narrow = Bitmap(PageShape(8, 1, F), b"\xff")

    wide = reshape(narrow, PageShape(1728, 1, F))

    assert np.flatnonzero(pels(wide)[0]).tolist() == list(range(860, 868))


def test_a_short_page_is_filled_up_with_white() -> None:
    taller = reshape(text_bitmap(rows=10), PageShape(1728, 12, F))

    assert taller.octets == text_bitmap(rows=10).octets + bytes(432)


def test_a_page_too_long_shrinks_both_ways_in_the_middle() -> None:
    long = square(1728, 4628, F, side=1000)

    shorter = reshape(long, PageShape(1728, 2314, F))

    assert extent(shorter) == (500, 500)
    columns = np.flatnonzero(pels(shorter).any(axis=0))
    assert (columns[0], columns[-1]) == (614, 1113)


def test_a_few_rows_too_many_are_squeezed_and_the_width_stays() -> None:
    page = square(1728, 2339, F, side=1700)

    assert extent(reshape(page, PageShape(1728, 2314, F))) == (1682, 1700)


@pytest.mark.parametrize(
    ("page", "width", "resolution", "expected"),
    [
        (PageShape(3456, 4400, Resolution.DPI_400), 1728, F, (1728, 2200)),
        (PageShape(2592, 3507, Resolution.DPI_300), 1728, F, (1728, 2287)),
        (PageShape(2048, 2000, F), 1728, S, (1728, 844)),
        (PageShape(1728, 2291, F), 1728, S, (1728, 1146)),
        (PageShape(1728, 2291, F), 2048, F, (1728, 2291)),
        (PageShape(1728, 4400, Resolution.SUPERFINE), 2592, Resolution.DPI_300, (2592, 3375)),
    ],
)
def test_a_picture_is_as_large_at_every_resolution(
    page: PageShape, width: int, resolution: Resolution, expected: tuple[int, int]
) -> None:
    assert picture(page, width, resolution) == PageShape(*expected, resolution)


@pytest.mark.parametrize(("old", "new"), LARGER, ids=NAMES)
def test_no_line_of_one_pel_is_lost(old: PageShape, new: PageShape) -> None:
    for at in (0, 1, 2, 3, 101, 102, 103):
        along, down = np.zeros((2, old.rows, old.width), np.uint8)
        along[100 + at] = 1
        down[:, 500 + at] = 1

        assert pels(reshape(packed(old, along), new)).any(axis=0).sum() >= new.width * 0.9 * share_left(old, new)
        assert pels(reshape(packed(old, down), new)).any(axis=1).all()


def share_left(old: PageShape, new: PageShape) -> float:
    """How much of the width is left to a picture that is too long."""
    return min(1.0, new.rows / picture(old, new.width, new.resolution).rows)


@pytest.mark.parametrize(("old", "new"), LARGER, ids=NAMES)
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("tones", [greys, screened])
def test_toned_areas_keep_their_grey(tones, old: PageShape, new: PageShape, share: float) -> None:
    smaller = pels(reshape(tones(old, share), new))

    inside = smaller[20:-20, 500:1200]
    assert inside.mean() == pytest.approx(share, abs=0.06)


def test_print_is_not_taken_for_tones() -> None:
    page = text_bitmap(rows=800)

    assert not toned_blocks(np.frombuffer(page.octets, np.uint8).reshape(800, -1)).any()


def test_tones_are_told_from_the_print_beside_them() -> None:
    black = np.zeros((320, 1728), np.uint8)
    black[:, :800] = pels(screened(PageShape(800, 320, F), 0.4))
    black[::16, 800:] = 1

    toned = toned_blocks(np.packbits(black, axis=1))

    assert toned[1:-1, 1:49].all()
    assert not toned[:, 52:].any()


def test_a_page_of_a_mile_becomes_a_page() -> None:
    page = square(1728, 60_000, S, side=1728)

    shorter = reshape(page, PageShape(1728, 1157, S))

    assert extent(shorter) == pytest.approx((33, 33), abs=2)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 2432), st.integers(1, 300), st.sampled_from(Resolution),
    st.sampled_from(WIDTHS), st.integers(1, 300), st.sampled_from(Resolution),
)  # fmt: skip
def test_any_page_fits_any_shape(
    width: int, rows: int, old: Resolution, new_width: int, new_rows: int, new: Resolution
) -> None:
    shape = PageShape(new_width, new_rows, new)

    fitted = reshape(packed(PageShape(width, rows, old), np.ones((rows, width), np.uint8)), shape)

    assert fitted.shape == shape
    assert len(fitted.octets) == shape.row_octets * shape.rows
    assert any(fitted.octets)
