"""The page header, put on without decoding the page."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.call import Coding
from gateway.fax.t4 import codec
from gateway.fax.t4.page import Bitmap, PageShape
from gateway.fax.t4.page import Resolution as T4Resolution
from renderers.faxpage import FaxPage, FaxShape, Resolution, write_tiff
from renderers.header import draw_line, join_strips, stamp
from renderers.libtiff import decode_page, encode

LINE = "11-22-2026 8:31 PM UTC\tLindqvist & Brandt  +1 212 555 0143\tPage 1 of 6"


def decoded(page: FaxPage, folder: Path) -> np.ndarray:
    write_tiff(folder / "decoded.tif", [page])
    return decode_page(folder / "decoded.tif", 0, page.width, page.rows)


def noise(rows: int, density: float, seed: int, width: int = 1728) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return np.packbits(chance.random((rows, width)) < density, axis=1)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 80),
    density=st.sampled_from([0.0, 0.02, 0.5, 1.0]),
    seed=st.integers(0, 9),
    line=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=60),
)
def test_below_the_header_every_pel_stays(
    tmp_path_factory: pytest.TempPathFactory, rows: int, density: float, seed: int, line: str
) -> None:
    bits = noise(rows, density, seed)
    page = FaxPage(1728, rows, Resolution.FINE, encode(bits))
    (stamped,) = stamp([page], [line])
    assert stamped.rows == rows + 37
    assert np.array_equal(decoded(stamped, tmp_path_factory.mktemp("h"))[37:], bits)


@pytest.mark.parametrize("resolution", list(Resolution))
@pytest.mark.parametrize("width", [1728, 2048, 2432])
def test_every_width_and_resolution_takes_a_header(tmp_path: Path, width: int, resolution: Resolution) -> None:
    shape = FaxShape(width, resolution)
    bits = noise(30, 0.1, 1, width)
    (stamped,) = stamp([FaxPage(width, 30, resolution, encode(bits))], [LINE])
    seen = decoded(stamped, tmp_path)
    assert stamped.rows == 30 + shape.header_rows
    assert seen[: shape.header_rows].any()
    assert np.array_equal(seen[shape.header_rows :], bits)


@pytest.mark.parametrize("coding", list(Coding))
def test_a_page_with_its_header_goes_out_in_every_coding(tmp_path: Path, coding: Coding) -> None:
    (stamped,) = stamp([FaxPage(1728, 30, Resolution.FINE, encode(noise(30, 0.1, 1)))], [LINE])
    rows = decoded(stamped, tmp_path)
    bitmap = Bitmap(PageShape(1728, len(rows), T4Resolution.FINE), rows.tobytes())
    assert codec.decode(codec.encode(bitmap, coding)) == (bitmap, 0)


def test_a_page_with_its_header_fills_the_paper() -> None:
    shape = FaxShape()
    blank = FaxPage(1728, shape.rows, Resolution.FINE, encode(noise(shape.rows, 0, 1)))
    assert stamp([blank], [LINE])[0].rows == shape.paper_rows


def test_the_last_row_of_the_header_is_white() -> None:
    assert not draw_line("g" * 200, FaxShape())[-1].any()


def test_parts_stand_left_in_the_middle_and_right() -> None:
    ink = np.unpackbits(draw_line(LINE, FaxShape()), axis=1).any(axis=0)
    across = np.flatnonzero(ink)
    assert 45 <= across[0] <= 60
    assert 1728 - 60 <= across[-1] <= 1728 - 45


def test_a_line_too_long_is_set_smaller_not_cut() -> None:
    long = "\t".join(["Lindqvist, Brandt, Hartwell and Partners, Attorneys at Law"] * 3)
    across = np.flatnonzero(np.unpackbits(draw_line(long, FaxShape()), axis=1).any(axis=0))
    assert across[0] >= 45
    assert across[-1] <= 1728 - 45


def test_an_empty_line_leaves_a_white_strip() -> None:
    assert not draw_line("", FaxShape()).any()


def test_each_page_gets_its_own_line() -> None:
    page = FaxPage(1728, 10, Resolution.FINE, encode(noise(10, 0, 1)))
    first, second = stamp([page, page], ["Page 1 of 2", "Page 2 of 2"])
    assert first.mmr != second.mmr


def test_pages_and_lines_must_match() -> None:
    page = FaxPage(1728, 10, Resolution.FINE, encode(noise(10, 0, 1)))
    with pytest.raises(ValueError, match="zip"):
        stamp([page], ["one", "two"])


@given(upper=st.integers(1, 12), lower=st.integers(1, 12), seed=st.integers(0, 50))
@settings(max_examples=30, deadline=None)
def test_two_strips_decode_as_one(tmp_path_factory: pytest.TempPathFactory, upper: int, lower: int, seed: int) -> None:
    above, below = noise(upper, 0.2, seed), noise(lower, 0.2, seed + 1)
    above[-1] = 0
    joined = join_strips(encode(above), encode(below))
    seen = decoded(FaxPage(1728, upper + lower, Resolution.FINE, joined), tmp_path_factory.mktemp("j"))
    assert np.array_equal(seen, np.vstack([above, below]))
