"""Pages as they were sent, as a PDF: made of the class F TIFF that is kept, whenever somebody asks for it.

What lives here: that. What does not: which TIFF it is (`admin.activity`, `notices`). The same TIFF gives the same PDF,
octet for octet, so keeping both would keep nothing more.
"""

from pathlib import Path

from gateway.domain.errors import UnavailableError
from renderers.errors import RenderError
from renderers.faxpage import pdf_of, read_tiff


def as_pdf(tiff: Path) -> bytes:
    """A PDF of the pages of a class F TIFF, each at its true size.

    Raises:
        UnavailableError: the TIFF is damaged.
    """
    try:
        return pdf_of(read_tiff(tiff))
    except RenderError as error:
        raise UnavailableError(f"the pages cannot be read: {error.detail}; see `faxgw db check`") from error
