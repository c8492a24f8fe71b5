"""A gateway of its own for each end-to-end test: folder, settings file, people, and a relay that keeps mails."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from samples.demo import Demo, Sink
from tests.flows.daemons import demo_with_people


@pytest.fixture
def soffice() -> str:
    """The path of LibreOffice; skips where there is none."""
    found = shutil.which("soffice")
    if found is None:
        pytest.skip("LibreOffice is not installed: make setup gets it")
    return found


@pytest.fixture
def gateway(tmp_path: Path) -> Demo:
    """A gateway with a company and people, not running yet."""
    return demo_with_people(tmp_path / "gateway")


@pytest.fixture
def sink(gateway: Demo) -> Iterator[Sink]:
    """The gateway's relay."""
    kept = Sink(gateway.folder / "notices")
    controller = Controller(kept, hostname="127.0.0.1", port=gateway.relay_port)
    controller.start()
    yield kept
    controller.stop()
