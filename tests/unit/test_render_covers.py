"""The shipped cover pages as they come out of the fax: on one page, dark enough, nothing lost at 98 lines."""

from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from coverpages.cover import FIELDS, fill, templates
from renderers.document import Document
from renderers.faxpage import FaxShape, Paper, Resolution, read_tiff
from renderers.libtiff import decode_page
from renderers.pdf import make_paged
from renderers.rasterize import rasterize

VALUES = {
    "sender": "Dorothea Lindqvist", "sender_email": "d.lindqvist@lindqvist-brandt.example",
    "sender_company": "Lindqvist & Brandt LLP", "sender_phone": "+1 212 555 0142", "sender_fax": "+1 212 555 0143",
    "sender_address": "410 Harbor Street, Suite 900\nNew York, NY 10004", "recipient_name": "Adaeze Okafor",
    "recipient_company": "Northgate Logistics", "recipient_number": "+1 415 555 0100", "subject": "Signed agreement",
    "body": "Dear Ms. Okafor,\n\nplease find the agreement with this page.\n\nKind regards", "pages": "6",
    "date": "11-22-2026 8:31 PM UTC", "job_id": "1047", "reference": "HN-2231",
}  # fmt: skip


def laid(name: str, folder: Path, shape: FaxShape, **values: str) -> Path:
    (folder / "cover.html").write_text(fill(name, {**VALUES, **values}), "utf-8")
    document = Document(folder / "cover.html", "text/html", "cover page", "utf-8")
    paged = make_paged(document, folder, shape)
    rasterize([paged], shape, folder / "cover.tif", 10)
    return paged.path


@pytest.mark.parametrize("name", templates())
@pytest.mark.parametrize("resolution", list(Resolution))
@pytest.mark.parametrize("paper", list(Paper))
def test_a_cover_is_one_page_of_readable_weight(
    tmp_path: Path, name: str, resolution: Resolution, paper: Paper
) -> None:
    shape = FaxShape(1728, resolution, paper)
    laid(name, tmp_path, shape)
    (page,) = read_tiff(tmp_path / "cover.tif")
    share = np.bitwise_count(decode_page(tmp_path / "cover.tif", 0, 1728, page.rows)).sum() / (1728 * page.rows)
    assert page.rows == shape.rows
    assert 0.01 < share < 0.08


@pytest.mark.parametrize("name", templates())
def test_a_long_text_flows_on_with_nothing_lost(tmp_path: Path, name: str) -> None:
    lines = [f"Line {n} of the message." for n in range(1, 91)]
    pdf = laid(name, tmp_path, FaxShape(), body="\n".join(lines))
    with pypdfium2.PdfDocument(pdf) as book:
        words = [page.get_textpage().get_text_bounded() for page in book]
    assert len(words) in {2, 3}
    assert all(line in "\n".join(words) for line in lines)


@pytest.mark.parametrize("name", templates())
def test_values_of_any_length_stay_on_the_paper(tmp_path: Path, name: str) -> None:
    shape = FaxShape()
    laid(name, tmp_path, shape, **{field: "W" * 60 for field in FIELDS if field not in {"body", "subject"}})
    rows = decode_page(tmp_path / "cover.tif", 0, 1728, shape.rows)
    assert not rows[:, :8].any()
    assert not rows[:, -8:].any()
