"""The files that a received fax goes out as: PDF, XPS, TIFF as it came or at standard resolution; whole or by page.

What lives here: from coded pages to files with their names. What does not: which format somebody wants (the settings),
mails (`gateway.mail.received_mail`), the writers themselves (`gateway.fax.t4.classf`, `renderers`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.call import Coding
from gateway.fax.t4 import classf, fit
from gateway.fax.t4.page import WIDTHS, CodedPage, Resolution
from gateway.mail.metadata_xml import PageFacts
from gateway.mail.received_mail import FaxFile
from renderers.booklet import Leaf, as_pdf
from renderers.xps import MEDIA_TYPE as XPS
from renderers.xps import as_xps


class FileFormat(StrEnum):
    """What a fax is mailed as, in the words of the setting."""

    PDF = "pdf"
    TIF = "tif"
    TIF_HIRES = "tif-hires"
    TIF_FAX = "tif-fax"
    XPS = "xps"


_ENDINGS = {FileFormat.PDF: "pdf", FileFormat.TIF_FAX: "fax", FileFormat.XPS: "xps"}
_MEDIA_TYPES = {FileFormat.PDF: "application/pdf", FileFormat.XPS: XPS}
_COARSE = frozenset({FileFormat.TIF, FileFormat.TIF_FAX})
# Octets that a page takes beside its strip, at most: a directory; objects of a PDF; a directory and three parts of XML.
_BESIDE = {FileFormat.PDF: 1200, FileFormat.XPS: 3000}
_BESIDE_TIFF = 300


@dataclass(frozen=True, slots=True)
class Making:
    """How files are made: the format, one a page or one for all, and what each is called, without its ending."""

    kind: FileFormat
    separate: bool
    stem: str
    title: str


def page_facts(pages: classf.PageFile) -> tuple[PageFacts, ...]:
    """The shapes of the pages as they were on the line."""
    return tuple(
        PageFacts(shape.width, shape.rows, shape.resolution.across, shape.resolution.value) for shape in pages.shapes
    )


def prepared(pages: classf.PageFile, kind: FileFormat) -> list[CodedPage]:
    """All pages in MMR, at standard resolution where the format wants it; no pel of the others changes.

    Raises:
        PageFileError: the file cannot be read.
    """
    return [_prepared(pages.page(index), kind) for index in range(len(pages))]


def octets_of(page: CodedPage, kind: FileFormat) -> int:
    """About how many octets a page takes in a file, never less than it does."""
    return len(page.strip) + _BESIDE.get(kind, _BESIDE_TIFF)


def make_files(pages: Sequence[CodedPage], first: int, how: Making) -> list[FaxFile]:
    """Files with these prepared pages, of which the first has this number in the fax."""
    if how.separate:
        return [_file([page], number, how, f"-p{number:03}") for number, page in enumerate(pages, first)]
    return [_file(pages, first, how)]


def ranged(stem: str, first: int, count: int) -> str:
    """What a file is called that has some pages of a fax, not all."""
    return f"{stem}-p{first:03}-{first + count - 1:03}" if count > 1 else f"{stem}-p{first:03}"


def _prepared(page: CodedPage, kind: FileFormat) -> CodedPage:
    shape = page.shape
    if kind in _COARSE and shape.resolution is not Resolution.STANDARD:
        shape = fit.picture(shape, WIDTHS[-1], Resolution.STANDARD)
    return fit.fit(page, shape, Coding.MMR)


def _file(pages: Sequence[CodedPage], first: int, how: Making, behind: str = "") -> FaxFile:
    content = _WRITERS.get(how.kind, _tiff)(pages, how.title)
    media_type = _MEDIA_TYPES.get(how.kind, "image/tiff")
    name = f"{how.stem}{behind}.{_ENDINGS.get(how.kind, 'tif')}"
    return FaxFile(name, media_type, content, first, len(pages))


def _tiff(pages: Sequence[CodedPage], _title: str = "") -> bytes:
    return classf.as_octets(list(pages))


def _pdf(pages: Sequence[CodedPage], title: str) -> bytes:
    return as_pdf([_leaf(page, page.strip) for page in pages], title)


def _xps(pages: Sequence[CodedPage], title: str) -> bytes:
    return as_xps([_leaf(page, _tiff([page])) for page in pages], title)


def _leaf(page: CodedPage, octets: bytes) -> Leaf:
    resolution = page.shape.resolution
    return Leaf(page.shape.width, page.shape.rows, resolution.across, resolution.value, octets)


_WRITERS: dict[FileFormat, Callable[[Sequence[CodedPage], str], bytes]] = {FileFormat.PDF: _pdf, FileFormat.XPS: _xps}
