"""Processor time of this process, and of those that descend from another."""

import os
import subprocess
import sys
import time

import pytest

from renderers.confine import run_confined, seconds_beside
from renderers.usage import own_seconds, seconds_below

pytestmark = pytest.mark.slow  # seconds, together

BUSY = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_own_time_has_that_of_children_waited_for() -> None:
    before = own_seconds()
    subprocess.run([sys.executable, "-c", BUSY], check=True)

    assert 0.3 <= own_seconds() - before < 5


def test_time_below_a_process_has_its_children_and_not_its_own() -> None:
    child = [sys.executable, "-c", f"{BUSY}print(flush=True); input()"]
    with subprocess.Popen(
        ["sh", "-c", '"$@"; true', "sh", *child], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()  # it has been busy, and waits
        below, ours = seconds_below(process.pid), seconds_below(os.getpid())
        process.stdin.close()

    assert 0.28 <= below < 5
    assert ours >= below


def test_nothing_descends_from_a_process_that_is_not_there() -> None:
    assert seconds_below(-1) == 0.0


def test_what_confined_work_took_is_not_beside_it() -> None:
    before = seconds_beside()

    assert run_confined(_busy) >= 2.0
    assert seconds_beside() - before < 1.0  # LibreOffice, if other tests left one


def _busy() -> float:
    while time.process_time() < 2.0:
        pass
    return own_seconds()
