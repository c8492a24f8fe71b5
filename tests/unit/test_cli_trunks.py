"""The commands on trunks, as somebody types them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import cli
from gateway.domain.trunks import Route
from gateway.store import calls, journal, trunks
from gateway.store.database import Database
from gateway.store.migrate import open_store
from tests.filled_store import NOW, anna, mail_to, owning, ready


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    settings = tmp_path / "faxgw.toml"
    settings.write_text("[storage]\nfolder = 'var'\n")
    monkeypatch.setenv("FAXGW_CONFIG", str(settings))
    database = open_store(f"sqlite:///{tmp_path / 'var' / 'faxgw.sqlite'}", tmp_path / "var")
    trunks.register(database, (Route("main", 4), Route("second", 2)))
    yield database
    database.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["trunk", *words], catch_exceptions=True)


@pytest.mark.usefixtures("store")
def test_the_list_tells_states_lines_and_calls() -> None:
    run("pause", "second")

    found = json.loads(run("list", "-o", "json").stdout)

    assert found == [
        {"trunk": "main", "state": "open", "lines": 4, "calls": 0, "free": 4},
        {"trunk": "second", "state": "paused", "lines": 2, "calls": 0, "free": 0},
    ]


def test_a_pause_and_its_end_stand_in_the_journal_with_their_reason(store: Database) -> None:
    paused = run("pause", "main", "--reason", "provider")
    resumed = run("resume", "main")

    assert "no new call" in paused.stderr
    assert "open again" in resumed.stderr
    found = journal.listing(store, journal.Wanted())
    assert [(entry.what, entry.reason) for entry in found] == [("trunk.resume", ""), ("trunk.pause", "provider")]


def test_a_trial_changes_nothing(store: Database) -> None:
    assert "nothing was changed" in run("drain", "main", "--dry-run").stderr

    assert {one.state.value for one in trunks.listing(store)} == {"open"}


@pytest.mark.usefixtures("store")
def test_a_trunk_without_calls_is_drained_at_once() -> None:
    drained = run("drain", "main")

    assert (drained.exit_code, "trunk main is empty" in drained.stderr) == (0, True)
    again = run("drain", "main")
    assert (again.exit_code, again.stderr) == (0, "trunk main is draining already\ntrunk main is empty\n")


def test_a_drain_that_calls_outlast_is_done_in_part(store: Database, tmp_path: Path) -> None:
    with owning(store, tmp_path) as owner:
        ready(store, owner, mail_to(anna(store)))
        calls.claim_call(store, owner, "main", 4, NOW)

        drained = run("drain", "main", "--wait", "0")

    assert (drained.exit_code, "1 call still on trunk main" in drained.stderr) == (8, True)
