"""The shipped cover pages as they come out of the fax: where things stand, what is black, and that all can be read."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from coverpages.cover import shipped
from coverpages.fields import FIELDS, SAMPLE
from renderers.document import Document
from renderers.faxpage import FaxShape, Paper, Resolution, read_tiff
from renderers.libtiff import decode_page
from renderers.pdf import make_paged
from renderers.rasterize import rasterize

pytestmark = pytest.mark.slow  # seconds, together

COARSE = FaxShape(1728, Resolution.STANDARD, Paper.LETTER)
LONG = {
    "sender": "Dr. Maximiliane Alexandra von Hohenlohe-Waldenburg-Schillingsfürst",
    "sender_company": "Donaudampfschifffahrtsgesellschaft & International Maritime Insurance Holding GmbH",
    "recipient_company": "Department of Transportation and Infrastructure Planning, Division of Bridges",
    "subject": "Notice of claim 2026-11-00418-B concerning the motor vessel Ever Patient, damage to cargo in hold 3",
}
every_cover = pytest.mark.parametrize("name", sorted(shipped()))


@dataclass(frozen=True)
class Laid:
    """A cover as PDF and as fax pages."""

    pdf: Path
    tiff: Path

    def words(self) -> list[str]:
        """The text of each page."""
        with pypdfium2.PdfDocument(self.pdf) as book:
            return [page.get_textpage().get_text_bounded() for page in book]

    def ink(self, index: int = 0) -> np.ndarray:
        """A page's pels, 1 is black."""
        page = read_tiff(self.tiff)[index]
        return np.unpackbits(decode_page(self.tiff, index, page.width, page.rows), axis=1)

    def place(self, text: str) -> tuple[float, float]:
        """Where a text begins on the first page, as shares of its width and height from the left and the top."""
        with pypdfium2.PdfDocument(self.pdf) as book:
            page = book[0]
            found = page.get_textpage().search(text, match_case=True).get_next()
            assert found is not None, text
            left, _, _, top = page.get_textpage().get_charbox(found[0])
            return left / page.get_width(), 1 - top / page.get_height()


def laid(name: str, folder: Path, shape: FaxShape = COARSE, **values: str) -> Laid:
    folder.mkdir(exist_ok=True)
    (folder / "cover.html").write_text(shipped()[name].filled({**SAMPLE, **values}), "utf-8")
    paged = make_paged(Document(folder / "cover.html", "text/html", "cover page", "utf-8"), folder, shape)
    rasterize([paged], shape, folder / "cover.tif", 20)
    return Laid(paged.path, folder / "cover.tif")


@every_cover
@pytest.mark.parametrize("resolution", list(Resolution))
@pytest.mark.parametrize("paper", list(Paper))
def test_a_cover_is_one_page_of_readable_weight(
    tmp_path: Path, name: str, resolution: Resolution, paper: Paper
) -> None:
    shape = FaxShape(1728, resolution, paper)

    ink = laid(name, tmp_path, shape).ink()

    assert ink.shape == (shape.rows, 1728)
    assert 0.015 < ink.mean() < 0.08


@every_cover
@pytest.mark.parametrize("paper", list(Paper))
def test_who_stands_above_what(tmp_path: Path, name: str, paper: Paper) -> None:
    cover = laid(name, tmp_path, FaxShape(1728, Resolution.STANDARD, paper))
    company, recipient, sender, date, subject, body = (
        cover.place(SAMPLE[field][:12])
        for field in ("sender_company", "recipient_name", "sender", "date", "subject", "body")
    )

    assert recipient[1] == pytest.approx(sender[1], abs=0.01)
    assert recipient[0] < 0.2
    assert 0.45 < sender[0] < 0.6
    assert company[1] < recipient[1] < date[1] < subject[1] < body[1] < 0.6


