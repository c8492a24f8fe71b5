"""Our side of SMTP against Postfix's smtp-sink, which takes groups of commands and refuses what it is told to."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.mail.relay import Mail, Relay, RelaySettings
from samples.demo import free_port

TOOL = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")
pytestmark = pytest.mark.skipif(TOOL is None, reason="smtp-sink is not installed: apt-get install postfix")
MAIL = Mail("ann@corp.example", b"Subject: x\r\n\r\n.dot\r\n" * 1000)


@contextmanager
def sink(*options: str) -> Iterator[Relay]:
    """A relay that is such a sink."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    running = subprocess.Popen([str(TOOL), *user, *options, f"127.0.0.1:{port}", "20"], cwd="/")
    try:
        _wait(running, port)
        yield Relay(RelaySettings("127.0.0.1", port, timeout=20))
    finally:
        running.kill()
        running.wait()


def _wait(running: "subprocess.Popen[bytes]", port: int) -> None:
    while running.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise RuntimeError("smtp-sink has ended")


@pytest.mark.parametrize("options", [[], ["-p"]])  # -p: PIPELINING is not offered
async def test_mails_are_taken_in_groups_of_commands_and_one_by_one(options: list[str]) -> None:
    with sink(*options) as relay:
        sent = await relay.send_all([MAIL] * 3)

    assert [(one.reached, one.code) for one in sent] == [(True, 250)] * 3


@pytest.mark.parametrize("command", ["mail", "rcpt", "data", "."])
@pytest.mark.parametrize(("option", "final"), [("-f", True), ("-r", False)])
async def test_a_refusal_is_the_mails_own_and_the_next_one_is_answered_too(
    command: str, option: str, final: bool
) -> None:
    with sink(option, command) as relay:
        sent = await relay.send_all([MAIL] * 2)

    assert [(one.reached, one.done, one.final) for one in sent] == [(True, False, final)] * 2


@pytest.mark.parametrize("command", ["mail", "rcpt", "data", "."])
@pytest.mark.parametrize("option", ["-q", "-Q"])  # without a word, and with 421
async def test_a_relay_that_goes_away_in_the_middle_was_not_reached(command: str, option: str) -> None:
    with sink(option, command) as relay:
        sent = await relay.send(MAIL.recipient, MAIL.message)

    assert (sent.reached, sent.code) == (False, 421 if option == "-Q" else 0)
