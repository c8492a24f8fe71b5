"""Small office documents, made by hand: only what a test looks at is in them."""

import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from renderers.libreoffice import profile

SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument."


def _package(path: Path, types: Mapping[str, str], parts: Mapping[str, str], main: str) -> Path:
    declared = "".join(
        f'<Override PartName="/{name}" ContentType="{TYPES}{kind}+xml"/>' for name, kind in types.items()
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{declared}</Types>',
        )
        file.writestr("_rels/.rels", _links({"m": ("officeDocument", main)}))
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def _links(targets: Mapping[str, tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="{key}" Type="{LINKS}/{kind}" Target="{target}"/>' for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def workbook(path: Path, sheets: Sequence[tuple[str, int, int, str]]) -> Path:
    """An XLSX: of each sheet its name, columns, rows, and XML after the cells; a name with "hidden" is."""
    parts, types, listed, targets = {}, {"xl/workbook.xml": "spreadsheetml.sheet.main"}, [], {}
    for number, (name, columns, rows, after) in enumerate(sheets, 1):
        file = f"xl/worksheets/sheet{number}.xml"
        state = ' state="hidden"' if "hidden" in name else ""
        listed.append(f'<sheet name="{name}" sheetId="{number}" r:id="s{number}"{state}/>')
        types[file] = "spreadsheetml.worksheet"
        targets[f"s{number}"] = ("worksheet", f"worksheets/sheet{number}.xml")
        cells = "".join(f"<row>{_cells(name, columns, row)}</row>" for row in range(1, rows + 1))
        parts[file] = f'<worksheet xmlns="{SHEETS}"><sheetData>{cells}</sheetData>{after}</worksheet>'
    parts["xl/workbook.xml"] = (
        f'<workbook xmlns="{SHEETS}" xmlns:r="{LINKS}"><sheets>{"".join(listed)}</sheets></workbook>'
    )
    parts["xl/_rels/workbook.xml.rels"] = _links(targets)
    return _package(path, types, parts, "xl/workbook.xml")


def _cells(name: str, columns: int, row: int) -> str:
    texts = (f"{name} r{row}c{column}" for column in range(1, columns + 1))
    return "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)


def letter(path: Path, body: str, comment: str = "") -> Path:
    """A DOCX of this body, in which `w:` is the namespace; a comment on it has the id 0."""
    types = {"word/document.xml": "wordprocessingml.document.main"}
    parts = {"word/document.xml": f'<w:document xmlns:w="{WORDS}"><w:body>{body}</w:body></w:document>'}
    if comment:
        types["word/comments.xml"] = "wordprocessingml.comments"
        parts["word/_rels/document.xml.rels"] = _links({"c": ("comments", "comments.xml")})
        parts["word/comments.xml"] = (
            f'<w:comments xmlns:w="{WORDS}"><w:comment w:id="0" w:author="A" w:initials="A">'
            f"<w:p><w:r><w:t>{comment}</w:t></w:r></w:p></w:comment></w:comments>"
        )
    return _package(path, types, parts, "word/document.xml")


TRACKED = (
    '<w:p><w:r><w:t xml:space="preserve">It costs </w:t></w:r><w:commentRangeStart w:id="0"/>'
    '<w:del w:id="1" w:author="A" w:date="2026-01-02T03:04:05Z"><w:r><w:delText>ninety</w:delText></w:r></w:del>'
    '<w:ins w:id="2" w:author="A" w:date="2026-01-02T03:04:05Z"><w:r><w:t>eighty</w:t></w:r></w:ins>'
    '<w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r>'
    '<w:r><w:t xml:space="preserve"> dollars.</w:t></w:r></w:p>'
)


def linking(path: Path, kind: str, url: str) -> Path:
    """A DOCX that wants something from elsewhere: a picture, its template, or a picture named by a field."""
    link = f'<Relationship Id="x" Type="{LINKS}/%s" Target="{url}" TargetMode="External"/>'
    drawn = ""
    if kind == "picture":
        drawn = (
            '<w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml" style="width:50pt;height:50pt">'
            f'<v:imagedata xmlns:r="{LINKS}" r:id="x"/></v:shape></w:pict></w:r>'
        )
    if kind == "field":
        drawn = f'<w:fldSimple w:instr=" INCLUDEPICTURE &quot;{url}&quot; "><w:r><w:t>p</w:t></w:r></w:fldSimple>'
    letter(path, f"<w:p><w:r><w:t>words around</w:t></w:r>{drawn}</w:p>")
    place, type_ = {"template": ("settings", "attachedTemplate")}.get(kind, ("document", "image"))
    with zipfile.ZipFile(path, "a") as file:
        rows = link % type_ if kind != "field" else ""
        if place == "settings":
            file.writestr("word/_rels/document.xml.rels", _links({"s": ("settings", "settings.xml")}))
            file.writestr(
                "word/settings.xml",
                f'<w:settings xmlns:w="{WORDS}" xmlns:r="{LINKS}"><w:attachedTemplate r:id="x"/></w:settings>',
            )
        file.writestr(
            f"word/_rels/{place}.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'
        )
    return path


def locked(path: Path) -> Path:
    """An ODT whose manifest says that its words are enciphered (OpenDocument 1.2 part 3, 3.4)."""
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    words = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
    entry = (
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml" manifest:size="64">'
        '<manifest:encryption-data manifest:checksum-type="SHA1/1K" manifest:checksum="AAAAAAAAAAAAAAAAAAAAAAAAAAA=">'
        f'<manifest:algorithm manifest:algorithm-name="{words}" manifest:initialisation-vector='
        '"AAAAAAAAAAAAAAAAAAAAAA=="/><manifest:key-derivation manifest:key-derivation-name="PBKDF2" '
        'manifest:iteration-count="1000" manifest:salt="AAAAAAAAAAAAAAAAAAAAAA==" manifest:key-size="32"/>'
        "</manifest:encryption-data></manifest:file-entry>"
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        file.writestr("content.xml", bytes(range(64)))
        file.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{space}" manifest:version="1.2"><manifest:file-entry '
            f'manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/>{entry}'
            "</manifest:manifest>",
        )
    return path


LOCK = """
import sys, pathlib
sys.path.append(sys.argv[1])
from renderers.libreoffice import listener, papers, profile
soffice, path = map(pathlib.Path, sys.argv[2:4])
profile.furnish(path.parent / "room", soffice)
process, desktop = listener._start(soffice, path.parent / "room")
book = desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, papers._properties({"Hidden": True}))
book.Sheets.getByIndex(0).getCellByPosition(0, 0).String = "cells of a locked book"
wanted = {"FilterName": "MS Excel 97", "Password": sys.argv[4]}
book.storeToURL(path.as_uri(), papers._properties(wanted))
book.close(True)
process.kill()
"""


SAVE = """
import sys, pathlib
sys.path.append(sys.argv[1])
from renderers.libreoffice import listener, papers, profile
soffice, path, target = map(pathlib.Path, sys.argv[2:5])
profile.furnish(path.parent / "room", soffice)
process, desktop = listener._start(soffice, path.parent / "room")
found = desktop.loadComponentFromURL(path.as_uri(), "_blank", 0, papers._properties({"Hidden": True}))
found.storeToURL(target.as_uri(), papers._properties({"FilterName": sys.argv[5]}))
found.close(True)
process.kill()
"""


def saved_as(path: Path, ending: str, export: str) -> Path:
    """The same document in another form, as LibreOffice writes it."""
    soffice, target = profile.program(), path.with_suffix(f".{ending}")
    assert soffice is not None
    ours = str(Path(__file__).parents[1])
    command = [str(profile.python(soffice)), "-I", "-c", SAVE, ours, soffice, path, target, export]
    subprocess.run(command, check=True, env=profile.surroundings(path.parent / "room"), timeout=60)
    return target


def locked_book(path: Path, password: str) -> Path:
    """An XLS that LibreOffice itself has enciphered."""
    soffice = profile.program()
    assert soffice is not None
    command = [str(profile.python(soffice)), "-I", "-c", LOCK, str(Path(__file__).parents[1]), soffice, path, password]
    environment = profile.surroundings(path.parent / "room")
    subprocess.run(command, check=True, env=environment, timeout=60)
    return path
