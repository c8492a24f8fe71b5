"""Where a process runs that keeps to one processor, and where what it starts does. Each is a process of its own."""

import os
import subprocess
import sys

import pytest

from renderers import processors

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system knows no affinity")


def said_by(program: str) -> list[str]:
    """The lines of a Python program that knows `processors` and `ours`, those it began with."""
    words = (
        f"import os, subprocess, sys, threading\nfrom renderers import processors\nours = processors.ours()\n{program}"
    )
    return subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout.splitlines()


def test_threads_stay_on_the_processor_and_what_is_started_anywhere_does_not() -> None:
    last = processors.ours()[-1]
    child = 'subprocess.run([sys.executable, "-c", "import os; print(sorted(os.sched_getaffinity(0)))"])'

    told = said_by(
        "processors.keep_to(ours[-1])\n"
        "thread = threading.Thread(target=lambda: print(processors.ours(), flush=True))\n"
        "thread.start(), thread.join()\n"
        f"with processors.anywhere():\n    {child}\n"
        "print(processors.ours())"
    )

    assert told == [f"({last},)", str(sorted(processors.ours())), f"({last},)"]


def test_who_keeps_to_none_starts_others_where_it_runs() -> None:
    told = said_by("with processors.anywhere():\n    print(processors.ours() == ours)")

    assert told == ["True"]


def test_a_processor_that_is_gone_is_no_matter() -> None:
    told = said_by("processors.keep_to(max(ours) + 1000)\nprint(processors.ours() == ours)")

    assert told == ["True"]
