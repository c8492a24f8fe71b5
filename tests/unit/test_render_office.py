"""Office documents through LibreOffice."""

import io
import socket
import zipfile
from pathlib import Path

import pypdfium2
import pytest

from renderers import office, tools
from renderers.document import Document, Format
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.pdf import make_paged

SAMPLES = Path(__file__).parents[2] / "samples/documents"
HERE = tools.find("soffice.bin") is not None
needs_office = pytest.mark.skipif(not HERE, reason="LibreOffice is not installed")

MANIFEST = """<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""
CONTENT = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
 xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"
 office:version="1.3"><office:body><office:text><text:p>words around <draw:frame svg:width="2cm" svg:height="2cm"
 text:anchor-type="as-char"><draw:image xlink:href="{url}" xlink:type="simple" xlink:actuate="onLoad"/></draw:frame>
 a picture</text:p></office:text></office:body></office:document-content>"""


def words_of(pdf: Path) -> str:
    with pypdfium2.PdfDocument(pdf) as book:
        return "\n".join(page.get_textpage().get_text_bounded() for page in book)


def paged(path: Path, folder: Path, name: str = "", media_type: str = "application/octet-stream") -> str:
    made = make_paged(Document(path, media_type, name or path.name), folder, FaxShape())
    return words_of(made.path)


def linked(url: str) -> bytes:
    """An ODT whose picture lies elsewhere."""
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w") as zipped:
        zipped.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        zipped.writestr("META-INF/manifest.xml", MANIFEST)
        zipped.writestr("content.xml", CONTENT.format(url=url))
    return room.getvalue()


@needs_office
@pytest.mark.office
def test_a_word_document_becomes_its_words(tmp_path: Path) -> None:
    words = paged(SAMPLES / "invoice.docx", tmp_path)
    assert "Invoice 2026-0417" in words
    assert "2,907.00" in words


@needs_office
@pytest.mark.office
def test_a_sheet_becomes_its_cells(tmp_path: Path) -> None:
    assert "Line card, analog, 8 ports" in paged(SAMPLES / "price-list.xlsx", tmp_path)


@needs_office
@pytest.mark.office
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_comma_separated_values_come_apart_by_their_own_separator(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "list"
    rows = [["Artikel", "Größe", "Preis"], ["Kachel", "groß", "12"], ["Fliese", "klein", "9"]]
    path.write_bytes("\r\n".join(separator.join(row) for row in rows).encode("cp1252"))
    words = paged(path, tmp_path, "list.csv", "text/csv")
    assert "Größe" in words
    assert f"Kachel{separator}" not in words


@needs_office
@pytest.mark.office
@pytest.mark.parametrize("first", ["sep=;", '"sep=;"'])
def test_the_line_that_tells_the_separator_is_obeyed_and_not_shown(tmp_path: Path, first: str) -> None:
    (tmp_path / "list").write_text(f"{first}\r\nArt;Preis\r\nKachel;1,50\r\n", "utf-8")
    words = paged(tmp_path / "list", tmp_path, "list.csv", "text/csv")
    assert "Kachel" in words
    assert "sep=" not in words
    assert "Art;" not in words


@needs_office
@pytest.mark.office
def test_rich_text_is_read_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / 'no ending, "odd" name'
    path.write_bytes(rb"{\rtf1\ansi Hello \b fax\b0}")
    assert "Hello fax" in paged(path, tmp_path, "letter.doc")


@needs_office
@pytest.mark.office
def test_linked_pictures_are_not_fetched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ear:
        ear.setblocking(False)
        (tmp_path / "l.odt").write_bytes(linked(f"http://127.0.0.1:{ear.getsockname()[1]}/p.png"))
        assert "words around" in paged(tmp_path / "l.odt", tmp_path)
        with pytest.raises(BlockingIOError):
            ear.accept()


@needs_office
@pytest.mark.office
def test_a_damaged_document_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "d"
    path.write_bytes((SAMPLES / "invoice.docx").read_bytes()[:3000])
    with pytest.raises(RenderError) as caught:
        paged(path, tmp_path, "offer.docx")
    assert caught.value.reason is Reason.CORRUPT
    assert "offer.docx" in caught.value.text


@needs_office
@pytest.mark.office
def test_nothing_is_left_beside_the_pdf(tmp_path: Path) -> None:
    made = office.office_pdf(SAMPLES / "invoice.docx", Format.DOCX, tmp_path, "x")
    assert list(tmp_path.iterdir()) == [made]


@needs_office
@pytest.mark.office
def test_a_conversion_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(RenderError) as caught:
        office.office_pdf(SAMPLES / "invoice.docx", Format.DOCX, tmp_path, "slow.docx", seconds=0.05)
    assert caught.value.reason is Reason.TOO_LONG


def test_without_libreoffice_the_package_to_install_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "_FOLDERS", ())
    with pytest.raises(RenderError) as caught:
        office.office_pdf(SAMPLES / "invoice.docx", Format.DOCX, tmp_path, "x")
    assert caught.value.reason is Reason.TOOL_MISSING
    assert "apt-get install libreoffice-writer" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "stem"), [("Angebot 2026 (ä).docx", "Angebot2026"), ("…", "document"), ("x" * 90, "x" * 40)]
)
def test_names_for_programs_are_plain(name: str, stem: str) -> None:
    assert office.folder_free_stem(Path(name)) == stem


def test_a_program_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "faxtool"
    program.write_text("#!/bin/sh\necho said; exit 3\n")
    assert tools.find("faxtool") is None
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools.find("missing", "faxtool") == program
    assert tools.run([program], {}, 5, tmp_path) == tools.Ran(3, "said")


def test_a_program_that_runs_on_is_killed(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="sleep ran longer"):
        tools.run(["/bin/sleep", "60"], {}, 0.05, tmp_path)


@needs_office
@pytest.mark.office
def test_the_cold_call_makes_no_more_pages_than_asked(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("a,b\n" * 500)
    made = office.office_pdf(tmp_path / "list.csv", Format.CSV, tmp_path, "x", most_pages=2)
    with pypdfium2.PdfDocument(made) as book:
        assert len(book) == 3
