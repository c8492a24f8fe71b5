"""Commands beside a running daemon: a file sent as a mail, its way watched, and refusals in the listener's words."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from samples.demo import Demo, Sink
from tests.flows.daemons import AMELIA, demo_with_people
from tests.flows.letters import pdf

pytestmark = pytest.mark.slow


def run(gateway: Demo, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "--config", str(gateway.config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def gateway(tmp_path: Path) -> Demo:
    return demo_with_people(tmp_path / "gateway")


def test_a_file_is_sent_and_refusals_are_told_in_the_listeners_words(gateway: Demo, sink: Sink) -> None:
    file = gateway.folder / "offer.pdf"
    file.write_bytes(pdf(2)[0])
    with gateway.daemon():
        done = run(gateway, "send", "202-555-0100", str(file), "--from", AMELIA, "--subject", "%{Normal} Offer")
        refusals = {
            "5.7.1 mallory@elsewhere.example is not a registered": ("+12025550100", "mallory@elsewhere.example"),
            "5.1.3 plain digits must be 10": ("12", AMELIA),
        }
        for words, (number, sender) in refusals.items():
            refused = run(gateway, "send", number, "--from", sender, "--text", "Dear all")
            assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (6, "", 1)
            assert refused.stderr.startswith(f"faxgw: refused: 550 {words}")
        deadline = time.monotonic() + 60
        while len(sink.mails) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    [job] = gateway.jobs()
    assert done.returncode == 0
    assert done.stderr.startswith(f"accepted: 2.0.0 accepted as fax job {job['job']}")
    assert (job["destination"], job["outcome"], job["pages"]) == ("+12025550100", "Success", 3)
    shown = json.loads(run(gateway, "outbound", "show", str(job["job"]), "-o", "json").stdout)
    assert shown["attempts"][0]["trace"]


def test_an_interrupted_daemon_ends_in_order(gateway: Demo, sink: Sink) -> None:
    with gateway.daemon() as running:
        os.kill(running.pid, signal.SIGHUP)
        deadline = time.monotonic() + 30
        while '"event": "not-reloaded"' not in (gateway.folder / "daemon.log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.terminate()
        assert running.wait(30) == 0

    assert sink.mails == []
    log = (gateway.folder / "daemon.log").read_text()
    assert '"event": "stopped"' in log
    assert "Traceback" not in log
    assert list((gateway.folder / "store" / "locks").iterdir()) == []
    assert [(gateway.folder / "store" / name).stat().st_mode & 0o077 for name in ("locks", "work")] == [0, 0]
