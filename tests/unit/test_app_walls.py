"""Whether the daemon starts where documents could reach the network, and what its log says."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import Gateway, build
from gateway.domain.errors import UnavailableError
from gateway.settings import Rendering, Settings, Smtp, Storage
from renderers.confine import ConfinedCrashError
from renderers.errors import Reason
from renderers.standing import Standing


def none_stands() -> Standing:
    return Standing("", "")


def no_render() -> Standing:
    raise ConfinedCrashError(Reason.CRASHED, "the document", "exit code 1")


def made(folder: Path, look: Callable[[], Standing], *, required: bool) -> Gateway:
    rendering = Rendering(require_no_network=required)
    settings = Settings(storage=Storage(folder=folder), smtp=Smtp(port=0), rendering=rendering)
    return replace(build(settings), look=look)


async def started(folder: Path, look: Callable[[], Standing], *, required: bool) -> None:
    """Start a daemon on a machine with these walls, and stop it when it has looked at them."""
    gateway = made(folder, look, required=required)
    await gateway.start()
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "walls"))
    gateway.stop()
    await gateway.run()


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    found = [record for record in caplog.records if record.message.endswith("walled")]
    return [(record.message, record.kind, record.detail) for record in found]  # type: ignore[attr-defined]


async def test_without_walls_it_starts_and_warns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gateway"):
        await started(tmp_path, none_stands, required=False)

    assert told(caplog) == [("not-walled", kind, "see: faxgw doctor") for kind in ("network", "files")]
    assert "started" in caplog.messages


async def test_where_it_must_have_no_network_it_does_not_start(tmp_path: Path) -> None:
    gateway = made(tmp_path, none_stands, required=True)

    with pytest.raises(UnavailableError, match="could reach the network"):
        await gateway.start()


async def test_where_nothing_renders_it_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await started(tmp_path, no_render, required=False)

    assert told(caplog) == [("not-walled", "renders", "exit code 1")]


async def test_with_walls_it_starts_and_names_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gateway"):
        await started(tmp_path, lambda: Standing("seccomp", ""), required=True)

    assert told(caplog) == [("walled", "network", "seccomp"), ("not-walled", "files", "see: faxgw doctor")]
