"""What a document is, by content, type and name; and whether it is locked."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from renderers import ole
from renderers.document import Document, Format
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.locks import refuse_encrypted
from renderers.pdf import make_paged
from renderers.sniff import sniff


def document(folder: Path, content: bytes, media_type: str = "application/octet-stream", name: str = "x") -> Document:
    path = folder / "content"
    path.write_bytes(content)
    return Document(path, media_type, name)


def archive(**entries: bytes) -> bytes:
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w") as zipped:
        for name, content in entries.items():
            zipped.writestr(name, content)
    return room.getvalue()


def compound(**streams: bytes) -> bytes:
    """An OLE file: header, one table of sectors, the directory, then each stream in sectors of 512 bytes."""
    sizes = [max(4096, len(content)) // 512 + 1 for content in streams.values()]
    directory = (len(streams) + 1 + 3) // 4
    starts = [1 + directory + sum(sizes[:n]) for n in range(len(sizes))]
    table = [0xFFFFFFFD, *_chain(1, directory)]
    for start, size in zip(starts, sizes, strict=True):
        table += _chain(start, size)
    entries = [_entry("Root Entry", 5, 0, 0)]
    entries += [_entry(n, 2, start, size * 512) for n, start, size in zip(streams, starts, sizes, strict=True)]
    body = b"".join(content.ljust(size * 512, b"\0") for content, size in zip(streams.values(), sizes, strict=True))
    header = (
        ole.MAGIC
        + struct.pack("<16xHHHHH6xIIIIIIIIII", 62, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)[
            :68
        ]
    )
    return (
        header.ljust(76, b"\0")
        + struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
        + struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff")
        + b"".join(entries).ljust(directory * 512, b"\0")
        + body
    )


def _chain(start: int, size: int) -> list[int]:
    return [*range(start + 1, start + size), 0xFFFFFFFE]


def _entry(name: str, kind: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le")
    return encoded.ljust(64, b"\0") + struct.pack("<HB49xII4x", len(encoded) + 2, kind, start, size)


def picture(kind: str) -> bytes:
    room = io.BytesIO()
    Image.new("RGB", (4, 4)).save(room, kind)
    return room.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4\n", Format.PDF),
        (b"junk before\n%PDF-1.4\n", Format.PDF),
        (b"{\\rtf1 hello}", Format.RTF),
        (picture("TIFF"), Format.TIFF),
        (b"MM\0+\0\x08", Format.TIFF),
        (picture("JPEG"), Format.IMAGE),
        (picture("PNG"), Format.IMAGE),
        (picture("GIF"), Format.IMAGE),
        (picture("BMP"), Format.IMAGE),
        (picture("WEBP"), Format.IMAGE),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Format.IMAGE),
        (b"\0\0\0\x1cftypavis\0\0\0\0", Format.IMAGE),
        (b"\x78\x9f\x3e\x22\1\0", Format.TNEF),
        (b"\x78\x9f\x3e\x22\1\0 %PDF-1.4", Format.TNEF),
        (b"\0\x05\x16\x07\0\2\0\0", Format.RESOURCE_FORK),
        (b"-----BEGIN PGP MESSAGE-----", Format.LOCKED),
        (bytes.fromhex("3080 06092a864886f70d010703 a080"), Format.LOCKED),
        (bytes.fromhex("3080 06092a864886f70d010702 a080"), Format.SIGNATURE),
        (b"BEGIN:VCARD\r\nVERSION:3.0", Format.CONTACT),
        (b"\r\nBEGIN:VCALENDAR\r\n", Format.CALENDAR),
        (b"-----BEGIN PGP SIGNATURE-----", Format.SIGNATURE),
        (b"MZ\x90\0", Format.EXECUTABLE),
        (b"\x7fELF\2", Format.EXECUTABLE),
        (b"Rar!\x1a\7", Format.ARCHIVE),
        (b"\x1f\x8b\x08", Format.ARCHIVE),
        (b"<!DOCTYPE html><p>hello", Format.HTML),
        (b"\xef\xbb\xbf  <html><p>hello", Format.HTML),
        (b"plain words, no more", Format.TEXT),
        ("Grüße".encode("cp1252"), Format.TEXT),
        ("Grüße".encode("utf-16"), Format.TEXT),
        ("Grüße und mehr".encode("utf-16-le"), Format.TEXT),
        (b"\x01\x02\x03\x04binary", Format.UNKNOWN),
        (b"", Format.EMPTY),
        (archive(a=b"b"), Format.ARCHIVE),
        (archive(**{"word/document.xml": b""}), Format.DOCX),
        (archive(**{"xl/workbook.xml": b""}), Format.XLSX),
        (archive(**{"ppt/presentation.xml": b""}), Format.PPTX),
        (archive(**{"visio/document.xml": b""}), Format.VSDX),
        (archive(mimetype=b"application/vnd.oasis.opendocument.text"), Format.ODT),
        (archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), Format.ODS),
        (archive(mimetype=b"application/vnd.oasis.opendocument.presentation-template"), Format.ODP),
        (archive(mimetype=b"application/epub+zip"), Format.ARCHIVE),
        (compound(WordDocument=b"\xec\xa5"), Format.DOC),
        (compound(worddocument=b"\xec\xa5"), Format.DOC),
        (compound(Workbook=b"\x09\x08"), Format.XLS),
        (compound(Book=b"\x09\x08"), Format.XLS),
        (compound(**{"PowerPoint Document": b""}), Format.PPT),
        (compound(VisioDocument=b""), Format.VSD),
        (compound(EncryptedPackage=b""), Format.DOCX),
        (compound(Other=b""), Format.UNKNOWN),
        (ole.MAGIC + b"\xff" * 600, Format.UNKNOWN),
    ],
)
def test_content_tells_what_it_is(tmp_path: Path, content: bytes, kind: Format) -> None:
    assert sniff(document(tmp_path, content)) is kind


@pytest.mark.parametrize(
    ("media_type", "name", "kind"),
    [
        ("text/plain", "x", Format.TEXT),
        ("text/html", "x", Format.HTML),
        ("text/csv", "x", Format.CSV),
        ("application/octet-stream", "prices.CSV", Format.CSV),
        ("text/plain", "prices.csv", Format.CSV),
        ("application/octet-stream", "page.htm", Format.HTML),
        ("message/rfc822", "x", Format.MESSAGE),
        ("application/pkcs7-signature", "smime.p7s", Format.SIGNATURE),
        ("application/octet-stream", "smime.p7s", Format.SIGNATURE),
        ("text/calendar", "x", Format.CALENDAR),
        ("text/x-log", "x", Format.TEXT),
    ],
)
def test_type_and_name_tell_what_words_are(tmp_path: Path, media_type: str, name: str, kind: Format) -> None:
    assert sniff(document(tmp_path, b"a;b;c\n1;2;3\n", media_type, name)) is kind


def test_content_is_believed_before_type_and_name(tmp_path: Path) -> None:
    assert sniff(document(tmp_path, b"%PDF-1.7", "image/jpeg", "photo.jpg")) is Format.PDF


def test_an_archive_without_its_directory_is_known_by_its_entries(tmp_path: Path) -> None:
    whole = archive(**{"[Content_Types].xml": b"x", "ppt/slides/slide1.xml": b"y" * 500})
    assert sniff(document(tmp_path, whole[: whole.index(b"PK\1\2")])) is Format.PPTX


@pytest.mark.parametrize("kind", [kind for kind in Format if kind.pageable], ids=lambda kind: kind.name)
def test_every_pageable_format_has_a_media_type(kind: Format) -> None:
    assert kind.media_type.count("/") == 1


@pytest.mark.parametrize("kind", [Format.UNKNOWN, Format.EMPTY, Format.EXECUTABLE])
def test_what_is_nothing_in_particular_has_no_media_type(kind: Format) -> None:
    assert kind.media_type == ""


def test_what_can_be_paged_is_said_by_the_format() -> None:
    assert all(kind.pageable for kind in (Format.PDF, Format.TEXT, Format.IMAGE, Format.DOCX, Format.CSV))
    assert not any(kind.pageable for kind in (Format.ARCHIVE, Format.EXECUTABLE, Format.CONTACT, Format.UNKNOWN))
    assert not Format.PDF.office


def word_base(flags: int) -> bytes:
    return struct.pack("<HHHHHH", 0xA5EC, 0xC1, 0, 0, 0, flags)


@pytest.mark.parametrize(
    "content",
    [
        compound(EncryptionInfo=b"", EncryptedPackage=b""),
        compound(WordDocument=word_base(0x0100)),
        compound(Workbook=struct.pack("<HHHHHH", 0x809, 4, 0, 0, 0x2F, 0)),
        compound(**{"PowerPoint Document": b"", "EncryptedSummary": b""}),
        archive(
            mimetype=b"application/vnd.oasis.opendocument.text",
            **{"META-INF/manifest.xml": b"<manifest:encryption-data/>"},
        ),
    ],
)
def test_a_locked_office_document_is_refused_by_its_reason(tmp_path: Path, content: bytes) -> None:
    locked = document(tmp_path, content, name="offer.doc")
    with pytest.raises(RenderError) as caught:
        refuse_encrypted(locked, sniff(locked))
    assert caught.value.reason is Reason.ENCRYPTED
    assert "offer.doc" in caught.value.text
    assert "password" in caught.value.text


@pytest.mark.parametrize(
    "content",
    [
        compound(WordDocument=word_base(0)),
        compound(Workbook=struct.pack("<HHI", 0x809, 4, 0)),
        compound(**{"PowerPoint Document": b"", "Current User": b""}),
        archive(mimetype=b"application/vnd.oasis.opendocument.text", **{"META-INF/manifest.xml": b"<manifest/>"}),
        archive(**{"word/document.xml": b""}),
        b"words",
    ],
)
def test_an_open_document_passes(tmp_path: Path, content: bytes) -> None:
    refuse_encrypted(document(tmp_path, content), sniff(document(tmp_path, content)))


def test_stream_heads_come_with_their_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_bytes(compound(First=b"abc", Second=b"x" * 9000))
    heads = ole.stream_heads(path, most=600)
    assert heads["First"].startswith(b"abc")
    assert heads["Second"][:600] == b"x" * 600


def test_a_compound_file_that_points_in_circles_ends(tmp_path: Path) -> None:
    content = bytearray(compound(First=b"abc"))
    content[512 + 4 : 512 + 8] = struct.pack("<I", 1)  # the directory follows itself
    path = tmp_path / "c"
    path.write_bytes(content)
    assert "First" in ole.stream_heads(path)


def package(content: bytes, size: int | None = None) -> bytes:
    """A file as Windows packs it into a document."""
    place = b"C:\\TEMP\\A.PDF\0"
    told = len(content) if size is None else size
    body = b"\2\0price list.pdf\0C:\\A.PDF\0" + struct.pack("<HHI", 0, 3, len(place)) + place
    body += struct.pack("<I", told) + content
    return struct.pack("<I", len(body)) + body


def test_a_file_packed_into_a_document_comes_out(tmp_path: Path) -> None:
    content = b"%PDF-1.4 " + bytes(9000)
    (tmp_path / "x").write_bytes(compound(**{"\1Ole10Native": package(content)}))

    assert ole.packaged(tmp_path / "x") == ("price list.pdf", content)


def test_a_document_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(compound(WordDocument=b"\xec\xa5"))

    assert ole.packaged(tmp_path / "x") is None


@pytest.mark.parametrize("size", [1 << 20, 0xFFFFFFFF])
def test_a_package_cut_off_is_damaged(tmp_path: Path, size: int) -> None:
    (tmp_path / "x").write_bytes(compound(**{"\1Ole10Native": package(b"x", size)}))

    with pytest.raises(ValueError, match="cut off"):
        ole.packaged(tmp_path / "x")


@pytest.mark.parametrize(
    ("media_type", "name", "damaged"),
    [
        ("application/octet-stream", "offer.DOCX", True),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "x", True),
        ("application/octet-stream", "photo.jpeg", True),
        ("image/x-odd", "x", True),
        ("application/pdf", "x", True),
        ("application/zip", "all.zip", False),
        ("application/octet-stream", "notes.txt", False),
        ("application/octet-stream", "tool", False),
    ],
)
def test_content_that_is_not_what_it_is_called_is_damaged(
    tmp_path: Path, media_type: str, name: str, damaged: bool
) -> None:
    broken = document(tmp_path, b"PK\3\4" + bytes(range(256)) * 4, media_type, name)

    with pytest.raises(RenderError) as caught:
        make_paged(broken, tmp_path, FaxShape())

    assert caught.value.reason is (Reason.CORRUPT if damaged else Reason.UNKNOWN_TYPE)
