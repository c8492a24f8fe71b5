"""What documents in plain letters are: HTML under wrong names, office documents in XML, saved web pages, texts."""

from pathlib import Path

import pytest

from renderers.document import Document, Format
from renderers.sniff import sniff

OCTETS = "application/octet-stream"
FLAT = '<?xml version="1.0" encoding="UTF-8"?>\n<office:document xmlns:office="urn:x" office:version="1.3" '
WORD = '<?xml version="1.0"?>\n<?mso-application progid="Word.Document"?>\n<w:wordDocument/>'
SAVED_PAGE = "MIME-Version: 1.0\r\nX-Of: y\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"


def kind(folder: Path, content: str | bytes, name: str = "x", media_type: str = OCTETS) -> Format:
    (folder / "document").write_bytes(content if isinstance(content, bytes) else content.encode())
    return sniff(Document(folder / "document", media_type, name))


@pytest.mark.parametrize(
    "content",
    [
        "<table border=1><tr><td>Name</td></tr></table>",
        "\ufeff<HTML xmlns:o='urn:schemas-microsoft-com:office:office'><head>",
        "<?xml version='1.0'?>\n<!DOCTYPE html>\n<html xmlns='http://www.w3.org/1999/xhtml'>",
        "<!-- made by a program --><html>",
        "<div>in a shop</div>",
        "<meta charset=utf-8><p>words",
        "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_html_is_told_under_any_name(tmp_path: Path, content: str) -> None:
    assert kind(tmp_path, content, "report.xls", "application/vnd.ms-excel") is Format.HTML


def test_a_text_that_begins_with_a_piece_of_html_is_a_text(tmp_path: Path) -> None:
    assert kind(tmp_path, "<table> is an element of HTML.", media_type="text/plain") is Format.TEXT
    assert kind(tmp_path, "<tablets> are sold here", media_type=OCTETS) is Format.TEXT


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (FLAT + 'office:mimetype="application/vnd.oasis.opendocument.text">', Format.ODT),
        (FLAT + "office:mimetype='application/vnd.oasis.opendocument.spreadsheet'>", Format.ODS),
        (FLAT + 'office:mimetype="application/vnd.oasis.opendocument.presentation">', Format.ODP),
        (FLAT + 'office:mimetype="application/vnd.oasis.opendocument.graphics">', Format.ODG),
        (WORD, Format.DOC),
        (WORD.replace("Word.Document", "Excel.Sheet"), Format.XLS),
        (WORD.replace("Word.Document", "InfoPath.Document"), Format.TEXT),
        ("<?xml version='1.0'?><invoice/>", Format.TEXT),
        (SAVED_PAGE, Format.MESSAGE),
        ("%!PS-Adobe-3.0\n%%Pages: 3\n", Format.UNKNOWN),
    ],
)
def test_documents_in_letters_are_told_by_what_they_say(tmp_path: Path, content: str, expected: Format) -> None:
    assert kind(tmp_path, content, "x.doc", "application/msword") is expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"P6\n# made by a scanner\n640 480\n255\n\xff", Format.IMAGE),
        (b"P4 12 9\n\0", Format.IMAGE),
        (b"P5 rooms are free", Format.TEXT),
        (b"\0\0\0\x0cjP  \r\n\x87\n", Format.IMAGE),
    ],
)
def test_pictures_that_begin_with_letters(tmp_path: Path, content: bytes, expected: Format) -> None:
    assert kind(tmp_path, content) is expected


@pytest.mark.parametrize(("name", "expected"), [("a.TXT", Format.TEXT), ("a.log", Format.TEXT), ("a", Format.UNKNOWN)])
def test_a_text_with_control_characters_is_one_by_its_name(tmp_path: Path, name: str, expected: Format) -> None:
    assert kind(tmp_path, b"ring\x07 the bell\x01", name) is expected


def test_what_is_no_text_is_none_by_its_name_either(tmp_path: Path) -> None:
    assert kind(tmp_path, b"\x01\0\x02\0" * 50 + b"\0\0\0\x99", "a.txt") is Format.UNKNOWN
