"""Pictures to pages."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape, Resolution, write_tiff
from renderers.grey import is_photo, to_grey
from renderers.image import picture_pages
from renderers.libtiff import decode_page
from renderers.placing import fitted_size, natural_size

SAMPLES = Path(__file__).parents[2] / "samples/documents"
SHAPE = FaxShape()


def black(page: FaxPage, folder: Path) -> np.ndarray:
    write_tiff(folder / "seen.tif", [page])
    rows = decode_page(folder / "seen.tif", 0, page.width, page.rows)
    return np.unpackbits(rows, axis=1).astype(bool)


def saved(picture: Image.Image, folder: Path, kind: str = "PNG", **options: object) -> Path:
    path = folder / "picture"
    picture.save(path, kind, **options)
    return path


def marked(width: int, height: int, mode: str = "L") -> Image.Image:
    """White with its upper left quarter black."""
    picture = Image.new(mode, (width, height), "white" if mode != "L" else 255)
    picture.paste("black" if mode != "L" else 0, (0, 0, width // 2, height // 2))
    return picture


def test_a_large_picture_is_as_wide_as_the_page(tmp_path: Path) -> None:
    (page,) = picture_pages(saved(marked(3456, 2000), tmp_path), SHAPE, "x")
    bits = black(page, tmp_path)
    assert bits.shape == (SHAPE.rows, 1728)
    assert bits[:450, :850].all()
    assert not bits[:, 880:].any()


@pytest.mark.parametrize("resolution", list(Resolution))
def test_a_square_stays_square_at_every_resolution(tmp_path: Path, resolution: Resolution) -> None:
    shape = FaxShape(resolution=resolution)
    (page,) = picture_pages(saved(marked(1000, 1000), tmp_path), shape, "x")
    bits = black(page, tmp_path)
    wide, high = np.flatnonzero(bits.any(0)).size / 204, np.flatnonzero(bits.any(1)).size / resolution.value
    assert wide == pytest.approx(high, rel=0.02)


def test_a_small_picture_is_not_blown_up(tmp_path: Path) -> None:
    (page,) = picture_pages(saved(marked(100, 100), tmp_path), SHAPE, "x")
    bits = black(page, tmp_path)
    across = np.flatnonzero(bits.any(axis=0))
    assert across.size == pytest.approx(150, abs=4)
    assert across[0] == pytest.approx((1728 - 300) / 2, abs=4)


def test_a_portrait_photo_fits_one_page() -> None:
    assert natural_size((3000, 4000), SHAPE)[1] <= SHAPE.rows
    assert natural_size((1080, 2400), SHAPE)[1] == SHAPE.rows


def test_a_long_screenshot_is_cut_into_pages(tmp_path: Path) -> None:
    pages = picture_pages(saved(Image.new("L", (800, 6000), 0), tmp_path), SHAPE, "x")
    assert len(pages) == 6
    assert black(pages[0], tmp_path).all()


def test_a_photo_is_turned_as_the_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right of the pixels
    path = saved(marked(800, 800).transpose(Image.Transpose.ROTATE_90), tmp_path, "JPEG", exif=exif)
    bits = black(picture_pages(path, SHAPE, "x")[0], tmp_path)
    assert bits[:800, :800].mean() > 0.99
    assert bits[900:, 900:].mean() < 0.01


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 600, 300))
    bits = black(picture_pages(saved(picture, tmp_path), SHAPE, "x")[0], tmp_path)
    assert bits[:840].mean() > 0.97
    assert bits[880:].mean() < 0.01


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "P"),
        ("PNG", "1"),
        ("PNG", "RGB"),
        ("GIF", "P"),
        ("BMP", "RGB"),
        ("WEBP", "RGB"),
        ("JPEG", "CMYK"),
        ("PNG", "I;16"),
    ],
)
def test_every_kind_of_picture_shows_the_same(tmp_path: Path, kind: str, mode: str) -> None:
    source = marked(600, 600)
    if mode == "I;16":
        source = Image.fromarray(np.asarray(source).astype(np.uint16) * 257)
    else:
        source = source.convert("RGB").convert(mode)
    bits = black(picture_pages(saved(source, tmp_path, kind), SHAPE, "x")[0], tmp_path)
    assert bits[20:820, 20:840].mean() > 0.97
    assert bits[860:, 880:].mean() < 0.03


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "I", "F", "CMYK", "YCbCr", "LAB", "HSV", "1"])
def test_every_mode_becomes_grey(mode: str) -> None:
    picture = (
        Image.new("RGB", (8, 8), "white").convert("L" if mode in {"I", "F"} else "RGB").convert(mode)
        if mode not in {"LAB", "P"}
        else Image.new(mode, (8, 8))
    )
    assert to_grey(picture).mode == "L"


def test_a_photo_is_screened_and_keeps_its_tones(tmp_path: Path) -> None:
    (page,) = picture_pages(SAMPLES / "landscape.jpg", SHAPE, "x")
    bits = black(page, tmp_path)
    sky, hills = bits[50:300, 50:600].mean(), bits[1000:1100, 50:600].mean()
    assert 0.1 < sky < 0.7
    assert hills > 0.8
    assert len(page.mmr) < 1728 * 1100 / 8  # dots that the line coding can bear


def test_the_turned_photo_shows_the_same_scene(tmp_path: Path) -> None:
    upright = black(picture_pages(SAMPLES / "landscape.jpg", SHAPE, "x")[0], tmp_path)
    turned = black(picture_pages(SAMPLES / "landscape-turned.jpg", SHAPE, "x")[0], tmp_path)
    coarse = [bits[:1000].reshape(20, 50, 27, 64).mean((1, 3)) for bits in (upright, turned)]
    assert np.abs(coarse[0] - coarse[1]).mean() < 0.08


def test_a_scanned_letter_is_not_taken_for_a_photo() -> None:
    grey = np.full((400, 400), 250, np.uint8)
    grey[::20] = 30
    assert not is_photo(Image.fromarray(grey))
    assert is_photo(Image.fromarray(np.full((40, 40), 120, np.uint8)))


def test_a_photo_cut_off_on_its_way_is_still_shown(tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    path.write_bytes((SAMPLES / "landscape.jpg").read_bytes()[:150_000])
    (page,) = picture_pages(path, SHAPE, "x")
    assert black(page, tmp_path)[50:300].any()


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0nothing", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"])
def test_what_is_damaged_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p"
    path.write_bytes(content)
    with pytest.raises(RenderError) as caught:
        picture_pages(path, SHAPE, "holiday.jpg")
    assert caught.value.reason is Reason.CORRUPT
    assert "holiday.jpg" in caught.value.text


def test_a_picture_of_a_telephone_is_drawn(tmp_path: Path) -> None:
    (page,) = picture_pages(SAMPLES / "photo.heic", SHAPE, "x.heic")
    (same,) = picture_pages(SAMPLES / "landscape.jpg", SHAPE, "x.jpg")
    assert np.mean(black(page, tmp_path) == black(same, tmp_path)) > 0.7


def test_an_avif_is_drawn(tmp_path: Path) -> None:
    path = saved(marked(600, 600, "RGB"), tmp_path, "AVIF")
    assert black(picture_pages(path, SHAPE, "x")[0], tmp_path)[:400, :800].all()


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"avif"])
def test_a_damaged_picture_of_a_telephone_is_refused(tmp_path: Path, brand: bytes) -> None:
    path = tmp_path / "p"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0" * 50)
    with pytest.raises(RenderError, match="damaged") as caught:
        picture_pages(path, SHAPE, "x.heic")
    assert caught.value.reason is Reason.CORRUPT


def test_of_a_heic_cut_off_on_its_way_what_came_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes((SAMPLES / "photo.heic").read_bytes()[:16_000])
    assert len(picture_pages(path, SHAPE, "x.heic")) == 1


def test_a_heic_cut_off_before_its_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes((SAMPLES / "photo.heic").read_bytes()[:200])
    with pytest.raises(RenderError) as caught:
        picture_pages(path, SHAPE, "x.heic")
    assert caught.value.reason is Reason.CORRUPT


@pytest.mark.slow
def test_a_bomb_of_pixels_is_refused_unopened(tmp_path: Path) -> None:
    small = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(small, "PNG")
    path = tmp_path / "p"
    path.write_bytes(small.getvalue())
    with pytest.raises(RenderError) as caught:
        picture_pages(path, SHAPE, "x")
    assert caught.value.reason is Reason.TOO_LARGE


def test_sizes_are_shrunk_to_the_page_and_never_enlarged() -> None:
    assert fitted_size((4.0, 5.0), SHAPE) == (816, 980)
    wide, high = fitted_size((17.0, 22.0), SHAPE)
    assert wide <= 1728
    assert high <= SHAPE.rows
    assert wide / 204 / (high / 196) == pytest.approx(17 / 22, rel=0.01)
