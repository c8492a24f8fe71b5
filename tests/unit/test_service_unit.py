"""The systemd unit: systemd understands it, it agrees with the settings, and its walls leave ours standing."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.app import STOP_SECONDS
from gateway.domain.errors import ExitCode
from gateway.settings import Settings
from gateway.watch.health import PATIENCE

UNIT = Path(__file__).parents[2] / "config" / "faxgw.service"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture
def service() -> configparser.SectionProxy:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT, encoding="utf-8")
    return unit["Service"]


def analyzed(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The unit with a program that is there, as systemd-analyze sees it."""
    here = tmp_path / "faxgw.service"
    here.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/faxgw/.venv/bin/faxgw", sys.executable))
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *words, str(here)], capture_output=True, text=True, check=False, timeout=60)


@needs_systemd
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    done = analyzed(tmp_path, "verify")

    about_it = [line for line in done.stderr.splitlines() if "faxgw.service" in line]
    assert (done.returncode, about_it) == (0, [])


@needs_systemd
def test_systemd_holds_it_for_well_walled(tmp_path: Path) -> None:
    done = analyzed(tmp_path, "security", "--offline=true", "--no-pager", "--threshold=30")

    assert done.returncode == 0, done.stdout[-200:]


def test_a_stop_has_time_for_texts_calls_and_the_rest(service: configparser.SectionProxy) -> None:
    calls = getattr(Settings().queue, "stop_seconds", STOP_SECONDS)

    assert int(service["TimeoutStopSec"]) >= STOP_SECONDS + calls + STOP_SECONDS


def test_it_is_ready_when_it_says_so_and_ended_when_it_does_not_move(service: configparser.SectionProxy) -> None:
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert 0 < int(service["WatchdogSec"]) <= PATIENCE


def test_wrong_settings_are_not_tried_again(service: configparser.SectionProxy) -> None:
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"].split() == [str(ExitCode.USAGE.value)]


def test_converters_may_put_up_their_own_walls(service: configparser.SectionProxy) -> None:
    calls = service["SystemCallFilter"].split()

    assert {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} <= set(calls)
    assert set(service["RestrictNamespaces"].split()) == {"user", "net"}
    assert "MemoryDenyWriteExecute" not in service
