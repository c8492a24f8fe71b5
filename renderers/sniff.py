"""What a document is: by its content first, by its declared type and name only where content does not tell.

What lives here: the recognising of formats and of passwords. What does not: opening anything (the formats do).
"""

import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from renderers import ole
from renderers.charsets import wide
from renderers.document import Document, Format
from renderers.errors import Reason, RenderError

_HEAD = 8192
_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"{\\rt", Format.RTF),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"II+\0", Format.TIFF),
    (b"MM\0+", Format.TIFF),
    (b"\xff\xd8\xff", Format.IMAGE),
    (b"\x89PNG\r\n\x1a\n", Format.IMAGE),
    (b"GIF8", Format.IMAGE),
    (b"BM", Format.IMAGE),
    (b"\x78\x9f\x3e\x22", Format.TNEF),
    (b"BEGIN:VCARD", Format.CONTACT),
    (b"BEGIN:VCALENDAR", Format.CALENDAR),
    (b"-----BEGIN PGP SIGNATURE", Format.SIGNATURE),
    (b"-----BEGIN PKCS7", Format.SIGNATURE),
    (b"-----BEGIN PGP MESSAGE", Format.LOCKED),
    (b"\0\x05\x16\x07", Format.RESOURCE_FORK),  # AppleDouble (RFC 1740)
    (b"MZ", Format.EXECUTABLE),
    (b"\x7fELF", Format.EXECUTABLE),
    (b"Rar!", Format.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Format.ARCHIVE),
    (b"\x1f\x8b", Format.ARCHIVE),
    (b"BZh", Format.ARCHIVE),
    (b"\xfd7zXZ", Format.ARCHIVE),
)
_HOLDING_OTHERS = (b"\x78\x9f\x3e\x22", b"PK\3\4", ole.MAGIC)  # a PDF near the beginning may be one of theirs
_ZIP_PARTS = (("word/", Format.DOCX), ("xl/", Format.XLSX), ("ppt/", Format.PPTX), ("visio/", Format.VSDX))
_OPEN_DOCUMENT = {"text": Format.ODT, "spreadsheet": Format.ODS, "presentation": Format.ODP}
_OLE_STREAMS = (
    ("WordDocument", Format.DOC),
    ("Workbook", Format.XLS),
    ("Book", Format.XLS),
    ("PowerPoint Document", Format.PPT),
    ("VisioDocument", Format.VSD),
)
_OUTLOOK_STREAM = "__properties_version1.0"
_BY_TYPE = {
    "application/pkcs7-signature": Format.SIGNATURE,
    "application/x-pkcs7-signature": Format.SIGNATURE,
    "application/pgp-signature": Format.SIGNATURE,
    "application/pkcs7-mime": Format.LOCKED,
    "application/x-pkcs7-mime": Format.LOCKED,
    "application/pgp-encrypted": Format.LOCKED,
    "multipart/encrypted": Format.LOCKED,
    "application/ms-tnef": Format.TNEF,
    "application/vnd.ms-tnef": Format.TNEF,
    "text/calendar": Format.CALENDAR,
    "text/vcard": Format.CONTACT,
    "text/x-vcard": Format.CONTACT,
    "text/csv": Format.CSV,
    "text/html": Format.HTML,
    "application/xhtml+xml": Format.HTML,
    "message/rfc822": Format.MESSAGE,
    "text/plain": Format.TEXT,
}
_BY_NAME = {
    ".p7s": Format.SIGNATURE, ".ics": Format.CALENDAR, ".vcf": Format.CONTACT, ".csv": Format.CSV,
    ".html": Format.HTML, ".htm": Format.HTML, ".eml": Format.MESSAGE, ".p7m": Format.LOCKED, ".pgp": Format.LOCKED,
    ".gpg": Format.LOCKED,
}  # fmt: skip
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\b\x1b\x1a\v")
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, ValueError, EOFError)
_CMS = bytes.fromhex("06092a864886f70d0107")  # the identity of content types, but for its last octet
_PICTURE_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def sniff(document: Document) -> Format:
    """What the document is; UNKNOWN when neither content nor declaration tells."""
    with document.content.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        return Format.EMPTY
    for look in (_by_magic, _by_container, _by_cms):
        found = look(head, document.content)
        if found is not None:
            return found
    return _by_words(head, document)


