"""What stands on a PDF page: print too small to read, and pictures, whatever forms they are in."""

from pathlib import Path

import pikepdf
import pypdfium2.raw as raw
import pytest
from pikepdf import Array, Dictionary, Name

from renderers.contents import LEAST_POINTS, Contents
from renderers.document import Paged
from renderers.faxpage import FaxShape, Resolution, write_tiff
from renderers.pdfium import open_pdf
from renderers.rasterize import stack
from tests.unit.test_render_stack import strip

LINE = "Words of a contract that nobody reads until it is too late, and then with a glass. "  # 83 characters
FONT = Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))


def words(size: float, lines: int, before: str = "", text: str = LINE) -> str:
    """So many lines of a size, each a piece of writing of its own."""
    return before + "".join(f"BT /F {size} Tf 40 {700 - 12 * n} Td ({text}) Tj ET\n" for n in range(lines))


def sheet(path: Path, content: str, size: tuple[float, float] = (612, 792), form: str | None = None) -> Path:
    """A PDF of one page; `form` is drawn by /X in a third of its size."""
    with pikepdf.new() as book:
        page = book.add_blank_page(page_size=size)
        page.Resources = Dictionary(Font=FONT)
        if form is not None:
            inner = book.make_stream(form.encode(), Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 900, 900]))
            inner.Resources = Dictionary(Font=FONT)
            page.Resources.XObject = Dictionary(X=inner)
        page.Contents = book.make_stream(content.encode())
        book.save(path)
    return path


def is_tiny(path: Path, resolution: Resolution) -> bool:
    [stacked] = stack([Paged(path, "pdf", 1, "x")], FaxShape(resolution=resolution), path.with_suffix(".tif"), 5)
    return stacked.looks[0].tiny


@pytest.mark.parametrize("resolution", list(Resolution))
def test_paragraphs_below_what_a_resolution_shows_are_tiny(tmp_path: Path, resolution: Resolution) -> None:
    least = LEAST_POINTS[resolution] / 0.98  # letter shrinks a little, for the header line

    assert is_tiny(sheet(tmp_path / "a.pdf", words(least - 0.3, 20)), resolution)
    assert not is_tiny(sheet(tmp_path / "b.pdf", words(least + 0.3, 20)), resolution)


@pytest.mark.parametrize(
    ("content", "tiny"),
    [
        (words(11, 40) + words(5, 1), False),
        (words(11, 40) + words(5, 3), False),
        (words(11, 40) + words(5, 6), True),
        (words(11, 2) + words(5, 3), True),
        (words(5, 1, text="FORM 1040-X"), False),
        (words(5, 20, before="3 Tr "), False),
        (words(1, 20, before="").replace("Td", "Td 11 0 0 11 40 300 Tm"), False),
        (words(11, 20, before="0.4 0 0 0.4 0 0 cm "), True),
        ("", False),
    ],
    ids=["footnote", "two lines", "six lines", "most of it", "a label", "not shown", "grown", "shrunk", "nothing"],
)
def test_tiny_print_is_told_where_there_is_a_good_deal_of_it(tmp_path: Path, content: str, tiny: bool) -> None:
    assert is_tiny(sheet(tmp_path / "a.pdf", content), Resolution.STANDARD) is tiny


def test_print_that_a_large_sheet_loses_by_shrinking_is_tiny(tmp_path: Path) -> None:
    poster = sheet(tmp_path / "a.pdf", words(12, 30), size=(2448, 3168))

    assert is_tiny(poster, Resolution.FINE)


def test_print_in_a_form_is_as_small_as_the_form_shows_it(tmp_path: Path) -> None:
    shown = "q {0} 0 0 {0} 0 0 cm /X Do Q"

    assert is_tiny(sheet(tmp_path / "a.pdf", shown.format(0.3), form=words(10, 20)), Resolution.FINE)
    assert not is_tiny(sheet(tmp_path / "b.pdf", shown.format(1.0), form=words(10, 20)), Resolution.FINE)


def pictures(path: Path) -> int:
    with open_pdf(path, "x") as book:
        page = raw.FPDF_LoadPage(book.raw, 0)
        found = len(Contents(page).pictures)
        raw.FPDF_ClosePage(page)
    return found


PICTURE = "q 100 0 0 100 72 72 cm BI /W 2 /H 2 /BPC 8 /CS /G ID @`p~ EI Q\n"


@pytest.mark.parametrize(
    ("content", "form", "count"),
    [(PICTURE * 2, None, 2), ("/X Do", PICTURE, 1), ("/X Do", "0 0 9 9 re f", 0), (words(9, 3), None, 0)],
)
def test_pictures_are_found_in_forms_too(tmp_path: Path, content: str, form: str | None, count: int) -> None:
    assert pictures(sheet(tmp_path / "a.pdf", content, form=form)) == count


def test_a_form_with_too_much_in_it_may_hold_a_picture(tmp_path: Path) -> None:
    assert pictures(sheet(tmp_path / "a.pdf", "/X Do", form="0 0 9 9 re f\n" * 5000)) == 1


def test_pages_that_come_made_are_looked_at_once(tmp_path: Path) -> None:
    write_tiff(tmp_path / "in.tif", [strip(100, 1, 0.25), strip(100, 2, 0.75)])
    [first] = stack([Paged(tmp_path / "in.tif", "tiff", 2, "x")], FaxShape(), tmp_path / "a.tif", 5)
    [again] = stack([Paged(tmp_path / "in.tif", "tiff", 2, "x", first.looks)], FaxShape(), tmp_path / "b.tif", 5)

    assert [look.black for look in first.looks] == pytest.approx([0.25, 0.75], abs=0.01)
    assert again.looks == first.looks


def test_a_made_page_that_is_not_sound_is_not_dark(tmp_path: Path) -> None:
    page = strip(100, 1, 0.9)
    write_tiff(tmp_path / "in.tif", [type(page)(page.width, page.rows, page.resolution, b"\x12\x34\x56")])

    [stacked] = stack([Paged(tmp_path / "in.tif", "tiff", 1, "x")], FaxShape(), tmp_path / "a.tif", 5)

    assert [look.black for look in stacked.looks] == [0.0]
