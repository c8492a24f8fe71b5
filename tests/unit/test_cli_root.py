"""The door of the command line: settings files, doctor, serve, help, and what no command foresees."""

import csv
import io
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gateway import machine
from gateway.cli.abouts import ABOUTS
from gateway.cli.doctor import archives
from gateway.cli.main import COMMANDS, cli
from gateway.settings import Archive
from tests.flows.commands import Commands


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(tmp_path, monkeypatch, capsys)


# Settings files.


@pytest.mark.parametrize(
    ("more", "words", "line"),
    [
        ("[smtp]\nprot = 25\n", "unknown key smtp.prot; known are host, port", 5),
        ("[smpt]\n", "unknown section [smpt]; known are storage, smtp", 4),
        ('[smtp]\nport = "25"\n', "smtp.port must be a whole number, not '25'", 5),
        ("[queue]\n\nlease_seconds = 0\n", "queue.lease_seconds must be more than 0", 6),
        ('[relay]\npassword = "hush hush"\n', "relay.password needs relay.start_tls or relay.implicit_tls = true", 5),
    ],
)
def test_a_mistake_in_the_file_names_key_and_line(faxgw: Commands, more: str, words: str, line: int) -> None:
    faxgw.configure(more)

    ran = faxgw("company", "list")

    assert ran.code == 2
    assert ran.complaint.startswith(f"faxgw: {faxgw.config}: ")
    assert words in ran.complaint
    assert ran.complaint.endswith(f"(line {line})")
    assert "hush" not in ran.complaint


def test_broken_toml_names_its_line(faxgw: Commands) -> None:
    faxgw.configure("[smtp\n")

    ran = faxgw("company", "list")

    assert ran.code == 2
    assert "line 4" in ran.complaint


def test_a_file_that_is_not_there_is_named(faxgw: Commands) -> None:
    faxgw.config.unlink()

    ran = faxgw("company", "list")

    assert (ran.code, ran.complaint) == (
        2,
        f"faxgw: {faxgw.config}: there is no such settings file; check --config and FAXGW_CONFIG",
    )


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://"])
def test_a_store_that_cannot_be_is_wrong_settings(faxgw: Commands, url: str) -> None:
    faxgw.config.write_text(f'[storage]\nurl = "{url}"\n')

    ran = faxgw("company", "list")

    assert ran.code == 2
    assert "write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME" in ran.complaint


def test_a_store_that_cannot_be_reached_is_not_reachable(faxgw: Commands) -> None:
    faxgw.config.write_text('[storage]\nfolder = "faxgw.toml/var"\n')  # a folder inside a file

    ran = faxgw("company", "list")

    assert ran.code == 7
    assert "cannot be made" in ran.complaint


@pytest.fixture
def no_office(monkeypatch: pytest.MonkeyPatch) -> None:
    """LibreOffice is not found: starting it takes seconds, and tests of its own start it."""
    monkeypatch.setattr("renderers.tools._FOLDERS", ())


@pytest.mark.usefixtures("no_office")
def test_commands_that_need_no_store_open_none(faxgw: Commands) -> None:
    (faxgw.folder / "store.sqlite").unlink()

    faxgw("doctor")

    assert list(faxgw.folder.iterdir()) == [faxgw.config]


# Doctor.


@pytest.mark.usefixtures("no_office")
def test_doctor_lists_every_piece_and_its_code_tells_whether_all_are_there(faxgw: Commands) -> None:
    ran = faxgw("doctor", "-o", "json")

    rows = json.loads(ran.out)
    missing = [row for row in rows if not row["found"]]
    assert len(rows) == len(machine.check(faxgw.folder)) + 3  # what it tries: the LibreOffice worker, two walls
    assert ran.code == (1 if missing else 0)
    assert all(row["without_it"] and row["get_it"] for row in missing)
    assert f"{len(rows)} pieces" in ran.err


