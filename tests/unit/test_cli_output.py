"""What commands write: tables, JSON, CSV."""

import json
import threading
from datetime import UTC, datetime

import pytest

from gateway.cli.output import Progress, page_count, say, write_one, write_rows
from gateway.cli.waiting import told_when_late

ROWS = [
    {"job": "K7P2", "to": "+12025550123", "locked": False, "at": datetime(2026, 11, 22, 9, 5, tzinfo=UTC)},
    {"job": "K7P3", "to": "=cmd()", "locked": True, "at": None},
]
COLUMNS = ("job", "to", "locked", "at")


def test_a_table_lines_up(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(ROWS, COLUMNS, "table")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "job   to            locked  at"
    assert lines[2] == "K7P2  +12025550123  no      2026-11-22 09:05:00"
    assert lines[3] == "K7P3  =cmd()        yes"


def test_what_moves_a_terminal_or_misleads_is_shown_as_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    say("no \x1b]0;owned\x07 here")
    write_one({"name": "Ann\x1b[2J \u202egnp.exe Łukasz"}, "table")

    shown = capsys.readouterr()
    assert shown.err == "no \\x1b]0;owned\\x07 here\n"
    assert shown.out == "name  Ann\\x1b[2J \\u202egnp.exe Łukasz\n"


def test_who_waits_is_told_once_that_the_store_is_late() -> None:
    told: list[str] = []
    heard = threading.Event()

    with told_when_late(lambda: (told.append("late"), heard.set())[0], 0.001):
        heard.wait(5)
    with told_when_late(lambda: told.append("again"), 60):
        pass

    assert told == ["late"]


def test_progress_of_long_work_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([100.0, 101.0, 103.5, 103.5, 104.0, 106.6, 106.6])

    with Progress(lambda: next(times)) as progress:
        for number in range(4):
            progress.show(f"page {number}")

    assert capsys.readouterr().err.splitlines() == ["page 1", "page 3"]


def test_progress_on_a_terminal_is_one_line_that_goes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    with Progress(lambda: 0.0) as progress:
        progress.show("page 1")
        progress.show("p" * 200)

    shown = capsys.readouterr().err
    assert shown == f"\r\x1b[Kpage 1\r\r\x1b[K{'p' * 78}\r\r\x1b[K"


def test_json_keeps_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(ROWS, COLUMNS, "json")

    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {"job": "K7P2", "to": "+12025550123", "locked": False, "at": "2026-11-22T09:05:00+00:00"}
    assert rows[1]["at"] is None


def test_json_lines_are_one_object_each(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(ROWS, COLUMNS, "jsonl")
    write_one(ROWS[0], "jsonl")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["job"] for line in lines] == ["K7P2", "K7P3", "K7P2"]


def test_csv_keeps_numbers_and_defuses_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(ROWS, COLUMNS, "csv")

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "K7P2,+12025550123,no,2026-11-22 09:05:00"
    assert lines[2] == "K7P3,'=cmd(),yes,"


def test_an_empty_table_says_so_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows([], COLUMNS, "table")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "nothing to list\n"


@pytest.mark.parametrize(("count", "words"), [(0, "0 pages"), (1, "1 page"), (2, "2 pages")])
def test_pages_are_counted_in_words(count: int, words: str) -> None:
    assert page_count(count) == words


def test_one_thing_is_a_line_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    write_one({"job": "K7P2", "sent_to": ["a@b.example", "c@d.example"]}, "table")

    assert capsys.readouterr().out == "job      K7P2\nsent to  a@b.example, c@d.example\n"
