"""Pictures to fax pages: JPEG, PNG, GIF, BMP, WEBP, AVIF and what else Pillow opens, and HEIC.

What lives here: one picture, upright, as wide as the page. What does not: TIFF, whose pages have sizes (`tiff`).
"""

from pathlib import Path

from pi_heif import register_heif_opener
from PIL import Image, ImageOps, UnidentifiedImageError

from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape
from renderers.grey import OPEN_ERRORS, check_pixels, for_paper, is_photo, to_grey
from renderers.placing import natural_size, page_of, sheets

register_heif_opener(thumbnails=False)


def picture_pages(path: Path, shape: FaxShape, name: str) -> list[FaxPage]:
    """Make the pages of a picture: of its first frame, several only where it is far taller than a page.

    Raises:
        RenderError: CORRUPT, TOO_LARGE.
    """
    grey = _open(path, name, 2 * shape.width)
    photo = is_photo(grey)
    if photo:
        grey = for_paper(grey)
    return [page_of(sheet, shape, photo) for sheet in sheets(grey, natural_size(grey.size, shape), shape)]


def _open(path: Path, name: str, width: int) -> Image.Image:
    try:
        with Image.open(path) as picture:
            check_pixels(picture, name)
            picture.draft("L", (width, width))  # a JPEG need not be decoded finer than it will be printed
            upright = ImageOps.exif_transpose(picture)
            upright.load()
            return to_grey(upright)
    except UnidentifiedImageError as error:
        raise RenderError(Reason.CORRUPT, name, "no decoder knows it") from error
    except OPEN_ERRORS as error:
        raise RenderError(Reason.CORRUPT, name, str(error)) from error


STAMP_PIXELS = 300 * 150  # a picture inside a mail's text that has fewer is taken for a logo, not for content
TRACKING_PIXELS = 64
STAMP_SIDE = 100  # likewise one that is lower or narrower than this: a rule, a bar of icons


def is_ornament(path: Path) -> bool:
    """Whether a picture is a logo or ornament, not content, by its size in pixels; so is what cannot be read."""
    width, height = _size(path) or (0, 0)
    return width * height < STAMP_PIXELS or min(width, height) < STAMP_SIDE


def is_invisible(path: Path) -> bool:
    """Whether a picture is so small that it was sent to count who reads the mail, not to be seen."""
    size = _size(path)
    return size is not None and size[0] * size[1] <= TRACKING_PIXELS


def _size(path: Path) -> tuple[int, int] | None:
    try:
        with Image.open(path) as picture:
            return picture.size
    except (UnidentifiedImageError, *OPEN_ERRORS):
        return None
