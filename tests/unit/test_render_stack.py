"""Parts become one file: how many pages each gives, blank ends, long pages, turned pages, repaired ones."""

from pathlib import Path

import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderers.document import Document, Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape, Paper, Resolution, read_tiff, write_tiff
from renderers.libtiff import decode_page, encode
from renderers.pdf import make_paged
from renderers.pdfium import place
from renderers.rasterize import Stacked, is_blank, rasterize, stack

SHAPE = FaxShape()
INK = "72 72 200 200 re f"


def drawn(path: Path, *sheets: tuple[tuple[float, float], str]) -> Document:
    with pikepdf.new() as book:
        for size, operators in sheets:
            book.add_blank_page(page_size=size).Contents = book.make_stream(operators.encode())
        book.save(path)
    return Document(path, "application/pdf", path.name)


def letter(folder: Path, *operators: str, name: str = "letter.pdf") -> Paged:
    return make_paged(drawn(folder / name, *[((612, 792), one) for one in operators]), folder, SHAPE)


def black(tiff: Path, number: int) -> np.ndarray:
    page = read_tiff(tiff)[number]
    return np.unpackbits(decode_page(tiff, number, page.width, page.rows), axis=1).astype(bool)


def strip(rows: int, seed: int, density: float) -> FaxPage:
    bits = np.random.default_rng(seed).random((rows, 1728)) < density
    return FaxPage(1728, rows, Resolution.FINE, encode(np.packbits(bits, axis=1)))


# Blank pages.


def test_blank_pages_at_the_end_are_left_out_and_counted(tmp_path: Path) -> None:
    [stacked] = stack([letter(tmp_path, INK, "", INK, "", "")], SHAPE, tmp_path / "f.tif", 50)
    assert stacked == Stacked(3, 2)
    assert [is_blank(page) for page in read_tiff(tmp_path / "f.tif")] == [False, True, False]


@pytest.mark.parametrize(
    ("blank", "note"),
    [(0, ""), (1, "a blank page at its end left out"), (3, "3 blank pages at its end left out")],
)
def test_what_was_left_out_is_said(blank: int, note: str) -> None:
    assert Stacked(2, blank).note == note


def test_of_a_blank_document_one_page_stays(tmp_path: Path) -> None:
    assert stack([letter(tmp_path, "", "", "")], SHAPE, tmp_path / "f.tif", 50) == [Stacked(1, 2)]


def test_each_part_has_an_end_of_its_own(tmp_path: Path) -> None:
    parts = [letter(tmp_path, INK, "", name="a.pdf"), letter(tmp_path, INK, "", "", name="b.pdf")]
    assert stack(parts, SHAPE, tmp_path / "f.tif", 50) == [Stacked(1, 1), Stacked(1, 2)]


def test_pale_writing_is_no_blank_page(tmp_path: Path) -> None:
    assert rasterize([letter(tmp_path, INK, f"0.93 g {INK}")], SHAPE, tmp_path / "f.tif", 50) == [2]


