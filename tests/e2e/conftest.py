"""A gateway of its own for each end-to-end test: folder, settings file, people, and a relay that keeps mails."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from samples.demo import Demo, Sink


@pytest.fixture
def soffice() -> str:
    """The path of LibreOffice; skips where there is none."""
    found = shutil.which("soffice")
    if found is None:
        pytest.skip("LibreOffice is not installed: make setup gets it")
    return found


@pytest.fixture
def gateway(tmp_path: Path) -> Demo:
    """A gateway with a company and two users, not running yet."""
    demo = Demo(tmp_path / "gateway")
    demo.prepare()
    demo.faxgw("company", "add", "Acme")
    demo.faxgw("user", "add", "Acme", "Amelia", "Ross", "--sending", "amelia.ross@acme.example")
    demo.faxgw("user", "add", "Acme", "Ben", "Ortiz", "--sending", "ben.ortiz@acme.example")
    return demo


@pytest.fixture
def sink(gateway: Demo) -> Iterator[Sink]:
    """The gateway's relay."""
    kept = Sink(gateway.folder / "notices")
    controller = Controller(kept, hostname="127.0.0.1", port=gateway.relay_port)
    controller.start()
    yield kept
    controller.stop()
