"""HTML to PDF, the library for it loaded only where a page is really laid out.

What lives here: the door to `weasy`. What does not: anything of layout. The daemon and the commands import the formats
but lay out in confined processes, whose warm parent has loaded everything.
"""

from collections.abc import Mapping
from pathlib import Path

from renderers.faxpage import FaxShape


def lay_out(
    html: bytes, target: Path, shape: FaxShape, charset: str = "", inline: Mapping[str, Path] | None = None
) -> int:
    """Write `html` as a PDF whose pages are exactly the pels of `shape`; returns the number of pages.

    `charset` overrides what the HTML says of itself; "" believes it.

    Raises:
        RecursionError: elements nested too deep for a layout.
    """
    from renderers import weasy

    return weasy.lay_out(html, target, shape, charset, inline)
