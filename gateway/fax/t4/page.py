"""What a page is: its shape, its packed rows, its coded strip.

What lives here: frozen types of pages and the widths and resolutions that fax knows. What does not: coding (`codec`),
files (`classf`) and fitting to a far end (`fit`).
"""

from dataclasses import dataclass
from enum import IntEnum

from gateway.domain.call import Coding

# T.4 clause 2.2: pels of a row at R8, for 215, 255 and 303 mm.
WIDTHS = (1728, 2048, 2432)


class Resolution(IntEnum):
    """Rows per inch, as class F files give them: 3.85, 7.7 and 15.4 rows per mm (T.4 clause 2.1)."""

    STANDARD = 98
    FINE = 196
    SUPERFINE = 391

    @classmethod
    def nearest(cls, rows_per_inch: float) -> "Resolution":
        """The resolution that a file's tag means: 98 and 100, 196 and 204, 391 and 400 are each the same."""
        return min(cls, key=lambda known: abs(known - rows_per_inch))


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
