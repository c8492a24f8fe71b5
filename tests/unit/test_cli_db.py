"""faxgw db: what the store is, whether it is sound, and how it is saved and brought back."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.bearings import wall_clock
from gateway.domain.errors import ExitCode
from gateway.store import processes, submissions, tree
from gateway.store.database import open_database
from gateway.store.facts import existing
from gateway.store.migrate import migrate
from gateway.store.revisions import known_revisions
from gateway.store.spool import Spool
from tests.filled_store import anna, mail_to
from tests.flows.commands import Commands

pytestmark = pytest.mark.slow  # each test makes stores of its own


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """A machine without a store."""
    commands = Commands(tmp_path, monkeypatch, capsys)
    settle(commands, "var")
    return commands


def settle(faxgw: Commands, folder: str) -> None:
    """Write settings whose store lies in this folder."""
    faxgw.config.write_text(f'[storage]\nfolder = "{folder}"\n')


@pytest.fixture
def store(tmp_path: Path, faxgw: Commands) -> Path:
    """Its storage folder, with a fax in it that waits to be rendered."""
    folder = tmp_path / "var"
    assert faxgw("db", "upgrade").code == 0
    db = existing(url(folder))
    digest = Spool(folder / "spool").put_bytes(b"the mail")
    submissions.add(db, mail_to(anna(db)))
    db.write(lambda s: s.connection().execute(text(f"update submission set content_digest = '{digest}'")).rowcount)
    db.close()
    return folder


def url(folder: Path) -> str:
    return f"sqlite:///{folder.absolute() / 'faxgw.sqlite'}"


def test_a_store_that_is_not_there_is_not_made_by_looking(faxgw: Commands, tmp_path: Path) -> None:
    for command in (("status",), ("check",), ("sweep",), ("backup", str(tmp_path / "b"))):
        run = faxgw("db", *command)
        assert run.code == ExitCode.NOT_FOUND
        assert "there is no store" in run.err
    assert not (tmp_path / "var" / "faxgw.sqlite").exists()


def test_an_upgrade_makes_a_store_and_says_what_it_did(faxgw: Commands, tmp_path: Path) -> None:
    newest = known_revisions()[0]

    assert f"would go from nothing to revision {newest}" in faxgw("db", "upgrade", "--dry-run").err
    assert not (tmp_path / "var" / "faxgw.sqlite").exists()
    assert f"went from nothing to revision {newest}" in faxgw("db", "upgrade").err
    assert f"has revision {newest} already" in faxgw("db", "upgrade").err


def test_the_status_of_a_newer_store_advises_to_upgrade_the_gateway(faxgw: Commands, store: Path) -> None:
    db = existing(url(store))
    db.write(lambda s: s.connection().execute(text("update alembic_version set version_num = '9999'")).rowcount)
    db.close()

    run = faxgw("db", "status")

    assert (run.code, run.err) == (1, "the store was written by a newer gateway; upgrade this one\n")


@pytest.mark.usefixtures("store")
def test_the_status_tells_what_it_is(faxgw: Commands) -> None:
    run = faxgw("db", "status", "-o", "json")

    found = json.loads(run.out)
    assert (run.code, found["engine"], found["safe"], found["current"]) == (0, "sqlite", True, True)
    assert (found["submissions"], found["jobs"]) == (1, 1)


def test_another_schema_shows_in_the_status(faxgw: Commands, store: Path) -> None:
    db = existing(url(store))
    db.write(lambda s: s.connection().execute(text("update alembic_version set version_num = '0001'")).rowcount)
    db.close()

    run = faxgw("db", "status")

    assert run.code == ExitCode.FAILED
    assert "faxgw db upgrade" in run.err


@pytest.mark.parametrize(
    ("revision", "code", "advice"),
    [("0001", ExitCode.CONFLICT, "faxgw db upgrade"), ("9999", ExitCode.FAILED, "upgrade this one")],
)
def test_a_store_of_another_schema_is_only_looked_at_to_say_so(
    faxgw: Commands, store: Path, tmp_path: Path, revision: str, code: ExitCode, advice: str
) -> None:
    db = existing(url(store))
    db.write(lambda s: s.connection().execute(text(f"update alembic_version set version_num = '{revision}'")).rowcount)
    db.close()

    for command in (("check",), ("sweep",), ("backup", str(tmp_path / "b"))):
        run = faxgw("db", *command)
        assert run.code == code
        assert revision in run.err
        assert advice in run.err
    assert not (tmp_path / "b").exists()


def test_a_damaged_store_is_told_with_what_helps(faxgw: Commands, store: Path) -> None:
    (store / "faxgw.sqlite").write_bytes(b"no database" * 1000)

    run = faxgw("db", "check")

    assert run.code == ExitCode.FAILED
    assert run.err.endswith("is damaged (file is not a database): faxgw db restore brings back a backup\n")


@pytest.mark.usefixtures("store")
def test_a_sound_store_is_called_so(faxgw: Commands) -> None:
    run = faxgw("db", "check")

    assert run.code == 0
    assert "the store is sound" in run.err
    assert "1 contents are named by rows" in run.out


def test_what_is_wrong_is_listed_and_is_the_exit_status(faxgw: Commands, store: Path) -> None:
    [content] = (store / "spool" / "contents").glob("??/*")
    content.write_bytes(b"another mail")

    run = faxgw("db", "check", "-o", "json")

    assert run.code == ExitCode.FAILED
    [wrong] = [row for row in json.loads(run.out) if row["wrong"]]
    assert wrong["about"] == "content"
    assert "submission 1 content, is damaged" in wrong["finding"]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_a_backup_is_restored_elsewhere(faxgw: Commands, tmp_path: Path, name: str) -> None:
    place, other = tmp_path / name, tmp_path / "other"
    made = faxgw("db", "backup", str(place), "-o", "json")
    settle(faxgw, "other")

    run = faxgw("db", "restore", str(place), "-o", "json")

    assert (made.code, run.code) == (0, 0)
    assert json.loads(made.out)["contents"] == json.loads(run.out)["contents"] == 1
    assert json.loads(run.out)["held_when_rendered"] == 1
    assert "faxgw outbound list --state held" in run.err
    assert faxgw("db", "check").code == 0
    assert (other / "faxgw.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("store")
def test_a_restore_is_tried_first_and_never_over_a_store_unless_told(faxgw: Commands, tmp_path: Path) -> None:
    place = str(tmp_path / "backup")
    faxgw("db", "backup", place)

    refused = faxgw("db", "restore", place)
    tried = faxgw("db", "restore", place, "--replace", "--dry-run")
    done = faxgw("db", "restore", place, "--replace", "-o", "json")

    assert (refused.code, tried.code, done.code) == (ExitCode.REFUSED, 0, 0)
    assert "nothing was changed" in tried.err
    assert Path(json.loads(done.out)["former_store"]).is_file()


def test_a_store_that_is_in_use_is_not_replaced(faxgw: Commands, store: Path, tmp_path: Path) -> None:
    faxgw("db", "backup", str(tmp_path / "backup"))
    db = existing(url(store))
    running = processes.register(db, "here", timedelta(minutes=5), wall_clock(), tmp_path / "locks")

    run = faxgw("db", "restore", str(tmp_path / "backup"), "--replace")

    assert run.code == ExitCode.CONFLICT
    assert "stop it first" in run.err
    running.lock.close()
    db.close()


def test_contents_that_are_gone_make_a_backup_done_in_part(faxgw: Commands, store: Path, tmp_path: Path) -> None:
    next((store / "spool" / "contents").glob("??/*")).unlink()

    run = faxgw("db", "backup", str(tmp_path / "backup"))

    assert run.code == ExitCode.DONE_IN_PART
    assert "1 contents that rows name are not in the spool" in run.err


def test_a_backup_that_is_there_or_is_none_is_told(faxgw: Commands, store: Path, tmp_path: Path) -> None:
    assert store.exists()
    assert faxgw("db", "backup", str(tmp_path)).code == ExitCode.REFUSED
    assert faxgw("db", "restore", str(tmp_path / "missing")).code == ExitCode.NOT_FOUND


def test_a_sweep_tells_what_goes_and_takes_it(faxgw: Commands, store: Path) -> None:
    spool = Spool(store / "spool")
    orphan = spool.put_bytes(b"orphan")
    os.utime(spool.path(orphan), (0, 0))

    tried = faxgw("db", "sweep", "--dry-run", "-o", "json")
    assert (json.loads(tried.out)["put_aside"], spool.exists(orphan)) == (1, True)

    faxgw("db", "sweep")
    assert not spool.exists(orphan)


def test_a_store_of_a_newer_gateway_is_not_touched(faxgw: Commands, store: Path) -> None:
    db = open_database(url(store))
    migrate(db)
    db.write(lambda s: s.connection().execute(text("update alembic_version set version_num = '9999'")).rowcount)

    run = faxgw("db", "upgrade")

    assert run.code == ExitCode.FAILED
    assert "newer gateway" in run.err
    assert faxgw("db", "upgrade", "--dry-run").err == run.err
    assert [company.name for company in tree.companies(db)] == ["Acme"]
    db.close()
