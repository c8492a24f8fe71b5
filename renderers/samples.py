"""TIFF pages of depths and colors that neither Pillow nor libtiff draws, in grey, from their bare samples.

What lives here: from the samples of a page, 2 to 64 bits each, to grey (TIFF 6.0, sections 3 to 6, 16, 19 to 21). What
does not: decompression (`libtiff`), pages as they are laid out (`tiff`).
"""

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from renderers.libtiff import DamagedError, open_page, read_strips

MOST_PIXELS = 20_000_000
_Samples = NDArray[np.float32]
_WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK = 0, 2, 3, 5
_UNSIGNED, _FLOAT = 1, 3
_DEPTHS = {2, 4, 6, 8, 10, 12, 14, 16, 24, 32, 64}
_LUMA = (0.299, 0.587, 0.114)
_FIELDS = {"bits": 258, "photometric": 262, "samples": 277, "planar": 284, "format": 339}


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the samples of a page lie: `format` as TIFF's SampleFormat, `planar` when each color has its own plane."""

    size: tuple[int, int]
    bits: int
    samples: int
    photometric: int
    format: int
    planar: bool

    @property
    def wanted(self) -> int:
        """How many samples of a pixel tell its grey: of luminance with two colors the first does."""
        return {_RGB: 3, _CMYK: 4}.get(self.photometric, 1)


def grey_samples(path: Path, index: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Page `index` of a TIFF in strips, (height, width) of 0 black to 255 white.

    Raises:
        DamagedError: it cannot be decoded, or is laid out in a way that is not known.
    """
    with open_page(path, index) as (lib, tif):
        layout = _layout_of(lib, tif, size)
        stored = _stored(lib, tif, layout)
        colors = _color_map(lib, tif) if layout.photometric == _PALETTE else None
    light = _light(_pixels(stored, layout), layout, colors)
    return (np.clip(light, 0, 1) * 255).astype(np.uint8)


def _layout_of(lib: ctypes.CDLL, tif: ctypes.c_void_p, size: tuple[int, int]) -> _Layout:
    fields = {name: _short(lib, tif, tag) for name, tag in _FIELDS.items()}
    layout = _Layout(
        size, fields["bits"], fields["samples"], fields["photometric"], fields["format"], fields["planar"] == 2
    )
    floats = layout.format != _FLOAT or layout.bits in {16, 32, 64}
    if lib.TIFFIsTiled(tif) or layout.bits not in _DEPTHS or not floats or layout.samples < layout.wanted:
        raise DamagedError(f"samples of {layout.bits} bits, laid out as {fields}")
    if size[0] * size[1] * layout.samples > 3 * MOST_PIXELS:
        raise DamagedError("too many samples")
    return layout


def _short(lib: ctypes.CDLL, tif: ctypes.c_void_p, tag: int) -> int:
    value = ctypes.c_uint16(0)
    lib.TIFFGetFieldDefaulted(tif, ctypes.c_uint32(tag), ctypes.byref(value))
    return value.value


def _color_map(lib: ctypes.CDLL, tif: ctypes.c_void_p) -> NDArray[np.float32]:
    """The grey of every entry of the palette."""
    channels = [ctypes.POINTER(ctypes.c_uint16)() for _ in range(3)]
    if not lib.TIFFGetField(tif, ctypes.c_uint32(320), *(ctypes.byref(one) for one in channels)):
        raise DamagedError("a palette is missing")
    entries = 1 << _short(lib, tif, _FIELDS["bits"])
    tones = [np.ctypeslib.as_array(one, (entries,)).astype(np.float32) / 65535 for one in channels]
    return _mixed(np.stack(tones, axis=-1))


def _mixed(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(colors[..., :3] @ np.array(_LUMA, np.float32), np.float32)


def _stored(lib: ctypes.CDLL, tif: ctypes.c_void_p, layout: _Layout) -> NDArray[np.uint8]:
    """Rows of octets as they are stored; the planes that are wanted lie one behind the other."""
    width, height = layout.size
    if not layout.planar:
        return read_strips(lib, tif, (height, _octets(width * layout.samples, layout)), patient=True)
    strips = lib.TIFFNumberOfStrips(tif) // layout.samples
    shape = height, _octets(width, layout)
    return np.vstack([read_strips(lib, tif, shape, plane * strips, patient=True) for plane in range(layout.wanted)])


def _octets(samples: int, layout: _Layout) -> int:
    return (samples * layout.bits + 7) // 8


def _pixels(stored: NDArray[np.uint8], layout: _Layout) -> _Samples:
    """Samples as (height, width, samples)."""
    width, height = layout.size
    if layout.planar:
        planes = _unpacked(stored, layout, width).reshape(layout.wanted, height, width)
        return np.moveaxis(planes, 0, -1)
    return _unpacked(stored, layout, width * layout.samples).reshape(height, width, layout.samples)


def _unpacked(stored: NDArray[np.uint8], layout: _Layout, across: int) -> _Samples:
    """Rows of samples as numbers; those that fill no octets are packed from the highest bit on."""
    bits, rows = layout.bits, stored.shape[0]
    if bits in {8, 16, 32, 64}:
        kind = {_UNSIGNED: "u", _FLOAT: "f"}.get(layout.format, "u" if layout.format > _FLOAT else "i")
        return stored.view(f"{kind}{bits // 8}")[:, :across].astype(np.float32)
    if bits == 24:
        triples = stored.reshape(rows, -1, 3)[:, :across].astype(np.float32)
        return triples @ np.array((1, 256, 65536), np.float32)
    singles = np.unpackbits(stored, axis=1)[:, : across * bits].reshape(rows, across, bits)
    return singles @ (2.0 ** np.arange(bits - 1, -1, -1, dtype=np.float32))


def _light(pixels: _Samples, layout: _Layout, colors: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """From 0, black, to 1."""
    if colors is not None:
        return colors[pixels[..., 0].astype(np.uint32)]
    tones = _spread(np.nan_to_num(pixels, posinf=0.0, neginf=0.0), layout)
    if layout.photometric == _RGB:
        return _mixed(tones)
    if layout.photometric == _CMYK:
        return _mixed((1 - tones[..., :3]) * (1 - tones[..., 3:4]))
    return 1 - tones[..., 0] if layout.photometric == _WHITE_IS_ZERO else tones[..., 0]


def _spread(samples: _Samples, layout: _Layout) -> _Samples:
    """Samples of known range by that range, others by what they hold; floats mostly hold 0 to 1 already."""
    if layout.format not in {_FLOAT, 2}:
        return np.asarray(samples / np.float32(2**layout.bits - 1), np.float32)
    low, high = float(samples.min()), float(samples.max())
    if low >= 0 and high <= 1 and layout.format == _FLOAT:
        return samples
    return np.asarray((samples - low) / ((high - low) or 1.0), np.float32)
