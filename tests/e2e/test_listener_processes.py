"""Several listeners on one port: killed under load, replaced, ended with their parent; every 250 has its job."""

import asyncio
import contextlib
import json
import os
import signal
import smtplib
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from gateway.domain.tally import Metric
from gateway.kept_processes import Failure, Instructions
from gateway.listener_processes import TICK_SECONDS, ListenerProcesses
from gateway.settings import Settings, load_settings
from gateway.watch.counts import Counts
from samples.demo import DOMAIN, Demo
from tests.flows.daemons import AMELIA, CARLAS_PASSWORD, demo_with_people
from tests.processes import descendants, lives

pytestmark = pytest.mark.slow

WALL = datetime(2026, 7, 1, 8, tzinfo=UTC)
TOP = Path(__file__).parents[2]
SENDERS, MAILS, KILLS = 6, 15, 4


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def listeners(parent: int) -> set[int]:
    """The processes that only listen."""
    found = set()
    for pid in descendants(parent):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"gateway.listening" in words:
                found.add(pid)
    return found


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    made = demo_with_people(tmp_path / "gateway")
    made.config.write_text(made.config.read_text().replace("[smtp]\n", "[smtp]\nprocesses = 3\n"))
    return made


@contextlib.contextmanager
def front_door(demo: Demo) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon without workers: what is taken stays as it was taken."""
    command = [sys.executable, "-m", "tests.bench.front_door", str(demo.config)]
    with (demo.folder / "daemon.log").open("ab") as log:
        running = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=log)
    assert running.stdout is not None
    try:
        assert running.stdout.readline()
        yield running
    finally:
        running.terminate()
        running.wait(90)
        running.stdout.close()


def number(sender: int, mail: int) -> str:
    return f"+1202456{sender + 10}{mail:02}"


def send(demo: Demo, sender: int, mail: int, lines: int = 1) -> bool:
    """Send a mail once; whether it was answered 250."""
    body = f"{sender} {mail}\r\n" * lines
    text = f"From: {AMELIA}\r\nMessage-ID: <{sender}.{mail}@load.example>\r\nSubject: load\r\n\r\n{body}"
    try:
        with smtplib.SMTP("127.0.0.1", demo.port, timeout=60) as client:
            client.sendmail(AMELIA, [f"{number(sender, mail)}@{DOMAIN}"], text)
    except (OSError, smtplib.SMTPException):
        return False
    return True


def destinations(demo: Demo) -> list[str]:
    listed = json.loads(demo.faxgw("outbound", "list", "--limit", "1000", "-o", "json"))
    return [job["destination"] for job in listed]


def one_of(running: subprocess.Popen[bytes]) -> int:
    """A listener; there may be none for a moment, seen while they begin and end."""
    seen: list[int] = []

    def any_is_there() -> bool:
        seen.extend(listeners(running.pid))
        return bool(seen)

    wait_until(any_is_there)
    return min(seen)


class Load:
    """Senders that each send their mails, again and again until 250."""

    def __init__(self, demo: Demo) -> None:
        self.taken = 0
        self.again = 0
        self._demo = demo
        self._threads = [threading.Thread(target=self._send_all, args=(sender,)) for sender in range(SENDERS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for thread in self._threads:
            thread.join()

    def _send_all(self, sender: int) -> None:
        for mail in range(MAILS):
            lines = 40_000 if mail % 3 == 2 else 1  # large mails have a file of their own
            while not send(self._demo, sender, mail, lines):
                self.again += 1
            self.taken += 1


def test_kills_under_load_lose_nothing_and_double_nothing(demo: Demo) -> None:
    with front_door(demo) as running:
        with Load(demo) as load:
            for kill in range(KILLS):
                reached = (kill + 1) * SENDERS * MAILS // (KILLS + 2)
                wait_until(lambda reached=reached: load.taken >= reached)  # type: ignore[misc]
                os.kill(one_of(running), signal.SIGKILL)
        wait_until(lambda: len(listeners(running.pid)) == 2)

    jobs = Counter(destinations(demo))
    assert jobs == {number(sender, mail): 1 for sender in range(SENDERS) for mail in range(MAILS)}
    assert (demo.folder / "daemon.log").read_text().count('"process-died"') == KILLS
    assert list((demo.folder / "store" / "spool" / "arriving").iterdir()) == []


def test_mail_to_any_of_them_wakes_the_workers_of_the_daemon(demo: Demo) -> None:
    slow = "[queue]\npoll_seconds = 600.0\n"
    demo.config.write_text(demo.config.read_text().replace("[queue]\npoll_seconds = 0.2\n", slow))
    with demo.daemon() as running:
        wait_until(lambda: len(listeners(running.pid)) == 2)
        for mail in range(12):
            assert send(demo, 0, mail)
        wait_until(lambda: all(job["state"] != "accepted" for job in demo.jobs()))


def signs_in(demo: Demo, password: str) -> int:
    """The reply's code to one try to sign in, on a connection of its own."""
    with smtplib.SMTP("127.0.0.1", demo.port, timeout=60) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.ehlo()
        return client.docmd("AUTH", "PLAIN " + b64encode(f"\0Carla\0{password}".encode()).decode())[0]


