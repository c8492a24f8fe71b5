"""Fax pages as a PDF, pel for pel, whatever their density: for faxes that came in.

What lives here: sheets of true size around strips that go in as they are. What does not: faxes that go out
(`faxpage`, which knows their few shapes), XPS (`xps`).
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf

POINTS = 72  # in an inch
# Sides of a sheet that readers take (PDF 32000-1 annex C); a roll of paper is longer, and has larger units then.
SHORTEST, LONGEST = 3.0, 14_400.0


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page: pels, rows, densities in lines an inch, and its octets: a T.6 strip for PDF, a whole TIFF for XPS."""

    width: int
    rows: int
    across: int
    down: int
    octets: bytes


def as_pdf(leaves: Sequence[Leaf], title: str) -> bytes:
    """Pages as a PDF at their true size; each leaf has one T.6 strip, high bit first, 0 = white."""
    whole = io.BytesIO()
    with pikepdf.new() as book:
        units = max(_add_sheet(book, leaf) for leaf in leaves)
        book.docinfo["/Title"] = pikepdf.String(title)
        book.save(whole, deterministic_id=True, min_version="1.6" if units > 1 else "")
    return whole.getvalue()


def _add_sheet(book: pikepdf.Pdf, leaf: Leaf) -> float:
    """Add a sheet that its picture fills; how many points its unit has."""
    picture = pikepdf.Stream(book, leaf.octets)
    for key, value in {
        "/Type": pikepdf.Name.XObject,
        "/Subtype": pikepdf.Name.Image,
        "/Width": leaf.width,
        "/Height": leaf.rows,
        "/ColorSpace": pikepdf.Name.DeviceGray,
        "/BitsPerComponent": 1,
        "/Filter": pikepdf.Name.CCITTFaxDecode,
        "/DecodeParms": pikepdf.Dictionary(K=-1, Columns=leaf.width, Rows=leaf.rows),
    }.items():
        picture[key] = value
    width, height = leaf.width / leaf.across * POINTS, leaf.rows / leaf.down * POINTS
    unit = max(1.0, math.ceil(max(width, height) / LONGEST))
    width, height = width / unit, height / unit
    top = max(SHORTEST, height)
    sheet = pikepdf.Dictionary(
        Type=pikepdf.Name.Page,
        MediaBox=[0, 0, max(SHORTEST, width), top],
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=picture)),
        Contents=book.make_stream(f"q {width:.4f} 0 0 {height:.4f} 0 {top - height:.4f} cm /P Do Q".encode()),
    )
    if unit > 1:
        sheet.UserUnit = unit
    book.pages.append(pikepdf.Page(book.make_indirect(sheet)))
    return unit
