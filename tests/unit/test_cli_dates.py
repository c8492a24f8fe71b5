"""Tables write times in the formats and the zone of whoever looks; programs get them as ever."""

import json
from pathlib import Path

import pytest

from gateway.domain.journal import Note, Signature
from gateway.store import journal
from gateway.store.database import open_database
from tests.filled_store import NOW, anna, fresh_url
from tests.flows.commands import Commands

LIST = ("journal", "list", "--what", "x")


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command, with an entry of the afternoon of 2 March 2026, UTC, and Ada, who sits at Acme."""
    db = open_database(fresh_url(tmp_path))
    anna(db)
    journal.append(db, [Note("x.y", None, "z", {}, {"a": 1})], Signature("account root", NOW, ""))
    db.close()
    commands = Commands(tmp_path, monkeypatch, capsys)
    made = commands("admin", "add", "Acme", "Ada", "Byron", "--email", "ada@acme.example", "--time-zone", "Asia/Tokyo")
    assert made.code == 0
    return commands


def shown(faxgw: Commands, *options: str) -> str:
    """How the table writes the time of the entry."""
    return faxgw(*options, *LIST).out.splitlines()[-1].split("account")[0].split(maxsplit=1)[1].strip()


def test_without_a_wish_times_sort_and_are_of_utc(faxgw: Commands) -> None:
    assert shown(faxgw) == "2026-03-02 15:04:05"


def test_the_shell_says_zone_and_formats(faxgw: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--time-zone", "Europe/Berlin", "--date-format", "dd.MM.yyyy", "--time-format", "h:mm tt")

    assert shown(faxgw, *options) == "02.03.2026 4:04 PM CET"
    monkeypatch.setenv("FAXGW_TIME_ZONE", "America/New_York")
    assert shown(faxgw) == "2026-03-02 10:04:05 EST"


def test_an_administrator_sees_his_own_zone_and_the_formats_of_his_place(faxgw: Commands) -> None:
    faxgw("settings", "set", "Acme", "date.format=yyyy-MM-dd", "date.time_format=HH:mm")
    faxgw("company", "lock", "Acme")
    faxgw("company", "unlock", "Acme")
    table = faxgw("journal", "list", "--as", "ada@acme.example", "--what", "company.unlock").out

    at = faxgw("journal", "list", "--what", "company.unlock", "-o", "json").out
    hours = (int(json.loads(at)[0]["at"][11:13]) + 9) % 24
    assert f" {hours:02}:" in table


def test_programs_get_times_as_ever(faxgw: Commands) -> None:
    options = ("--time-zone", "Europe/Berlin", "--date-format", "dd.MM.yyyy")

    assert "2026-03-02T15:04:05" in faxgw(*options, *LIST, "-o", "json").out
    assert "2026-03-02 15:04:05" in faxgw(*options, *LIST, "-o", "csv").out


@pytest.mark.parametrize("options", [("--time-zone", "Berlin"), ("--date-format", "%Y"), ("--time-format", "24h")])
def test_what_is_no_zone_or_format_is_refused(faxgw: Commands, options: tuple[str, ...]) -> None:
    assert faxgw(*options, *LIST).code == 2


@pytest.mark.parametrize("command", [("doctor",), ("serve",), ("queue", "status"), ("send", "x.eml")])
def test_what_is_of_the_machine_is_no_administrators(faxgw: Commands, command: tuple[str, ...]) -> None:
    ran = faxgw("--as", "ada@acme.example", *command)

    assert (ran.code, ran.complaint) == (4, f"faxgw: {command[0]} is for accounts of the machine alone")
