"""faxgw archive: copies that wait or failed are seen, made again, given up; a place is tried out on real servers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.archive import TransferState
from gateway.domain.errors import ExitCode
from gateway.store import archive_lists, archive_transfers, journal, tree
from tests.archive_servers import House, archive_house
from tests.fakes import SinkRelay, in_thread
from tests.flows.commands import Commands
from tests.flows.receptions import ben, fax_of
from tests.flows.stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        ben(found)
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(stage.folder, monkeypatch, capsys)


@pytest.fixture
def house() -> Iterator[House]:
    with archive_house() as found:
        yield found


def wants(stage: Stage, place: str) -> None:
    tree.set_setting(stage.db, "Acme", "archive.enabled", "on")
    tree.set_setting(stage.db, "Acme", "archive.destination", place)


@pytest.fixture
def copies(stage: Stage) -> list[str]:
    """The faxes of two copies: one that died, and one that waits."""
    wants(stage, "sftp://faxes@old.example/in")
    died = fax_of(stage, 1).public_id
    claim = archive_transfers.claim(stage.db, stage.process.id, stage.clock.now())
    assert claim is not None
    archive_transfers.given_up(stage.db, claim, stage.clock.now(), "no such folder")
    return [died, fax_of(stage, 1, uid="call-2").public_id]


def listed(faxgw: Commands, *options: str) -> list[str]:
    return [row["fax"] for row in json.loads(faxgw("archive", "list", *options, "-o", "json").out)]


def states(stage: Stage) -> list[TransferState]:
    return [one.state for one in archive_lists.listing(stage.db)]


def test_copies_are_listed_newest_first_and_by_what_is_asked(faxgw: Commands, copies: list[str]) -> None:
    assert listed(faxgw) == copies[::-1]
    assert listed(faxgw, "--state", "dead", "--state", "lost") == copies[:1]
    assert listed(faxgw, "--fax", copies[1].lower(), "--direction", "received") == copies[1:]
    assert listed(faxgw, "--direction", "sent") == []
    assert listed(faxgw, "--where", "Acme/Sales") == copies[::-1]
    assert "no such folder" in faxgw("archive", "list").out
    assert faxgw("archive", "list", "--fax", "?").code == ExitCode.NOT_FOUND


@pytest.mark.usefixtures("copies")
def test_one_copy_is_shown_with_its_owner_and_its_place(faxgw: Commands) -> None:
    row = json.loads(faxgw("archive", "show", "1", "-o", "json").out)

    assert (row["state"], row["reply"], row["owner"]) == ("dead", "no such folder", "Acme/Sales/ben@acme.example")
    assert (row["place"], row["format"], row["file"]) == ("sftp://faxes@old.example/in", "pdf", "")
    assert faxgw("archive", "show", "99").code == ExitCode.NOT_FOUND


@pytest.mark.usefixtures("copies")
def test_those_that_died_are_made_again_where_the_settings_want_them_now(stage: Stage, faxgw: Commands) -> None:
    wants(stage, "mailto:vault@acme.example")

    ran = faxgw("archive", "retry", "--dead", "--reason", "another place")

    assert (ran.code, ran.err) == (0, "copy 1 is made again\n")
    assert states(stage) == [TransferState.WAITING, TransferState.WAITING]
    assert archive_lists.one(stage.db, 1).order.place == "mailto:vault@acme.example"
    [entry] = journal.listing(stage.db, journal.Wanted(what="archive.retry"))
    assert "another place" in str(entry)


@pytest.mark.usefixtures("copies")
def test_copies_are_given_up_and_then_left_alone(stage: Stage, faxgw: Commands) -> None:
    assert faxgw("archive", "drop", "1", "2", "--dry-run").code == 0
    assert TransferState.DROPPED not in states(stage)

    assert faxgw("archive", "drop", "1", "2", "--yes").code == 0
    assert states(stage) == [TransferState.DROPPED, TransferState.DROPPED]
    assert faxgw("archive", "retry", "1").code == ExitCode.CONFLICT
    assert faxgw("archive", "drop", "1", "99", "--yes").code == ExitCode.CONFLICT


@pytest.mark.usefixtures("copies")
def test_some_of_several_is_an_answer_of_its_own(faxgw: Commands) -> None:
    assert faxgw("archive", "retry", "1", "99").code == ExitCode.DONE_IN_PART
    assert faxgw("archive", "retry").code == ExitCode.USAGE


def test_an_administrator_sees_and_moves_only_copies_of_his_place(faxgw: Commands, copies: list[str]) -> None:
    faxgw("company", "add", "Brass")
    for place, name, rights in (("Acme", "olga", ["--read-only"]), ("Brass", "paul", [])):
        address = f"{name}@{place.lower()}.example"
        added = faxgw("admin", "add", place, name.title(), "X", "--email", address, *rights)
        assert added.code == 0, added.err

    assert listed(faxgw, "--as", "olga@acme.example") == copies[::-1]
    assert listed(faxgw, "--as", "paul@brass.example") == []
    assert faxgw("archive", "retry", "1", "--as", "olga@acme.example").code == ExitCode.NOT_ALLOWED
    assert faxgw("archive", "show", "1", "--as", "paul@brass.example").code == ExitCode.NOT_ALLOWED
    assert faxgw("archive", "drop", "1", "--yes", "--as", "paul@brass.example").code == ExitCode.NOT_ALLOWED


def test_a_place_is_tried_out_with_the_login_of_the_machine(stage: Stage, faxgw: Commands, house: House) -> None:
    server = house.ftp()
    house.login(server.place(), "Acme")
    faxgw.configure(f'[archive]\nlogins = "{house.logins}"\n')
    wants(stage, server.place())

    ran = faxgw("archive", "test", "Acme/Sales")

    assert (ran.code, ran.err) == (0, f"{server.place()} works: a file was kept there\n")
    assert server.names == []
    assert "STOR" in server.seen


def test_a_place_that_does_not_work_says_why(stage: Stage, faxgw: Commands, house: House) -> None:
    server = house.ftp()
    wants(stage, server.place())

    ran = faxgw("archive", "test", "Acme")

    assert ran.code == ExitCode.REFUSED
    assert "there is no login" in ran.complaint
    assert faxgw("archive", "test", "Acme", "--place", "ftp://nobody").code == ExitCode.USAGE


async def test_the_key_of_a_server_that_we_do_not_know_is_shown_to_be_compared(
    stage: Stage, faxgw: Commands, house: House
) -> None:
    server = await house.sftp()
    house.login(server.place(), "Acme")
    line = house.known_hosts.read_text()
    faxgw.configure(f'[archive]\nlogins = "{house.logins}"\n')
    wants(stage, server.place())

    ran = await in_thread(lambda: faxgw("archive", "test", "Acme"))

    assert ran.code == ExitCode.UNREACHABLE
    assert ran.out.strip() == line.strip()
    assert "not among those we know" in ran.err


async def test_an_address_is_sent_a_letter(stage: Stage, faxgw: Commands) -> None:
    wants(stage, "mailto:vault@acme.example")
    async with SinkRelay() as sink:
        faxgw.configure(f"[relay]\nport = {sink.port}\n")
        ran = await in_thread(lambda: faxgw("archive", "test", "Acme"))

    assert (ran.code, "a letter is on its way" in ran.err) == (0, True)
    [one] = sink.mails
    assert one.recipients == ("vault@acme.example",)
    assert one.message["Auto-Submitted"] == "auto-generated"