def _by_magic(head: bytes, _path: Path) -> Format | None:
    if b"%PDF-" in head[:1024] and not head.startswith(_HOLDING_OTHERS):
        return Format.PDF
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n") if head[:1] in b"\xef \t\r\n{B-" else head
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.IMAGE
    if head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS:
        return Format.IMAGE
    return None


def _by_container(head: bytes, path: Path) -> Format | None:
    if head.startswith(b"PK\3\4"):
        return _zip_format(path)
    if head.startswith(ole.MAGIC):
        return _ole_format(path)
    return None


def _by_cms(head: bytes, _path: Path) -> Format | None:
    """Signed or encrypted mail in CMS (RFC 5652 4): its first value says which."""
    if head[:1] != b"0" or (place := head[:40].find(_CMS)) < 0:
        return None
    return {2: Format.SIGNATURE, 3: Format.LOCKED, 23: Format.LOCKED}.get(head[place + len(_CMS)])


def _zip_format(path: Path) -> Format:
    declared = _zip_entry(path, "mimetype", 100)
    if declared is not None:
        return _open_document(declared.decode("ascii", "replace"))
    names = _zip_names(path)
    for prefix, kind in _ZIP_PARTS:
        if any(name.startswith(prefix) for name in names):
            return kind
    return Format.ARCHIVE


def _zip_names(path: Path) -> list[str]:
    """The names in an archive, from the entries themselves where its directory is lost."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except _ZIP_ERRORS:
        with path.open("rb") as file:
            starts = file.read(1 << 20).split(b"PK\3\4")
        return [entry[26:90].decode("ascii", "replace") for entry in starts]


def _zip_entry(path: Path, name: str, most: int) -> bytes | None:
    """The first bytes of one entry; None when there is none or it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as entry:
            return entry.read(most)
    except (KeyError, *_ZIP_ERRORS):
        return None


def _open_document(media_type: str) -> Format:
    kind = media_type.strip().removeprefix("application/vnd.oasis.opendocument.").removesuffix("-template")
    return _OPEN_DOCUMENT.get(kind, Format.ARCHIVE)


def _ole_format(path: Path) -> Format:
    if _is_outlook_mail(path):
        return Format.MSG
    streams = {name.lower() for name in ole.stream_heads(path)}
    if "encryptedpackage" in streams:
        return Format.DOCX
    for name, kind in _OLE_STREAMS:
        if name.lower() in streams:
            return kind
    return Format.UNKNOWN


def _is_outlook_mail(path: Path) -> bool:
    """By what stands at the top ([MS-OXMSG] 2.4): documents may hold a mail, and a mail documents."""
    if _OUTLOOK_STREAM not in ole.stream_heads(path, most=0):
        return False
    try:
        return (_OUTLOOK_STREAM,) in ole.tree(path)
    except ValueError:
        return True  # damaged, which its reader says better


def _by_words(head: bytes, document: Document) -> Format:
    declared = _BY_TYPE.get(document.media_type.lower())
    named = _BY_NAME.get(Path(document.name).suffix.lower())
    known = next((kind for kind in (declared, named) if kind not in {None, Format.TEXT}), None)
    if known is not None:
        return known
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return Format.HTML
    if declared is Format.TEXT or document.media_type.lower().startswith("text/") or _reads_as_text(head):
        return Format.TEXT
    return Format.UNKNOWN


def _reads_as_text(head: bytes) -> bool:
    if head.startswith(_MARKS) or wide(head):
        return True
    return not any(byte < 32 and byte not in _TEXT_CONTROLS for byte in head)


def refuse_encrypted(document: Document, kind: Format) -> None:
    """Refuse office documents that ask for a password: LibreOffice would only say "not loaded".

    Raises:
        RenderError: ENCRYPTED.
    """
    test = _LOCKS.get(kind)
    if test is not None and test(document.content):
        raise RenderError(Reason.ENCRYPTED, document.name)


def _package_locked(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8) == ole.MAGIC


def _manifest_locked(path: Path) -> bool:
    return b"encryption-data" in (_zip_entry(path, "META-INF/manifest.xml", 1 << 20) or b"")


def _word_locked(path: Path) -> bool:
    head = ole.stream_heads(path).get("WordDocument", b"")
    # [MS-DOC] FibBase: word 5 holds fEncrypted in bit 8; fObfuscated (bit 15) means XOR, locked as well.
    return len(head) >= 12 and bool(struct.unpack_from("<H", head, 10)[0] & 0x0100)


def _book_locked(path: Path) -> bool:
    streams = ole.stream_heads(path)
    head = streams.get("Workbook") or streams.get("Book") or b""
    offset = 0
    while offset + 4 <= len(head):
        kind, size = struct.unpack_from("<HH", head, offset)
        if kind == 0x2F:  # FILEPASS ([MS-XLS] 2.4.117)
            return True
        offset += 4 + size
    return False


def _slides_locked(path: Path) -> bool:
    # [MS-PPT] 2.3.2: the Current User stream carries this token when the presentation is encrypted.
    return "EncryptedSummary" in ole.stream_heads(path) or b"\xdf\xc4\xd1\xf3" in path.read_bytes()


_LOCKS: dict[Format, Callable[[Path], bool]] = {
    Format.DOCX: _package_locked,
    Format.XLSX: _package_locked,
    Format.PPTX: _package_locked,
    Format.VSDX: _package_locked,
    Format.ODT: _manifest_locked,
    Format.ODS: _manifest_locked,
    Format.ODP: _manifest_locked,
    Format.DOC: _word_locked,
    Format.XLS: _book_locked,
    Format.PPT: _slides_locked,
}
