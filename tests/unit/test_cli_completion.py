"""faxgw completion: a script for each shell, and what it then completes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.commands import Commands


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(faxgw: Commands, shell: str) -> None:
    script = faxgw("completion", shell).out

    assert f"_FAXGW_COMPLETE={shell}_complete" in script
    assert "faxgw" in script


def test_another_shell_is_refused_with_those_there_are(faxgw: Commands) -> None:
    ran = faxgw("completion", "tcsh")

    assert (ran.code, "'bash', 'zsh', 'fish'" in ran.complaint) == (2, True)


def test_commands_are_completed_as_the_script_asks() -> None:
    asked = {**os.environ, "_FAXGW_COMPLETE": "bash_complete", "COMP_WORDS": "faxgw bl", "COMP_CWORD": "1"}
    code = "import sys; sys.argv = ['faxgw']; from gateway.cli.main import main; main()"

    told = subprocess.run([sys.executable, "-c", code], env=asked, capture_output=True, text=True, check=False)

    assert told.stdout == "plain,block\n"
