"""Several recipients through the listener: each is answered for itself, and the notice tells of all."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage
from ipaddress import ip_network

import pytest

from gateway.mail.desk import ListenerSettings
from gateway.mail.listener import Listener
from tests.flows.letters import ANNA, mail
from tests.flows.stage import DOMAIN, Stage, words

GOOD, OTHER = "+12025550101", "+12025550102"
NOT_PERMITTED = "550 5.7.1 not permitted: emergency and service numbers take no faxes"


@pytest.fixture
async def port(stage: Stage) -> AsyncIterator[int]:
    """A listener that believes its own machine, before the stage's desk."""
    desk = stage.desk
    believing = replace(desk, judge=replace(desk.judge, trusted_relays=(ip_network("127.0.0.0/8"),)))
    settings = ListenerSettings("127.0.0.1", 0, DOMAIN, frozenset({DOMAIN}), stage.folder / "spool" / "arriving")
    listener = Listener(settings, believing, stage.clock)
    await listener.start()
    try:
        yield listener.port
    finally:
        await listener.stop()


def sent(port: int, message: EmailMessage, *locals_: str) -> tuple[list[str], str]:
    """What a client hears to each RCPT and to its text."""
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.ehlo()
        client.mail(ANNA)
        answers = [client.rcpt(f"{local}@{DOMAIN}") for local in locals_]
        code, text = client.data(message.as_bytes().replace(b"\n", b"\r\n"))
    return [f"{number} {words_.decode()}" for number, words_ in answers], f"{code} {text.decode()}"


async def test_bad_recipients_are_refused_and_the_good_ones_taken(stage: Stage, port: int) -> None:
    answers, reply = await asyncio.to_thread(sent, port, mail(), GOOD, "911", OTHER, "12025550103/x=1", "x")

    assert answers[0] == answers[2] == "250 2.1.5 OK"
    assert answers[1] == NOT_PERMITTED
    assert answers[3].startswith("550 5.5.4 unknown address parameter 'x=1'")
    assert answers[4].startswith("550 5.1.3 'x' is not a fax number: write + and 7 to 15 digits")
    assert reply.startswith("250 2.0.0 ")
    assert [str(job.destination) for job in stage.jobs] == [GOOD, OTHER]


async def test_without_a_good_recipient_there_is_no_mail(stage: Stage, port: int) -> None:
    def attempt() -> str:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            client.ehlo()
            client.mail(ANNA)
            client.rcpt(f"911@{DOMAIN}")
            return client.docmd("DATA")[1].decode()

    assert "no recipient was accepted" in await asyncio.to_thread(attempt)
    assert stage.jobs == []


@pytest.mark.slow
async def test_the_notice_tells_of_those_that_were_refused(stage: Stage, port: int) -> None:
    await asyncio.to_thread(sent, port, mail(), GOOD, "911", "+12025550101/to=Ann", "nobody")
    await stage.prepare().next()

    told = words(stage.notices[0])
    why = NOT_PERMITTED.removeprefix("550 5.7.1 ")
    assert f"Not sent Recipient Why 911 {why} a recipient without a number what stands before the @ is not a" in told
    assert "nobody" not in told
    assert f"once only, as job {stage.jobs[0].public_id}" in told


async def test_many_refused_recipients_are_told_of_up_to_a_number(stage: Stage, port: int) -> None:
    await asyncio.to_thread(sent, port, mail(), GOOD, *(["911"] * 40))

    assert len(stage.detail.submission.refused) == 20


async def test_refusals_of_one_mail_are_not_told_in_the_next(stage: Stage, port: int) -> None:
    await asyncio.to_thread(sent, port, mail(), GOOD, "911")
    await asyncio.to_thread(sent, port, mail(Message_ID="<2@acme.example>"), OTHER)

    assert stage.detail.submission.refused == ()
