"""Text put together from pictures of characters, held against the same text drawn at once by Pillow."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from renderers import lettering
from renderers.lettering import Lettering

FINE = Lettering(25, 38, 37)
WIDTH = 900
NAMES = ["Acme 4711", "AVATAR To. 11:41", "office fluffy affine", "Łódź Holding sp. z o.o.", "Καλημέρα", "Привет, мир"]
OTHER_SCRIPTS = ['שלום בע"מ 12', "شركة 12", "日本株式会社", "e\u0301", "नमस्ते"]


def written(text: str, left: float, size: Lettering = FINE, width: int = WIDTH) -> np.ndarray:
    line = np.zeros((size.rows, width), np.bool_)
    size.write(line, left, text)
    return line


def at_once(text: str, left: float, size: Lettering = FINE, width: int = WIDTH) -> np.ndarray:
    """What Pillow makes of the whole text, at the same place to a 64th of a pel."""
    strip = Image.new("L", (width, size.high), 255)
    place = (round(left * 64) / 64, size.high * 0.14)
    ImageDraw.Draw(strip).text(place, text, fill=0, font=lettering._font(size.size))
    return np.asarray(strip.resize((width, size.rows), Image.Resampling.BOX)) < 150


def differing(text: str, left: float) -> int:
    """How many pels are not what they would be."""
    return int((written(text, left) ^ at_once(text, left)).sum())


@settings(max_examples=40, deadline=None)
@given(text=st.text("0123456789+> :.-", max_size=30), left=st.floats(20, 60))
def test_numbers_stand_where_the_whole_text_would_put_them(text: str, left: float) -> None:
    assert differing(text, left) <= 2 * len(text)  # two that touch may share a pel


@pytest.mark.parametrize("left", [51.0, 51.26, 51.5, 51.99])
@pytest.mark.parametrize("text", NAMES)
def test_names_differ_at_most_where_two_characters_share_a_pel(text: str, left: float) -> None:
    assert differing(text, left) <= 3 * len(text)


@pytest.mark.parametrize("text", OTHER_SCRIPTS)
def test_what_is_joined_stacked_or_runs_to_the_left_is_drawn_whole(text: str) -> None:
    assert np.array_equal(written(text, 51.3), at_once(text, 51.3))


@pytest.mark.parametrize("text", [*NAMES, *OTHER_SCRIPTS, "", " ", "11", "AV", "fi"])
@pytest.mark.parametrize("size", [25, 12, 8])
def test_the_length_is_that_of_the_whole_text(text: str, size: int) -> None:
    assert Lettering(size, 38, 37).length(text) == pytest.approx(lettering._font(size).getlength(text), abs=1 / 16)


def test_close_pairs_are_set_closer() -> None:
    assert FINE.length("AV") < FINE.length("A") + FINE.length("V")


def test_what_does_not_fit_is_cut_at_both_sides() -> None:
    cut = written("0123456789", -40.0, width=60)
    assert np.array_equal(cut, written("0123456789", 0.0, width=200)[:, 40:100])
    assert cut[:, 0].any() or cut[:, 1].any()


def test_a_text_beside_the_line_leaves_it_white() -> None:
    assert not written("Page 1 of 1", WIDTH + 5).any()
    assert not written("Page 1 of 1", -500.0).any()


def test_blanks_leave_the_line_white() -> None:
    assert not written("  \u00a0 ", 20.0).any()


def test_two_texts_on_one_line_leave_each_other_be() -> None:
    line = np.zeros((FINE.rows, WIDTH), np.bool_)
    FINE.write(line, 20.0, "left")
    FINE.write(line, 600.0, "right")
    assert np.array_equal(line, written("left", 20.0) | written("right", 600.0))


def test_a_line_pressed_into_fewer_rows_shows_the_same_text() -> None:
    low = Lettering(25, 38, 18)
    assert np.array_equal(written("Page 12 of 30", 51.0, low), at_once("Page 12 of 30", 51.0, low))


def test_each_character_is_drawn_once() -> None:
    lettering._piece.cache_clear()
    for number in range(50):
        written(f"+1206555{9000 + number}", 51.0)
    assert lettering._piece.cache_info().misses == len("+0123456789")


def test_what_is_remembered_has_an_end() -> None:
    for kept in (lettering._piece, lettering._text, lettering._setting, lettering._advance, lettering._font):
        assert kept.cache_info().maxsize is not None


@pytest.mark.parametrize("size", [8, 9, 16])
def test_small_letters_are_drawn_too(size: int) -> None:
    small = Lettering(size, 38, 37)
    assert written("Page 1 of 1", 20.0, small).sum() > 20
    assert math.ceil(small.length("Page 1 of 1")) < FINE.length("Page 1 of 1")