@given(rows=st.integers(1, 60), ink=st.booleans(), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_page_is_blank_when_nothing_is_on_it(rows: int, ink: bool, seed: int) -> None:
    bits = np.zeros((rows, 1728), bool)
    bits.flat[seed] = ink
    page = FaxPage(1728, rows, Resolution.FINE, encode(np.packbits(bits, axis=1)))
    assert is_blank(page) is not ink


@given(parts=st.lists(st.lists(st.sampled_from([0.0, 0.1]), min_size=1, max_size=4), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_stacked_pages_are_those_of_the_parts_in_order(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[float]]
) -> None:
    folder = tmp_path_factory.mktemp("stack")
    pages = [[strip(20, 7 * i + j, density) for j, density in enumerate(part)] for i, part in enumerate(parts)]
    paged = []
    for number, part in enumerate(pages):
        write_tiff(folder / f"{number}.tif", part)
        paged.append(Paged(folder / f"{number}.tif", "tiff", len(part), f"part {number}"))
    stacked = stack(paged, SHAPE, folder / "all.tif", 50)
    assert [one.pages + one.blank for one in stacked] == [len(part) for part in pages]
    kept = [page for part, one in zip(pages, stacked, strict=True) for page in part[: one.pages]]
    assert read_tiff(folder / "all.tif") == kept


# Long pages, wide pages.


def test_a_long_receipt_is_cut_into_pages_of_its_own_width(tmp_path: Path) -> None:
    lines = "".join(f"20 {y} 180 6 re f\n" for y in range(10, 2400, 12))
    paged = make_paged(drawn(tmp_path / "r.pdf", ((216, 2400), lines)), tmp_path, SHAPE)
    [pages] = rasterize([paged], SHAPE, tmp_path / "f.tif", 50)
    every = [black(tmp_path / "f.tif", number) for number in range(pages)]
    assert pages == 4
    assert np.flatnonzero(every[0].any(0)).size == pytest.approx(180 / 72 * 204, abs=3)
    assert sum(edges(page) for page in every) == 200  # no line is cut in two, none is lost, none comes twice


def edges(page: np.ndarray) -> int:
    inked = page.any(axis=1).astype(int)
    return int((np.diff(inked, prepend=0) == 1).sum())


def test_a_page_without_any_gap_is_cut_all_the_same(tmp_path: Path) -> None:
    paged = make_paged(drawn(tmp_path / "r.pdf", ((100, 3000), "0 0 100 3000 re f")), tmp_path, SHAPE)
    [pages] = rasterize([paged], SHAPE, tmp_path / "f.tif", 50)
    total = sum(int(black(tmp_path / "f.tif", number).any(1).sum()) for number in range(pages))
    assert total == pytest.approx(3000 / 72 * 196, abs=2)


def test_a_page_cut_into_more_than_allowed_is_refused(tmp_path: Path) -> None:
    ends = "0 0 9 9 re 0 13990 9 9 re f"
    paged = make_paged(drawn(tmp_path / "r.pdf", ((100, 14000), ends)), tmp_path, SHAPE)
    with pytest.raises(RenderError) as caught:
        rasterize([paged], SHAPE, tmp_path / "f.tif", 5)
    assert caught.value.reason is Reason.TOO_MANY_PAGES


def test_a_page_somewhat_too_long_is_shrunk(tmp_path: Path) -> None:
    paged = make_paged(drawn(tmp_path / "l.pdf", ((612, 1008), INK)), tmp_path, SHAPE)
    assert rasterize([paged], SHAPE, tmp_path / "f.tif", 50) == [1]


def test_a_page_hardly_wider_than_high_is_not_turned() -> None:
    assert place((8.8, 8.5), SHAPE).turns == 0


@pytest.mark.parametrize("inches", [(11, 8.5), (11.69, 8.27), (13.33, 7.5), (10, 7.5), (17, 11)])
def test_a_landscape_page_is_turned(inches: tuple[float, float]) -> None:
    assert place(inches, SHAPE).turns == 1


def test_a_small_landscape_page_is_not_turned() -> None:
    assert place((6, 4), SHAPE).turns == 0


@given(
    wide=st.floats(0.1, 200), high=st.floats(0.1, 200), paper=st.sampled_from(list(Paper)),
    resolution=st.sampled_from(list(Resolution)), width=st.sampled_from([1728, 2048, 2432]),
)  # fmt: skip
def test_a_page_of_any_size_keeps_its_proportions(
    wide: float, high: float, paper: Paper, resolution: Resolution, width: int
) -> None:
    shape = FaxShape(width, resolution, paper)
    placed = place((wide, high), shape)
    across, down = placed.width / 204, placed.height / resolution.value
    if placed.turns:
        across, down = down, across
    assert placed.left >= 0
    assert placed.left + placed.width <= width
    assert across <= wide * 1.01 + 0.01
    assert abs(across * high - down * wide) <= 0.02 * (wide + high) + 0.02 * across * high
