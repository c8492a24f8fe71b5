"""kill -9 of the daemon between 250 and delivery: after a restart the fax is finished, once."""

import json
import os
import signal
import smtplib
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from email import policy
from pathlib import Path

import pytest

from samples.demo import DOMAIN, Demo, Letter, Sink
from tests.flows.letters import mail, pdf

NUMBER = "+12025550177"
LETTER = Letter("a PDF", "letter-with-pdf.eml", "amelia.ross@acme.example", numbers=(NUMBER,))


def pages_received(gateway: Demo) -> list[dict[str, object]]:
    """What the far end confirmed, page by page."""
    log = gateway.folder / "store" / "simulator" / "log.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def kill(running: subprocess.Popen[bytes]) -> None:
    os.kill(running.pid, signal.SIGKILL)
    running.wait(10)


def finished(gateway: Demo) -> bool:
    return all(job["status"] != "In Progress" for job in gateway.jobs())


@pytest.mark.slow
def test_a_kill_right_after_250_loses_nothing(gateway: Demo, sink: Sink) -> None:
    with gateway.daemon() as running:
        reply = gateway.send(LETTER)
        kill(running)
    assert reply.startswith("250")

    with gateway.daemon():
        wait_until(lambda: finished(gateway) and len(sink.mails) == 2)

    [job] = gateway.jobs()
    assert (job["state"], job["sent"], job["dials"]) == ("sent", 4, 1)
    assert len(pages_received(gateway)) == 4


@pytest.mark.slow
def test_a_kill_while_rendering_renders_again_and_sends_once(gateway: Demo, sink: Sink, tmp_path: Path) -> None:
    long = tmp_path / "long.eml"
    letter = mail("", From=LETTER.sender, attachments=[pdf(60)])
    long.write_bytes(letter.as_bytes(policy=policy.SMTP))
    with gateway.daemon() as running:
        gateway.send(replace(LETTER, file=str(long)))
        wait_until(lambda: any((gateway.folder / "store" / "work").glob("**/in-work.json")))
        kill(running)
    assert [job["state"] for job in gateway.jobs()] == ["accepted"]

    with gateway.daemon():
        wait_until(lambda: finished(gateway) and len(sink.mails) == 2)

    assert [job["state"] for job in gateway.jobs()] == ["sent"]
    assert len(pages_received(gateway)) == 1 + 60


@pytest.mark.slow
def test_the_same_mail_again_after_a_kill_is_no_second_fax(gateway: Demo, sink: Sink) -> None:
    with gateway.daemon() as running:
        first = gateway.send(LETTER)
        kill(running)

    with gateway.daemon():
        second = gateway.send(LETTER)
        wait_until(lambda: finished(gateway) and len(sink.mails) == 2)

    [job] = gateway.jobs()
    assert str(job["job"]) in first
    assert str(job["job"]) in second
    assert "not sent twice" in second
    assert len(pages_received(gateway)) == 4


@pytest.mark.slow
def test_a_mail_cut_off_before_its_end_leaves_nothing(gateway: Demo, sink: Sink) -> None:  # noqa: ARG001 - the relay
    with gateway.daemon() as running:
        client = smtplib.SMTP("127.0.0.1", gateway.port, timeout=30)
        client.ehlo()
        client.mail(LETTER.sender)
        client.rcpt(f"{NUMBER}@{DOMAIN}")
        client.docmd("DATA")
        client.send(b"From: amelia.ross@acme.example\r\nSubject: half\r\n\r\nhalf a m")
        kill(running)
        client.close()

    with gateway.daemon():
        assert gateway.jobs() == []
    assert list((gateway.folder / "store" / "spool" / "contents").rglob("*.*")) == []
