"""The second door: documents as pages to one fax TIFF.

What lives here: the loop over pages and the limit of their number. What does not: drawing (`pdfium`), black and white
(`halftone`), coding (`libtiff`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from renderers.document import Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape, read_tiff, write_tiff
from renderers.fills import lift
from renderers.halftone import to_rows
from renderers.libtiff import encode
from renderers.pdfium import Raster, open_pdf, rewrite


def rasterize(paged: Sequence[Paged], shape: FaxShape, tiff: Path, max_pages: int) -> list[int]:
    """Write the pages of all, in order, as one class F TIFF; returns how many pages each gave.

    Raises:
        RenderError: TOO_MANY_PAGES, before anything is drawn; CORRUPT.
    """
    total = 0
    for part in paged:
        total += part.pages
        if total > max_pages:
            raise RenderError(Reason.TOO_MANY_PAGES, part.name, f"page {total} of at most {max_pages}")
    made = [_pages_of(part, shape) for part in paged]
    write_tiff(tiff, [page for pages in made for page in pages])
    return [len(pages) for pages in made]


def _pages_of(part: Paged, shape: FaxShape) -> list[FaxPage]:
    if part.kind == "tiff":
        return read_tiff(part.path)
    try:
        return list(pdf_pages(part, shape))
    except RenderError as error:
        if error.reason is not Reason.CORRUPT:
            raise
        rewritten = part.path.with_suffix(".rewritten.pdf")
        rewrite(part.path, rewritten, part.name)
        return list(pdf_pages(replace(part, path=rewritten), shape))


def pdf_pages(part: Paged, shape: FaxShape) -> Iterator[FaxPage]:
    """Draw and code the pages of a PDF one after the other.

    Raises:
        RenderError: CORRUPT, when a page cannot be loaded.
    """
    with open_pdf(part.path, part.name) as book, Raster(shape) as raster:
        for index in range(part.pages):
            try:
                grey, pictures = raster.draw(book, index)
            except ValueError as error:
                raise RenderError(Reason.CORRUPT, part.name, str(error)) from error
            rows = lift(grey, to_rows(grey, shape.resolution, pictures), pictures, shape.resolution)
            yield FaxPage(shape.width, shape.rows, shape.resolution, encode(rows))
