"""Grey to black and white."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from renderers.faxpage import Resolution
from renderers.fills import fill_levels, lift
from renderers.halftone import (
    BLOCK,
    DARK,
    LIGHT,
    count_in_blocks,
    level_for,
    rescue,
    screen,
    selective,
    threshold,
    to_rows,
    toned_blocks,
)


def black(rows: np.ndarray) -> np.ndarray:
    return np.unpackbits(rows, axis=1).astype(bool)


def flat(value: int, height: int = 64, width: int = 128) -> np.ndarray:
    return np.full((height, width), value, np.uint8)


def written(paper: int, ink: int, words: str = "Total 1,234.56") -> np.ndarray:
    picture = Image.new("L", (640, 160), 255)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((32, 32, 607, 127), fill=paper)
    draw.text((64, 56), words, fill=ink, font=ImageFont.truetype("DejaVuSans.ttf", 40))
    return np.asarray(picture)


def nowhere(grey: np.ndarray) -> np.ndarray:
    return np.zeros((-(-grey.shape[0] // BLOCK), -(-grey.shape[1] // BLOCK)), bool)


def test_threshold_is_black_below_its_level() -> None:
    grey = flat(191)
    grey[0, 0] = 192
    bits = black(threshold(grey, 192))
    assert not bits[0, 0]
    assert bits.sum() == grey.size - 1


def test_standard_resolution_takes_a_higher_level() -> None:
    assert level_for(Resolution.STANDARD) > level_for(Resolution.FINE) == level_for(Resolution.SUPERFINE)


@pytest.mark.parametrize("resolution", list(Resolution))
@given(tone=st.integers(0, 255))
@settings(max_examples=20)
def test_a_screen_keeps_the_tone(resolution: Resolution, tone: int) -> None:
    share = black(screen(flat(tone), resolution)).mean()
    assert share == pytest.approx(1 - tone / 255, abs=0.04)


def test_white_and_black_have_no_dots() -> None:
    assert not screen(flat(255), Resolution.FINE).any()
    assert black(screen(flat(0), Resolution.FINE)).all()


def test_a_screen_of_odd_height_has_all_rows() -> None:
    assert screen(flat(120, 61), Resolution.SUPERFINE).shape == (61, 16)


def test_text_is_the_same_as_under_a_threshold() -> None:
    grey = written(255, 90)
    assert np.array_equal(selective(grey, Resolution.FINE), threshold(grey, 192))


def test_a_toned_area_is_screened_and_text_beside_it_is_not() -> None:
    grey = np.hstack([written(255, 0), flat(128, 160, 640)])
    rows = selective(grey, Resolution.FINE)
    assert np.array_equal(rows[:, :78], threshold(grey, 192)[:, :78])
    assert 0.4 < black(rows)[:, 700:].mean() < 0.6


def test_only_where_pictures_are_is_screened() -> None:
    grey = flat(128, 64, 256)
    where = nowhere(grey)
    where[:, :4] = True
    bits = black(selective(grey, Resolution.FINE, where))
    assert 0.4 < bits[:, :64].mean() < 0.6
    assert bits[:, 64:].all()


@pytest.mark.parametrize("size", [(96, 24), (112, 28), (128, 32)])
def test_blown_up_pictures_of_words_are_not_screened(size: tuple[int, int]) -> None:
    coarse = Image.fromarray(written(255, 0)).resize(size, Image.Resampling.BOX)
    grey = np.asarray(coarse.resize((640, 160), Image.Resampling.BICUBIC))

    assert np.count_nonzero((grey > DARK) & (grey < LIGHT)) > 2000
    assert np.array_equal(selective(grey, Resolution.FINE), threshold(grey, 192))


def test_what_is_drawn_on_a_toned_area_belongs_to_it() -> None:
    grey = flat(128, 320, 640)
    grey[144:176, 100:500] = 0

    bits = black(selective(grey, Resolution.FINE))

    assert bits[144:176, 100:500].all()
    assert 0.4 < bits[112:144].mean() < 0.6  # and so up to its edge


def test_a_thin_bar_of_one_tone_is_screened() -> None:
    grey = flat(255, 160, 640)
    grey[64:80] = 128

    assert 0.4 < black(selective(grey, Resolution.FINE))[64:80].mean() < 0.6


def test_blocks_at_the_edge_are_counted() -> None:
    assert toned_blocks(flat(100, 17, 40)).shape == (2, 3)
    assert count_in_blocks(np.full((17, 5), 0xFF, np.uint8)).tolist() == [[256, 256, 128], [16, 16, 8]]


@pytest.mark.parametrize("resolution", list(Resolution))
def test_a_pale_page_is_not_sent_empty(resolution: Resolution) -> None:
    grey = flat(255)
    grey[20:30, 20:60] = 235
    rows = to_rows(grey, resolution)
    assert black(rows)[20:30, 20:60].all()
    assert black(rows).sum() == 400


def test_dust_on_white_stays_white() -> None:
    grey = flat(255)
    grey[5, 5] = 251
    assert not rescue(grey, Resolution.FINE).any()


def test_a_page_without_fills_is_not_touched() -> None:
    grey = written(255, 0)
    rows = threshold(grey, 192)
    assert lift(grey, rows, nowhere(grey), Resolution.FINE) is rows


def test_dark_writing_on_a_grey_fill_can_be_read() -> None:
    grey = written(130, 0)
    rows = lift(grey, threshold(grey, 192), nowhere(grey), Resolution.FINE)
    bits, ink = black(rows), grey < 20
    assert bits[ink].mean() > 0.95
    assert 0.02 < bits[40:50, 40:600].mean() < 0.45  # the fill itself is light
    assert not bits[:28].any()  # the paper around is white


def test_light_writing_on_a_dark_fill_stays_white_on_black() -> None:
    grey = written(80, 255)
    rows = lift(grey, threshold(grey, 192), nowhere(grey), Resolution.FINE)
    assert np.array_equal(rows, threshold(grey, 192))


def test_a_fill_nearly_black_is_left_black() -> None:
    grey = written(40, 255)
    assert not fill_levels(grey, threshold(grey, 192), nowhere(grey)).any()


def test_fills_inside_pictures_are_left_to_the_screen() -> None:
    grey = written(130, 0)
    everywhere = ~nowhere(grey)
    assert not fill_levels(grey, threshold(grey, 192), everywhere).any()


def test_a_sign_smaller_than_two_blocks_is_no_fill() -> None:
    grey = flat(255)
    grey[16:32, 32:48] = 120
    assert not fill_levels(grey, threshold(grey, 192), nowhere(grey)).any()


def test_bars_of_different_grey_stay_apart() -> None:
    grey = flat(255, 160, 320)
    grey[32:128, 32:128], grey[32:128, 128:224] = 90, 180
    bits = black(lift(grey, threshold(grey, 192), nowhere(grey), Resolution.FINE))
    assert bits[48:112, 48:112].mean() > bits[48:112, 144:208].mean() + 0.1


def test_a_white_row_between_grey_ones_keeps_its_words() -> None:
    grey = np.vstack([np.vstack([flat(190, 32, 640), written(255, 0)[48:112]])] * 3 + [flat(190, 32, 640)])
    plain = threshold(grey, 192)
    bits, before = black(lift(grey, plain.copy(), nowhere(grey), Resolution.FINE)), black(plain)
    assert np.array_equal(bits[36:92], before[36:92])
    assert bits[:32].mean() < 0.5


def test_bold_words_on_a_light_fill_leave_no_black_blocks() -> None:
    grey = written(190, 190).copy()
    for stroke in range(6):  # of ten pels: more than half of each block is writing
        grey[60:100, 64 + stroke : 560 : 10] = 0
    bits = black(lift(grey, threshold(grey, 192), nowhere(grey), Resolution.FINE))
    assert not bits[66:96, 78:540][grey[66:96, 78:540] > 180].any()  # between strokes it is white