@every_cover
def test_no_rule_is_thinner_than_two_rows_at_98_lines(tmp_path: Path, name: str) -> None:
    ink = laid(name, tmp_path).ink()

    ruled = np.array([longest_run(row) > 430 for row in ink]).astype(int)

    edges = np.flatnonzero(np.diff(np.concatenate([[0], ruled, [0]])))
    heights = edges[1::2] - edges[::2]
    assert len(heights) >= 3
    assert heights.min() >= 2


def longest_run(row: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


@every_cover
@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_a_reader_gets_every_word_at_98_lines(tmp_path: Path, name: str) -> None:
    ink = laid(name, tmp_path, **LONG).ink()
    Image.fromarray(np.repeat(255 - 255 * ink, 2, axis=0)).save(tmp_path / "seen.png", dpi=(204, 196))

    command = ["tesseract", str(tmp_path / "seen.png"), "-", "--dpi", "200"]
    seen = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())

    fields = ("subject", "recipient_name", "recipient_company", "sender_phone", "sender_address", "date")
    wanted = [word for field in fields for word in {**SAMPLE, **LONG}[field].split()]
    assert len([word for word in wanted if word in seen]) >= 0.93 * len(wanted), set(wanted) - seen


# Texts that do not fit.


@every_cover
def test_a_long_text_flows_on_with_nothing_lost(tmp_path: Path, name: str) -> None:
    lines = [f"Line {n} of the message." for n in range(1, 91)]

    words = laid(name, tmp_path, body="\n".join(lines)).words()

    assert len(words) in {3, 4}
    assert all(line in "\n".join(words) for line in lines)
    assert "Cover page" not in words[0]
    for number, page in enumerate(words[1:], 2):
        assert f"Cover page {number} of {len(words)}" in page


@every_cover
def test_a_text_without_a_single_space_flows_on_too(tmp_path: Path, name: str) -> None:
    words = laid(name, tmp_path, body="Wx" * 3000).words()

    assert sum(page.count("Wx") + page.count("W\r\nx") for page in words) >= 2990
    assert len(words) >= 2


@every_cover
@pytest.mark.parametrize("paper", list(Paper))
def test_values_of_any_length_stay_between_the_margins(tmp_path: Path, name: str, paper: Paper) -> None:
    values = {field: "W" * 60 for field in FIELDS if field not in {"body", "subject"}}

    cover = laid(name, tmp_path, FaxShape(1728, Resolution.STANDARD, paper), **values)

    for index in range(len(read_tiff(cover.tiff))):
        ink = cover.ink(index)
        assert not ink[:, :110].any()
        assert not ink[:, -110:].any()


@pytest.mark.parametrize("paper", list(Paper))
def test_the_confidential_notice_stands_whole_at_the_foot_of_the_first_page(tmp_path: Path, paper: Paper) -> None:
    cover = laid("medical", tmp_path, FaxShape(1728, Resolution.STANDARD, paper), body="Words.\n" * 80)

    first, *others = cover.words()
    assert "destroy every page." in first
    assert not any("destroy every page." in page for page in others)
    assert cover.place("for the addressee only")[1] > cover.place("Words.")[1]
    assert 0.8 < cover.place("destroy every page.")[1] < 0.97


# Every script.


@every_cover
@pytest.mark.parametrize(
    "pair", [("契約書の送付", "契約書の送達"), ("감사합니다", "반갑습니다"), ("עברית", "ערבית"), ("نسخة", "نسمة")]
)
def test_other_scripts_are_drawn_letter_by_letter(tmp_path: Path, name: str, pair: tuple[str, str]) -> None:
    first, second = (laid(name, tmp_path / word, subject=word, recipient_name=word).ink() for word in pair)

    assert (first != second).sum() > 20  # boxes for letters that no font has would all be alike


@every_cover
def test_a_text_from_right_to_left_stands_at_the_right(tmp_path: Path, name: str) -> None:
    left = laid(name, tmp_path / "a", body="Dear all,\nbye", subject="").ink()
    right = laid(name, tmp_path / "b", body="שבת,\nערב", subject="").ink()

    changed = np.flatnonzero((left != right).any(axis=0))
    assert changed.max() > 1728 * 0.85
