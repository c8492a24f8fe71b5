"""The second door: documents as pages to one fax TIFF.

What lives here: the loop over pages and the limit of their number. What does not: drawing (`pdfium`), black and white
(`halftone`), coding (`libtiff`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, chain, islice
from pathlib import Path

import numpy as np

from renderers.document import Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape, read_tiff, write_tiff
from renderers.fills import lift
from renderers.grounds import lighten
from renderers.halftone import Grey, Mask, Rows, to_rows
from renderers.libtiff import encode
from renderers.pdfium import Raster, open_pdf, rewrite


@dataclass(frozen=True, slots=True)
class Stacked:
    """What a part gave: its pages, and how many blank ones at its end were left out."""

    pages: int
    blank: int

    @property
    def note(self) -> str:
        """What was left out, in words for the sender; empty for nothing."""
        if not self.blank:
            return ""
        return (
            "a blank page at its end left out" if self.blank == 1 else f"{self.blank} blank pages at its end left out"
        )


def rasterize(paged: Sequence[Paged], shape: FaxShape, tiff: Path, max_pages: int) -> list[int]:
    """Write the pages of all, in order, as one class F TIFF; returns how many pages each gave.

    Raises:
        RenderError: as `stack`.
    """
    return [part.pages for part in stack(paged, shape, tiff, max_pages)]


def stack(paged: Sequence[Paged], shape: FaxShape, tiff: Path, max_pages: int) -> list[Stacked]:
    """Write the pages of all, in order, as one class F TIFF; returns what each gave.

    Raises:
        RenderError: TOO_MANY_PAGES, where possible before anything is drawn; CORRUPT.
    """
    _check_number([part.pages for part in paged], paged, max_pages)
    drawn = [list(islice(_pages_of(part, shape), max_pages + 1)) for part in paged]
    _check_number([len(pages) for pages in drawn], paged, max_pages)  # a long page is cut into several
    made = [_without_blank_end(pages) for pages in drawn]
    write_tiff(tiff, [page for pages in made for page in pages])
    return [Stacked(len(pages), len(all_of_it) - len(pages)) for pages, all_of_it in zip(made, drawn, strict=True)]


def _check_number(pages: Sequence[int], paged: Sequence[Paged], max_pages: int) -> None:
    for part, total in zip(paged, accumulate(pages), strict=True):
        if total > max_pages:
            raise RenderError(Reason.TOO_MANY_PAGES, part.name, f"page {total} of at most {max_pages}")


def _without_blank_end(pages: Sequence[FaxPage]) -> Sequence[FaxPage]:
    """All pages up to the last that is not blank; the first in any case."""
    last = max((number for number, page in enumerate(pages) if not is_blank(page)), default=0)
    return pages[: last + 1]


def is_blank(page: FaxPage) -> bool:
    """Whether there is nothing on a page, as our encoder and others say it."""
    return page.mmr == _blank_strip(page.width, page.rows)


@lru_cache(maxsize=4)
def _blank_strip(width: int, rows: int) -> bytes:
    return encode(np.zeros((rows, -(-width // 8)), np.uint8))


def _pages_of(part: Paged, shape: FaxShape) -> Iterator[FaxPage]:
    if part.kind == "tiff":
        return iter(read_tiff(part.path))
    try:
        return iter(list(pdf_pages(part, shape)))
    except RenderError as error:
        if error.reason is not Reason.CORRUPT:
            raise
        rewritten = part.path.with_suffix(".rewritten.pdf")
        rewrite(part.path, rewritten, part.name)
        return pdf_pages(replace(part, path=rewritten), shape)


def pdf_pages(part: Paged, shape: FaxShape) -> Iterator[FaxPage]:
    """Draw and code the pages of a PDF one after the other.

    Raises:
        RenderError: CORRUPT, when a page cannot be loaded.
    """
    with open_pdf(part.path, part.name) as book, Raster(shape) as raster:
        try:
            for grey, pictures in chain.from_iterable(raster.draw(book, index) for index in range(part.pages)):
                yield FaxPage(shape.width, shape.rows, shape.resolution, encode(_rows(grey, pictures, shape)))
        except ValueError as error:
            raise RenderError(Reason.CORRUPT, part.name, str(error)) from error


def _rows(grey: Grey, pictures: Mask, shape: FaxShape) -> Rows:
    """Black and white of a page that was drawn; the grey is used up."""
    lighten(grey, pictures)
    return lift(grey, to_rows(grey, shape.resolution, pictures), pictures, shape.resolution)
