"""Fax pages as a PDF, pel for pel, whatever their density: for faxes that came in.

What lives here: sheets of true size around strips that go in as they are. What does not: faxes that go out
(`faxpage`, which knows their few shapes), XPS (`xps`).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf

POINTS = 72  # in an inch


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
        for leaf in leaves:
            _add_sheet(book, leaf)
        book.docinfo["/Title"] = pikepdf.String(title)
        book.save(whole, deterministic_id=True)
    return whole.getvalue()


def _add_sheet(book: pikepdf.Pdf, leaf: Leaf) -> None:
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
    sheet = book.add_blank_page(page_size=(width, height))
    sheet.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=picture))
    sheet.Contents = book.make_stream(f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /P Do Q".encode())
