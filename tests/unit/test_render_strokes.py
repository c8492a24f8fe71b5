"""Watermarks and other broad strokes of grey are dots; writing over them, small print and headings stay black."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from renderers.document import Document
from renderers.faxpage import FaxShape, Paper, Resolution
from renderers.halftone import BLOCK, threshold
from renderers.libtiff import decode_page
from renderers.pdf import make_paged
from renderers.rasterize import rasterize
from renderers.strokes import soften

WORDS = "The patient was seen today and may leave the ward"
LINES = "".join(f"BT /F1 10 Tf 60 {y} Td ({WORDS}) Tj ET " for y in range(420, 600, 12))
DRAFT = "q {look} BT /F2 90 Tf 0.7071 0.7071 -0.7071 0.7071 120 340 Tm (DRAFT) Tj ET Q "
BOTH = [Resolution.STANDARD, Resolution.FINE]
CLEAR = "/Pale gs 0 g"


def faxed(folder: Path, content: str, resolution: Resolution = Resolution.FINE) -> np.ndarray:
    """The black pels of an A4 page of this content."""
    book, shape = pikepdf.new(), FaxShape(resolution=resolution, paper=Paper.A4)
    page = book.add_blank_page(page_size=(595, 842))
    fonts = {
        f"/F{n}": Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=name)
        for n, name in enumerate((Name.Helvetica, Name("/Helvetica-Bold"), Name("/Times-Roman")), 1)
    }
    page.Resources = Dictionary(Font=Dictionary(fonts), ExtGState=Dictionary(Pale=Dictionary(ca=0.4)))
    page.Contents = book.make_stream(content.encode())
    book.save(folder / "in.pdf")
    paged = make_paged(Document(folder / "in.pdf", "", "in.pdf"), folder, shape)
    rasterize([paged], shape, folder / "f.tif", 5)
    return np.unpackbits(decode_page(folder / "f.tif", 0, shape.width, shape.rows), axis=1).astype(bool)


def share(pels: np.ndarray, of: np.ndarray) -> float:
    """How much of a mask is black."""
    return float(pels[of].mean())


def inner(mask: np.ndarray) -> np.ndarray:
    """Without a rim of four pels and rows, where edges are."""
    kept = mask.copy()
    for step in range(1, 5):
        for axis in (0, 1):
            kept &= np.roll(mask, step, axis) & np.roll(mask, -step, axis)
    return kept


@pytest.mark.parametrize("resolution", BOTH)
@pytest.mark.parametrize("look", ["0.7 g", "0.5 g", CLEAR])
def test_every_part_of_a_watermark_is_light_dots(tmp_path: Path, look: str, resolution: Resolution) -> None:
    letters = inner(faxed(tmp_path, DRAFT.format(look="0 g"), resolution))
    pels = faxed(tmp_path, DRAFT.format(look=look), resolution)
    assert 0.03 < share(pels, letters) < 0.4
    down, across = letters.nonzero()
    spots = [np.s_[y - 8 : y + 8, x - 8 : x + 8] for y, x in zip(down[::97], across[::97], strict=True)]
    assert all(pels[spot].mean() < 0.6 for spot in spots)


@pytest.mark.parametrize("resolution", BOTH)
def test_a_watermark_has_no_black_outline(tmp_path: Path, resolution: Resolution) -> None:
    black = faxed(tmp_path, DRAFT.format(look="0 g"), resolution)
    pels = faxed(tmp_path, DRAFT.format(look="0.6 g"), resolution)
    assert share(pels, black & ~inner(black)) < 0.35


@pytest.mark.parametrize("resolution", BOTH)
@pytest.mark.parametrize("content", [DRAFT.format(look="0.7 g") + LINES, LINES + DRAFT.format(look=CLEAR)])
def test_writing_under_or_over_a_watermark_stays_black(tmp_path: Path, content: str, resolution: Resolution) -> None:
    writing, pels = faxed(tmp_path, LINES, resolution), faxed(tmp_path, content, resolution)
    letters = faxed(tmp_path, DRAFT.format(look="0 g"), resolution)
    assert share(pels, writing & letters) > 0.9
    elsewhere = ~letters_and_rim(letters)
    assert np.array_equal(pels[elsewhere], writing[elsewhere])
    assert share(pels, inner(letters) & ~writing) < 0.4


def letters_and_rim(letters: np.ndarray) -> np.ndarray:
    """A mask with three pels and rows around it."""
    wide = letters.copy()
    for axis in (0, 1) * 3:
        wide |= np.roll(wide, 1, axis) | np.roll(wide, -1, axis)
    return wide


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract-ocr is not installed")
def test_a_reader_finds_the_words_over_a_watermark(tmp_path: Path) -> None:
    pels = faxed(tmp_path, DRAFT.format(look="0.7 g") + LINES)
    Image.fromarray(~pels.repeat(2, 0).repeat(2, 1)).save(tmp_path / "page.png", dpi=(400, 400))
    command = ["tesseract", str(tmp_path / "page.png"), "-", "--psm", "6"]
    read = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert len(re.findall("patient|today|leave|ward", read)) > 0.85 * 4 * LINES.count("Tj")


@pytest.mark.parametrize("resolution", BOTH)
@pytest.mark.parametrize(("font", "size"), [("F1", 7), ("F1", 12), ("F3", 10), ("F2", 14)])
@pytest.mark.parametrize("grey", [0.35, 0.55])
def test_small_print_and_headings_in_grey_stay_black(
    tmp_path: Path, font: str, size: int, grey: float, resolution: Resolution
) -> None:
    line = f"BT /{font} {size} Tf 60 500 Td ({WORDS}) Tj ET"
    alone = faxed(tmp_path, f"{grey} g {line}", resolution)
    beside = faxed(tmp_path, f"0.6 g 60 700 400 60 re f {grey} g {line}", resolution)
    low = slice(alone.shape[0] // 3, None)
    assert alone[low].sum() > 0.65 * faxed(tmp_path, line, resolution)[low].sum()  # thin strokes are thinner
    assert np.array_equal(alone[low], beside[low])


@pytest.mark.parametrize("resolution", BOTH)
def test_large_letters_of_a_dark_grey_stay_black(tmp_path: Path, resolution: Resolution) -> None:
    line = "BT /F2 48 Tf 60 500 Td (Report) Tj ET"
    black, pels = faxed(tmp_path, line, resolution), faxed(tmp_path, f"0.3 g {line}", resolution)
    assert share(pels, inner(black)) > 0.99


@pytest.mark.parametrize("resolution", BOTH)
def test_a_word_of_large_grey_letters_looks_alike_all_over(tmp_path: Path, resolution: Resolution) -> None:
    line = "BT /F2 34 Tf 60 500 Td (Illinois) Tj ET"
    black, pels = faxed(tmp_path, line, resolution), faxed(tmp_path, f"0.55 g {line}", resolution)
    columns = np.flatnonzero(black.any(axis=0))
    shares = [share(pels[:, x : x + 24], black[:, x : x + 24]) for x in range(columns[0], columns[-1] - 24, 24)]
    assert max(shares) < 0.45


@pytest.mark.parametrize("resolution", BOTH)
def test_a_grey_table_head_is_dots_with_its_words_in_black(tmp_path: Path, resolution: Resolution) -> None:
    words = "BT /F2 10 Tf 70 706 Td (Name) Tj 150 0 Td (Amount due) Tj ET"
    ink = faxed(tmp_path, words, resolution)
    box = faxed(tmp_path, "60 700 300 18 re f", resolution)
    pels = faxed(tmp_path, f"0.7 g 60 700 300 18 re f 0 g {words}", resolution)
    assert share(pels, ink) > 0.93
    assert 0.03 < share(pels, inner(box) & ~letters_and_rim(ink)) < 0.4


@pytest.mark.parametrize("resolution", BOTH)
def test_white_words_on_a_grey_bar_stay_white_on_black(tmp_path: Path, resolution: Resolution) -> None:
    words = "1 g BT /F2 12 Tf 70 705 Td (Statement of account) Tj ET"
    black = faxed(tmp_path, f"0 g 60 700 300 18 re f {words}", resolution)
    pels = faxed(tmp_path, f"0.5 g 60 700 300 18 re f {words}", resolution)
    assert share(pels, black) > 0.95


@pytest.mark.parametrize("resolution", BOTH)
def test_all_bars_of_a_chart_and_its_legend_are_dots(tmp_path: Path, resolution: Resolution) -> None:
    bars = "60 500 12 90 re f 90 500 5 60 re f 120 500 60 20 re f 250 550 7 7 re f"
    black, pels = faxed(tmp_path, bars, resolution), faxed(tmp_path, f"0.6 g {bars}", resolution)
    for left in (60, 90, 120, 250):
        columns = slice(int(left * 204 / 72) - 6, int((left + 20) * 204 / 72))
        assert 0.03 < share(pels[:, columns], black[:, columns]) < 0.4


def test_pictures_are_left_alone() -> None:
    grey = np.full((320, 320), 255, np.uint8)
    grey[100:130, 40:280] = 150
    rows = threshold(grey, 192)
    everywhere = np.ones((320 // BLOCK, 320 // BLOCK), np.bool_)
    assert np.array_equal(soften(grey, rows.copy(), everywhere, Resolution.FINE), rows)
    assert soften(grey, rows.copy(), ~everywhere, Resolution.FINE).sum() < rows.sum()


def test_a_pattern_of_thousands_of_grey_spots_is_left_alone() -> None:
    grey = np.full((1600, 1728), 255, np.uint8)
    down, across = np.mgrid[:1600, :1728]
    grey[(down % 24 < 13) & (across % 24 < 13)] = 150
    rows, nowhere = threshold(grey, 192), np.zeros((100, 108), np.bool_)
    assert np.array_equal(soften(grey, rows.copy(), nowhere, Resolution.FINE), rows)
