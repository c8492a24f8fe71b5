"""A daemon as it is watched: systemd hears of it, its pages tell what came, and two processes that take mail add up."""

import json
import os
import smtplib
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.settings import load_settings
from samples.demo import DOMAIN, Demo, free_port
from tests.flows.daemons import AMELIA, demo_with_people
from tests.flows.letters import mail
from tests.processes import descendants

pytestmark = pytest.mark.slow
TOP = Path(__file__).parents[2]
Figures = dict[tuple[str, ...], float]


class Systemd:
    """The end of the socket that the daemon talks to; like systemd it hears everything at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.heard: list[str] = []
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(self.path))
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    def _listen(self) -> None:
        while words := self._ear.recv(1000).decode():
            self.heard += words.splitlines()

    def wait_for(self, word: str) -> None:
        deadline = time.monotonic() + 60
        while word not in self.heard:
            assert time.monotonic() < deadline, self.heard
            time.sleep(0.05)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(self.path))
        self._listening.join()
        self._ear.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    listening = Systemd(tmp_path)
    yield listening
    listening.close()


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    """With pages, and two processes that take mail."""
    made = demo_with_people(tmp_path / "gateway")
    text = made.config.read_text().replace("[smtp]\n", "[smtp]\nprocesses = 2\n")
    made.config.write_text(f"{text}[http]\nport = {free_port()}\n")
    return made


@contextmanager
def served(demo: Demo, systemd: Systemd) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon, once it has said that it is ready."""
    command = [sys.executable, "-m", "gateway", "--config", str(demo.config), "serve"]
    told = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1500000"}
    with (demo.folder / "daemon.log").open("ab") as log:
        running = subprocess.Popen(command, cwd=TOP, stderr=log, env=os.environ | told)
    try:
        systemd.wait_for("READY=1")
        yield running
    finally:
        running.terminate()
        assert running.wait(90) == 0


def http_port(demo: Demo) -> int:
    return load_settings(demo.config, {}).http.port


def asked(demo: Demo, page: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{http_port(demo)}{page}", timeout=30) as answer:
            return int(answer.status), answer.read()
    except HTTPError as error:
        return error.code, error.read()


def figures(demo: Demo) -> Figures:
    status, text = asked(demo, "/metrics")
    assert status == 200
    families = text_string_to_metric_families(text.decode())
    return {(one.name, *sorted(one.labels.values())): one.value for family in families for one in family.samples}


def sent(demo: Demo, number: str) -> None:
    with smtplib.SMTP("127.0.0.1", demo.port, timeout=60) as client:
        text = mail().as_bytes().replace(b"\n", b"\r\n").replace(b"anna@acme.example", AMELIA.encode())
        client.sendmail(AMELIA, [f"{number}@{DOMAIN}"], text + number.encode())


def wait_for(demo: Demo, wanted: Figures) -> Figures:
    deadline = time.monotonic() + 90
    while True:
        found = figures(demo)
        if all(found.get(key) == value for key, value in wanted.items()):
            return found
        assert time.monotonic() < deadline, {key: found.get(key) for key in wanted}
        time.sleep(0.2)


def test_a_daemon_is_watched_from_its_start_to_its_end(demo: Demo, systemd: Systemd) -> None:
    with served(demo, systemd) as running:
        systemd.wait_for("WATCHDOG=1")
        assert asked(demo, "/healthz")[0] == 200
        status, page = asked(demo, "/readyz")
        facts = json.loads(page)["facts"]
        assert (status, facts["relay"]["ok"], facts["store"]["ok"]) == (200, False, True)
        assert len(descendants(running.pid)) >= 1

        for number in range(140, 148):
            sent(demo, f"+12024560{number}")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            sent(demo, "911")
        found = wait_for(
            demo,
            {
                ("faxgw_mails_refused_total", "recipient"): 1,
                ("faxgw_mails_taken_total", "accepted"): 8,
                ("faxgw_jobs_accepted_total",): 8,
                ("faxgw_renders_total", "done"): 8,
                ("faxgw_calls_ended_total", "Success", "simulator"): 8,
            },
        )

    systemd.wait_for("STOPPING=1")
    assert found["faxgw_pages_sent_total", "simulator"] == 8
    assert found["faxgw_call_seconds_count", "simulator"] == 8
    assert found["faxgw_commit_works_sum",] >= 8
    assert found["faxgw_outbox", "waiting"] > 0  # there is no relay
    assert found["faxgw_processes",] == 1


def test_a_daemon_whose_port_for_pages_is_taken_does_all_else(demo: Demo, systemd: Systemd) -> None:
    with socket.create_server(("127.0.0.1", http_port(demo))), served(demo, systemd):
        sent(demo, "+12025550100")

    log = (demo.folder / "daemon.log").read_text()
    assert log.count('"http-not-listening"') == log.count('"submission-accepted"') == 1
