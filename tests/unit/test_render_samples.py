"""TIFFs of odd depths and colors: a ramp from black to white must be one, however it is stored."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.libtiff import DamagedError
from renderers.samples import grey_samples
from renderers.tiff import tiff_pages

WIDTH, HEIGHT = 33, 20
RAMP = np.tile(np.linspace(0, 1, WIDTH), (HEIGHT, 1))
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCC = 0, 1, 2, 3, 5, 6


def tiff(folder: Path, strips: Sequence[bytes], fields: dict[int, Sequence[int]]) -> Path:
    """A little-endian TIFF of one page; values that do not fit into a field lie behind the strips."""
    out = bytearray(b"II*\0\0\0\0\0")
    places = []
    for strip in strips:
        places.append(len(out))
        out += strip + b"\0" * (len(strip) % 2)
    fields = {256: [WIDTH], 257: [HEIGHT], 278: [HEIGHT], 273: places, 279: [len(one) for one in strips], **fields}
    entries = b""
    for tag, values in sorted(fields.items()):
        kind, letter = (4, "I") if tag in {273, 279} else (3, "H")
        packed = struct.pack(f"<{len(values)}{letter}", *values)
        if len(packed) > 4:
            place = len(out)
            out += packed
            packed = struct.pack("<I", place)
        entries += struct.pack("<HHI4s", tag, kind, len(values), packed)
    struct.pack_into("<I", out, 4, len(out))
    path = folder / "odd.tif"
    path.write_bytes(out + struct.pack("<H", len(fields)) + entries + b"\0\0\0\0")
    return path


def packed(values: np.ndarray, bits: int) -> bytes:
    """Rows of numbers, each row filled up to whole octets."""
    numbers = np.round(values * (2**bits - 1)).astype(np.uint64)
    if bits == 24:
        return b"".join(int(one).to_bytes(3, "little") for one in numbers.ravel())
    if bits in {8, 16, 32}:
        return numbers.astype(f"<u{bits // 8}").tobytes()
    singles = (numbers[..., None] >> np.arange(bits - 1, -1, -1, dtype=np.uint64)) & 1
    return np.packbits(singles.reshape(len(values), -1).astype(np.uint8), axis=1).tobytes()


def grey(path: Path) -> np.ndarray:
    return grey_samples(path, 0, (WIDTH, HEIGHT)) / 255


@pytest.mark.parametrize("bits", [2, 4, 6, 8, 10, 12, 14, 16, 24, 32])
@pytest.mark.parametrize("photometric", [WHITE_IS_ZERO, BLACK_IS_ZERO])
def test_grey_of_every_depth(tmp_path: Path, bits: int, photometric: int) -> None:
    path = tiff(tmp_path, [packed(RAMP, bits)], {258: [bits], 259: [1], 262: [photometric], 277: [1]})

    wanted = RAMP if photometric == BLACK_IS_ZERO else 1 - RAMP
    assert np.abs(grey(path) - wanted).max() < 1 / 255 + 1 / 2**bits


@pytest.mark.parametrize("bits", [2, 12, 24])
def test_colors_side_by_side(tmp_path: Path, bits: int) -> None:
    beside = np.repeat(RAMP, 3, axis=1)

    path = tiff(tmp_path, [packed(beside, bits)], {258: [bits] * 3, 259: [1], 262: [RGB], 277: [3]})

    assert np.abs(grey(path) - RAMP).max() < 1 / 255 + 1 / 2**bits


def test_colors_in_planes_of_several_strips(tmp_path: Path) -> None:
    plane = [packed(RAMP[:8], 12), packed(RAMP[8:16], 12), packed(RAMP[16:], 12)]
    fields = {258: [12] * 3, 259: [1], 262: [RGB], 277: [3], 278: [8], 284: [2]}

    assert np.abs(grey(tiff(tmp_path, plane * 3, fields)) - RAMP).max() < 0.01


def test_of_luminance_and_smaller_color_planes_the_luminance_is_drawn(tmp_path: Path) -> None:
    small = bytes(WIDTH * HEIGHT // 4 + 40)
    fields = {258: [8] * 3, 259: [1], 262: [YCC], 277: [3], 284: [2], 530: [2, 2]}

    assert np.abs(grey(tiff(tmp_path, [packed(RAMP, 8), small, small], fields)) - RAMP).max() < 0.01


def test_ink_is_dark(tmp_path: Path) -> None:
    inks = np.zeros((HEIGHT, WIDTH, 4))
    inks[..., 3] = RAMP

    path = tiff(tmp_path, [packed(inks.reshape(HEIGHT, -1), 16)], {258: [16] * 4, 259: [1], 262: [CMYK], 277: [4]})

    assert np.abs(grey(path) - (1 - RAMP)).max() < 0.01


def test_a_palette_of_65536_colors(tmp_path: Path) -> None:
    falling = [65535 - value for value in range(65536)]
    fields = {258: [16], 259: [1], 262: [PALETTE], 277: [1], 320: falling * 3}

    assert np.abs(grey(tiff(tmp_path, [packed(RAMP, 16)], fields)) - (1 - RAMP)).max() < 0.01


@pytest.mark.parametrize("scale", [1.0, 4000.0])
def test_floating_point(tmp_path: Path, scale: float) -> None:
    strip = (RAMP * scale).astype("<f4").tobytes()

    path = tiff(tmp_path, [strip], {258: [32], 259: [1], 262: [BLACK_IS_ZERO], 277: [1], 339: [3]})

    assert np.abs(grey(path) - RAMP).max() < 0.01


def test_the_door_takes_them(tmp_path: Path) -> None:
    beside = np.repeat(RAMP, 3, axis=1)
    path = tiff(tmp_path, [packed(beside, 12)], {258: [12] * 3, 259: [1], 262: [RGB], 277: [3]})

    assert len(tiff_pages(path, FaxShape(), "x", 5)) == 1


def test_an_old_jpeg_is_found_in_its_wrapping(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.fromarray(np.round(RAMP * 255).astype(np.uint8)).save(stream, "JPEG")

    path = tiff(tmp_path, [stream.getvalue()], {258: [8], 259: [6], 262: [BLACK_IS_ZERO], 277: [1]})

    assert len(tiff_pages(path, FaxShape(), "x", 5)) == 1


@pytest.mark.parametrize(
    ("strip", "fields"),
    [
        (bytes(10), {258: [12] * 3, 262: [RGB], 277: [3]}),  # rows are missing
        (bytes(4000), {258: [11], 262: [BLACK_IS_ZERO], 277: [1]}),  # a depth that nobody writes
        (bytes(4000), {258: [12], 262: [RGB], 277: [1]}),  # colors are missing
        (bytes(4000), {258: [24], 262: [BLACK_IS_ZERO], 277: [1], 339: [3]}),
    ],
)
def test_what_cannot_be_made_out_is_damaged(tmp_path: Path, strip: bytes, fields: dict[int, list[int]]) -> None:
    path = tiff(tmp_path, [strip], {259: [1], **fields})

    with pytest.raises(DamagedError):
        grey_samples(path, 0, (WIDTH, HEIGHT))
    with pytest.raises(RenderError) as refused:
        tiff_pages(path, FaxShape(), "x", 5)
    assert refused.value.reason is Reason.CORRUPT
