"""TIFF to pages: passed through where it is fax, scaled where it is not."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape, Resolution, read_tiff, write_tiff
from renderers.libtiff import decode_page, encode
from renderers.tiff import tiff_pages

SAMPLES = Path(__file__).parents[2] / "samples/documents"
SHAPE = FaxShape()


def noise(rows: int, seed: int = 1, width: int = 1728) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, width)) < 0.05


def own(folder: Path, *bits: np.ndarray, resolution: Resolution = Resolution.FINE) -> Path:
    path = folder / "own.tif"
    write_tiff(path, [FaxPage(b.shape[1], len(b), resolution, encode(np.packbits(b, axis=1))) for b in bits])
    return path


def other(folder: Path, *bits: np.ndarray, **options: object) -> Path:
    """As Pillow writes it: black is zero, strips of 64 KB."""
    path = folder / "other.tif"
    first, *rest = [Image.fromarray(~one) for one in bits]
    first.save(path, save_all=True, append_images=rest, **{"compression": "group4", "dpi": (204, 196), **options})
    return path


def black(page: FaxPage, folder: Path) -> np.ndarray:
    write_tiff(folder / "seen.tif", [page])
    rows = decode_page(folder / "seen.tif", 0, page.width, page.rows)
    return np.unpackbits(rows, axis=1).astype(bool)


def test_our_own_pages_pass_bit_for_bit(tmp_path: Path) -> None:
    path = own(tmp_path, noise(2000), noise(1500, 2))
    assert tiff_pages(path, SHAPE, "x", 10) == read_tiff(path)


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_other_programs_fax_pages_keep_every_pel(tmp_path: Path, compression: str) -> None:
    bits = noise(1900), noise(300, 2)
    pages = tiff_pages(other(tmp_path, *bits, compression=compression), SHAPE, "x", 10)
    assert [page.rows for page in pages] == [1900, 300]
    assert all(np.array_equal(black(page, tmp_path), one) for page, one in zip(pages, bits, strict=True))


def test_bits_in_the_other_order_are_turned(tmp_path: Path) -> None:
    path = own(tmp_path, noise(500))
    content = bytearray(path.read_bytes())
    strip = read_tiff(path)[0].mmr
    reversed_bits = bytes(int(f"{byte:08b}"[::-1], 2) for byte in strip)
    content[8 : 8 + len(strip)] = reversed_bits
    fill_order = content.index(b"\x0a\x01\x03\x00\x01\x00\x00\x00\x01")
    content[fill_order + 8] = 2
    path.write_bytes(content)
    assert tiff_pages(path, SHAPE, "x", 10)[0].mmr == strip


def test_centimeters_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "cm.tif"
    tags = {282: 204 / 2.54, 283: 196 / 2.54, 296: 3}
    Image.fromarray(~noise(700)).save(path, compression="group4", tiffinfo=tags)
    assert tiff_pages(path, SHAPE, "x", 10)[0].rows == 700


def test_standard_pages_are_stretched_to_fine(tmp_path: Path) -> None:
    bits = np.zeros((1000, 1728), bool)
    bits[100:200, 400:800] = True
    (page,) = tiff_pages(own(tmp_path, bits, resolution=Resolution.STANDARD), SHAPE, "x", 10)
    seen = black(page, tmp_path)
    assert page.resolution is Resolution.FINE
    down, across = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    assert (down[0], down[-1]) == pytest.approx((200, 400), abs=8)
    assert (across[0], across[-1]) == pytest.approx((400, 800), abs=8)


def test_each_row_of_a_standard_page_is_two_of_a_fine_one(tmp_path: Path) -> None:
    bits = noise(900)
    (page,) = tiff_pages(own(tmp_path, bits, resolution=Resolution.STANDARD), SHAPE, "x", 10)
    assert np.array_equal(black(page, tmp_path), bits.repeat(2, axis=0))


def test_each_row_of_a_fine_page_is_two_of_a_superfine_one(tmp_path: Path) -> None:
    bits = noise(900)
    (page,) = tiff_pages(own(tmp_path, bits), FaxShape(resolution=Resolution.SUPERFINE), "x", 10)
    assert np.array_equal(black(page, tmp_path), bits.repeat(2, axis=0))


@pytest.mark.skipif(shutil.which("tiffcp") is None, reason="libtiff-tools is not installed")
@pytest.mark.parametrize(
    "options",
    [
        "-c g3:1d", "-c g3:2d", "-c g3:2d:fill", "-c g3:1d -f lsb2msb", "-c g3:2d -r 64", "-c g4 -f lsb2msb",
        "-c g4 -r 64", "-c g4 -r 100 -f lsb2msb", "-c g4 -r 9999 -B", "-c g4 -8",
        "-c none", "-c packbits", "-c lzw -r 9999", "-c zip",
    ],
)  # fmt: skip
def test_fax_pages_in_any_coding_keep_every_pel(tmp_path: Path, options: str) -> None:
    bits = noise(1900), noise(301, 2)
    subprocess.run(["tiffcp", *options.split(), own(tmp_path, *bits), tmp_path / "copy.tif"], check=True)
    pages = tiff_pages(tmp_path / "copy.tif", SHAPE, "x", 10)
    assert [np.array_equal(black(page, tmp_path)[: len(one)], one) for page, one in zip(pages, bits, strict=True)] == [
        True, True,
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_in_a_tiff_is_drawn(tmp_path: Path, mode: str) -> None:
    picture = Image.new("L", (850, 1100), 255)
    picture.paste(0, (100, 100, 400, 300))
    picture.convert("RGB").convert(mode).save(tmp_path / "j.tif", compression="jpeg", dpi=(100, 100), quality=90)
    (page,) = tiff_pages(tmp_path / "j.tif", SHAPE, "x", 3)
    seen = black(page, tmp_path)
    assert seen[220:560, 230:780].mean() > 0.98
    assert not seen[700:].any()


def test_every_frame_of_a_mixed_file_becomes_its_pages(tmp_path: Path) -> None:
    fax = Image.fromarray(~noise(1500))
    frames = [Image.new("L", (850, 1100), 40), Image.new("RGB", (850, 1100), "white"), fax]
    frames[0].save(tmp_path / "m.tif", save_all=True, append_images=frames[1:], dpi=(100, 100))
    assert len(tiff_pages(tmp_path / "m.tif", SHAPE, "x", 10)) == 3


@pytest.mark.parametrize(("width", "resolution"), [(2048, Resolution.FINE), (2432, Resolution.STANDARD)])
def test_wide_fax_pages_keep_every_pel_on_wide_paper(tmp_path: Path, width: int, resolution: Resolution) -> None:
    bits = noise(400, width=width)
    path = own(tmp_path, bits, resolution=resolution)
    assert tiff_pages(path, FaxShape(width, resolution), "x", 10) == read_tiff(path)


def test_a_wide_fax_page_is_shrunk_to_narrow_paper(tmp_path: Path) -> None:
    bits = np.zeros((3000, 2432), bool)
    bits[1000:1010] = True
    (page,) = tiff_pages(own(tmp_path, bits), SHAPE, "x", 10)
    assert np.flatnonzero(black(page, tmp_path).any(0)).size == pytest.approx(2432 * SHAPE.rows / 3000, abs=2)


def test_fine_pages_are_halved_for_a_standard_fax(tmp_path: Path) -> None:
    shape = FaxShape(resolution=Resolution.STANDARD)
    (page,) = tiff_pages(own(tmp_path, noise(2000)), shape, "x", 10)
    assert page.rows == shape.rows


def test_a_fax_page_without_resolution_is_known_by_its_width(tmp_path: Path) -> None:
    path = tmp_path / "bare.tif"
    Image.fromarray(~noise(2100)).save(path, compression="group4")
    assert np.array_equal(black(tiff_pages(path, SHAPE, "x", 10)[0], tmp_path), noise(2100))


def test_an_office_scan_is_scaled_to_the_page(tmp_path: Path) -> None:
    pages = tiff_pages(SAMPLES / "office-scan.tif", SHAPE, "x", 10)
    assert [(page.width, page.rows) for page in pages] == [(1728, SHAPE.rows)] * 2
    assert 0.01 < black(pages[0], tmp_path).mean() < 0.15


def test_the_sample_fax_keeps_its_rows() -> None:
    assert [page.rows for page in tiff_pages(SAMPLES / "received-fax.tif", SHAPE, "x", 10)] == [2200, 2200]


def test_a_landscape_scan_is_turned(tmp_path: Path) -> None:
    bits = np.zeros((2550, 3300), bool)
    bits[:200, :] = True  # along the top
    (page,) = tiff_pages(other(tmp_path, bits, dpi=(300, 300)), SHAPE, "x", 10)
    seen = black(page, tmp_path)
    assert seen[:, -100:].any()
    assert not seen[:, :100].any()
    assert np.flatnonzero(seen.any(1)).size > 2000


def test_a_scan_smaller_than_the_page_keeps_its_size(tmp_path: Path) -> None:
    (page,) = tiff_pages(other(tmp_path, np.ones((600, 900), bool), dpi=(300, 300)), SHAPE, "x", 10)
    seen = black(page, tmp_path)
    assert np.flatnonzero(seen.any(0)).size == pytest.approx(3 * 204, abs=3)
    assert np.flatnonzero(seen.any(1)).size == pytest.approx(2 * 196, abs=3)


def test_thumbnails_are_left_out(tmp_path: Path) -> None:
    path = own(tmp_path, noise(900), noise(90))
    page, thumbnail = (struct.pack("<HHII", 254, 4, 1, value) for value in (2, 3))
    head, rest, tail = path.read_bytes().split(page)
    path.write_bytes(head + page + rest + thumbnail + tail)
    assert [one.rows for one in tiff_pages(path, SHAPE, "x", 10)] == [900]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "I;16", "F"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_colors_and_depths_become_pages(tmp_path: Path, mode: str, compression: str) -> None:
    levels = np.tile(np.linspace(0, 255, 600).astype(np.uint8), (400, 1))
    picture = {
        "I;16": lambda: Image.fromarray(levels.astype(np.uint16) * 257),
        "F": lambda: Image.fromarray(levels.astype(np.float32) / 255),
    }.get(mode, lambda: Image.fromarray(levels).convert("RGB").convert(mode))()
    picture.save(tmp_path / "c.tif", compression=compression)
    (page,) = tiff_pages(tmp_path / "c.tif", SHAPE, "x", 10)
    seen = black(page, tmp_path)[:1100]
    assert seen[:, :300].mean() > seen[:, -300:].mean() + 0.5


def test_more_frames_than_allowed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError) as caught:
        tiff_pages(own(tmp_path, *[noise(10)] * 4), SHAPE, "x", 3)
    assert caught.value.reason is Reason.TOO_MANY_PAGES


def test_of_a_damaged_page_what_can_be_saved_is_sent(tmp_path: Path) -> None:
    path = own(tmp_path, noise(500))
    content = bytearray(path.read_bytes())
    content[100:3000] = b"\0" * 2900
    path.write_bytes(content)
    (page,) = tiff_pages(path, SHAPE, "scan.tif", 3)
    assert black(page, tmp_path)[:30].any()


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's
@pytest.mark.parametrize("content", [b"II*\0", b"II*\0\x08\0\0\0\0\0", b"MM\0*garbage and more of it"])
def test_what_has_no_pages_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.tif").write_bytes(content)
    with pytest.raises(RenderError) as caught:
        tiff_pages(tmp_path / "p.tif", SHAPE, "scan.tif", 3)
    assert caught.value.reason is Reason.CORRUPT


def test_a_big_tiff_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.tif"
    Image.fromarray(np.asarray(Image.new("L", (500, 300), 0))).save(path, big_tiff=True)
    (page,) = tiff_pages(path, SHAPE, "x", 3)
    assert black(page, tmp_path).any()
