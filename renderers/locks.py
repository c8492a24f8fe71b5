"""Passwords of office documents, told by their content: LibreOffice would only say that they are not loaded.

What lives here: the telling. What does not: opening what is locked, and PDF, whose library says so itself (`pdfium`).
"""

import struct
from collections.abc import Callable
from pathlib import Path

from renderers import ole
from renderers.document import Document, Format
from renderers.errors import Reason, RenderError
from renderers.sniff import zip_entry


def refuse_encrypted(document: Document, kind: Format) -> None:
    """Refuse an office document that asks for a password.

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
    return b"encryption-data" in (zip_entry(path, "META-INF/manifest.xml", 1 << 20) or b"")


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
    Format.ODG: _manifest_locked,
    Format.DOC: _word_locked,
    Format.XLS: _book_locked,
    Format.PPT: _slides_locked,
}
