"""A fax page and the two files that carry pages: class F TIFF and PDF.

What lives here: the shapes pages may have (T.30 DIS bits 15-18, 41), reading and writing the files. What does not:
how a page comes to be, or any coding of pels (`libtiff`).
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from io import BytesIO
from pathlib import Path

import pikepdf

from renderers.errors import Reason, RenderError

PELS_PER_INCH = 204
_HEADER_ROWS_AT_FINE = 37
_T6 = 4
_LEAST_SHEET = 3.0  # points; no PDF has a smaller one, while a page may be a single row
_SHORT, _RATIONAL = 3, 5  # field types


class Resolution(Enum):
    """Vertical resolution in lines per inch (T.4 2.1: 3.85, 7.7 and 15.4 lines per mm)."""

    STANDARD = 98
    FINE = 196
    SUPERFINE = 391


class Paper(Enum):
    """Paper the far end prints on; the value is (width, height) in inches."""

    LETTER = (8.5, 11.0)
    A4 = (8.2677, 11.6929)
    LEGAL = (8.5, 14.0)


@dataclass(frozen=True, slots=True)
class FaxShape:
    """What pages are made for: `width` in pels (1728, 2048 or 2432), resolution and paper."""

    width: int = 1728
    resolution: Resolution = Resolution.FINE
    paper: Paper = Paper.LETTER

    @property
    def paper_rows(self) -> int:
        """Rows on the whole paper: 2155, 2291, 2743 at 196 lines for letter, A4 and legal."""
        return int(self.paper.value[1] * self.resolution.value - 0.5)

    @property
    def header_rows(self) -> int:
        """Rows kept free for the page header: 37 at 196 lines."""
        return round(_HEADER_ROWS_AT_FINE * self.resolution.value / Resolution.FINE.value)

    @property
    def rows(self) -> int:
        """Rows available to a page below its header."""
        return self.paper_rows - self.header_rows


@dataclass(frozen=True, slots=True)
class FaxPage:
    """One page as it goes on the line: `mmr` is one T.6 strip, high bit first, 0 = white."""

    width: int
    rows: int
    resolution: Resolution
    mmr: bytes


@dataclass(frozen=True, slots=True)
class PageLook:
    """What may trouble the readers of a page: the share of it that is black, and whether much of its print is tiny."""

    black: float
    tiny: bool = False


def write_tiff(path: Path, pages: Sequence[FaxPage]) -> None:
    """Write pages as `tiff_of` gives them."""
    path.write_bytes(tiff_of(pages))


def tiff_of(pages: Sequence[FaxPage]) -> bytes:
    """Pages as a class F TIFF (RFC 3949 profile F): one MMR strip a page, little-endian."""
    out = bytearray(struct.pack("<2sHI", b"II", 42, 0))
    link = 4
    for number, page in enumerate(pages):
        strip = len(out)
        out += page.mmr + b"\0" * (len(page.mmr) % 2)
        ratios = len(out)
        out += struct.pack("<IIII", PELS_PER_INCH, 1, page.resolution.value, 1)
        struct.pack_into("<I", out, link, len(out))
        out += _directory(page, (strip, ratios), (number, len(pages)))
        link = len(out) - 4
    return bytes(out)


def _directory(page: FaxPage, offsets: tuple[int, int], number: tuple[int, int]) -> bytes:
    strip, ratios = offsets
    short, long, rational = _SHORT, 4, _RATIONAL
    entries = (
        (254, long, 1, 2),  # NewSubfileType: a page of several
        (256, long, 1, page.width),
        (257, long, 1, page.rows),
        (258, short, 1, 1),  # BitsPerSample
        (259, short, 1, _T6),
        (262, short, 1, 0),  # 0 is white
        (266, short, 1, 1),  # high bit first
        (273, long, 1, strip),
        (274, short, 1, 1),  # upright
        (277, short, 1, 1),  # SamplesPerPixel
        (278, long, 1, page.rows),  # RowsPerStrip: one strip
        (279, long, 1, len(page.mmr)),
        (282, rational, 1, ratios),
        (283, rational, 1, ratios + 8),
        (293, long, 1, 0),  # T6Options
        (296, short, 1, 2),  # inches
        (297, short, 2, number[0] | number[1] << 16),  # page number and total, two shorts in one field
    )
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + body + struct.pack("<I", 0)


def read_tiff(path: Path) -> list[FaxPage]:
    """Read a class F TIFF with one MMR strip a page, as `write_tiff` writes it.

    Raises:
        RenderError: CORRUPT, when the file is anything else.
    """
    content = path.read_bytes()
    try:
        return [_page_of(tags, content) for tags in _directories(content)]
    except (struct.error, KeyError, ValueError, ZeroDivisionError) as error:
        raise RenderError(Reason.CORRUPT, path.name, f"not a class F TIFF: {error}") from error


def _directories(content: bytes) -> Iterator[dict[int, int | float]]:
    """The tags with one value of each directory of a little-endian TIFF."""
    magic, offset = struct.unpack_from("<4sI", content)
    if magic != b"II*\0":
        raise ValueError("another byte order, or no TIFF at all")
    seen: set[int] = set()
    while offset and offset not in seen:
        seen.add(offset)
        (count,) = struct.unpack_from("<H", content, offset)
        entries = struct.iter_unpack("<HHI4s", content[offset + 2 : offset + 2 + 12 * count])
        yield {tag: _value(kind, field, content) for tag, kind, number, field in entries if number == 1}
        (offset,) = struct.unpack_from("<I", content, offset + 2 + 12 * count)


def _value(kind: int, field: bytes, content: bytes) -> int | float:
    if kind == _SHORT:
        return int.from_bytes(field[:2], "little")
    value = int.from_bytes(field, "little")
    if kind != _RATIONAL:
        return value
    above, below = struct.unpack_from("<II", content, value)
    return float(above / below)


def _page_of(tags: Mapping[int, int | float], content: bytes) -> FaxPage:
    if (tags[259], tags[262], tags.get(266, 1)) != (_T6, 0, 1):
        raise ValueError("a page is not one MMR strip with 0 as white")
    start, size = int(tags[273]), int(tags[279])
    strip = content[start : start + size]
    if len(strip) != size:
        raise ValueError("a page is cut off")
    return FaxPage(int(tags[256]), int(tags[257]), resolution_near(tags[283]), strip)


def resolution_near(lines_per_inch: float) -> Resolution:
    """The fax resolution a file means that says 96 to 100, 196 to 200 or 391 to 400 lines an inch.

    Raises:
        ValueError: none of them is near.
    """
    for resolution in Resolution:
        if abs(lines_per_inch - resolution.value) <= resolution.value * 0.025:
            return resolution
    raise ValueError(f"{lines_per_inch:.0f} lines per inch is no fax resolution")


def write_pdf(path: Path, pages: Sequence[FaxPage]) -> None:
    """Write pages as `pdf_of` gives them."""
    path.write_bytes(pdf_of(pages))


def pdf_of(pages: Sequence[FaxPage]) -> bytes:
    """Pages as a PDF at their true size; the strips go in as they are (CCITTFaxDecode, K -1)."""
    out = BytesIO()
    with pikepdf.new() as book:
        for page in pages:
            _add_sheet(book, page)
        book.save(out, deterministic_id=True)
    return out.getvalue()


def _add_sheet(book: pikepdf.Pdf, page: FaxPage) -> None:
    picture = pikepdf.Stream(book, page.mmr)
    for key, value in {
        "/Type": pikepdf.Name.XObject,
        "/Subtype": pikepdf.Name.Image,
        "/Width": page.width,
        "/Height": page.rows,
        "/ColorSpace": pikepdf.Name.DeviceGray,
        "/BitsPerComponent": 1,
        "/Filter": pikepdf.Name.CCITTFaxDecode,
        "/DecodeParms": pikepdf.Dictionary(K=-1, Columns=page.width, Rows=page.rows),
    }.items():
        picture[key] = value
    width, height = page.width / PELS_PER_INCH * 72, page.rows / page.resolution.value * 72
    sheet = book.add_blank_page(page_size=(width, max(height, _LEAST_SHEET)))
    sheet.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=picture))
    sheet.Contents = book.make_stream(f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /P Do Q".encode())
