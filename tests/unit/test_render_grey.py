"""Pictures in grey: what is see-through, faint or white itself can still be seen on paper."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from renderers.grey import to_grey

SIZE = (200, 100)
BOX = (40, 30, 160, 70)


def drawn(mode: str, paper: object, ink: object) -> Image.Image:
    picture = Image.new(mode, SIZE, paper)  # type: ignore[arg-type]
    ImageDraw.Draw(picture).rectangle(BOX, fill=ink)  # type: ignore[arg-type]
    return picture


def tones(picture: Image.Image) -> tuple[int, int]:
    """Of the box, and of the paper around it."""
    grey = to_grey(picture)
    assert grey.mode == "L"
    return int(np.asarray(grey)[50, 100]), int(np.asarray(grey)[5, 5])


@pytest.mark.parametrize(
    ("mode", "paper", "ink"),
    [
        ("RGBA", (0, 0, 0, 0), (0, 0, 0, 255)),
        ("RGBA", (255, 255, 255, 0), (255, 255, 255, 255)),
        ("LA", (255, 0), (255, 255)),
        ("LA", (0, 0), (0, 255)),
        ("L", 255, 0),
        ("1", 1, 0),
        ("CMYK", (0, 0, 0, 0), (0, 0, 0, 255)),
        ("I;16", 65535, 0),
        ("F", 1.0, 0.0),
    ],
)
def test_ink_is_dark_and_paper_is_light(mode: str, paper: object, ink: object) -> None:
    box, around = tones(drawn(mode, paper, ink))
    assert box < 40
    assert around > 220


def test_what_is_all_faint_is_made_strong() -> None:
    assert tones(drawn("L", 250, 200)) == (0, 255)


@pytest.mark.parametrize(("paper", "ink"), [(250, 230), (255, 255), (200, 100), (128, 128)])
def test_blank_paper_and_what_has_dark_parts_stay_as_they_are(paper: int, ink: int) -> None:
    assert tones(drawn("L", paper, ink)) == (ink, paper)


def test_a_white_picture_that_is_not_seen_through_stays_white() -> None:
    assert tones(Image.new("RGBA", SIZE, "white")) == (255, 255)
