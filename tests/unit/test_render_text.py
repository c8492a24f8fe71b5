"""Text of every kind to pages."""

from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers.charsets import decode, known
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape, Resolution
from renderers.text import text_pdf, to_html

SAMPLES = Path(__file__).parents[2] / "samples/documents"


def words_of(pdf: Path) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as book:
        return [page.get_textpage().get_text_bounded() for page in book]


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("Grüße €".encode(), "", "Grüße €"),
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        ("Grüße €".encode("cp1252"), "", "Grüße €"),
        ("Grüße €".encode("cp1252"), "us-ascii", "Grüße €"),
        ("Grüße".encode("utf-16"), "", "Grüße"),
        ("Grüße".encode("utf-8-sig"), "iso-8859-1", "Grüße"),
        ("日本語".encode("shift_jis"), "shift_jis", "日本語"),
        ("日本語".encode("iso-2022-jp"), "ISO-2022-JP", "日本語"),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет"),
        (b"plain", "no-such-charset", "plain"),
    ],
)
def test_bytes_become_the_text_that_was_meant(content: bytes, charset: str, text: str) -> None:
    assert decode(content, charset) == text


@given(content=st.binary(max_size=200), charset=st.sampled_from(["", "utf-8", "ascii", "utf-7", "hex", "x"]))
def test_decoding_never_fails(content: bytes, charset: str) -> None:
    assert isinstance(decode(content, charset), str)


def test_a_charset_is_known_or_nothing() -> None:
    assert known("ISO-8859-1") == "iso8859-1"
    assert known("klingon") == known("") == ""


def test_markup_in_text_stays_text() -> None:
    assert "<b>" not in to_html("<b>bold?</b> & more")


def test_tabs_stand_at_every_eighth_column() -> None:
    assert "a       b\n" in to_html("a\tb")


def test_control_characters_are_left_out() -> None:
    assert "ab" in to_html("a\x00\x07b")


def test_lines_of_right_to_left_scripts_stand_right() -> None:
    page = to_html("english\nשלם\nسلم\nenglish again")
    assert page.count('class="rtl"') == 1
    assert page.index("שלם") > page.index('class="rtl"')


def test_a_line_of_latin_with_one_hebrew_word_stays_left() -> None:
    assert 'class="rtl"' not in to_html("He said שלום to me")


def test_each_form_feed_begins_a_page(tmp_path: Path) -> None:
    pages = text_pdf(b"one\ftwo\fthree\n\f\n", tmp_path / "t.pdf", FaxShape(), "", "x")
    assert pages == 3
    assert [words.strip() for words in words_of(tmp_path / "t.pdf")] == ["one", "two", "three"]


def test_every_line_is_there_in_order(tmp_path: Path) -> None:
    lines = [f"line number {n}" for n in range(150)]
    pages = text_pdf("\r\n".join(lines).encode(), tmp_path / "t.pdf", FaxShape(), "", "x")
    seen = "\n".join(words_of(tmp_path / "t.pdf")).split("\n")
    assert pages == 3
    assert [line.strip() for line in seen if line.strip()] == lines


def test_a_long_line_is_wrapped_not_cut(tmp_path: Path) -> None:
    words = " ".join(f"word{n}" for n in range(60))
    text_pdf(words.encode(), tmp_path / "t.pdf", FaxShape(), "", "x")
    assert words_of(tmp_path / "t.pdf")[0].split() == words.split()


def test_a_word_longer_than_the_line_is_broken(tmp_path: Path) -> None:
    text_pdf(b"x" * 300, tmp_path / "t.pdf", FaxShape(), "", "x")
    assert words_of(tmp_path / "t.pdf")[0].count("x") == 300


def test_blank_lines_keep_their_height(tmp_path: Path) -> None:
    assert text_pdf(b"top" + b"\n" * 70 + b"bottom", tmp_path / "t.pdf", FaxShape(), "", "x") == 2


@pytest.mark.parametrize("resolution", list(Resolution))
def test_the_sheet_is_exactly_the_raster(tmp_path: Path, resolution: Resolution) -> None:
    shape = FaxShape(resolution=resolution)
    text_pdf(b"words", tmp_path / "t.pdf", shape, "", "x")
    with pypdfium2.PdfDocument(tmp_path / "t.pdf") as book:
        wide, high = book[0].get_size()
    assert round(wide / 72 * 204) == shape.width
    assert round(high / 72 * resolution.value) == shape.rows


def test_every_script_of_the_sample_is_kept(tmp_path: Path) -> None:
    content = (SAMPLES / "languages.txt").read_bytes()
    assert text_pdf(content, tmp_path / "t.pdf", FaxShape(), "utf-8", "x") == 2
    first = words_of(tmp_path / "t.pdf")[0]
    assert all(word in first for word in ("€1,234.56", "gęślą", "ψυχοφθόρα", "булок"))


@pytest.mark.parametrize("content", [b"", b" \r\n\t\n", b"\xef\xbb\xbf"])
def test_nothing_to_read_is_said_so(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RenderError) as caught:
        text_pdf(content, tmp_path / "t.pdf", FaxShape(), "", "notes.txt")
    assert caught.value.reason is Reason.EMPTY
    assert "notes.txt" in caught.value.text


def test_a_book_of_text_is_refused_before_it_is_laid_out(tmp_path: Path) -> None:
    with pytest.raises(RenderError) as caught:
        text_pdf(b"words " * 400_000, tmp_path / "t.pdf", FaxShape(), "", "x")
    assert caught.value.reason is Reason.TOO_LARGE


def test_what_a_terminal_takes_for_colors_is_left_out() -> None:
    assert "red and bold</" in to_html("\x1b[31mred\x1b[0m and \x1b[1;4mbold").replace("\n", "")
