"""HTML to PDF by WeasyPrint, on the paper of a fax shape, without fetching anything.

What lives here: the one call of WeasyPrint and the fetcher that denies. What does not: where the HTML comes from
(`html`, `text`, or a filled cover page). Import it through `layout`: it takes most of a second to load.
"""

import io
import logging
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from weasyprint import CSS, HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse, URLFetchingError

from renderers.faxpage import PELS_PER_INCH, FaxShape

logging.getLogger("weasyprint").addHandler(logging.NullHandler())
logging.getLogger("weasyprint").propagate = False  # it would write contents of mails into our log
_SHEET = Path(__file__).with_name("fax.css").read_text("utf-8")


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

    `charset` overrides what the HTML says of itself; "" believes it.

    Raises:
        RecursionError: elements nested too deep for a layout.
        ArithmeticError: elements of a size that no layout can have.
        ValueError: something is needed that is not fetched.
    """
    fetcher = ClosedFetcher(inline or {})
    page = HTML(file_obj=io.BytesIO(html), encoding=charset or None, url_fetcher=fetcher, base_url="")
    try:
        laid = page.render(stylesheets=[CSS(string=paper_sheet(shape) + _SHEET, url_fetcher=fetcher)])
        laid.write_pdf(target)
    except URLFetchingError as error:  # an OSError, which would be a fault of the machine
        raise ValueError(str(error)) from error
    return len(laid.pages)


def paper_sheet(shape: FaxShape) -> str:
    """The CSS page size that PDFium turns into the rows of `shape` without scaling."""
    wide, high = shape.width / PELS_PER_INCH, shape.rows / shape.resolution.value
    return f"@page {{ size: {wide:.5f}in {high:.5f}in; }}\n"
