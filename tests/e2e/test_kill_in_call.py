"""kill -9 in the middle of a call: what the far end confirmed is not sent again, and a doubt is told and held."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from samples.demo import Demo, Letter, Sink

FAX, ANSWER_LOST = "+12025550100", "+12025550110"
SPEED = 15  # seconds of a call in one of ours

pytestmark = pytest.mark.slow


@pytest.fixture
def paced(gateway: Demo) -> Demo:
    """Calls take their time, so that there is a middle of them."""
    with gateway.config.open("a") as file:
        file.write(f"[simulator]\nspeed = {SPEED}\n")
    return gateway


def at_once(gateway: Demo) -> None:
    """From the next start on calls take no time."""
    gateway.config.write_text(gateway.config.read_text().replace(f"speed = {SPEED}", "speed = 0"))


def letter(number: str, file: str = "letter-with-pdf.eml") -> Letter:
    return Letter("a letter", file, "amelia.ross@acme.example", numbers=(number,))


def facts(gateway: Demo) -> list[str]:
    """The events in all journals."""
    files = (gateway.folder / "store" / "calls").glob("*.jsonl")
    return [str(json.loads(line)["event"]) for file in files for line in whole_lines(file)]


def whole_lines(file: Path) -> list[str]:
    return file.read_text().rpartition("\n")[0].splitlines()


def pages_received(gateway: Demo) -> list[dict[str, object]]:
    log = gateway.folder / "store" / "simulator" / "log.jsonl"
    return [json.loads(line) for line in whole_lines(log)] if log.exists() else []


def last_page_received(gateway: Demo) -> bool:
    return any(page["last"] for page in pages_received(gateway))


def killed_when(running: subprocess.Popen[bytes], true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)
    os.kill(running.pid, signal.SIGKILL)
    running.wait(10)


def ended(gateway: Demo, seconds: float = 90) -> dict[str, object]:
    """The fax, once it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        [job] = gateway.jobs()
        if job["status"] != "In Progress":
            return dict(json.loads(gateway.faxgw("outbound", "show", str(job["job"]), "-o", "json")))
        time.sleep(0.2)
    pytest.fail("the fax did not end")


def test_a_kill_behind_a_confirmed_page_sends_only_the_rest(paced: Demo, sink: Sink) -> None:
    with paced.daemon() as running:
        paced.send(letter(FAX))
        killed_when(running, lambda: facts(paced).count("page") == 2)
    assert [job["state"] for job in paced.jobs()] == ["calling"]

    at_once(paced)
    with paced.daemon():
        fax = ended(paced)

    assert (fax["state"], fax["sent"]) == ("sent", 4)
    first, second = fax["attempts"]  # type: ignore[misc]
    assert (first["detail"], first["pages"], second["first_page"], second["pages"]) == ("owner-lost", 2, 3, 2)
    assert "then our process ended and the call was cut" in fax["story"][0]  # type: ignore[index]
    assert len(pages_received(paced)) in (4, 5)  # a page on the wire when we died may come again, a confirmed one not
    assert facts(paced) == []
    assert sink.mails


def test_a_kill_while_the_last_answer_is_awaited_leaves_a_doubt_and_no_second_call(paced: Demo, sink: Sink) -> None:
    with paced.daemon() as running:
        paced.send(letter(ANSWER_LOST, "note-with-html.eml"))
        killed_when(running, lambda: "last-page" in facts(paced) and last_page_received(paced))

    at_once(paced)
    with paced.daemon():
        fax = ended(paced)

    assert (fax["state"], fax["outcome"], fax["detail"], fax["dials"]) == (
        "unconfirmed",
        "Unconfirmed",
        "owner-lost",
        1,
    )
    assert "our process ended before its answer came" in fax["story"][0]  # type: ignore[index]
    assert len(pages_received(paced)) == fax["pages"]
    assert any("may-not-be-complete" in mail.name for mail in sink.mails)
