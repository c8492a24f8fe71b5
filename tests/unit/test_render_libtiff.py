"""The CCITT codec of the system's libtiff."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from renderers.faxpage import FaxPage, Resolution, write_tiff
from renderers.libtiff import DamagedError, decode_colors, decode_page, encode, page_sizes


def roundtrip(bits: np.ndarray, folder: Path, strip: bytes | None = None) -> np.ndarray:
    height, stride = bits.shape
    page = FaxPage(stride * 8, height, Resolution.FINE, strip or encode(bits))
    write_tiff(folder / "r.tif", [page])
    return decode_page(folder / "r.tif", 0, stride * 8, height)


@settings(max_examples=40, deadline=None)
@given(bits=hnp.arrays(np.uint8, st.tuples(st.integers(1, 30), st.sampled_from([216, 256, 304]))))
def test_what_is_coded_decodes_to_the_same(bits: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert np.array_equal(roundtrip(bits, tmp_path_factory.mktemp("c")), bits)


def test_white_pages_are_one_bit_a_row_and_an_end() -> None:
    strip = encode(np.zeros((800, 216), np.uint8))
    assert strip[:100] == b"\xff" * 100  # V0 for each row
    assert strip[100:103] == bytes.fromhex("001001")  # EOFB, T.6 2.4.1
    assert len(strip) <= 104


def test_a_strip_need_not_be_contiguous() -> None:
    wide = np.arange(20 * 432, dtype=np.uint8).reshape(20, 432)
    assert encode(wide[:, ::2]) == encode(wide[:, ::2].copy())


def test_a_strip_with_rows_missing_is_damaged(tmp_path: Path) -> None:
    strip = encode(np.full((20, 216), 0xA5, np.uint8))
    with pytest.raises(DamagedError):
        roundtrip(np.zeros((40, 216), np.uint8), tmp_path, strip)


def test_a_strip_of_nonsense_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedError):
        roundtrip(np.zeros((40, 216), np.uint8), tmp_path, b"\x12\x34\x56" * 30)


def test_a_page_that_is_not_there_is_damaged(tmp_path: Path) -> None:
    write_tiff(tmp_path / "p.tif", [FaxPage(1728, 1, Resolution.FINE, encode(np.zeros((1, 216), np.uint8)))])
    with pytest.raises(DamagedError, match="page 3 is missing"):
        decode_page(tmp_path / "p.tif", 2, 1728, 1)


def test_what_is_no_tiff_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "p.tif").write_bytes(b"nothing of the kind")
    with pytest.raises(DamagedError, match="not a TIFF"):
        decode_page(tmp_path / "p.tif", 0, 8, 8)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_other_programs_pages_decode(tmp_path: Path, compression: str) -> None:
    bits = np.random.default_rng(5).random((60, 1728)) < 0.1
    Image.fromarray(~bits).save(tmp_path / "p.tif", compression=compression)
    with Image.open(tmp_path / "p.tif") as image:
        black_is_zero = image.tag_v2[262] == 1
    rows = decode_page(tmp_path / "p.tif", 0, 1728, 60)
    assert np.array_equal(np.unpackbits(~rows if black_is_zero else rows, axis=1).astype(bool), bits)


def test_colors_are_drawn_upright(tmp_path: Path) -> None:
    picture = Image.new("RGB", (6, 4), "white")
    picture.putpixel((0, 0), (255, 0, 0))
    picture.save(tmp_path / "c.tif")
    assert page_sizes(tmp_path / "c.tif", 10) == [(6, 4)]
    drawn = decode_colors(tmp_path / "c.tif", 0, (6, 4))
    assert drawn[0, 0].tolist() == [255, 0, 0, 255]
    assert drawn[3, 5].tolist() == [255, 255, 255, 255]


def test_sizes_of_all_pages_are_told_up_to_a_limit(tmp_path: Path) -> None:
    pages = [Image.new("L", (n, n + 1)) for n in range(1, 6)]
    pages[0].save(tmp_path / "m.tif", save_all=True, append_images=pages[1:])
    assert page_sizes(tmp_path / "m.tif", 3) == [(1, 2), (2, 3), (3, 4)]
    (tmp_path / "n.tif").write_bytes(b"no")
    assert page_sizes(tmp_path / "n.tif", 3) == []
