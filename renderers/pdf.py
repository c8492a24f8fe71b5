"""The first door: any document to one checked PDF or one fax-shaped TIFF.

What lives here: choosing the format's module and checking what it made. What does not: pixels (`rasterize` and the
formats).
"""

from pathlib import Path

from renderers import html, image, office, pdfium, text, tiff
from renderers.document import Document, Format, Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape, write_tiff
from renderers.locks import refuse_encrypted
from renderers.sniff import is_called_faxable, sniff
from renderers.whole import is_cut_off

__all__ = ["Document", "Format", "Paged", "make_paged", "sniff"]

_MOST_FRAMES = 2000
_ENCRYPTED = "“{name}” is encrypted, and only its recipient can open it; send it without encryption."


def make_paged(document: Document, workdir: Path, shape: FaxShape, most_pages: int = office.MOST_PAGES) -> Paged:
    """Turn a document into pages; the file made lies in `workdir` under a name of its own.

    Of an office document with more than `most_pages` only one more is made, so that it can be told by their number; a
    text that must have more is not laid out at all.

    Raises:
        RenderError: the document cannot be faxed; reason, name and a sentence for the sender.
    """
    kind = sniff(document)
    if kind is Format.EMPTY:
        raise RenderError(Reason.EMPTY, document.name)
    if kind is Format.LOCKED:
        raise RenderError(Reason.ENCRYPTED, document.name, "encrypted mail", _ENCRYPTED.format(name=document.name))
    if not kind.pageable:
        raise RenderError(_why_not(kind, document), document.name, kind.name.lower())
    if kind is Format.IMAGE:
        return _tiff(image.picture_pages(document.content, shape, document.name), document, workdir)
    if kind is Format.TIFF:
        return _tiff(tiff.tiff_pages(document.content, shape, document.name, _MOST_FRAMES), document, workdir)
    if kind is Format.PDF:
        return _checked(_whole(document), document, workdir)
    if kind.office:
        return _checked(_by_office(document, kind, workdir, most_pages), document, workdir)
    return _converted(document, kind, workdir, shape, most_pages)


def _why_not(kind: Format, document: Document) -> Reason:
    """What begins like an archive, or like nothing, and calls itself an office document: its sender cannot open it."""
    is_damaged = kind in (Format.ARCHIVE, Format.UNKNOWN) and is_called_faxable(document)
    return Reason.CORRUPT if is_damaged else Reason.UNKNOWN_TYPE


def _by_office(document: Document, kind: Format, workdir: Path, most_pages: int) -> Path:
    """LibreOffice is asked first: some locked documents open without anyone's password, with the one Excel sets.

    Of PPT it opens none that is locked.
    """
    if kind is Format.PPT:
        refuse_encrypted(document, kind)
    try:
        made = office.office_pdf(document.content, kind, workdir, document.name, most_pages=most_pages)
    except RenderError:
        refuse_encrypted(document, kind)  # it does not always say that this was why
        raise
    return made.rename(fresh_path(workdir, document, ".pdf"))


def _converted(document: Document, kind: Format, workdir: Path, shape: FaxShape, most_pages: int) -> Paged:
    target = fresh_path(workdir, document, ".pdf")
    content = document.content.read_bytes()
    if kind is Format.HTML:
        pages = _html(document, content, target, shape, most_pages)
    else:
        pages = text.text_pdf(content, target, shape, document.charset, document.name, most_pages)
    return Paged(target, "pdf", pages, document.name)


def _html(document: Document, content: bytes, target: Path, shape: FaxShape, most_pages: int) -> int:
    try:
        return html.html_pdf(content, target, shape, document.name, document.charset, document.inline)
    except html.TooDeepError as error:
        return text.text_pdf(error.words.encode(), target, shape, "utf-8", document.name, most_pages)


def _tiff(pages: list[FaxPage], document: Document, workdir: Path) -> Paged:
    target = fresh_path(workdir, document, ".tif")
    write_tiff(target, pages)
    return Paged(target, "tiff", len(pages), document.name)


def _whole(document: Document) -> Path:
    """A PDF that did not lose its end on the way."""
    if is_cut_off(document.content):
        raise RenderError(Reason.CORRUPT, document.name, "it ends among its objects")
    return document.content


def _checked(path: Path, document: Document, workdir: Path) -> Paged:
    """A PDF that opens, as it is or rewritten."""
    try:
        return Paged(path, "pdf", _count(path, document.name), document.name)
    except RenderError as error:
        if error.reason is Reason.TOO_MANY_PAGES:
            raise
        repaired = fresh_path(workdir, document, ".repaired.pdf")
        pdfium.rewrite(path, repaired, document.name)
        return Paged(repaired, "pdf", _count(repaired, document.name), document.name)


def _count(path: Path, name: str) -> int:
    with pdfium.open_pdf(path, name) as book:
        pages = len(book)
    if pages == 0:
        raise RenderError(Reason.CORRUPT, name, "no pages")
    return pages


def fresh_path(workdir: Path, document: Document, ending: str) -> Path:
    """A path in `workdir` that nothing uses yet, named after where the document lies."""
    number = sum(1 for _ in workdir.glob("paged-*"))
    return workdir / f"paged-{number:03d}-{office.folder_free_stem(document.content)}{ending}"
