"""HTML that is wider than a page is not cut off: it gives up its widths, or is shrunk."""

from pathlib import Path

import pypdfium2
import pytest

from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.html import html_pdf

ORDINARY = 610.0  # points, the width of a page of ordinary size


def laid(html: str, folder: Path) -> tuple[float, dict[str, float]]:
    """The width of the first page, and where on it each of its words ends, as a share of that width."""
    html_pdf(html.encode(), folder / "h.pdf", FaxShape(), "x", "utf-8", {})
    with pypdfium2.PdfDocument(folder / "h.pdf") as book:
        page = book[0]
        text = page.get_textpage()
        boxes = [(text.get_text_bounded(*text.get_rect(at)), text.get_rect(at)) for at in range(text.count_rects())]
        ends = {word: right / page.get_width() for words, (_, _, right, _) in boxes for word in words.split()}
        return page.get_width(), ends


def test_what_fits_stays_at_its_size(tmp_path: Path) -> None:
    width, ends = laid("<table width=600><tr><td>left<td align=right>right</table>", tmp_path)
    assert width == pytest.approx(ORDINARY, abs=1)
    assert ends["right"] > 0.7


def test_a_line_a_little_too_wide_is_shrunk(tmp_path: Path) -> None:
    width, ends = laid("<p style='white-space:nowrap'>" + "some words " * 11 + "last", tmp_path)
    assert 1.05 * ORDINARY < width < 1.4 * ORDINARY
    assert 0.9 < ends["last"] < 0.98


def test_a_mail_of_word_with_a_page_of_its_own_is_shrunk_too(tmp_path: Path) -> None:
    own = "<style>@page S {size: 612pt 792pt} div {page: S}</style>"
    _, ends = laid(f"{own}<div><table width=950><tr><td width=900>left<td width=50>right</table></div>", tmp_path)
    assert ends["right"] < 0.98


@pytest.mark.parametrize(
    "html",
    [
        "<div style='width:3000px'>" + "word " * 90 + "last</div>",
        "<div style='position:absolute;left:2000px'>last</div>",
        "<table><tr>" + "<td nowrap>one two three" * 12 + "<td>last</table>",
        "<p style='white-space:nowrap'>" + "word " * 90 + "last",
    ],
    ids=["fixed", "placed", "cells", "line"],
)
def test_what_is_far_too_wide_gives_up_its_widths(tmp_path: Path, html: str) -> None:
    width, ends = laid(html, tmp_path)
    assert ends["last"] < 0.98
    assert width < 1.4 * ORDINARY


def test_a_table_too_wide_for_small_print_has_its_words_broken(tmp_path: Path) -> None:
    width, ends = laid("<table border=1><tr>" + "<td>Columnheading" * 24 + "<td>last</table>", tmp_path)
    assert max(ends.values()) < 0.98
    assert width < 2.3 * ORDINARY


def test_a_table_of_a_hundred_columns_is_shrunk_further(tmp_path: Path) -> None:
    width, ends = laid("<table border=1 cellpadding=4><tr>" + "<td>mm" * 120 + "<td>Z</table>", tmp_path)
    assert ends["Z"] < 1
    assert width > 2.3 * ORDINARY


@pytest.mark.parametrize("place", ["text-indent:-9999px", "margin-left:-9999px", "margin-left:9999px"])
def test_words_put_out_of_sight_do_not_make_all_others_tiny(tmp_path: Path, place: str) -> None:
    width, ends = laid(f"<div style='{place};white-space:nowrap'>hidden</div><p>seen", tmp_path)
    assert width < 2.3 * ORDINARY
    assert 0 < ends["seen"] < 0.98


def test_fields_show_all_that_a_reader_was_to_see(tmp_path: Path) -> None:
    words = "some more words of a value " * 4 + "itsend"
    fields = f"<input type=hidden value=unseen><input type=password value=secret><input value='{words}'>"
    lines = "line<br>" * 20
    _, ends = laid(f"{fields}<textarea>{lines.replace('<br>', chr(10))}bottom</textarea> after", tmp_path)
    assert {"itsend", "bottom", "after"} <= ends.keys()
    assert not {"unseen", "secret"} & ends.keys()


def test_boxes_to_tick_stand_beside_their_words(tmp_path: Path) -> None:
    _, ends = laid("<input type=checkbox checked> yes <input type=radio> no", tmp_path)
    assert ends["yes"] < ends["no"]


def test_words_off_the_left_edge_are_brought_back(tmp_path: Path) -> None:
    _, ends = laid("<div dir=rtl><table width=1400><tr><td>one<td>last</table></div>", tmp_path)
    assert 0 < ends["last"] < 0.98


@pytest.mark.parametrize("html", ["<img src=https://far.example/a.png>", "<style>p{}</style><p>&nbsp;</p>", "<img>"])
def test_html_that_shows_nothing_has_nothing_to_fax(tmp_path: Path, html: str) -> None:
    with pytest.raises(RenderError) as refused:
        laid(html, tmp_path)
    assert refused.value.reason is Reason.EMPTY


@pytest.mark.parametrize("html", ["<img alt=Chart src=https://far.example/a.png>", "<hr>", "<svg width=9 height=9/>"])
def test_html_that_shows_something_is_laid_out(tmp_path: Path, html: str) -> None:
    assert laid(html, tmp_path)[0] == pytest.approx(ORDINARY, abs=1)
