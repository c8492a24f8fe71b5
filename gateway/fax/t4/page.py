"""What a page is: its shape, its packed rows, its coded strip.

What lives here: frozen types of pages and the widths and resolutions that fax knows. What does not: coding (`codec`),
files (`classf`) and fitting to a far end (`fit`).
"""

from dataclasses import dataclass
from enum import IntEnum

from gateway.domain.call import Coding

# T.4 clause 2.2: pels of a row for 215, 255 and 303 mm, by pels per inch across: R8, 300, and R16 or 400.
WIDTHS_AT = {204: (1728, 2048, 2432), 300: (2592, 3072, 3648), 408: (3456, 4096, 4864)}
WIDTHS = WIDTHS_AT[204]


class Resolution(IntEnum):
    """Rows per inch, as class F files give them (T.4 clause 2.1).

    3.85, 7.7 and 15.4 rows per mm with R8 across; 300 x 300; and R16 x 15.4 or 400 x 400, which are the same here.
    """

    STANDARD = 98
    FINE = 196
    DPI_300 = 300
    SUPERFINE = 391
    DPI_400 = 400

    @property
    def across(self) -> int:
        """Pels per inch of a row."""
        return {Resolution.DPI_300: 300, Resolution.DPI_400: 408}.get(self, 204)

    @property
    def per_metre(self) -> int:
        """Rows per metre. R16 x 15.4 and 400 per inch share one name here, so both count as 15.4 per mm."""
        return _PER_METRE[self]

    @classmethod
    def nearest(cls, rows_per_inch: float, across: float = 204) -> "Resolution":
        """The resolution that a file's tags mean; 98 and 100, 196 and 204, 391 and 400 rows are each the same.

        `across` counts most: 200 x 400 is superfine, 400 x 400 is not.
        """
        return min(cls, key=lambda known: (abs(known.across - across), abs(known - rows_per_inch)))


_PER_METRE = {
    Resolution.STANDARD: 3850,
    Resolution.FINE: 7700,
    Resolution.SUPERFINE: 15400,
    Resolution.DPI_300: 11811,
    Resolution.DPI_400: 15400,
}


@dataclass(frozen=True, slots=True)
class PageShape:
    """A page's width in pels, its rows and its resolution."""

    width: int
    rows: int
    resolution: Resolution

    @property
    def row_octets(self) -> int:
        """Octets of one packed row."""
        return (self.width + 7) // 8


@dataclass(frozen=True, slots=True)
class Bitmap:
    """Packed rows, most significant bit first, 1 = black; each row starts on an octet."""

    shape: PageShape
    octets: bytes


@dataclass(frozen=True, slots=True)
class CodedPage:
    """A page in a fax coding, as a class F strip holds it: no RTC after MH and MR, EOFB after MMR.

    The first bit sent is the most significant bit of the first octet (TIFF FillOrder 1).
    """

    shape: PageShape
    coding: Coding
    strip: bytes
