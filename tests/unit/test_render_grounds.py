"""Dark grounds are turned to white; what is on them can be read."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from renderers.faxpage import Resolution
from renderers.fills import lift
from renderers.grounds import lighten
from renderers.halftone import BLOCK, to_rows

HEIGHT, WIDTH = 640, 800
NOTHING = np.zeros((HEIGHT // BLOCK, WIDTH // BLOCK), bool)


def slide(ground: int, ink: int, words: str = "Quarterly results", panel: int | None = None) -> np.ndarray:
    """A slide with a white margin of 40 pels, a title, and a panel if wanted."""
    picture = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 40, WIDTH - 41, HEIGHT - 41), fill=ground)
    draw.text((80, 80), words, fill=ink, font=ImageFont.truetype("DejaVuSans.ttf", 64))
    if panel is not None:
        draw.rectangle((200, 300, 599, 499), fill=panel)
        draw.text((220, 360), "Sales", fill=255 - panel, font=ImageFont.truetype("DejaVuSans.ttf", 48))
    return np.asarray(picture).copy()


def writing(ground: int, ink: int) -> np.ndarray:
    return np.abs(slide(ground, ink).astype(int) - slide(ground, ground)) > 150


def faxed(grey: np.ndarray, pictures: np.ndarray = NOTHING) -> np.ndarray:
    grey = grey.copy()
    lighten(grey, pictures)
    rows = lift(grey, to_rows(grey, Resolution.FINE, pictures), pictures, Resolution.FINE)
    return np.unpackbits(rows, axis=1).astype(bool)


@pytest.mark.parametrize("ground", [0, 20, 60, 100])
def test_white_words_on_a_dark_slide_go_out_black_on_white(ground: int) -> None:
    bits = faxed(slide(ground, 255))
    assert bits[writing(ground, 255)].mean() > 0.98
    assert bits.mean() < 0.1
    assert not bits[300:500, 100:700].any()


def test_the_margin_around_a_slide_stays_white() -> None:
    bits = faxed(slide(20, 255))
    assert not bits[:38].any()
    assert not bits[:, :38].any()


def test_a_white_panel_with_black_words_stays_as_it_is() -> None:
    bits, ink = faxed(slide(20, 255, panel=255)), slide(20, 255, panel=255) < 60
    inside = np.s_[310:490, 210:590]
    assert bits[inside][ink[inside]].mean() > 0.95
    assert bits[inside][~ink[inside]].mean() < 0.05


def test_grey_writing_on_a_dark_slide_is_black() -> None:
    assert faxed(slide(0, 190))[writing(0, 190)].mean() > 0.98


def test_a_dark_slope_of_greys_is_one_ground() -> None:
    grey = slide(0, 255)
    slope = np.linspace(0, 60, WIDTH - 80).astype(np.uint8)
    inner = grey[40:-40, 40:-40]
    np.maximum(inner, slope, out=inner)
    bits = faxed(grey)
    assert bits[writing(0, 255)].mean() > 0.95
    assert bits.mean() < 0.15


def test_a_heading_on_a_bar_stays_white_on_black() -> None:
    grey = slide(255, 255)
    grey[60:140, 40:-40] = 20
    before = grey.copy()
    assert not lighten(grey, NOTHING)
    assert np.array_equal(grey, before)


@pytest.mark.parametrize("ink", [0, 100])
def test_a_dark_area_without_lighter_writing_is_left(ink: int) -> None:
    grey = slide(100, ink)
    assert not lighten(grey, NOTHING)


def test_a_photograph_is_never_turned() -> None:
    grey = slide(20, 255)
    assert not lighten(grey, ~NOTHING)


def test_a_photograph_on_a_dark_slide_keeps_its_tones() -> None:
    grey = slide(20, 255)
    grey[320:480, 240:560] = np.linspace(60, 220, 320).astype(np.uint8)
    pictures = NOTHING.copy()
    pictures[20:30, 15:35] = True
    before = grey.copy()
    assert lighten(grey, pictures)
    assert np.array_equal(grey[320:480, 240:560], before[320:480, 240:560])


def test_a_drawing_on_a_dark_slide_turns_with_it() -> None:
    grey = slide(20, 255)
    grey[400, 240:560] = grey[320:480, 400] = 255  # two lines, the rest of it lets the ground through
    pictures = NOTHING.copy()
    pictures[20:30, 15:35] = True
    bits = faxed(grey, pictures)
    assert bits[400, 240:560].all()
    assert bits[330:390, 260:390].mean() < 0.02
