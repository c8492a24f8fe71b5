"""Fax pages on disk: class F TIFF and PDF."""

from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from renderers.errors import Reason, RenderError
from renderers.faxpage import (
    FaxPage,
    FaxShape,
    Paper,
    Resolution,
    read_tiff,
    resolution_near,
    write_pdf,
    write_tiff,
)
from renderers.libtiff import encode


def page(rows: int = 100, seed: int = 1, width: int = 1728, resolution: Resolution = Resolution.FINE) -> FaxPage:
    chance = np.random.default_rng(seed)
    bits = np.packbits(chance.random((rows, width)) < 0.05, axis=1)
    return FaxPage(width, rows, resolution, encode(bits))


@pytest.mark.parametrize(
    ("paper", "resolution", "paper_rows"),
    [
        (Paper.LETTER, Resolution.FINE, 2155),
        (Paper.A4, Resolution.FINE, 2291),
        (Paper.LEGAL, Resolution.FINE, 2743),
        (Paper.LETTER, Resolution.STANDARD, 1077),
        (Paper.LETTER, Resolution.SUPERFINE, 4300),
    ],
)
def test_paper_has_the_rows_fax_programs_expect(paper: Paper, resolution: Resolution, paper_rows: int) -> None:
    assert FaxShape(1728, resolution, paper).paper_rows == paper_rows


def test_a_shape_keeps_thirty_seven_rows_free_for_the_header() -> None:
    shape = FaxShape()
    assert (shape.rows, shape.header_rows) == (2118, 37)
    assert FaxShape(resolution=Resolution.STANDARD).header_rows == 18
    assert FaxShape(resolution=Resolution.SUPERFINE).header_rows == 74


@given(
    shapes=st.lists(
        st.tuples(st.sampled_from([1728, 2048, 2432]), st.integers(1, 40), st.sampled_from(list(Resolution))),
        min_size=1,
        max_size=4,
    )
)
def test_pages_written_are_read_back_the_same(
    shapes: list[tuple[int, int, Resolution]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pages") / "pages.tif"
    pages = [page(rows, rows, width, resolution) for width, rows, resolution in shapes]
    write_tiff(path, pages)
    assert read_tiff(path) == pages


def test_another_reader_sees_the_same_pels(tmp_path: Path) -> None:
    bits = np.zeros((50, 216), np.uint8)
    bits[10:20, 4:8] = 0xFF
    write_tiff(tmp_path / "p.tif", [FaxPage(1728, 50, Resolution.FINE, encode(bits))])
    with Image.open(tmp_path / "p.tif") as image:
        seen = np.asarray(image)
    assert seen.shape == (50, 1728)
    assert not seen[10:20, 32:64].any()  # black
    assert seen.sum() == 50 * 1728 - 10 * 32  # all else is white


def test_the_tags_are_those_of_class_f(tmp_path: Path) -> None:
    write_tiff(tmp_path / "p.tif", [page(), page(resolution=Resolution.STANDARD)])
    with Image.open(tmp_path / "p.tif") as image:
        image.seek(1)
        tags = image.tag_v2
    wanted = {254: 2, 259: 4, 262: 0, 266: 1, 278: 100, 282: 204, 283: 98, 296: 2, 297: (1, 2)}
    assert {tag: tags[tag] for tag in wanted} == wanted
    assert len(tags[273]) == 1


def test_a_pdf_holds_the_very_code_words(tmp_path: Path) -> None:
    pages = [page(seed=2), page(rows=60, seed=3, resolution=Resolution.STANDARD)]
    write_pdf(tmp_path / "p.pdf", pages)
    with pikepdf.open(tmp_path / "p.pdf") as book:
        strips = [sheet.Resources.XObject.P.read_raw_bytes() for sheet in book.pages]
    assert strips == [one.mmr for one in pages]


def test_a_pdf_shows_pages_at_their_true_size_and_polarity(tmp_path: Path) -> None:
    bits = np.zeros((FaxShape().paper_rows, 216), np.uint8)
    bits[:1000] = 0xFF
    write_pdf(tmp_path / "p.pdf", [FaxPage(1728, len(bits), Resolution.FINE, encode(bits))])
    with pypdfium2.PdfDocument(tmp_path / "p.pdf") as book:
        size, grey = book[0].get_size(), np.asarray(book[0].render(scale=0.5, grayscale=True).to_pil())
    assert size == pytest.approx((1728 / 204 * 72, 2155 / 196 * 72), abs=0.01)
    assert grey[5].max() < 10
    assert grey[-5].min() > 245


def test_the_same_pages_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_tiff(tmp_path / f"{name}.tif", [page()])
        write_pdf(tmp_path / f"{name}.pdf", [page()])
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@pytest.mark.parametrize("content", [b"", b"II*\0", b"hello", b"II*\0\x08\0\0\0\xff\xff"])
def test_what_is_no_tiff_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.tif").write_bytes(content)
    with pytest.raises(RenderError) as caught:
        read_tiff(tmp_path / "p.tif")
    assert caught.value.reason is Reason.CORRUPT


def test_a_tiff_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.tif"
    write_tiff(path, [page()])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RenderError):
        read_tiff(path)


def test_a_tiff_of_another_coding_is_refused(tmp_path: Path) -> None:
    Image.new("1", (1728, 20), 1).save(tmp_path / "p.tif", compression="group3", dpi=(204, 196))
    with pytest.raises(RenderError, match="class F"):
        read_tiff(tmp_path / "p.tif")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (98, Resolution.STANDARD),
        (100, Resolution.STANDARD),
        (196, Resolution.FINE),
        (200, Resolution.FINE),
        (391, Resolution.SUPERFINE),
        (400, Resolution.SUPERFINE),
    ],
)
def test_rounded_resolutions_are_understood(said: float, meant: Resolution) -> None:
    assert resolution_near(said) is meant


@pytest.mark.parametrize("said", [0, 72, 150, 300, 600])
def test_other_resolutions_are_not_taken_for_fax(said: float) -> None:
    with pytest.raises(ValueError, match="no fax resolution"):
        resolution_near(said)