@pytest.fixture
def a_library_that_nobody_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A list of pieces with one that is not there."""
    pieces = tmp_path / "pieces.toml"
    piece = {"package": "libnobody1", "group": "run", "needed_for": "nothing works", "library": "libnobody.so.1"}
    pieces.write_text("[[piece]]\n" + "".join(f'{name} = "{value}"\n' for name, value in piece.items()))
    monkeypatch.setattr(machine, "LIST", pieces)
    machine.pieces.cache_clear()
    yield
    machine.pieces.cache_clear()


@pytest.mark.usefixtures("a_library_that_nobody_has", "no_office")
def test_what_is_missing_is_named_with_its_remedy(faxgw: Commands) -> None:
    ran = faxgw("doctor", "-o", "csv")

    [row] = [row for row in csv.DictReader(io.StringIO(ran.out)) if row["piece"] == "libnobody1"]
    assert ran.code == 1
    assert (row["found"], row["without_it"]) == ("no", "nothing works")
    assert row["get_it"].endswith("apt-get install --no-install-recommends libnobody1")
    assert ran.err.endswith("pieces missing: run the commands above\n")


def test_doctor_looks_at_the_files_of_archives(tmp_path: Path) -> None:
    logins, hosts = tmp_path / "logins.toml", tmp_path / "hosts"
    logins.write_text('[[login]]\nserver = "sftp://fax@files.acme.example"\ncompany = "*"\npassword = "hush"\n')
    logins.chmod(0o644)

    assert archives(Archive()) == []
    [wrong] = archives(Archive(logins=str(logins)))
    logins.chmod(0o600)
    well, unbelieved = archives(Archive(logins=str(logins)))
    found = archives(Archive(logins=str(logins), known_hosts=str(hosts), certificates=str(logins)))

    assert (wrong.ok, wrong.remedy.endswith(f"chmod 600 {logins}")) == (False, True)
    assert (well.ok, unbelieved.ok, unbelieved.name) == (True, False, "archive.known_hosts")
    assert [one.ok for one in found] == [True, False, False]
    assert "hush" not in str(found)


@pytest.mark.usefixtures("no_office")
def test_doctor_says_why_no_libreoffice_worker_starts(faxgw: Commands) -> None:
    ran = faxgw("doctor", "-o", "json")

    [row] = [row for row in json.loads(ran.out) if row["piece"] == "LibreOffice worker"]
    assert not row["found"]
    assert row["without_it"].endswith("LibreOffice is not installed")
    assert "python3-uno" in row["get_it"]


# Serve, help and surprises.


@pytest.mark.slow
def test_serve_says_when_its_port_is_taken(faxgw: Commands) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        faxgw.configure(f"[smtp]\nport = {taken.getsockname()[1]}\n")
        command = [sys.executable, "-m", "gateway", "--config", str(faxgw.config), "serve"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 7
    assert "choose another port" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(faxgw: Commands, command: str) -> None:
    ran = faxgw(command, "--help")

    assert ran.code == 0
    assert ran.out.startswith(f"Usage: faxgw {command}")


def test_without_a_command_the_help_is_named(faxgw: Commands) -> None:
    ran = faxgw()

    assert (ran.code, ran.complaint) == (2, "faxgw: Missing command; see faxgw --help")


def test_help_names_every_command(faxgw: Commands) -> None:
    assert all(f"\n  {command} " in faxgw("--help").out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_of_commands_says_what_each_says_itself(command: str) -> None:
    found = cli.get_command(click.Context(cli), command)

    assert found is not None
    own = (found.help or "").split("\n\n")[0]
    assert ABOUTS.get(command) == " ".join(own.split()), "write it into gateway/cli/abouts.py"


def test_the_list_of_commands_loads_none_of_them() -> None:
    code = (
        "import sys, click\nfrom gateway.cli.main import cli\n"
        "context = click.Context(cli)\nassert 'outbox' in cli.get_help(context)\n"
        "assert [one.value for one in cli.shell_complete(context, 'outb')] == ['outbound', 'outbox']\n"
        "print(*[name for name in ('sqlmodel', 'gateway.cli.outbox', 'gateway.settings') if name in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (told.stdout, told.stderr) == ("\n", "")


def test_a_group_alone_shows_its_commands(faxgw: Commands) -> None:
    ran = faxgw("outbound")

    assert ran.code == 2
    assert "Show one fax" in ran.err


def test_an_unknown_command_is_one_line(faxgw: Commands) -> None:
    ran = faxgw("outbuond")

    assert ran.code == 2
    assert ran.complaint.endswith("see faxgw --help")


@pytest.mark.parametrize(
    ("typed", "code", "words"), [("", 2, "nobody is there to answer: say --yes"), ("n\n", 1, "stopped")]
)
def test_a_question_that_nobody_answers_is_told_from_a_no(faxgw: Commands, typed: str, code: int, words: str) -> None:
    faxgw("db", "upgrade")
    ran = faxgw("outbox", "drop", "17", typed=typed)

    assert (ran.code, f"faxgw: {words}" in ran.err) == (code, True)


def test_an_argument_that_is_no_text_is_refused(faxgw: Commands) -> None:
    ran = faxgw("rights", "list", "\udcff")

    assert (ran.code, ran.complaint) == (2, "faxgw: \\udcff is not in UTF-8")


def test_a_file_that_cannot_be_is_one_line(faxgw: Commands) -> None:
    faxgw("db", "upgrade")
    ran = faxgw("db", "backup", 300 * "9")

    assert (ran.code, ran.complaint[-23:]) == (7, "999: File name too long")


def test_the_version_is_told(faxgw: Commands) -> None:
    assert "version" in faxgw("--version").out
