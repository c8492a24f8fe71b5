"""faxgw test retry against tests/golden/retry_*.txt, and what the golden files do not show.

Of a golden file the first line is the command; then come what it writes to stdout and, behind a line of dashes alone,
what it says on stderr.
"""

import json
import shlex
from pathlib import Path

import pytest

from gateway.admin.trying_retry import ENDINGS
from gateway.domain.call import Cause
from gateway.domain.outcome import Outcome
from tests.flows.commands import Commands

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("retry_*.txt"))
AT = ("--at", "2026-03-02T15:00")
BEFORE_ANY_CALL = {Outcome.INVALID_ATTACHMENT, Outcome.NO_ATTACHMENT, Outcome.UNAUTHORIZED}


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(tmp_path, monkeypatch, capsys)


def told(faxgw: Commands, *arguments: str) -> list[dict[str, object]]:
    ran = faxgw("test", "retry", *arguments, *AT, "-o", "json")
    assert (ran.code, ran.err) == (0, "")
    rows: list[dict[str, object]] = json.loads(ran.out)
    return rows


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_answer_is_the_golden_one(faxgw: Commands, path: Path) -> None:
    command, _, expected = path.read_text(encoding="utf-8").partition("\n")

    ran = faxgw(*shlex.split(command)[1:])

    assert ran.code == 0
    assert ran.out + "--\n" + ran.err == expected


def test_there_are_golden_answers() -> None:
    assert len(GOLDEN) >= 6


def test_every_cause_and_every_outcome_of_a_call_can_be_named() -> None:
    assert {ending.outcome for ending in ENDINGS.values()} == set(Outcome) - BEFORE_ANY_CALL
    assert {cause.value for cause in Cause} <= set(ENDINGS)


@pytest.mark.parametrize("name", sorted(ENDINGS))
def test_every_name_ends_a_call_with_its_outcome(faxgw: Commands, name: str) -> None:
    [row] = told(faxgw, name)

    assert row["outcome"] == ENDINGS[name].outcome.value


def test_names_are_read_in_any_case_and_as_the_notices_have_them(faxgw: Commands) -> None:
    rows = told(faxgw, "BUSY", "No Answer", "Sit-Tone / Operator Msg")

    assert [row["detail"] for row in rows] == ["busy", "no-answer", "announcement"]


def test_a_whole_story_is_told_to_programs(faxgw: Commands) -> None:
    first, second = told(faxgw, "not-a-fax", "success", "--pages", "3", "--reached")

    assert first["next"] == second["begins"] == "2026-03-02T15:05:00+00:00"
    assert (first["dials"], first["tries"], first["tone_wait_seconds"]) == (1, 0, 35)
    assert (second["dials"], second["tries"], second["tone_wait_seconds"]) == (2, 1, 60)
    assert (second["then"], second["next"], second["outcome"]) == ("sent", None, "Success")


def test_settings_hold_as_they_would_for_a_user(faxgw: Commands) -> None:
    rows = told(faxgw, "busy", "busy", "--setting", "retry.busy=7", "--setting", "retry.jitter_percent=0")

    assert rows[0]["next"] == rows[0]["earliest"] == rows[0]["latest"] == "2026-03-02T15:07:00+00:00"
    assert (rows[1]["then"], rows[1]["reason"]) == ("failed", "retries used up")


def test_nothing_counts_towards_a_quarantine_that_is_switched_off(faxgw: Commands) -> None:
    always, never = told(faxgw, "sit-vacant"), told(faxgw, "sit-vacant", "--setting", "quarantine.after=0")

    assert (always[0]["counts_for_quarantine"], never[0]["counts_for_quarantine"]) == (True, False)


def test_without_a_time_it_begins_now(faxgw: Commands) -> None:
    assert faxgw("test", "retry", "busy", "-o", "json").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nonsense"], 2, "'nonsense' is no ending of a call; known are announcement, busy"),
        (["busy:many"], 2, "'busy:many' is no ending"),
        (["invalid-attachment"], 2, "is no ending of a call"),
        (["busy", "--setting", "retry.busy"], 2, "--setting takes NAME=VALUE"),
        (["busy", "--setting", "retry.busy=soon"], 2, "'soon' is no value for retry.busy"),
        (["busy", "--setting", "retry.bussy=1"], 2, "unknown setting 'retry.bussy'"),
        (["busy", "--at", "soon"], 2, "'soon' is no time"),
        (["busy", "--number", "12"], 6, "digits"),
        ([], 2, "OUTCOMES"),
    ],
)
def test_every_mistake_is_one_line_and_a_code(faxgw: Commands, arguments: list[str], code: int, words: str) -> None:
    ran = faxgw("test", "retry", *arguments)

    assert ran.code == code
    assert words in ran.complaint


@pytest.mark.parametrize(("policy", "pages"), [("resend-last", [1, 10]), ("resend-all", [1, 1])])
def test_a_fax_in_doubt_is_tried_as_the_setting_says(faxgw: Commands, policy: str, pages: list[int]) -> None:
    rows = told(faxgw, "unconfirmed", "success", "--setting", f"retry.unconfirmed={policy}")

    assert [row["from_page"] for row in rows] == pages
