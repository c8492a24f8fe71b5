"""HTML to PDF by WeasyPrint, on the paper of a fax shape, without fetching anything.

What lives here: the one call of WeasyPrint and the fetcher that denies. What does not: where the HTML comes from
(`html`, `text`, or a filled cover page). Import it through `layout`: it takes most of a second to load.
"""

import io
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

from renderers.faxpage import PELS_PER_INCH, FaxShape
from renderers.sonames import found_by_soname

with found_by_soname():
    from weasyprint import CSS, HTML
    from weasyprint.document import Document
    from weasyprint.formatting_structure.boxes import Box, ReplacedBox, TextBox
    from weasyprint.urls import URLFetcher, URLFetcherResponse, URLFetchingError

logging.getLogger("weasyprint").addHandler(logging.NullHandler())
logging.getLogger("weasyprint").propagate = False  # it would write contents of mails into our log
_SHEET = Path(__file__).with_name("fax.css").read_text("utf-8")
_REFLOW = Path(__file__).with_name("reflow.css").read_text("utf-8")
_BROKEN = "td, th { overflow-wrap: anywhere !important; }\n"  # words go on in the next line wherever they have to
_EDGE = 24  # CSS pixels that stay free beside words
_TOLERATED = 1.02  # of the width of a page: what hangs out that little is a blank or a border
_SHRUNK = 1.35  # up to this, smaller print keeps the layout
_MOST_SHRUNK = 2.2  # five points are left of eleven
_OUT_OF_SIGHT = 4.0  # what hangs out so far of a page so large was put there for nobody to see


class ClosedFetcher(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Gives out `data:` and the `cid:` parts it was handed; everything else does not exist."""

    def __init__(self, inline: Mapping[str, Path]) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False)
        self._inline = inline

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """Answer a URL from memory or refuse it.

        Raises:
            ValueError: any URL that is not `data:` or a known `cid:`; WeasyPrint goes on without it.
        """
        scheme, _, rest = url.partition(":")
        if scheme.lower() == "data":
            return super().fetch(url, headers)
        part = self._inline.get(unquote(rest)) if scheme.lower() == "cid" else None
        if part is None:
            raise ValueError(f"nothing is fetched for a fax: {scheme}:")
        return URLFetcherResponse(url, part.read_bytes())


def lay_out(
    html: bytes, target: Path, shape: FaxShape, charset: str = "", inline: Mapping[str, Path] | None = None
) -> int:
    """Write `html` as a PDF whose pages are exactly the pels of `shape`; returns the number of pages.

    Pages of what is too wide are larger, to be shrunk when they are drawn.

    `charset` overrides what the HTML says of itself; "" believes it.

    Raises:
        RecursionError: elements nested too deep for a layout.
        ArithmeticError: elements of a size that no layout can have.
        ValueError: something is needed that is not fetched.
    """
    fetcher = ClosedFetcher(inline or {})
    page = HTML(file_obj=io.BytesIO(html), encoding=charset or None, url_fetcher=fetcher, base_url="")

    def laid_out(sheet: str) -> Document:
        # mails say widths, borders and places in attributes, too
        own = CSS(string=sheet + _SHEET, url_fetcher=fetcher)
        return page.render(stylesheets=[own], presentational_hints=True)

    try:
        laid = _fitted(laid_out, shape)
        laid.write_pdf(target)
    except URLFetchingError as error:  # an OSError, which would be a fault of the machine
        raise ValueError(str(error)) from error
    return len(laid.pages)


def _fitted(laid_out: Callable[[str], Document], shape: FaxShape) -> Document:
    """What is wider than the page is not cut off: it gives up its widths, then is shrunk, then its words are broken.

    What is too wide even so, a table of a hundred columns, is shrunk further.
    """
    laid = laid_out(paper_sheet(shape))
    reflow = ""
    if _excess(laid) > _SHRUNK:
        reflow = _REFLOW
        laid = laid_out(paper_sheet(shape) + reflow)
    excess = _excess(laid)
    if excess > _TOLERATED:
        times, reflow = min(excess, _MOST_SHRUNK), reflow + (_BROKEN if excess > _MOST_SHRUNK else "")
        laid = laid_out(paper_sheet(shape, times) + reflow)
        if _TOLERATED < (left := _excess(laid)) < _OUT_OF_SIGHT:
            laid = laid_out(paper_sheet(shape, times * left) + reflow)
    return laid


def _excess(laid: Document) -> float:
    """How many times as wide as its page the widest is."""
    return max((_extent(page._page_box) / page.width for page in laid.pages), default=1.0)


def _extent(top: Box) -> float:
    """From the leftmost to the rightmost of words and pictures of a page, with their edges; at least its width."""
    left, right = 0.0, float(top.width)
    boxes = [top]
    while boxes:
        box = boxes.pop()
        boxes += getattr(box, "children", ())
        if isinstance(box, (TextBox, ReplacedBox)):
            left, right = min(left, box.position_x - _EDGE), max(right, box.position_x + box.width + _EDGE)
    return right - left


def paper_sheet(shape: FaxShape, times: float = 1.0) -> str:
    """The CSS page size that PDFium turns into the rows of `shape` without scaling, or so many times that size."""
    wide, high = times * shape.width / PELS_PER_INCH, times * shape.rows / shape.resolution.value
    return f"@page {{ size: {wide:.5f}in {high:.5f}in !important; }}\n"  # a mail of Word brings a page of its own
