"""faxgw queue: the queue as a whole in a table, for programs, and again and again."""

import csv
import io
import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.alarms import Alarm, AlarmKind, Totals
from gateway.store import alarms, calls
from gateway.store.calls import CallClaim
from gateway.watch.status import pace
from tests.filled_store import NOW
from tests.flows.commands import Commands
from tests.flows.letters import mail
from tests.flows.stage import Stage, staged

pytestmark = pytest.mark.slow
MINUTE = timedelta(minutes=1)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The commands' clocks stand where the stage's do."""
    with staged(tmp_path) as found:
        monkeypatch.setattr("gateway.parts.build_clock", lambda *_: found.clock)
        monkeypatch.setattr("gateway.bearings.wall_clock", lambda: found.wall)
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(stage.folder, monkeypatch, capsys)


def shown(faxgw: Commands) -> dict[tuple[str, str], dict[str, str]]:
    """The table, by its first two columns."""
    rows = csv.DictReader(io.StringIO(faxgw("queue", "status", "-o", "csv").out))
    return {(row["what"], row["state"]): row for row in rows}


def claimed(stage: Stage) -> CallClaim:
    claim = calls.claim_call(stage.db, stage.process.id, "simulator", 4, stage.clock.now())
    assert claim is not None
    return claim


async def test_each_state_has_its_number_and_its_oldest(stage: Stage, faxgw: Commands) -> None:
    await stage.rendered(mail(), "+12025550101", "+12025550102")
    claimed(stage)
    stage.clock.pass_time(seconds=75)

    rows = shown(faxgw)

    told = {
        state: (rows["jobs", state]["count"], rows["jobs", state]["oldest"]) for state in ("ready", "calling", "held")
    }
    assert told == {"ready": ("1", "1 min 15 s"), "calling": ("1", "1 min 15 s"), "held": ("0", "")}
    assert (rows["notices", "waiting"]["count"], rows["processes", "alive"]["detail"]) == ("1", "here")
    assert rows["trunk simulator", "open"]["count"] == "1"
    assert rows["disk", "free"]["count"].endswith(" GB")


async def test_what_is_stuck_stands_in_the_table_with_its_age_and_words(stage: Stage, faxgw: Commands) -> None:
    await stage.rendered(mail())
    stage.clock.pass_time(minutes=61)
    late = Alarm(AlarmKind.JOB_LATE, "a job has been due for 60 min")
    elsewhere = Alarm(AlarmKind.DISK_LOW, "0.1 GB are free where faxes are kept")
    alarms.note(stage.db, "fax-2", [late, elsewhere], stage.wall - 5 * MINUTE, None, NOW)

    rows = shown(faxgw)

    assert rows["ALARM", "job-late"]["oldest"] == "5 min 0 s"
    assert rows["ALARM", "job-late"]["detail"] == "a job has been due for 61 min"
    assert rows["ALARM", "disk-low"]["detail"] == elsewhere.detail
    assert rows["ALARM", "outbox-old"]["oldest"] == ""


async def test_programs_get_one_object(stage: Stage, faxgw: Commands) -> None:
    await stage.rendered(mail())
    claim = claimed(stage)
    stage.clock.pass_time(seconds=9)

    told = json.loads(faxgw("queue", "status", "-o", "json").out)

    assert told["jobs"]["calling"] == {"count": 1, "oldest_seconds": 9.0}
    assert told["calls"] == [
        {
            "trunk": "simulator", "line": 1, "job": claim.job.public_id, "destination": "+12*******01", "attempt": 1,
            "seconds": 9, "pages": "0 of 1",
        }
    ]  # fmt: skip
    assert told["processes"] == {"alive": 1, "lost": 0}
    assert (told["alarms"], told["disk"]["free"] > 0) == ([], True)


async def test_top_tells_the_calls_and_how_fast_faxes_come(
    stage: Stage, faxgw: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.rendered(mail())
    claim = claimed(stage)
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)

    out = faxgw("queue", "top", "-n", "7", "--times", "3").out

    assert out.count(claim.job.public_id) == 3
    assert out.count("0 jobs, 0 calls, 0 notices a minute") == 2
    assert "+12025550101" not in out
    assert "\x1b" not in out
    assert slept == [7.0, 7.0]


def test_top_on_a_terminal_overwrites_what_was_there(faxgw: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((40, 6)))

    out = faxgw("queue", "top", "--times", "2").out

    assert out.count("\x1b[H") == out.count("\x1b[J") == 2
    assert out.count("\n") == 2 * 4
    plain = out.replace("\x1b[K", "").replace("\x1b[J", "\n").replace("\x1b[H", "")
    assert max(map(len, plain.splitlines())) == 39


def test_top_for_programs_is_one_look(faxgw: Commands) -> None:
    assert json.loads(faxgw("queue", "top", "-o", "json").out)["jobs"]["ready"]["count"] == 0
    assert faxgw("queue", "top", "-o", "csv").out.startswith("what,state,count,oldest,detail\n")


def test_ctrl_c_ends_top_in_peace(faxgw: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)

    assert (faxgw("queue", "top").code, faxgw("queue", "top").err) == (0, "")


def test_pace_is_told_for_a_minute() -> None:
    assert pace(Totals(10, 5, 7), Totals(20, 11, 7), 30.0) == "20 jobs, 12 calls, 0 notices a minute"
