"""TIFF to fax pages: every page of it, both resolutions honored, fax pages passed through.

What lives here: choosing for each page between taking its code words, recoding its pels and scaling it. What does not:
the CCITT codec (`libtiff`), scaling (`placing`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape, resolution_near
from renderers.grey import OPEN_ERRORS, check_pixels, for_paper, is_photo, to_grey
from renderers.libtiff import DamagedError, decode_colors, decode_page, encode, page_sizes
from renderers.placing import fitted_size, natural_size, page_of, sheets, worth_turning
from renderers.samples import grey_samples

_CCITT = {2, 3, 4}
_LONGEST_INCHES = 14.2
_BELIEVABLE_DPI = (50.0, 2400.0)
_SCAN_DPI = 100.0
_MOST_RESCUED = 100
_MOST_RESCUED_PIXELS = 60_000_000  # four bytes each
_EOFB = 0x001001
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class _Frame:
    path: Path
    index: int
    image: Image.Image
    tags: Mapping[int, Any]

    @property
    def dpi(self) -> tuple[float, float] | None:
        """Pixels per inch as said, or as a picture of fax width has them; None when not to be believed."""
        if 282 in self.tags and 283 in self.tags and self.tags.get(296, 2) in {2, 3}:
            inch = 2.54 if self.tags.get(296, 2) == 3 else 1.0
            said = float(self.tags[282]) * inch, float(self.tags[283]) * inch
            if all(_BELIEVABLE_DPI[0] <= value <= _BELIEVABLE_DPI[1] for value in said):
                return said
        if self.image.mode == "1" and self.image.width in {1728, 2048, 2432}:
            return 204.0, 98.0 if self.image.height <= 1400 else 196.0
        return None


def tiff_pages(path: Path, shape: FaxShape, name: str, most: int) -> list[FaxPage]:
    """Make the pages of a TIFF.

    Raises:
        RenderError: CORRUPT, TOO_LARGE, TOO_MANY_PAGES when it has more than `most` frames, EMPTY.
    """
    try:
        with Image.open(path) as image:
            pages = [page for frame in _frames(path, image, name, most) for page in _frame_pages(frame, shape)]
    except (UnidentifiedImageError, *OPEN_ERRORS) as error:
        pages = _rescued(path, shape, name, str(error))
    if not pages:
        raise RenderError(Reason.EMPTY, name)
    return pages


def _rescued(path: Path, shape: FaxShape, name: str, trouble: str) -> list[FaxPage]:
    """Pages of a TIFF that Pillow cannot read, as libtiff draws them: BigTIFF, odd depths, odd colors."""
    pages: list[FaxPage] = []
    for index, size in enumerate(page_sizes(path, _MOST_RESCUED)):
        if not 0 < size[0] * size[1] <= _MOST_RESCUED_PIXELS:
            raise RenderError(Reason.TOO_LARGE, name, f"{size[0]} x {size[1]} pixels")
        try:
            grey = _drawn(path, index, size)
        except (DamagedError, UnidentifiedImageError, *OPEN_ERRORS) as error:
            raise RenderError(Reason.CORRUPT, name, f"{trouble}; {error}") from error
        pages += _laid(grey, None, False, shape)
    if not pages:
        raise RenderError(Reason.CORRUPT, name, trouble)
    return pages


def _drawn(path: Path, index: int, size: tuple[int, int]) -> Image.Image:
    """A page as libtiff draws it, else from its samples, else the JPEG stream that it wraps."""
    try:
        return to_grey(Image.fromarray(decode_colors(path, index, size)))
    except DamagedError:
        pass
    try:
        return Image.fromarray(grey_samples(path, index, size))
    except DamagedError:
        return _wrapped_jpeg(path, size)


def _wrapped_jpeg(path: Path, size: tuple[int, int]) -> Image.Image:
    """TIFF 6.0 section 22, withdrawn: a whole JPEG of the page's size in the file, found by its own marks."""
    content = path.read_bytes()
    start = content.find(b"\xff\xd8\xff")
    if start < 0:
        raise DamagedError("nothing in it can be decoded")
    with Image.open(BytesIO(content[start:]), formats=("JPEG",)) as picture:
        if picture.size != size:
            raise DamagedError("what it wraps is another picture")
        picture.load()
        return to_grey(picture)


