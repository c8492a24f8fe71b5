"""Office documents that are small to send and endless to convert: made here, never kept."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.hostile_pictures import more_memory_than_a_converter_has
from tests.office_files import LINKS, PACKAGE, SHEETS, WORDS, letter, workbook

_MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"


def _letter(body: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return letter(Path(folder) / "l", body).read_bytes()


def _replaced(package: bytes, part: str, content: bytes, **more: bytes) -> bytes:
    """The same package with another part, deflated as far as that goes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
        new.writestr(part, content)
        for name, other in more.items():
            new.writestr(name, other)
    return out.getvalue()


def letter_that_unfolds() -> bytes:
    """Words for 200 MB in 200 KB."""
    run = b"<w:p><w:r><w:t>" + b"lorem ipsum dolor " * 50 + b"</w:t></w:r></w:p>"
    content = f'<w:document xmlns:w="{WORDS}"><w:body>'.encode() + run * 210_000 + b"</w:body></w:document>"
    return _replaced(_letter(""), "word/document.xml", content)


def letter_with_laughs() -> bytes:
    """The thousand million laughs: entities of entities."""
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    content = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "lol">{laughs}]>'
        f'<w:document xmlns:w="{WORDS}"><w:body><w:p><w:r>'
        "<w:t>&l9;</w:t></w:r></w:p></w:body></w:document>"
    )
    return _replaced(_letter(""), "word/document.xml", content.encode())


def letter_with_a_file_of_ours() -> bytes:
    """An entity that is /etc/passwd."""
    content = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><w:document xmlns:w="{WORDS}">'
        "<w:body><w:p><w:r><w:t>words &f;</w:t></w:r></w:p></w:body></w:document>"
    )
    return _replaced(_letter(""), "word/document.xml", content.encode())


def letter_of_nested_tables() -> bytes:
    opening, closing = "<w:tbl><w:tr><w:tc>", "<w:p/></w:tc></w:tr></w:tbl>"
    return _letter(opening * 2000 + "<w:p><w:r><w:t>words</w:t></w:r></w:p>" + closing * 2000)


def letter_with_a_vast_picture() -> bytes:
    drawn = (
        '<w:p><w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml" style="width:50pt;height:50pt">'
        f'<v:imagedata xmlns:r="{LINKS}" r:id="x"/></v:shape></w:pict></w:r></w:p>'
    )
    links = (
        f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="x" Type="{LINKS}/image" Target="bomb.png"/>'
        "</Relationships>"
    )
    content = f'<w:document xmlns:w="{WORDS}"><w:body>{drawn}</w:body></w:document>'
    more = {"word/bomb.png": more_memory_than_a_converter_has(), "word/_rels/document.xml.rels": links.encode()}
    return _replaced(_letter(""), "word/document.xml", content.encode(), **more)


def book_whose_corners_are_filled() -> bytes:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return _book(cells)


def book_of_a_million_rows() -> bytes:
    return _book("<row><c><v>1</v></c><c><v>2</v></c></row>" * 1_000_000)


def book_of_wide_formulas() -> bytes:
    """Each cell sums all above it, twice."""
    rows = "".join(
        f'<row r="{n}"><c r="A{n}"><f>SUM($A$1:A{n - 1})*SUMPRODUCT((A$1:A{n - 1}>0)*(A$1:A{n - 1}&lt;9))</f></c></row>'
        for n in range(2, 6000)
    )
    return _book(f'<row r="1"><c r="A1"><v>1</v></c></row>{rows}')


def _book(rows: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        package = workbook(Path(folder) / "b", [("s", 1, 1, "")]).read_bytes()
    content = f'<worksheet xmlns="{SHEETS}"><sheetData>{rows}</sheetData></worksheet>'
    return _replaced(package, "xl/worksheets/sheet1.xml", content.encode())


def open_document(kind: str, body: str) -> bytes:
    """An OpenDocument file of nothing but its content."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        media_type = f"application/vnd.oasis.opendocument.{kind}"
        file.writestr("mimetype", media_type)
        entries = (("/", media_type), ("content.xml", "text/xml"))
        file.writestr(
            "META-INF/manifest.xml",
            f'<m:manifest xmlns:m="{_MANIFEST}" m:version="1.2">'
            + "".join(f'<m:file-entry m:full-path="{path}" m:media-type="{what}"/>' for path, what in entries)
            + "</m:manifest>",
        )
        file.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{_OFFICE}" xmlns:text="{_TEXT}" xmlns:table="{_TABLE}" '
            f'office:version="1.2"><office:body>{body}</office:body></office:document-content>',
        )
    return out.getvalue()


def sheet_that_repeats_itself() -> bytes:
    row = (
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="1000" '
    )
    row += 'office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell></table:table-row>'
    sheet = f'<office:spreadsheet><table:table table:name="s">{row}</table:table></office:spreadsheet>'
    return open_document("spreadsheet", sheet)


def text_of_a_thousand_million_blanks() -> bytes:
    return open_document("text", '<office:text><text:p>words<text:s text:c="1000000000"/></text:p></office:text>')


def lists_nested_deep() -> bytes:
    opening, closing = "<text:list><text:list-item>", "</text:list-item></text:list>"
    return open_document("text", f"<office:text>{opening * 5000}<text:p>w</text:p>{closing * 5000}</office:text>")


def groups_nested_deep() -> bytes:
    return b"{\\rtf1 " + b"{" * 200_000 + b"words" + b"}" * 200_000 + b"}"


def rows_of_rich_text_without_number() -> bytes:
    return b"{\\rtf1 " + b"\\trowd\\cellx1000\\cellx2000 a\\cell b\\cell\\row " * 60_000 + b"}"


def columns_of_a_list_without_number() -> bytes:
    return b"a," * 400_000 + b"\n" + b"b," * 400_000


OFFICE: Mapping[str, Callable[[], bytes]] = {
    f"{kind}-{make.__name__}": make
    for kind, make in (
        ("docx", letter_that_unfolds), ("docx", letter_with_laughs), ("docx", letter_with_a_file_of_ours),
        ("docx", letter_of_nested_tables), ("docx", letter_with_a_vast_picture),
        ("xlsx", book_whose_corners_are_filled), ("xlsx", book_of_a_million_rows), ("xlsx", book_of_wide_formulas),
        ("ods", sheet_that_repeats_itself), ("odt", text_of_a_thousand_million_blanks), ("odt", lists_nested_deep),
        ("rtf", groups_nested_deep), ("rtf", rows_of_rich_text_without_number),
        ("csv", columns_of_a_list_without_number),
    )
}  # fmt: skip
