"""Which event loop a daemon runs in, and that what we need of it is there."""

import asyncio
import importlib.util

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
