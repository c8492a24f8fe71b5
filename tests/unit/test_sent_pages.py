"""The PDF of pages as sent."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pikepdf
import pytest

from gateway.domain.errors import UnavailableError
from gateway.sent_pages import as_pdf
from renderers.faxpage import FaxPage, Resolution, write_tiff
from renderers.libtiff import encode


def kept(folder: Path, *shapes: tuple[int, Resolution]) -> Path:
    path = folder / "sent.tif"
    write_tiff(path, [FaxPage(1728, rows, at, encode(np.zeros((rows, 216), np.uint8))) for rows, at in shapes])
    return path


def test_each_page_of_the_tiff_is_a_sheet_of_its_size(tmp_path: Path) -> None:
    tiff = kept(tmp_path, (1078, Resolution.STANDARD), (2156, Resolution.FINE), (392, Resolution.FINE))

    with pikepdf.open(BytesIO(as_pdf(tiff))) as book:
        heights = [float(page.mediabox[3]) for page in book.pages]

    assert heights == pytest.approx([792, 792, 144])


def test_a_page_of_one_row_is_a_sheet_too(tmp_path: Path) -> None:
    with pikepdf.open(BytesIO(as_pdf(kept(tmp_path, (1, Resolution.FINE))))) as book:
        assert float(book.pages[0].mediabox[3]) == 3


def test_asked_for_twice_it_is_the_same_octet_for_octet(tmp_path: Path) -> None:
    tiff = kept(tmp_path, (100, Resolution.FINE))

    assert as_pdf(tiff) == as_pdf(tiff)


def test_the_pages_go_in_as_they_were_sent(tmp_path: Path) -> None:
    tiff = kept(tmp_path, (100, Resolution.FINE))

    with pikepdf.open(BytesIO(as_pdf(tiff))) as book:
        assert book.pages[0].Resources.XObject.P.read_raw_bytes() == encode(np.zeros((100, 216), np.uint8))


def test_a_damaged_tiff_is_told(tmp_path: Path) -> None:
    (tmp_path / "sent.tif").write_bytes(b"II*\0 and no more")

    with pytest.raises(UnavailableError, match="faxgw db check"):
        as_pdf(tmp_path / "sent.tif")
