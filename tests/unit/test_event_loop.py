"""Which event loop a daemon runs in, and that what we need of it is there."""

import asyncio
import importlib.util
import subprocess
import sys

import pytest

from gateway import event_loop


async def _kind() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


def test_uvloop_runs_what_takes_mail() -> None:
    pytest.importorskip("uvloop")

    assert event_loop.run(_kind()) == "uvloop"


def test_without_uvloop_asyncio_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    assert event_loop.run(_kind()) == "asyncio"


def test_what_is_raised_inside_is_raised_outside() -> None:
    async def fails() -> None:
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        event_loop.run(fails())


SETTLED = """
import gc, weakref
from gateway import event_loop

class Loop: pass

built = Loop(); built.itself = built
gc.collect()
before = len(gc.get_objects())
event_loop.settle_in()
frozen = gc.get_freeze_count() > before * 0.9
old, built = weakref.ref(built), None
young = Loop(); young.itself = young
new, young = weakref.ref(young), None
gc.collect()
print(frozen, old() is not None, new() is None)
made = [[] for _ in range(200_000)]
print(max(look["collections"] for look in gc.get_stats()[1:]) > 0, gc.isenabled())
"""


def test_what_stands_after_the_start_is_not_looked_through_again_and_what_comes_later_is() -> None:
    told = subprocess.run([sys.executable, "-c", SETTLED], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["True"] * 5
