"""The list of system packages, its probes, and what `faxgw doctor` is told."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import machine
from gateway.machine import Piece, check, missing, pieces

TOP = Path(__file__).parents[2]


def piece(**probe: object) -> Piece:
    return Piece("a-package", "run", "something; without it nothing", **probe)  # type: ignore[arg-type]


@pytest.mark.parametrize("entry", pieces(), ids=lambda entry: entry.package)
def test_every_piece_has_one_probe_a_known_group_and_words(entry: Piece) -> None:
    probes = [bool(probe) for probe in (entry.library, entry.files, entry.command, entry.module)]

    assert probes.count(True) == 1
    assert entry.group in machine.GROUPS
    assert "without it" in entry.needed_for


def test_packages_are_listed_once() -> None:
    names = [entry.package for entry in pieces()]

    assert len(names) == len(set(names))


def test_probe_of_a_library_tries_to_load_it() -> None:
    assert piece(library="libc.so.6").present
    assert not piece(library="libno-such-thing.so.99").present


def test_probe_of_files_wants_every_pattern_matched(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "Sans.ttf").touch()
    font = f"{tmp_path}/**/Sans.ttf"

    assert piece(files=(font,)).present
    assert not piece(files=(font, f"{tmp_path}/**/Serif.ttf")).present


def test_probe_of_a_command_looks_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "faxtool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert piece(command="faxtool").present
    assert not piece(command="no-such-tool").present


def test_probe_of_a_module_asks_python() -> None:
    assert piece(module="ensurepip").present
    assert not piece(module="no_such_module_anywhere").present


def test_remedy_is_a_command_that_names_the_package() -> None:
    assert piece(module="x").remedy.startswith("sudo apt-get install ")
    assert piece(module="x").remedy.endswith(" a-package")


def test_missing_lists_the_pieces_of_the_group_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(piece(module="sys"), package="here")
    gone = replace(piece(module="no_such_module"), package="gone")
    other = replace(gone, package="other", group="test")
    monkeypatch.setattr(machine, "pieces", lambda: (here, gone, other))

    assert missing("run") == [gone]
    assert missing() == [gone, other]


def test_check_looks_at_python_sqlite_disk_and_each_package_needed_to_run(tmp_path: Path) -> None:
    findings = {finding.name.split()[0]: finding for finding in check(tmp_path)}

    assert findings["Python"].ok
    assert findings["SQLite"].ok
    assert {entry.package for entry in pieces() if entry.group == "run"} <= findings.keys()
    assert not {entry.package for entry in pieces() if entry.group == "test"} & findings.keys()
    assert all(finding.without and finding.remedy for finding in findings.values())


def test_a_folder_not_yet_made_is_measured_by_its_nearest_parent(tmp_path: Path) -> None:
    disk = check(tmp_path / "not" / "yet")[2]

    assert str(tmp_path) in disk.name


def test_a_full_disk_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _path: usage._replace(free=1000))

    disk = check(tmp_path)[2]

    assert not disk.ok
    assert "451" in disk.without
    assert "storage.folder" in disk.remedy


@pytest.mark.parametrize(("version", "good"), [((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 4), True)])
def test_sqlite_before_the_wal_fix_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], good: bool
) -> None:
    library = type("Library", (), {"sqlite_version_info": version})
    monkeypatch.setattr(machine.importlib, "import_module", lambda _name: library)

    sqlite = check()[1]

    assert sqlite.ok is good


def test_no_pysqlite3_is_a_finding_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysqlite3.dbapi2", None)

    assert not check()[1].ok


def test_the_list_runs_on_the_standard_library_alone() -> None:
    script = [sys.executable, "-I", "-S", str(TOP / "gateway" / "machine.py"), "--apt"]

    printed = subprocess.run(script, capture_output=True, text=True, check=True).stdout

    assert printed.split() == [entry.package for entry in pieces() if entry.group in ("run", "test")]


def test_what_only_a_measurement_needs_is_installed_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    machine._main(["--apt"])
    everywhere = capsys.readouterr().out.split()
    machine._main(["--apt", "--group", "bench"])

    assert capsys.readouterr().out.split() == ["postfix"]
    assert "postfix" not in everywhere


def test_a_server_that_tests_need_is_installed_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    machine._main(["--apt"])
    everywhere = capsys.readouterr().out.split()
    machine._main(["--apt", "--servers"])

    assert set(capsys.readouterr().out.split()) - set(everywhere) == {"postgresql"}


def test_missing_pieces_are_printed_with_what_will_not_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "pieces", lambda: (piece(module="no_such_module"), piece(module="sys")))

    machine._main(["--missing"])

    assert capsys.readouterr().out.startswith("a-package: something; without it nothing (sudo apt-get")
    assert machine._main(["--missing", "--apt"]) == 0
    assert capsys.readouterr().out == "a-package\n"
