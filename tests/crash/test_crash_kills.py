"""Real daemons, killed at random: what was accepted is finished, once. A long form: make crash."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgresql
from tests.crash.disk import small_disk
from tests.crash.house import House
from tests.crash.trial import Plan, Trial

pytestmark = pytest.mark.slow
KILLS = 40
SHORT = 1.5  # seconds that a node lives at most


@pytest.fixture
def server() -> Iterator[postgresql.Server]:
    """A server that may be crashed, of this test's own."""
    folder = postgresql.new_folder()
    made = postgresql.Server.make(folder / "server").start()
    yield made
    made.remove()
    folder.rmdir()


def test_kills_on_sqlite_lose_nothing_and_send_nothing_twice(tmp_path: Path) -> None:
    with House(tmp_path / "house", speed=120) as house:
        trial = Trial(house, Plan(kills=KILLS, longest=SHORT, stock=6, clock_steps=2))
        verdict = trial.run()

    assert verdict.wrong == []
    assert (trial.done["kills"], verdict.lost, verdict.twice) == (KILLS, 0, 0)
    assert verdict.states["sent"] >= 40
    assert verdict.redialled > 0


def test_kills_freezes_and_crashes_of_postgresql_lose_nothing_and_send_nothing_twice(
    tmp_path: Path, server: postgresql.Server
) -> None:
    plan = Plan(kills=KILLS, longest=SHORT, stock=6, freezes=2, clock_steps=2, server=server, server_crashes=2)
    with House(tmp_path / "house", server.new_database(), nodes=2, speed=120) as house:
        trial = Trial(house, plan)
        verdict = trial.run()

    assert verdict.wrong == []
    assert (trial.done["kills"], verdict.lost, verdict.twice) == (KILLS, 0, 0)
    assert (trial.done["freezes"], trial.done["crashes of the server"]) == (2, 2)
    assert verdict.states["sent"] >= 40


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: make setup gets it")
def test_kills_on_entry_of_writes_leave_the_store_whole(tmp_path: Path) -> None:
    with House(tmp_path / "house") as house:
        trial = Trial(house, Plan(kills=2, longest=SHORT, stock=2, syscall_kills=8))
        verdict = trial.run()

    assert verdict.wrong == []
    assert sum(count for name, count in trial.done.items() if name.startswith("kills at ")) >= 1


def test_a_disk_that_fills_up_under_load_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "house" / "store"), House(tmp_path / "house") as house:
        trial = Trial(house, Plan(kills=4, longest=SHORT, stock=2, full_disks=2))
        verdict = trial.run()

    assert verdict.wrong == []
    assert (trial.done["full disks"], verdict.lost, verdict.twice) == (2, 0, 0)
