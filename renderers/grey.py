"""Any Pillow picture in grey, upright tones, on white.

What lives here: the conversion of modes and the limit of pixels. What does not: where the picture goes (`placing`).
"""

import numpy as np
from PIL import Image, ImageFile, ImageOps

from renderers.errors import Reason, RenderError
from renderers.halftone import DARK, LIGHT

ImageFile.LOAD_TRUNCATED_IMAGES = True  # a photo cut off on its way is still mostly a photo
Image.MAX_IMAGE_PIXELS = None  # refused below with a reason instead
MOST_PIXELS = 400_000_000
OPEN_ERRORS = (
    OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, OverflowError, AttributeError,
)  # fmt: skip
_SEEN_THROUGH = {"RGBA", "LA", "PA", "RGBa", "La"}
_PHOTO_SHARE = 0.3
_WHITE, _PALE, _LEAST_CONTRAST = 250, 150, 40  # tones
_FEW = 0.001  # of the pixels: specks


def check_pixels(picture: Image.Image, name: str) -> None:
    """Refuse what would need gigabytes; call before loading.

    Raises:
        RenderError: TOO_LARGE.
    """
    if picture.width * picture.height > MOST_PIXELS:
        raise RenderError(Reason.TOO_LARGE, name, f"{picture.width} x {picture.height} pixels")


def to_grey(picture: Image.Image) -> Image.Image:
    """The picture in mode "L": transparency on white, 16 and 32 bits scaled to 8, what is all faint made strong."""
    return _strengthened(_grey(picture))


def _grey(picture: Image.Image) -> Image.Image:
    if picture.mode in {"L", "1"} and "transparency" not in picture.info:
        return picture.convert("L")
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;"):
        return _scaled_to_bytes(picture)
    if picture.mode in _SEEN_THROUGH or "transparency" in picture.info:
        return _on_white(picture.convert("RGBA"))
    return picture.convert("RGB").convert("L")


def _on_white(seen: Image.Image) -> Image.Image:
    """On white paper; what is white itself, as logos for dark pages are, by its shape."""
    laid = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("L")
    shape = seen.getchannel("A")
    thinnest, thickest = np.asarray(shape).min(), np.asarray(shape).max()
    if np.asarray(laid).min() > _WHITE and thinnest != thickest:
        return ImageOps.invert(shape)
    return laid


def _strengthened(grey: Image.Image) -> Image.Image:
    """A picture without anything dark, a pencilled note or a pale copy, spread to the whole range of tones."""
    counts = np.cumsum(grey.histogram())
    darkest, lightest = (int(np.searchsorted(counts, counts[-1] * share)) for share in (_FEW, 1 - _FEW))
    if darkest < _PALE or lightest - darkest < _LEAST_CONTRAST:
        return grey
    return ImageOps.autocontrast(grey, cutoff=100 * _FEW)


def _scaled_to_bytes(picture: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(picture, dtype=np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if picture.mode.startswith("I") and low >= 0:
        low, high = 0.0, 65535.0 if high > 255 else 255.0
    span = (high - low) or 1.0
    return Image.fromarray(np.clip((values - low) * (255 / span), 0, 255).astype(np.uint8))


def for_paper(photo: Image.Image) -> Image.Image:
    """A photo's tones spread to the whole range and lightened, because printed dots grow."""
    return ImageOps.autocontrast(photo, cutoff=0.5).point([round(255 * (value / 255) ** 0.8) for value in range(256)])


def is_photo(grey: Image.Image) -> bool:
    """Whether a good part of the picture is mid-tone: a photo, not a scan of text or a drawing."""
    counts = grey.histogram()
    return sum(counts[DARK:LIGHT]) >= _PHOTO_SHARE * grey.width * grey.height
