"""What was taken before, and what a sender's own mails are told: caps on programs, copies of signed mails, notices."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest

from gateway.domain.errors import GatewayError, SmtpReply
from gateway.store import outbox, refusals, tree
from tests.dkim_mails import NOW, SIGNED, Signer
from tests.flows.letters import ANNA, mail
from tests.flows.stage import DOMAIN, RELAY_PEER, STRANGER, Stage, words

ONE, TWO = "+12025550101", "+12025550102"
SIGNER = Signer("acme.example")
FORWARDER = "198.51.100.99"


@pytest.fixture(autouse=True)
def _on_the_internet(stage: Stage) -> Iterator[None]:
    stage.wall = NOW
    stage.dns.put("acme.example", ("TXT", "v=spf1 ip4:198.51.100.7 -all"))
    stage.dns.put(SIGNER.name, ("TXT", SIGNER.record.decode()))
    yield
    stage.prover.close()


def signed() -> bytes:
    content = mail(To=f"{ONE}@{DOMAIN}", Date=NOW.strftime("%a, %d %b %Y %H:%M:%S +0000")).as_bytes()
    return SIGNER.sign(content.replace(b"\n", b"\r\n"), names=SIGNED)


async def sent(stage: Stage, content: EmailMessage | bytes, *numbers: str, **given: str) -> SmtpReply:
    """What the client hears at the end of its text."""
    try:
        return await stage.submit(content, *(numbers or (ONE,)), **given)
    except GatewayError as error:
        return error.reply


def automatic(number: int) -> EmailMessage:
    return mail(Auto_Submitted="auto-generated", Message_ID=f"<{number}@acme.example>")


# Programs.


async def test_a_program_that_runs_wild_is_put_off_until_the_hour_is_over(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme/Sales", "fax.automatic_per_hour", "2")

    replies = [await sent(stage, automatic(number)) for number in range(4)]
    stage.clock.pass_time(days=1)  # a simulated line's clock runs ahead, the world's does not
    replies.append(await sent(stage, automatic(4)))
    stage.wall = NOW + timedelta(minutes=61)
    replies.append(await sent(stage, automatic(5)))

    assert [reply.code for reply in replies] == [250, 250, 451, 451, 451, 250]
    assert replies[2].enhanced == "4.7.1"
    assert {one.rule for one in refusals.refusals(stage.db)} == {"automatic-cap"}
    assert len(stage.contents) == 3  # nothing is kept of what was put off


async def test_people_are_not_capped(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.automatic_per_hour", "0")

    assert (await sent(stage, automatic(1))).code == 451
    assert (await sent(stage, mail(Auto_Submitted="no"))).code == 250


async def test_what_is_put_off_is_not_told_by_mail(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.automatic_per_hour", "0")

    await sent(stage, automatic(1), peer=STRANGER)

    assert stage.notices == []


# Copies of signed mails.


async def test_a_copy_under_another_envelope_sender_is_not_faxed_again(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.sender_proof", "dkim")

    first = await sent(stage, signed(), peer=FORWARDER)
    again = [await sent(stage, signed(), peer=FORWARDER, mail_from=f"m{n}@evil.example") for n in range(3)]

    [job] = stage.jobs
    assert first.text == f"accepted as fax job {job.public_id}"
    assert {reply.text for reply in again} == {f"already accepted, not sent twice: fax job {job.public_id}"}


async def test_a_copy_with_blanks_at_its_end_is_the_same_mail(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.sender_proof", "spf-or-dkim")

    await sent(stage, signed(), peer=FORWARDER)
    reply = await sent(stage, signed() + b"\r\n\r\n", peer=FORWARDER)  # which relaxed canonicalization passes over

    assert reply.text.startswith("already accepted")
    assert len(stage.jobs) == 1


async def test_of_a_replay_nothing_is_kept_and_its_author_is_told(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.sender_proof", "dkim")
    await sent(stage, signed(), peer=FORWARDER)

    reply = await sent(stage, b"Received: by somebody else\r\n" + signed(), TWO, peer=FORWARDER)

    assert str(reply).startswith("550 5.7.1 replay: ")
    assert len(stage.contents) == 1
    [notice] = stage.notices
    assert notice["To"] == ANNA
    assert "somebody has a copy of your mail" in words(notice)


async def test_from_home_a_signed_mail_may_go_to_more_numbers(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.sender_proof", "spf-or-dkim")

    replies = [await sent(stage, signed(), number, peer=STRANGER) for number in (ONE, TWO)]

    assert [reply.code for reply in replies] == [250, 250]


# Notices.


async def test_a_wish_that_cannot_be_met_is_told_by_mail_too(stage: Stage) -> None:
    reply = await sent(stage, mail(Subject="%{Covr} canary"), peer=RELAY_PEER)

    [notice] = stage.notices
    assert str(reply).startswith("550 5.5.4 unknown directive %{Covr} in the subject")
    assert "Reason: an unknown directive stands in the subject; known are %{Cover}" in words(notice)
    assert not {"canary", "Covr}"} & set(notice.as_string().split())


async def test_a_full_notice_names_what_was_wished_for(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "notify.content", "full")

    await sent(stage, mail(Subject="%{Covr} canary"), peer=RELAY_PEER)

    [notice] = stage.notices
    assert "Reason: unknown directive %{Covr}" in words(notice)
    assert "canary" not in notice.as_string()


async def test_who_has_switched_notices_off_is_told_in_the_session_alone(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "notify.initial_failure", "off")

    assert (await sent(stage, mail(), peer=STRANGER)).enhanced == "5.7.20"
    assert stage.notices == []


async def test_the_notice_of_a_refusal_goes_out_like_any_other(stage: Stage) -> None:
    await sent(stage, mail(), peer=STRANGER)

    claim = outbox.claim_mail(stage.db, stage.process.id, stage.clock.now())
    assert claim is not None
    outbox.mail_sent(stage.db, claim, stage.clock.now(), "250 ok")

    [one] = outbox.listing(stage.db)
    assert (one.recipient, one.submission_id, one.state) == (ANNA, None, outbox.MailState.SENT)
    assert one.message_id == f"<initial-failure.{refusals.refusals(stage.db)[0].public_id}@{DOMAIN}>"


@pytest.mark.parametrize("header", ["Auto_Submitted", "Precedence", "List_Id"])
async def test_no_program_is_ever_answered(stage: Stage, header: str) -> None:
    values = {"Auto_Submitted": "auto-replied", "Precedence": "bulk", "List_Id": "<l.example>"}
    message = mail(From="eve@acme.example", **{header: values[header]})

    assert (await sent(stage, message, peer=STRANGER, mail_from="eve@acme.example")).code == 550
    assert stage.notices == []
