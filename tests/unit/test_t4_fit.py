"""Fitting a page to a smaller far end."""

import numpy as np
import pytest

from gateway.domain.call import Coding
from gateway.fax.t4 import codec
from gateway.fax.t4.fit import fit, reshape
from gateway.fax.t4.page import Bitmap, PageShape, Resolution
from tests.fax_calls import text_bitmap

F, S = Resolution.FINE, Resolution.STANDARD


def pels(bitmap: Bitmap) -> np.ndarray:
    rows = np.frombuffer(bitmap.octets, np.uint8).reshape(bitmap.shape.rows, -1)
    return np.unpackbits(rows, axis=1)[:, : bitmap.shape.width]


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


def test_a_wide_page_is_narrowed_pel_by_pel() -> None:
    wide = text_bitmap(width=2048)

    narrow = reshape(wide, PageShape(1728, 300, F))

    assert narrow.shape.width == 1728
    assert len(narrow.octets) == 216 * 300
    assert pels(narrow).any(axis=1).tolist() == pels(wide).any(axis=1).tolist()


def test_a_narrow_page_is_set_in_the_middle() -> None:
    narrow = Bitmap(PageShape(8, 1, F), b"\xff")

    wide = reshape(narrow, PageShape(1728, 1, F))

    assert np.flatnonzero(pels(wide)[0]).tolist() == list(range(860, 868))


def test_a_short_page_is_filled_up_with_white() -> None:
    taller = reshape(text_bitmap(rows=10), PageShape(1728, 12, F))

    assert taller.octets == text_bitmap(rows=10).octets + bytes(432)
