"""Class F files: the pages of a TIFF to send, and the TIFF of pages received.

What lives here: reading and writing TIFF files of fax pages (TIFF 6.0, RFC 3949). What does not: the codec, and any
rendering: other TIFFs are made into class F by `renderers`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.domain.call import Coding
from gateway.domain.errors import GatewayError
from gateway.fax.t4 import codec, libtiff, stream
from gateway.fax.t4.damaged import MOST_ROWS
from gateway.fax.t4.libtiff import Tag, Tiff, TiffError
from gateway.fax.t4.page import WIDTHS_AT, Bitmap, CodedPage, PageShape, Resolution

_FAX_COMPRESSIONS = frozenset({2, 3, 4})  # modified Huffman without EOL, T.4, T.6
_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_INVERTED = bytes(octet ^ 0xFF for octet in range(256))
_UNCOMPRESSED_MODE = 2
_UNCLEAN = 2  # CleanFaxData: there are bad rows in the strip


class PageFileError(GatewayError):
    """A file is not a class F TIFF that can be sent."""


class PageFile:
    """The pages of a class F TIFF: shapes known at once, strips read when asked for.

    Raises PageFileError when the file cannot be opened, holds no page or holds one that is not a fax page.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with _reading(path) as tiff:
            self.shapes: tuple[PageShape, ...] = tuple(_shapes(tiff, path))

    def __len__(self) -> int:
        return len(self.shapes)

    def shape(self, index: int) -> PageShape:
        """The shape of a page, counted from zero."""
        return self.shapes[index]

    def page(self, index: int) -> CodedPage:
        """A page's strip as stored, or coded anew where the line could not carry it as stored."""
        with _reading(self._path) as tiff:
            tiff.go_to(index)
            return _read(tiff, self.shapes[index])


@contextmanager
def _reading(path: Path) -> Iterator[Tiff]:
    """Open a file for reading, libtiff's and the system's errors translated."""
    try:
        with libtiff.opened(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "r") as tiff:
            yield tiff
    except (OSError, TiffError) as fault:
        raise PageFileError(f"{path.name} cannot be read as a TIFF: {fault}") from fault


def _shapes(tiff: Tiff, path: Path) -> Iterator[PageShape]:
    while True:
        if not _is_coded_as_fax(tiff):
            raise PageFileError(f"{path.name} is not a class F TIFF: a page is not coded as a fax page")
        width, rows = tiff.get(Tag.WIDTH, 0), tiff.get(Tag.LENGTH, 0)
        resolution = _resolution(tiff, width)
        if not 0 < width <= WIDTHS_AT[resolution.across][-1] or not 0 < rows <= MOST_ROWS:
            raise PageFileError(f"{path.name} is not a class F TIFF: a page of {width} x {rows} pels")
        yield PageShape(width, rows, resolution)
        if not tiff.next_directory():
            return


def _is_coded_as_fax(tiff: Tiff) -> bool:
    """One bit a pel in strips; a fax coding does not hinder a TIFF from having tiles or colors."""
    in_strips = tiff.get(Tag.TILE_WIDTH, 0) == 0
    one_bit = tiff.get(Tag.BITS_PER_SAMPLE, 1) == 1 and tiff.get(Tag.SAMPLES_PER_PIXEL, 1) == 1
    return tiff.get(Tag.COMPRESSION, 1) in _FAX_COMPRESSIONS and one_bit and in_strips


def _resolution(tiff: Tiff, width: int) -> Resolution:
    """The resolution of a page; no two densities share a width, so a width of fax tells more than the tag."""
    tagged = tiff.get_resolution(Tag.X_RESOLUTION, 204)
    across = next((density for density, widths in WIDTHS_AT.items() if width in widths), tagged)
    return Resolution.nearest(tiff.get_resolution(Tag.Y_RESOLUTION, Resolution.FINE), across)


def _read(tiff: Tiff, shape: PageShape) -> CodedPage:
    coding = _stored_coding(tiff)
    if coding is None:
        return codec.encode(Bitmap(shape, _rows(tiff, shape)), Coding.MMR)
    strip = tiff.read_raw(0)
    if tiff.get(Tag.FILL_ORDER, 1) == 2:
        strip = strip.translate(_REVERSED)
    page = CodedPage(shape, coding, stream.without_rtc(strip, coding))
    framed = stream.ends_with_eofb(strip) if coding is Coding.MMR else stream.begins_with_eol(strip)
    if framed and tiff.get(Tag.CLEAN_FAX_DATA, 0) != _UNCLEAN:
        return page
    return codec.encode(codec.decode(page)[0], Coding.MMR)


def _stored_coding(tiff: Tiff) -> Coding | None:
    """How the one strip of this page is coded; none when the line cannot carry it as it is."""
    if tiff.strips() != 1 or tiff.get(Tag.PHOTOMETRIC, 0) != 0:
        return None
    compression = tiff.get(Tag.COMPRESSION, 1)
    options = tiff.get(Tag.GROUP4_OPTIONS if compression == 4 else Tag.GROUP3_OPTIONS, 0)
    if options & _UNCOMPRESSED_MODE or compression == 2:
        return None
    if compression == 4:
        return Coding.MMR
    return Coding.MR if options & 1 else Coding.MH


def _rows(tiff: Tiff, shape: PageShape) -> bytes:
    """All strips decoded; 1 is black whatever the file's photometric."""
    size = shape.row_octets * shape.rows
    step = tiff.strip_octets()
    buffer = bytearray(size + step)
    for strip in range(tiff.strips()):
        tiff.decode_into(strip, buffer, strip * step)
    rows = bytes(buffer[:size])
    if tiff.get(Tag.PHOTOMETRIC, 0) == 1:
        rows = rows.translate(_INVERTED)
    return rows


def append_page(path: Path, page: CodedPage, number: int, *, synced: bool = True) -> None:
    """Add one page to a class F TIFF, made if it is missing, durable on return if `synced`; `number` counts from 0."""
    mode = "a" if path.exists() else "w"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    kept = os.dup(descriptor)
    try:
        with libtiff.opened(descriptor, mode) as tiff:
            _write(tiff, page, number)
        if synced:
            os.fsync(kept)
    finally:
        os.close(kept)


def write_pages(path: Path, pages: list[CodedPage]) -> None:
    """Write a class F TIFF of these pages, replacing what was there; durable on return."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    kept = os.dup(descriptor)
    try:
        with libtiff.opened(descriptor, "w") as tiff:
            for number, page in enumerate(pages):
                _write(tiff, page, number, len(pages))
        os.fsync(kept)
    finally:
        os.close(kept)


def as_octets(pages: list[CodedPage]) -> bytes:
    """A class F TIFF of these pages, made in memory."""
    descriptor = libtiff.memory()
    kept = os.dup(descriptor)
    try:
        with libtiff.opened(descriptor, "w") as tiff:
            for number, page in enumerate(pages):
                _write(tiff, page, number, len(pages))
        return os.pread(kept, os.fstat(kept).st_size, 0)
    finally:
        os.close(kept)


def _write(tiff: Tiff, page: CodedPage, number: int, total: int = 0) -> None:
    codec.describe(tiff, page.shape, page.coding)
    tiff.set(Tag.PAGE_NUMBER, number, total)
    tiff.write_raw(0, page.strip)
    tiff.end_directory()
