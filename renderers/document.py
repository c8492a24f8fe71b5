"""What goes into this package and what comes halfway: a document, its format, and its paged form.

What lives here: the types that every module of this package speaks. What does not: finding out a format
(`sniff`), pages as they go on the line (`faxpage`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from renderers.faxpage import PageLook


class Format(Enum):
    """A kind of document; the value is the ending its files commonly bear."""

    TEXT = "txt"
    HTML = "html"
    PDF = "pdf"
    TIFF = "tif"
    IMAGE = "img"
    DOC = "doc"
    DOCX = "docx"
    ODT = "odt"
    RTF = "rtf"
    XLS = "xls"
    XLSX = "xlsx"
    ODS = "ods"
    CSV = "csv"
    PPT = "ppt"
    PPTX = "pptx"
    ODP = "odp"
    ODG = "odg"
    VSD = "vsd"
    VSDX = "vsdx"
    MESSAGE = "eml"
    MSG = "msg"
    TNEF = "dat"
    SIGNATURE = "p7s"
    CONTACT = "vcf"
    CALENDAR = "ics"
    RESOURCE_FORK = "fork"
    LOCKED = "p7m"
    ARCHIVE = "zip"
    EXECUTABLE = "exe"
    EMPTY = "empty"
    UNKNOWN = "bin"

    @property
    def office(self) -> bool:
        """Whether LibreOffice is what opens it."""
        return self in _OFFICE

    @property
    def pageable(self) -> bool:
        """Whether this package makes pages of it."""
        return self.office or self in {Format.TEXT, Format.HTML, Format.PDF, Format.TIFF, Format.IMAGE}

    @property
    def media_type(self) -> str:
        """The type that such a document should be declared with; of pictures the family, empty for none."""
        return _MEDIA_TYPES.get(self, "")


_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_MEDIA_TYPES = MappingProxyType(
    {
        Format.TEXT: "text/plain",
        Format.HTML: "text/html",
        Format.PDF: "application/pdf",
        Format.TIFF: "image/tiff",
        Format.IMAGE: "image/*",
        Format.DOC: "application/msword",
        Format.DOCX: f"{_OPEN_XML}.wordprocessingml.document",
        Format.ODT: f"{_OPEN_DOCUMENT}.text",
        Format.RTF: "application/rtf",
        Format.XLS: "application/vnd.ms-excel",
        Format.XLSX: f"{_OPEN_XML}.spreadsheetml.sheet",
        Format.ODS: f"{_OPEN_DOCUMENT}.spreadsheet",
        Format.CSV: "text/csv",
        Format.PPT: "application/vnd.ms-powerpoint",
        Format.PPTX: f"{_OPEN_XML}.presentationml.presentation",
        Format.ODP: f"{_OPEN_DOCUMENT}.presentation",
        Format.ODG: f"{_OPEN_DOCUMENT}.graphics",
        Format.VSD: "application/vnd.visio",
        Format.VSDX: "application/vnd.visio",
        Format.MESSAGE: "message/rfc822",
        Format.MSG: "application/vnd.ms-outlook",
        Format.LOCKED: "application/pkcs7-mime",
        Format.TNEF: "application/ms-tnef",
        Format.ARCHIVE: "application/zip",
    }
)
_OFFICE = frozenset(
    {
        Format.DOC, Format.DOCX, Format.ODT, Format.RTF, Format.XLS, Format.XLSX, Format.ODS, Format.CSV,
        Format.PPT, Format.PPTX, Format.ODP, Format.ODG, Format.VSD, Format.VSDX,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """One thing to be rendered.

    `media_type` and `charset` are as the mail declared them and are believed last. `inline` maps Content-IDs
    (RFC 2392, without the brackets) to the pictures an HTML body may show.
    """

    content: Path
    media_type: str
    name: str
    charset: str = ""
    inline: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paged:
    """A document as pages: a PDF that opens, or a class F TIFF already of fax shape.

    `looks` are what is known of a TIFF's pages, page by page; empty when nobody has looked yet.
    """

    path: Path
    kind: Literal["pdf", "tiff"]
    pages: int
    name: str
    looks: tuple[PageLook, ...] = ()