def test_guesses_are_counted_by_all_whichever_hears_them(demo: Demo) -> None:
    certificate = trustme.CA().issue_cert("fax.localhost")
    certificate.cert_chain_pems[0].write_to_path(str(demo.folder / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(demo.folder / "key.pem"))
    tls = 'tls_certificate = "cert.pem"\ntls_key = "key.pem"\n'
    demo.config.write_text(demo.config.read_text().replace("[smtp]\n", f"[smtp]\n{tls}"))
    with front_door(demo) as running:
        wait_until(lambda: len(listeners(running.pid)) == 2)
        assert signs_in(demo, CARLAS_PASSWORD) == 235

        replies = [signs_in(demo, "wrong") for _ in range(16)]
        wait_until(lambda: [signs_in(demo, CARLAS_PASSWORD) for _ in range(6)] == [421] * 6)

    assert replies[:8] == [535] * 8
    assert 10 <= replies.count(535) <= 14  # some were under way when the tenth failed


def test_listeners_end_with_a_parent_that_was_killed(demo: Demo) -> None:
    with front_door(demo) as running:
        wait_until(lambda: len(listeners(running.pid)) == 2)
        orphans = listeners(running.pid)
        running.kill()
        running.wait(10)

        wait_until(lambda: not any(lives(pid) for pid in orphans))

    with pytest.raises(OSError, match="refused"):
        smtplib.SMTP("127.0.0.1", demo.port, timeout=5)


def test_a_graceful_end_lets_a_text_come_to_its_end(demo: Demo) -> None:
    with front_door(demo) as running:
        wait_until(lambda: len(listeners(running.pid)) == 2)
        clients = [smtplib.SMTP("127.0.0.1", demo.port, timeout=60) for _ in range(8)]
        for sender, client in enumerate(clients):
            client.ehlo()
            client.mail(AMELIA)
            client.rcpt(f"{number(sender, 0)}@{DOMAIN}")
            client.docmd("DATA")
            client.send(f"From: {AMELIA}\r\nMessage-ID: <{sender}@end.example>\r\n\r\n".encode())
        running.terminate()
        wait_until(lambda: not send(demo, 9, 0))

        for client in clients:
            client.send(b"last line\r\n.\r\n")
        replies = [client.getreply()[0] for client in clients]
        for client in clients:
            client.close()

        assert replies == [250] * 8
        assert running.wait(60) == 0
    assert {number(sender, 0) for sender in range(8)} <= set(destinations(demo))


async def test_mails_are_stamped_with_the_gateways_time_also_after_a_leap(demo: Demo) -> None:
    settings = load_settings(demo.config, {})
    ahead, rings, counts = [timedelta()], asyncio.Event(), Counts()
    wall = lambda: datetime.now(UTC)  # noqa: E731
    family = ListenerProcesses(1, rings.set, lambda _address, _name: None, lambda: wall() + ahead[0], wall, counts.take)
    await family.start(settings)
    assert len(family.pids) == 1
    assert await asyncio.to_thread(send, demo, 0, 0)
    await asyncio.wait_for(rings.wait(), 10)

    ahead[0] = timedelta(days=9)
    await asyncio.sleep(5 * TICK_SECONDS)
    assert await asyncio.to_thread(send, demo, 0, 1)

    await family.stop(30)
    later, earlier = (datetime.fromisoformat(str(job["accepted"])) for job in demo.jobs())
    assert timedelta(days=8) < later - earlier < timedelta(days=10)
    assert family.pids == ()
    assert counts.sums()[Metric.MAILS, ("accepted",)].total == 2  # the last of it was told on the way out


async def test_one_that_cannot_listen_is_tried_on_with_pauses(demo: Demo, caplog: pytest.LogCaptureFixture) -> None:
    elsewhere = load_settings(demo.config, {})
    elsewhere = replace(elsewhere, smtp=replace(elsewhere.smtp, host="203.0.113.1"))
    family = ListenerProcesses(1, lambda: None, lambda _address, _name: None, lambda: WALL, lambda: WALL, print)

    starting = asyncio.create_task(family.start(elsewhere))
    await asyncio.to_thread(wait_until, lambda: caplog.messages.count("process-died") >= 2)
    await family.stop(30)

    deaths = [record.detail for record in caplog.records if record.message == "process-died"]  # type: ignore[attr-defined]
    assert deaths[:2] == ["exit status 7"] * 2
    await asyncio.wait_for(starting, 1)


def test_what_is_told_to_a_process_arrives_as_it_was() -> None:
    instructions = Instructions(Settings(), 20)
    failure = Failure("2001:db8::1", "m\u00fcller\nx")

    assert Instructions.read(instructions.line()) == instructions
    assert Failure.read(failure.line()) == failure
    assert failure.line().count(b"\n") == 1
