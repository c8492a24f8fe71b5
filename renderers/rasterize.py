"""The second door: documents as pages to one fax TIFF.

What lives here: the loop over pages, the limit of their number, and how each looks. What does not: drawing
(`pdfium`), black and white (`halftone`), coding (`libtiff`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from renderers.document import Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape, PageLook, read_tiff, write_tiff
from renderers.fills import lift
from renderers.grounds import lighten
from renderers.halftone import Rows, to_rows
from renderers.libtiff import DamagedError, decode_page, encode
from renderers.news import NEWS
from renderers.pdfium import Drawn, Raster, open_pdf, rewrite
from renderers.strokes import soften


class _Page(NamedTuple):
    page: FaxPage
    look: PageLook


@dataclass(frozen=True, slots=True)
class Stacked:
    """What a part gave: its pages, how many blank ones at its end were left out, and how each page looks."""

    pages: int
    blank: int
    looks: tuple[PageLook, ...] = field(default=(), compare=False)

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
    write_tiff(tiff, [one.page for pages in made for one in pages])
    return [
        Stacked(len(pages), len(all_of_it) - len(pages), tuple(one.look for one in pages))
        for pages, all_of_it in zip(made, drawn, strict=True)
    ]


def _check_number(pages: Sequence[int], paged: Sequence[Paged], max_pages: int) -> None:
    for part, total in zip(paged, accumulate(pages), strict=True):
        if total > max_pages:
            raise RenderError(Reason.TOO_MANY_PAGES, part.name, f"page {total} of at most {max_pages}")


def _without_blank_end(pages: Sequence[_Page]) -> Sequence[_Page]:
    """All pages up to the last that is not blank; the first in any case."""
    last = max((number for number, one in enumerate(pages) if not is_blank(one.page)), default=0)
    return pages[: last + 1]


def is_blank(page: FaxPage) -> bool:
    """Whether there is nothing on a page, as our encoder and others say it."""
    return page.mmr == _blank_strip(page.width, page.rows)


@lru_cache(maxsize=4)
def _blank_strip(width: int, rows: int) -> bytes:
    return encode(np.zeros((rows, -(-width // 8)), np.uint8))


def _pages_of(part: Paged, shape: FaxShape) -> Iterator[_Page]:
    if part.kind == "tiff":
        return _tiff_pages(part)
    try:
        return iter(list(pdf_pages(part, shape)))
    except RenderError as error:
        if error.reason is not Reason.CORRUPT:
            raise
        rewritten = part.path.with_suffix(".rewritten.pdf")
        rewrite(part.path, rewritten, part.name)
        return pdf_pages(replace(part, path=rewritten), shape)


def _tiff_pages(part: Paged) -> Iterator[_Page]:
    """The pages as they are; those that nobody has looked at yet are decoded for it."""
    for index, page in enumerate(read_tiff(part.path)):
        look = part.looks[index] if part.looks else PageLook(_share_of_black(part.path, index, page))
        yield _Page(page, look)


def _share_of_black(tiff: Path, index: int, page: FaxPage) -> float:
    try:
        return _black(decode_page(tiff, index, page.width, page.rows))
    except DamagedError:
        return 0.0  # passed through from a fax whose rows are not all sound


def _black(rows: Rows) -> float:
    return float(np.bitwise_count(rows).sum() / (rows.size * 8))


def pdf_pages(part: Paged, shape: FaxShape) -> Iterator[_Page]:
    """Draw and code the pages of a PDF one after the other.

    Raises:
        RenderError: CORRUPT, when a page cannot be loaded.
    """
    with open_pdf(part.path, part.name) as book, Raster(shape) as raster:
        try:
            for drawn in chain.from_iterable(raster.draw(book, index) for index in _told(part)):
                rows = _rows(drawn, shape)
                page = FaxPage(shape.width, shape.rows, shape.resolution, encode(rows))
                yield _Page(page, PageLook(_black(rows), drawn.tiny))
        except ValueError as error:
            raise RenderError(Reason.CORRUPT, part.name, str(error)) from error


def _told(part: Paged) -> Iterator[int]:
    """The numbers of its pages, from 0, told as they come."""
    for index in range(part.pages):
        NEWS.tell(f"{part.name}: page {index + 1} of {part.pages}")
        yield index


def _rows(drawn: Drawn, shape: FaxShape) -> Rows:
    """Black and white of a page that was drawn; the grey is used up."""
    grey, pictures, _ = drawn
    lighten(grey, pictures)
    rows = soften(grey, to_rows(grey, shape.resolution, pictures), pictures, shape.resolution)
    return lift(grey, rows, pictures, shape.resolution)
