"""Which part was in work when all ended, and how finished pages look."""

import json
from pathlib import Path

import numpy as np
import pytest

from gateway.mail.notice_facts import FailedPart, Problem
from gateway.part_troubles import PROBLEMS, begin, in_work, look_over
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, Resolution, write_tiff
from renderers.libtiff import encode

LATE = RenderError(Reason.TOO_LONG, "the document")
PART = FailedPart(2, "application/pdf", "plan.pdf", "", within=(1,))


def page(share: float) -> FaxPage:
    rows = np.zeros((1000, 216), np.uint8)
    rows[: int(1000 * share)] = 255
    return FaxPage(1728, 1000, Resolution.FINE, encode(rows))


def test_every_reason_is_one_of_the_seven_problems() -> None:
    assert set(PROBLEMS) == set(Reason)
    assert set(PROBLEMS.values()) == set(Problem)


def test_the_part_that_was_begun_is_to_blame(tmp_path: Path) -> None:
    begin(tmp_path, FailedPart(1, "text/plain", "a.txt", ""))
    begin(tmp_path, PART)

    part = in_work(tmp_path, LATE)

    assert part is not None
    assert (part.position, part.within, part.name, part.problem) == (2, (1,), "plan.pdf", Problem.TOO_LONG)
    assert part.reason.startswith("“plan.pdf” took too long")


def test_a_part_without_a_name_is_called_by_its_label(tmp_path: Path) -> None:
    begin(tmp_path, FailedPart(2, "application/pdf", "", ""))

    part = in_work(tmp_path, LATE)

    assert part is not None
    assert part.reason.startswith("“attachment 2 (PDF)” took too long")


@pytest.mark.parametrize(
    "note", ["", "[]", "{}", "null", '{"name": 1, "media_type": 2, "position": "x", "within": []}', "x" * 9000]
)
def test_a_note_that_makes_no_sense_blames_nobody(tmp_path: Path, note: str) -> None:
    (tmp_path / "in-work.json").write_text(note)

    assert in_work(tmp_path, LATE) is None


def test_before_the_first_part_nobody_is_to_blame(tmp_path: Path) -> None:
    assert in_work(tmp_path, LATE) is None


def test_the_note_is_read_as_what_it_says_alone(tmp_path: Path) -> None:
    said = {"name": "a", "media_type": "b", "position": 1, "within": ["2"], "reason": "sent", "problem": "fine"}
    (tmp_path / "in-work.json").write_text(json.dumps(said))

    part = in_work(tmp_path, LATE)

    assert part is not None
    assert (part.within, part.problem) == ((2,), Problem.TOO_LONG)
    assert "sent" not in part.reason


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([0.1, 0.2], ()),
        ([0.1, 0.9], ("Page 2 of the document is very dark",)),
        ([0.5] * 7, ("Pages 1, 2, 3, 4, 5 and 2 more of the document are very dark",)),
    ],
)
def test_very_dark_pages_are_told(tmp_path: Path, shares: list[float], words: tuple[str, ...]) -> None:
    pages = [page(share) for share in shares]
    write_tiff(tmp_path / "p.tif", pages)

    warnings = look_over(pages, tmp_path / "p.tif").warnings

    assert len(warnings) == len(words)
    assert all(warning.startswith(start) for warning, start in zip(warnings, words, strict=True))


def test_seconds_on_the_line_are_the_octets_of_the_pages(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1000, 216), np.uint8)
    pages = [FaxPage(1728, 1000, Resolution.FINE, encode(noise))]
    write_tiff(tmp_path / "p.tif", pages)

    assert look_over(pages, tmp_path / "p.tif").line_seconds == round(len(pages[0].mmr) * 8 / 14400) > 100


def test_a_page_that_is_not_sound_is_no_reason_to_stop(tmp_path: Path) -> None:
    bad = FaxPage(1728, 1000, Resolution.FINE, b"\x12\x34\x56")
    write_tiff(tmp_path / "p.tif", [bad])

    assert look_over([bad], tmp_path / "p.tif").warnings == ()