def _frames(path: Path, image: Image.Image, name: str, most: int) -> Iterator[_Frame]:
    for index in count():
        try:
            image.seek(index)
        except EOFError:
            return
        if index >= most:
            raise RenderError(Reason.TOO_MANY_PAGES, name, f"more than {most} pages")
        check_pixels(image, name)
        tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
        if not tags.get(254, 0) & 1:  # a thumbnail of another page
            yield _Frame(path, index, image, tags)


def _frame_pages(frame: _Frame, shape: FaxShape) -> list[FaxPage]:
    times = _rows_for_one(frame, shape)
    if times:
        try:
            return [_fax_page(frame, shape, times)]
        except DamagedError:
            pass  # Pillow's decoder may still make something of it
    return _scaled(frame, shape)


def _rows_for_one(frame: _Frame, shape: FaxShape) -> int:
    """How many rows each row of a fax page becomes, 1 or more where it was coarser; 0 for all other pages."""
    tags, dpi = frame.tags, frame.dpi
    bilevel = tags.get(259) in _CCITT and tags.get(258, (1,)) == (1,) and tags.get(277, 1) == 1
    if not bilevel or dpi is None or tags.get(274, 1) != 1 or tags.get(262) not in {0, 1}:
        return 0
    try:
        resolution = resolution_near(dpi[1])
    except ValueError:
        return 0
    fits = frame.image.width == shape.width and 195 <= dpi[0] <= 209
    fits = fits and frame.image.height <= _LONGEST_INCHES * resolution.value
    return round(shape.resolution.value / resolution.value) if fits else 0


def _fax_page(frame: _Frame, shape: FaxShape, times: int) -> FaxPage:
    width, height = frame.image.size
    rows = decode_page(frame.path, frame.index, width, height)
    own = _own_strip(frame) if times == 1 else b""
    black = rows if frame.tags[262] == 0 else ~rows
    return FaxPage(width, height * times, shape.resolution, own or encode(black.repeat(times, axis=0)))


def _own_strip(frame: _Frame) -> bytes:
    """The strip as it stands in the file if it is MMR of the right polarity and closed by EOFB; else nothing."""
    tags = frame.tags
    if tags[259] != 4 or tags[262] != 0 or tags.get(293, 0) or len(tags[273]) != 1:
        return b""
    with frame.path.open("rb") as file:
        file.seek(tags[273][0])
        strip = file.read(tags[279][0])
    if tags.get(266, 1) == 2:
        strip = strip.translate(_REVERSED)
    end = int.from_bytes(strip[-8:])
    closed = end and (end // (end & -end)) & 0xFFFFFF == _EOFB
    return strip if closed else b""


def _scaled(frame: _Frame, shape: FaxShape) -> list[FaxPage]:
    dpi = frame.dpi
    if dpi is not None and frame.tags.get(274, 1) >= 5:
        dpi = dpi[1], dpi[0]
    return _laid(to_grey(ImageOps.exif_transpose(frame.image)), dpi, frame.image.mode == "1", shape)


def _laid(grey: Image.Image, dpi: tuple[float, float] | None, bilevel: bool, shape: FaxShape) -> list[FaxPage]:
    photo = not bilevel and is_photo(grey)
    if photo:
        grey = for_paper(grey)
    if dpi is None or (not bilevel and min(dpi) < _SCAN_DPI):
        size = natural_size(grey.size, shape)
    else:
        grey, inches = _upright(grey, (grey.width / dpi[0], grey.height / dpi[1]), shape)
        size = fitted_size(inches, shape)
    return [page_of(sheet, shape, photo) for sheet in sheets(grey, size, shape)]


def _upright(
    grey: Image.Image, inches: tuple[float, float], shape: FaxShape
) -> tuple[Image.Image, tuple[float, float]]:
    """Turn a landscape page where that shows it larger."""
    if worth_turning(inches, shape):
        return grey.transpose(Image.Transpose.ROTATE_270), (inches[1], inches[0])
    return grey, inches
