"""Odd but real documents: each has the pages that it should have, and something on every one of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gateway.files import FileOrder, Targets, lay_out_files
from renderers.libreoffice import profile

pytestmark = pytest.mark.slow  # seconds, together

ODD = Path(__file__).parents[2] / "samples/documents/odd"
PAGES = {
    "check-marks.docx": 1,
    "customers-semicolon.csv": 1,
    "customers-utf16.csv": 1,
    "dark-sheet.xlsx": 2,
    "drawing.odg": 1,
    "fonts-not-embedded.pdf": 1,
    "form-fields.pdf": 1,
    "forwarded.msg": 3,
    "hidden-columns.xlsx": 1,
    "letter-koi8.txt": 1,
    "newsletter-in-dark.html": 1,
    "old-book.xls": 2,
    "pages-of-every-size.pdf": 13,
    "report-in-html.xls": 1,
    "right-to-left.xlsx": 1,
    "upside-down.webp": 1,
    "web-page.doc": 1,
    "white-logo.png": 1,
    "wide-table-of-outlook.html": 1,
}
BY_OFFICE = {".docx", ".xlsx", ".odg", ".csv"}
NEEDS_OFFICE = [name for name in PAGES if Path(name).suffix in BY_OFFICE or name == "old-book.xls"]


def pages_of(name: str, folder: Path) -> list[float]:
    """The share of black of each page."""
    order = FileOrder((ODD / name,), Targets(png=folder), "fine", "letter", 50)
    assert lay_out_files(order, 120, 2_000_000_000).total == len(list(folder.glob("*.png")))
    pages = (np.asarray(Image.open(path).convert("L")) for path in sorted(folder.glob("*.png")))
    return [float((page < 128).mean()) for page in pages]


def check(name: str, folder: Path) -> None:
    black = pages_of(name, folder)
    assert len(black) == PAGES[name]
    assert all(0.0003 < share < 0.4 for share in black)


@pytest.mark.parametrize("name", [name for name in PAGES if name not in NEEDS_OFFICE])
def test_it_has_its_pages(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


@pytest.mark.office
@pytest.mark.skipif(profile.program() is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("name", NEEDS_OFFICE)
def test_it_has_its_pages_by_libreoffice(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


def test_every_one_is_listed_and_tried() -> None:
    there = {path.name for path in ODD.iterdir()}
    told = (ODD.parent / "README.md").read_text("utf-8")
    assert there == set(PAGES)
    assert [name for name in there if f"`odd/{name}`" not in told] == []
