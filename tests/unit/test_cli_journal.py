"""faxgw journal: what is listed, and whether all is as it was written."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.domain.journal import Note, Signature
from gateway.store import journal
from gateway.store.database import open_database
from tests.filled_store import NOW, fresh_url
from tests.flows.commands import Commands


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command, with two changes in its journal."""
    db = open_database(fresh_url(tmp_path))
    notes = [
        Note("user.lock", 3, "Acme/anna", {"locked": False}, {"locked": True}),
        Note("dept.add", 4, "Acme/Sales", {}, {"name": "Sales"}),
    ]
    journal.append(db, notes, Signature("account root", NOW, "she left"))
    db.close()
    return Commands(tmp_path, monkeypatch, capsys)


def test_changes_are_listed_with_the_latest_first(faxgw: Commands) -> None:
    rows = json.loads(faxgw("journal", "list", "-o", "json").out)

    assert [(row["number"], row["what"], row["target"]) for row in rows] == [
        (2, "dept.add", "Acme/Sales"),
        (1, "user.lock", "Acme/anna"),
    ]
    assert (rows[1]["before"], rows[1]["after"]) == ('{"locked":false}', '{"locked":true}')
    assert (rows[1]["who"], rows[1]["reason"], rows[1]["at"][:10]) == ("account root", "she left", "2026-03-02")


def test_the_list_is_narrowed_by_what_is_asked_for(faxgw: Commands) -> None:
    assert "user.lock" not in faxgw("journal", "list", "--what", "dept").out
    assert faxgw("journal", "list", "--since", "2026-03-03").complaint == "nothing to list"
    assert "user.lock" in faxgw("journal", "list", "--until", "2026-03-03", "--target", "anna", "-o", "csv").out


def test_a_journal_that_is_as_it_was_written_is_said_to_be_sound(faxgw: Commands) -> None:
    ran = faxgw("journal", "verify")

    assert (ran.code, ran.complaint) == (0, "the journal is sound: 2 entries, each sealed to the one before")


def test_a_journal_that_was_changed_by_hand_fails(faxgw: Commands) -> None:
    db = open_database(f"sqlite:///{faxgw.folder / 'store.sqlite'}")
    db.write(lambda session: session.execute(text("UPDATE journal_head SET number = 9")))
    db.close()

    ran = faxgw("journal", "verify")

    assert ran.code == 1
    assert "not as it was written: entries are missing behind number 2" in ran.complaint


def test_an_unknown_administrator_does_nothing(faxgw: Commands) -> None:
    ran = faxgw("journal", "list", "--as", "eve")

    assert (ran.code, ran.out) == (3, "")
    assert "there is no administrator 'eve'" in ran.complaint
