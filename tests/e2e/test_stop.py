"""The daemon is asked to stop while it calls: calls end if they may, else hang up, and nothing is lost."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.domain.job import Job, JobState
from gateway.store import jobs
from gateway.store.database import open_database
from samples.demo import Demo, Letter, Sink
from tests.flows.daemons import demo_with_people

pytestmark = pytest.mark.slow
NUMBER, OTHER = "+12025550177", "+12025550178"
LETTER = Letter("a PDF", "letter-with-pdf.eml", "amelia.ross@acme.example", numbers=(NUMBER, OTHER))


@pytest.fixture
def gateway(tmp_path: Path) -> Demo:
    """One with people, not running yet."""
    return demo_with_people(tmp_path / "gateway")


def set_up(gateway: Demo, speed: float, stop_seconds: int) -> None:
    """One line, calls that take time, and how long a stop may take."""
    text = gateway.config.read_text().replace("[queue]\n", f"[queue]\nstop_seconds = {stop_seconds}\n")
    gateway.config.write_text(f"{text}[simulator]\nspeed = {speed}\n[calling]\nlines = 1\n")


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def faxes(gateway: Demo) -> list[Job]:
    """All of them, as the store has them: a command would take longer than the call."""
    db = open_database(f"sqlite:///{gateway.folder / 'store' / 'faxgw.sqlite'}")
    try:
        return list(jobs.listing(db))
    finally:
        db.close()


def states(gateway: Demo) -> list[JobState]:
    return sorted(job.state for job in faxes(gateway))


def ended(running: subprocess.Popen[bytes], signals: int) -> float:
    """The seconds it took to end after so many signals."""
    began = time.monotonic()
    for _ in range(signals):
        os.kill(running.pid, signal.SIGTERM)
        time.sleep(0.3)
    assert running.wait(60) == 0
    return time.monotonic() - began


def test_a_stop_lets_the_call_end_and_takes_no_other(gateway: Demo, sink: Sink) -> None:  # noqa: ARG001 - the relay
    set_up(gateway, speed=30, stop_seconds=60)
    with gateway.daemon() as running:
        gateway.send(LETTER)
        wait_until(lambda: JobState.CALLING in states(gateway))
        ended(running, 1)

    assert states(gateway) == [JobState.READY, JobState.SENT]


@pytest.mark.parametrize(("signals", "stop_seconds"), [(2, 300), (1, 1)])
def test_a_call_that_must_end_hangs_up_and_goes_on_another_time(
    gateway: Demo, sink: Sink, signals: int, stop_seconds: int
) -> None:
    set_up(gateway, speed=3, stop_seconds=stop_seconds)
    with gateway.daemon() as running:
        gateway.send(LETTER)
        wait_until(lambda: JobState.CALLING in states(gateway))
        assert ended(running, signals) < 30
    assert states(gateway) == [JobState.READY] * 2

    gateway.config.write_text(gateway.config.read_text().replace("speed = 3", "speed = 0"))
    with gateway.daemon():
        wait_until(lambda: len(sink.mails) == 3)

    assert states(gateway) == [JobState.SENT] * 2
    assert sum(job.dials for job in faxes(gateway)) == 3
