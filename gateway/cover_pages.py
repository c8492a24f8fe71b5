"""One cover page as fax pages, for a mail's job, for files and for a preview alike.

What lives here: filling, laying out, and doing it again when the text runs over. What does not: which cover
(`gateway.covers`), when (`gateway.domain.cover_rules`), the store. It runs inside the confined process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coverpages.cover import Cover
from coverpages.language import TemplateError
from gateway.domain.errors import BadDirectiveError
from renderers.document import Document
from renderers.faxpage import FaxShape, Paper, Resolution
from renderers.pdf import make_paged
from renderers.rasterize import rasterize

COVER = "cover page"
MOST_TRIES = 3  # the number of pages is on the page: a text that just fits may not fit with one digit more


@dataclass(frozen=True, slots=True)
class FilledCover:
    """A cover, and what fills it but for the number of pages."""

    cover: Cover
    fields: Mapping[str, str]


def make_cover(filled: FilledCover, others: int, shape: FaxShape, workdir: Path, max_pages: int) -> tuple[Path, int]:
    """Write a cover of a fax with so many `others` pages as a class F TIFF in `workdir`; returns it and its pages.

    Raises:
        RenderError: more pages than `max_pages`.
        BadDirectiveError: the template is broken.
    """
    own = 1
    for number in range(MOST_TRIES):
        folder = workdir / f"try{number}"
        folder.mkdir(parents=True)
        html = folder / "cover.html"
        html.write_text(_html(filled, others + own), encoding="utf-8")
        paged = make_paged(Document(html, "text/html", COVER, "utf-8"), folder, shape)
        made = rasterize([paged], shape, folder / "cover.tif", max_pages)[0]
        if made == own:
            break
        own = made
    return folder / "cover.tif", made


def _html(filled: FilledCover, pages: int) -> str:
    try:
        return filled.cover.filled({**filled.fields, "pages": str(pages)})
    except TemplateError as error:  # checked when it was added, by a gateway that knew other fields
        raise BadDirectiveError(f"the cover page {filled.cover.name!r} cannot be used: {error}") from None


def shape_of(resolution: str, paper: str) -> FaxShape:
    """The shape of pages by the names that settings give."""
    return FaxShape(resolution=Resolution[resolution.upper()], paper=Paper[paper.upper()])
