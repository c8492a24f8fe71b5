"""Mail from the internet: SPF and DKIM asked of a real name server, decided, kept; who is told, and who is not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from gateway.domain.errors import GatewayError, SmtpReply
from gateway.domain.submission import Refusal
from gateway.store import jobs, outbox, refusals, tree
from gateway.store.outbox import MailState
from tests.dkim_mails import NOW, SIGNED, Signer
from tests.dns_server import Manner
from tests.flows.letters import ANNA
from tests.flows.stage import DOMAIN, STRANGER, Stage, words

ONE, TWO, THREE = "+12025550101", "+12025550102", "+12025550103"
SIGNER = Signer("acme.example")
SPF = "v=spf1 ip4:198.51.100.7 -all"
FORWARDER = "198.51.100.99"


@pytest.fixture(autouse=True)
def _on_the_internet(stage: Stage) -> Iterator[None]:
    stage.wall = NOW
    stage.dns.put("acme.example", ("TXT", SPF))
    stage.dns.put(SIGNER.name, ("TXT", SIGNER.record.decode()))
    yield
    stage.prover.close()


def letter(author: str = ANNA, to: str = f"{ONE}@{DOMAIN}", days_ago: int = 0) -> bytes:
    date = format_datetime(NOW - timedelta(days=days_ago))
    head = f"From: {author}\r\nTo: {to}\r\nSubject: Offer\r\nDate: {date}\r\nMessage-ID: <1@acme.example>\r\n"
    return head.encode() + b"\r\nDear all\r\n"


def signed(**given: object) -> bytes:
    return SIGNER.sign(letter(**given), names=SIGNED)  # type: ignore[arg-type]


async def sent(stage: Stage, content: bytes, *numbers: str, peer: str = STRANGER, mail_from: str = ANNA) -> SmtpReply:
    """What the client hears at the end of its text."""
    try:
        return await stage.submit(content, *(numbers or (ONE,)), peer=peer, mail_from=mail_from)
    except GatewayError as error:
        return error.reply


def last_refusal(stage: Stage) -> Refusal:
    return refusals.refusals(stage.db)[0]


async def test_what_both_prove_is_accepted_and_the_evidence_kept(stage: Stage) -> None:
    reply = await sent(stage, signed())

    evidence = jobs.detail(stage.db, stage.jobs[0].public_id).submission.evidence
    assert reply.code == 250
    assert (evidence["rule"], evidence["aligned"]) == ("spf-and-dkim", True)
    assert evidence["spf"]["result"] == "pass"  # type: ignore[index]
    assert [one["result"] for one in evidence["dkim"]] == ["pass"]  # type: ignore[attr-defined]
    assert str(evidence["authentication_results"]).startswith(f"Authentication-Results: {DOMAIN};")


@pytest.mark.parametrize(
    ("proof", "content", "peer", "code", "enhanced"),
    [
        ("spf-and-dkim", letter(), STRANGER, 550, "5.7.20"),
        ("spf-and-dkim", signed(), FORWARDER, 550, "5.7.23"),
        ("spf-and-dkim", letter(), FORWARDER, 550, "5.7.26"),
        ("spf-and-dkim", signed(days_ago=4), STRANGER, 550, "5.7.20"),
        ("spf-and-dkim", signed().replace(b"Dear", b"Dead"), STRANGER, 550, "5.7.20"),
        ("spf-or-dkim", signed(), FORWARDER, 250, "2.0.0"),
        ("spf-or-dkim", letter(), STRANGER, 250, "2.0.0"),
        ("spf-or-dkim", letter(), FORWARDER, 550, "5.7.26"),
        ("dkim", signed(), FORWARDER, 250, "2.0.0"),
        ("dkim", letter(), STRANGER, 550, "5.7.20"),
        ("spf", letter(), STRANGER, 250, "2.0.0"),
        ("spf", signed(), FORWARDER, 550, "5.7.23"),
        ("registered", letter(), FORWARDER, 250, "2.0.0"),
        ("registered", letter("eve@acme.example"), FORWARDER, 550, "5.7.1"),
    ],
)
async def test_each_level_asks_for_its_own_proof(
    stage: Stage, proof: str, content: bytes, peer: str, code: int, enhanced: str
) -> None:
    tree.set_setting(stage.db, "Acme", "fax.sender_proof", proof)

    reply = await sent(stage, content, peer=peer)

    assert (reply.code, reply.enhanced) == (code, enhanced)
    assert len(stage.jobs) == (code == 250)
    assert len(refusals.refusals(stage.db)) == (code != 250)


@pytest.mark.parametrize("manner", [Manner.SERVFAIL, Manner.REFUSED])
async def test_trouble_of_the_dns_is_never_a_refusal_for_good(stage: Stage, manner: Manner) -> None:
    stage.dns.behave(manner)

    reply = await sent(stage, signed())

    assert (reply.code, reply.enhanced) == (451, "4.7.24")
    assert stage.notices == []


async def test_a_name_server_that_is_silent_costs_the_mail_some_time_only(stage: Stage) -> None:
    stage.prover._seconds = 0.3
    stage.dns.behave(Manner.SILENT)

    assert (await sent(stage, signed())).code == 451
    stage.dns.behave(Manner.HONEST)
    stage.prover._seconds = 20
    assert (await sent(stage, signed())).code == 250


async def test_mail_of_a_trusted_relay_costs_no_question(stage: Stage) -> None:
    await stage.submit(letter())

    assert stage.dns.asked == []


async def test_a_signed_mail_goes_to_no_other_number(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.sender_proof", "dkim")
    await sent(stage, signed(), ONE, peer=FORWARDER)

    again = await sent(stage, signed(), TWO, peer=FORWARDER)

    assert (again.code, again.enhanced) == (550, "5.7.1")
    assert "replay" in again.text
    assert last_refusal(stage).rule == "replay"
    assert [str(job.destination) for job in stage.jobs] == [ONE]


async def test_a_signed_mail_goes_to_each_number_that_it_names(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.sender_proof", "dkim")
    content = signed(to=f"{ONE}@{DOMAIN}, {TWO}@{DOMAIN}")

    replies = [await sent(stage, content, number, peer=FORWARDER) for number in (ONE, TWO, THREE)]

    assert [reply.code for reply in replies] == [250, 250, 550]
    assert [str(job.destination) for job in stage.jobs] == [ONE, TWO]


async def test_a_stranger_who_is_proven_is_told_once_an_hour(stage: Stage) -> None:
    stranger = signed(author="eve@acme.example")
    for minutes in (0, 30, 70):
        stage.wall = NOW + timedelta(minutes=minutes)
        assert (await sent(stage, stranger, mail_from="eve@acme.example")).enhanced == "5.7.1"

    assert [str(notice["To"]) for notice in stage.notices] == ["eve@acme.example"] * 2
    assert "Unauthorized Sending Address" in words(stage.notices[0])
    assert stage.notices[0]["Auto-Submitted"] == "auto-replied"
    assert "Dear all" not in stage.notices[0].as_string()
    assert len(refusals.refusals(stage.db)) == 3


async def test_a_forged_author_is_never_written_to(stage: Stage) -> None:
    await sent(stage, letter(), peer=FORWARDER)
    await sent(stage, letter("eve@acme.example"), peer=FORWARDER)

    assert len(refusals.refusals(stage.db)) == 2
    assert stage.notices == []


async def test_a_refusal_keeps_what_was_known(stage: Stage) -> None:
    await sent(stage, signed(), peer=FORWARDER)

    evidence = last_refusal(stage).evidence
    assert evidence["spf"]["result"] == "fail"  # type: ignore[index]
    assert evidence["dkim"][0]["domain"] == "acme.example"  # type: ignore[index]
    assert "Dear all" not in str(evidence)


async def test_directives_in_the_header_count_when_they_are_signed(stage: Stage) -> None:
    wish = b"X-Fax-Resolution: standard\r\n"
    await sent(stage, SIGNER.sign(wish + letter(), names=(*SIGNED, b"x-fax-resolution")))

    assert jobs.detail(stage.db, stage.jobs[0].public_id).submission.resolution == "standard"


# Letters to the postmaster.


async def posted(stage: Stage, postmaster: str) -> None:
    """A letter that claims to bear our own word: we tell what we found as our host, whatever domains it serves."""
    content = b"Authentication-Results: mx.x.example; spf=pass\r\n" + letter("someone@elsewhere.example")
    envelope = stage.envelope(content, mail_from="", peer=STRANGER)
    desk = replace(stage.desk, postmaster=postmaster, judge=replace(stage.judge, name="mx.x.example"))
    await desk.to_postmaster(envelope)


async def test_a_letter_to_the_postmaster_goes_on_with_a_trace_of_its_way(stage: Stage) -> None:
    await posted(stage, "admin@acme.example")

    [one] = outbox.listing(stage.db)
    [letter_on] = stage.notices
    assert (one.recipient, one.state) == ("admin@acme.example", MailState.WAITING)
    assert letter_on["Authentication-Results"] is None
    assert f"[{STRANGER}]) by mx.x.example" in " ".join(letter_on["Received"].split())
    assert letter_on.get_content().strip() == "Dear all"


async def test_a_letter_to_the_postmaster_that_goes_in_circles_ends(stage: Stage) -> None:
    content = b"received: from a by b; Mon, 2 Mar 2026 15:04:05 +0000\r\n" * 51 + letter("someone@elsewhere.example")

    with pytest.raises(GatewayError, match="going in circles") as caught:
        await stage.desk.to_postmaster(stage.envelope(content, mail_from="", peer=STRANGER))

    assert caught.value.reply.enhanced == "5.4.6"
    assert not outbox.listing(stage.db)


async def test_without_a_postmaster_the_letter_is_kept(stage: Stage) -> None:
    await posted(stage, "")

    [one] = outbox.listing(stage.db)
    assert one.state is MailState.DEAD
    assert "smtp.postmaster" in one.reply
