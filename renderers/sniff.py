"""What a document is: by its content first, by its declared type and name only where content does not tell.

What lives here: the recognising of formats. What does not: passwords (`locks`), opening anything (the formats do).
"""

import re
import zipfile
import zlib
from pathlib import Path

from renderers import ole
from renderers.charsets import wide
from renderers.document import Document, Format

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
    (b"\0\0\0\x0cjP  ", Format.IMAGE),  # JPEG 2000
    (b"\x78\x9f\x3e\x22", Format.TNEF),
    (b"BEGIN:VCARD", Format.CONTACT),
    (b"BEGIN:VCALENDAR", Format.CALENDAR),
    (b"-----BEGIN PGP SIGNATURE", Format.SIGNATURE),
    (b"-----BEGIN PKCS7", Format.SIGNATURE),
    (b"-----BEGIN PGP MESSAGE", Format.LOCKED),
    (b"\0\x05\x16\x07", Format.RESOURCE_FORK),  # AppleDouble (RFC 1740)
    (b"%!PS", Format.UNKNOWN),  # PostScript, a program: its words would be faxed as a text
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
_OPEN_DOCUMENT = {"text": Format.ODT, "spreadsheet": Format.ODS, "presentation": Format.ODP, "graphics": Format.ODG}
_FLAT_DOCUMENT = re.compile(
    rb"<office:document\b[^>]*office:mimetype=[\"']application/vnd\.oasis\.opendocument\.([a-z]+)"
)
_MICROSOFT_XML = {b"Word.Document": Format.DOC, b"Excel.Sheet": Format.XLS}
_PROGRAM = re.compile(rb"<\?mso-application\s+progid=[\"']([A-Za-z.]+)")
_HTML_START = re.compile(rb"(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+(?:html|svg)|html|svg)\b", re.DOTALL)
_HTML_PIECE = re.compile(rb"<(?:head|body|meta|style|table|div|center|font|h1)\b")  # as web applications write "Excel"
_WEB_ARCHIVE = re.compile(rb"mime-version:.{0,2000}?\bcontent-type:\s*multipart/related", re.DOTALL)
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
    "text/tab-separated-values": Format.CSV,
    "text/html": Format.HTML,
    "application/xhtml+xml": Format.HTML,
    "message/rfc822": Format.MESSAGE,
    "text/plain": Format.TEXT,
}
_BY_NAME = {
    ".p7s": Format.SIGNATURE, ".ics": Format.CALENDAR, ".vcf": Format.CONTACT, ".csv": Format.CSV, ".tsv": Format.CSV,
    ".html": Format.HTML, ".htm": Format.HTML, ".eml": Format.MESSAGE, ".p7m": Format.LOCKED, ".pgp": Format.LOCKED,
    ".gpg": Format.LOCKED, ".txt": Format.TEXT, ".text": Format.TEXT, ".log": Format.TEXT,
}  # fmt: skip
_WORDS = frozenset({Format.TEXT, Format.HTML, Format.CSV})  # whatever stands in them
_OTHER_ENDINGS = frozenset(
    {"docm", "dotx", "xlsm", "xltx", "pptm", "ppsx", "tiff", "jpg", "jpeg", "png", "gif", "bmp", "webp", "heic", "heif"}
)
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\b\x1b\x1a\v")
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, ValueError, EOFError)
_CMS = bytes.fromhex("06092a864886f70d0107")  # the identity of content types, but for its last octet
_PICTURE_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
_PORTABLE = re.compile(rb"P[1-6]\s+(?:#[^\n]*\n\s*)*\d+\s+\d+\s")  # portable bitmap, gray map, pixel map
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


def is_called_faxable(document: Document) -> bool:
    """Whether type or name say that it can be faxed: where the content is nothing of the kind, it is damaged."""
    kinds = [kind for kind in Format if kind.pageable and kind not in _WORDS]
    media_type, ending = document.media_type.lower(), Path(document.name).suffix.lower().removeprefix(".")
    by_type = media_type.startswith("image/") or media_type in {kind.media_type for kind in kinds}
    return by_type or ending in _OTHER_ENDINGS or ending in {kind.value for kind in kinds}


def _by_magic(head: bytes, _path: Path) -> Format | None:
    if b"%PDF-" in head[:1024] and not head.startswith(_HOLDING_OTHERS):
        return Format.PDF
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n") if head[:1] in b"\xef \t\r\n{B-" else head
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    return Format.IMAGE if _is_picture(head) else None


def _is_picture(head: bytes) -> bool:
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    portable = _PORTABLE.match(head)
    return webp or bool(portable) or (head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS)


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
    declared = zip_entry(path, "mimetype", 100)
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


def zip_entry(path: Path, name: str, most: int) -> bytes | None:
    """The first bytes of one entry of an archive; None when there is none or it cannot be read."""
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
    marked = _by_markup(head, declared is Format.TEXT)
    if marked is not None:
        return marked
    is_text = document.media_type.lower().startswith("text/") or (named is Format.TEXT and b"\0" not in head)
    return Format.TEXT if is_text or _reads_as_text(head) else Format.UNKNOWN


def _by_markup(head: bytes, is_text: bool) -> Format | None:
    """Documents in XML and HTML, whatever they are called; pieces of HTML only where no text was sent."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if (program := _PROGRAM.search(head)) and program[1] in _MICROSOFT_XML:
        return _MICROSOFT_XML[program[1]]
    if flat := _FLAT_DOCUMENT.search(head):
        return _OPEN_DOCUMENT.get(flat[1].decode())
    words = start.lower()
    if _HTML_START.match(words) or (not is_text and _HTML_PIECE.match(words)):
        return Format.HTML
    return Format.MESSAGE if not is_text and _WEB_ARCHIVE.match(words) else None


def _reads_as_text(head: bytes) -> bool:
    if head.startswith(_MARKS) or wide(head):
        return True
    return not any(byte < 32 and byte not in _TEXT_CONTROLS for byte in head)
