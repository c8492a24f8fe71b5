"""Which part was in work when all ended, and how finished pages look."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.mail.notice_facts import FailedPart, Problem
from gateway.part_troubles import PROBLEMS, begin, in_work, look_over
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, PageLook, Resolution

LATE = RenderError(Reason.TOO_LONG, "the document")
PART = FailedPart(2, "application/pdf", "plan.pdf", "", within=(1,))
PAGE = FaxPage(1728, 1000, Resolution.FINE, b"\0")


def test_every_reason_is_one_of_the_seven_problems() -> None:
    assert set(PROBLEMS) == set(Reason)
    assert set(PROBLEMS.values()) == set(Problem)


def test_the_part_that_was_begun_is_to_blame(tmp_path: Path) -> None:
    begin(tmp_path, FailedPart(1, "text/plain", "a.txt", ""))
    begin(tmp_path, PART)

    part = in_work(tmp_path, LATE)

    assert part is not None
    assert (part.position, part.within, part.name, part.problem) == (2, (1,), "plan.pdf", Problem.TOO_LONG)
    assert part.reason.startswith("it took too long")


def test_a_part_without_a_name_is_called_by_its_label(tmp_path: Path) -> None:
    begin(tmp_path, FailedPart(2, "application/pdf", "", ""))

    part = in_work(tmp_path, LATE)

    assert part is not None
    assert (part.name, part.reason[:16]) == ("", "it took too long")


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
def test_very_dark_pages_are_told(shares: list[float], words: tuple[str, ...]) -> None:
    warnings = look_over([PAGE] * len(shares), [PageLook(share) for share in shares]).warnings

    assert len(warnings) == len(words)
    assert all(warning.startswith(start) for warning, start in zip(warnings, words, strict=True))


@pytest.mark.parametrize(
    ("resolution", "advice"), [(Resolution.STANDARD, "fine resolution shows it"), (Resolution.FINE, "print it larger")]
)
def test_pages_of_tiny_print_are_told_with_what_to_do(resolution: Resolution, advice: str) -> None:
    pages = [replace(PAGE, resolution=resolution)] * 3
    looks = [PageLook(0.1, tiny=True), PageLook(0.1), PageLook(0.1, tiny=True)]

    [warning] = look_over(pages, looks).warnings

    assert warning.startswith("Pages 1, 3 of the document are in print that may be too small to read on a fax; ")
    assert advice in warning


def test_a_page_may_be_dark_and_tiny() -> None:
    assert len(look_over([PAGE], [PageLook(0.9, tiny=True)]).warnings) == 2


def test_seconds_on_the_line_are_the_octets_of_the_pages() -> None:
    pages = [replace(PAGE, mmr=b"\0" * 90_000)] * 2

    assert look_over(pages, [PageLook(0.0)] * 2).line_seconds == 100
