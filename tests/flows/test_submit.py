"""The front desk: which envelopes become jobs, what is answered, and what stays when it goes wrong."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlmodel import Session

from gateway.domain.addresses import Destination
from gateway.domain.errors import (
    BadDirectiveError,
    BadNumberError,
    ExitCode,
    GatewayError,
    RefusedError,
    UnavailableError,
)
from gateway.domain.job import JobState
from gateway.domain.passwords import hash_password
from gateway.flows.submit import FrontDesk
from gateway.store import jobs, submissions, tree
from gateway.store.acceptance import Acceptance
from gateway.store.database import open_database
from gateway.store.tree_tables import NodeRow
from tests.filled_store import anna
from tests.flows.letters import ANNA, mail
from tests.flows.stage import DOMAIN, RELAY_PEER, STRANGER, Stage

ONE, TWO = "+12025550101", "+12025550102"


def lock(stage: Stage, node: int) -> None:
    stage.db.write(lambda session: setattr(session.get(NodeRow, node), "locked", True))


async def refused(
    stage: Stage, message: EmailMessage | bytes | None = None, *recipients: str, **given: str
) -> GatewayError:
    """Submit what must be refused; the error."""
    with pytest.raises(GatewayError) as caught:
        await stage.submit(message, *recipients, **given)
    assert stage.jobs == []
    return caught.value


@contextmanager
def locked_store(stage: Stage) -> Iterator[FrontDesk]:
    """A desk that does not wait for the store, while somebody else writes to it and does not come to an end."""
    url = stage.db.url.render_as_string(hide_password=False)
    slow, hasty = open_database(url), open_database(f"{url}?timeout=0.05")
    writing, done = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        session.get(NodeRow, 1)
        writing.set()
        done.wait(10)

    with ThreadPoolExecutor() as pool:
        pool.submit(slow.write, hold)
        writing.wait(10)
        try:
            yield replace(stage.desk, acceptance=Acceptance(hasty))
        finally:
            done.set()
    slow.close()
    hasty.close()


# What is accepted.


async def test_an_accepted_mail_is_a_job_and_a_content(stage: Stage) -> None:
    reply = await stage.submit(mail(), ONE)

    [job] = stage.jobs
    assert str(reply) == f"250 2.0.0 accepted as fax job {job.public_id}"
    assert (job.state, str(job.destination)) == (JobState.ACCEPTED, ONE)
    submission = jobs.submission(stage.db, job.submission_id)
    assert stage.contents == [submission.content_digest]
    assert b"please see the attached" in stage.spool.path(submission.content_digest).read_bytes()
    assert stage.rings == ["ring"]


async def test_the_submission_keeps_what_the_header_said(stage: Stage) -> None:
    await stage.submit(mail(Subject="%{Ref:HN-7} The  offer %{Normal}", References="<0@a.example>"), ONE)

    submission = stage.detail.submission
    assert (submission.subject, submission.reference, submission.resolution) == ("The offer", "HN-7", "standard")
    assert (submission.message_id, submission.references) == ("<1@acme.example>", "<0@a.example>")
    assert submission.sender_address == ANNA


async def test_two_recipients_are_two_jobs_of_one_submission(stage: Stage) -> None:
    reply = await stage.submit(mail(), ONE, TWO)

    first, second = stage.jobs
    assert first.submission_id == second.submission_id
    assert (str(first.destination), str(second.destination)) == (ONE, TWO)
    assert first.public_id in reply.text
    assert second.public_id in reply.text
    assert len(stage.contents) == 1


async def test_the_same_number_twice_is_one_job_and_the_first_address_wins(stage: Stage) -> None:
    await stage.submit(mail(), f"{ONE}/ATTN=Ann_Lee", "1.202.555.0101/ATTN=Bob", TWO)

    assert [(str(job.destination), job.recipient_name) for job in stage.jobs] == [(ONE, "Ann Lee"), (TWO, "")]


async def test_the_same_mail_again_is_not_sent_twice(stage: Stage) -> None:
    first = await stage.submit(mail(), ONE)
    again = await stage.submit(mail(Received="by another relay"), ONE)

    [job] = stage.jobs
    assert first.text == f"accepted as fax job {job.public_id}"
    assert again.text == f"already accepted, not sent twice: fax job {job.public_id}"


@pytest.mark.parametrize(
    ("message", "number"),
    [(mail("other words"), ONE), (mail(Message_ID="<2@acme.example>"), ONE), (mail(), TWO)],
    ids=["text", "message-id", "number"],
)
async def test_another_mail_is_another_fax(stage: Stage, message: EmailMessage, number: str) -> None:
    await stage.submit(mail(), ONE)
    await stage.submit(message, number)

    assert len(stage.jobs) == 2


async def test_priority_and_lifetime_come_from_subject_and_settings(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.lifetime_minutes", "30")

    await stage.submit(mail(Subject="%{Priority:1} urgent"), ONE)

    [job] = stage.jobs
    assert job.priority == 1
    assert (job.expires - job.accepted).total_seconds() == 1800


async def test_a_program_that_says_auto_generated_may_fax(stage: Stage) -> None:
    await stage.submit(mail(Auto_Submitted="auto-generated"), ONE)

    assert len(stage.jobs) == 1


async def test_smtp_auth_proves_its_own_user_from_anywhere(stage: Stage) -> None:
    await stage.submit(mail(), ONE, peer=STRANGER, authenticated_as="anna", mail_from="bounces@elsewhere.example")

    assert len(stage.jobs) == 1


# Numbers, at RCPT and again at the end.


async def test_a_recipient_is_read_by_the_senders_plan(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme/Sales", "fax.area_code", "202")

    await stage.desk.check_recipient(f"5550101@{DOMAIN}", ANNA.upper(), "")
    await stage.submit(mail(), "5550101")

    assert stage.jobs[0].destination == Destination(ONE)


async def test_the_plan_at_rcpt_is_that_of_who_signed_in(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme/Sales", "fax.area_code", "202")

    await stage.desk.check_recipient(f"5550101@{DOMAIN}", "bounces@elsewhere.example", "anna")
    with pytest.raises(BadNumberError):
        await stage.desk.check_recipient(f"5550101@{DOMAIN}", "bounces@elsewhere.example", "")


@pytest.mark.parametrize("number", ["anna", "12345", "+999123456789", "20255501", "2025550101p1", "FAX=2025550101"])
async def test_what_is_no_number_is_refused_at_rcpt(stage: Stage, number: str) -> None:
    with pytest.raises(BadNumberError) as caught:
        await stage.desk.check_recipient(f"{number}@{DOMAIN}", ANNA, "")

    reply = str(caught.value.reply)
    assert reply.startswith("550 5.1.3 ")
    assert f"+12025550123@{DOMAIN}" in reply  # the accepted form


@pytest.mark.parametrize("number", ["911", "112", "+911"])
async def test_emergency_numbers_are_not_permitted(stage: Stage, number: str) -> None:
    with pytest.raises(RefusedError) as caught:
        await stage.desk.check_recipient(f"{number}@{DOMAIN}", ANNA, "")

    assert str(caught.value.reply).startswith("550 5.7.1 not permitted")


async def test_two_sub_addresses_at_one_number_are_two_faxes(stage: Stage) -> None:
    await stage.submit(mail(), f"{ONE}/T33S=1", f"{ONE}/T33S=2", ONE, f"{ONE}/T33S=2")

    assert [job.sub_address for job in stage.jobs] == ["1", "2", ""]


async def test_another_domain_is_not_served(stage: Stage) -> None:
    with pytest.raises(RefusedError, match="does not serve the domain"):
        await stage.desk.check_recipient(f"{ONE}@elsewhere.example", ANNA, "")


async def test_a_good_recipient_leaves_no_trace(stage: Stage) -> None:
    await stage.desk.check_recipient(f"{ONE}@{DOMAIN.upper()}", "", "")

    assert submissions.refusals(stage.db) == ()


# Who is refused, by which rule, and that it is kept.

AUTHORS = {
    "one-from": mail(From=f"{ANNA}, ben@acme.example"),
    "registered": mail(From="mallory@elsewhere.example"),
    "automatic": mail(Auto_Submitted="auto-replied"),
    "bulk": mail(List_Id="<news.acme.example>"),
}


@pytest.mark.parametrize(("rule", "message"), AUTHORS.items())
async def test_a_refused_mail_is_kept_with_rule_and_reply(stage: Stage, rule: str, message: EmailMessage) -> None:
    error = await refused(stage, message)

    [refusal] = submissions.refusals(stage.db)
    assert (refusal.rule, refusal.reply) == (rule, str(error.reply))
    assert refusal.reply.startswith("550 5.7.1 ")
    assert (refusal.peer, refusal.mail_from) == (RELAY_PEER, ANNA)
    assert error.exit_code is ExitCode.REFUSED
    assert stage.contents == []
    assert stage.rings == []


async def test_two_from_fields_are_refused(stage: Stage) -> None:
    content = mail(X_Twice="x").as_bytes().replace(b"\n", b"\r\n").replace(b"X-Twice:", b"From:")

    await refused(stage, content)

    assert submissions.refusals(stage.db)[0].rule == "one-from"


@pytest.mark.parametrize("precedence", ["bulk", "junk", "list"])
async def test_bulk_mail_is_refused(stage: Stage, precedence: str) -> None:
    await refused(stage, mail(Precedence=precedence))

    assert submissions.refusals(stage.db)[0].rule == "bulk"


async def test_the_null_sender_is_refused(stage: Stage) -> None:
    await refused(stage, mail_from="")

    assert submissions.refusals(stage.db)[0].rule == "null-sender"


async def test_an_unproven_sender_is_told_how_to_prove_it(stage: Stage) -> None:
    error = await refused(stage, peer=STRANGER)

    assert "SMTP AUTH" in error.reply.text
    [refusal] = submissions.refusals(stage.db)
    assert (refusal.rule, refusal.header_from, refusal.peer) == ("proof", ANNA, STRANGER)


async def test_a_signed_in_user_cannot_send_as_another(stage: Stage) -> None:
    anna(stage.db, "ben@acme.example")

    await refused(stage, mail(From="ben@acme.example"), ONE, authenticated_as="anna")

    assert submissions.refusals(stage.db)[0].rule == "smtp-auth"


@pytest.mark.parametrize("level", ["user", "department", "company"])
async def test_who_is_locked_sends_nothing(stage: Stage, level: str) -> None:
    user = tree.user_by_address(stage.db, ANNA)
    assert user is not None
    nodes = {"user": user.id, "department": user.parent_id, "company": tree.companies(stage.db)[0].id}
    lock(stage, nodes[level])

    await refused(stage)

    assert submissions.refusals(stage.db)[0].rule == "locked"


# Directives and covers.


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("%{Covr} offer", "unknown directive %{Covr}"),
        ("%{Cover} %{NoCover}", "and %{NoCover} disagree"),
        ("%{NoCover} offer", "a cover page is always sent for you"),
        ("%{Cover:gala} offer", "there is no cover page 'gala' here; known are business, medical, plain"),
        ("%{Cover offer", "is not closed"),
    ],
)
async def test_a_directive_that_cannot_be_met_is_refused(stage: Stage, subject: str, words: str) -> None:
    error = await refused(stage, mail(Subject=subject))

    assert str(error.reply).startswith("550 5.5.4 ")
    assert words in error.reply.text
    [refusal] = submissions.refusals(stage.db)
    assert (refusal.rule, refusal.header_from) == ("directives", ANNA)


async def test_a_cover_of_one_recipient_is_checked_too(stage: Stage) -> None:
    error = await refused(stage, mail(), ONE, f"{TWO}/cp=gala")

    assert isinstance(error, BadDirectiveError)
    assert "gala" in error.text


async def test_where_covers_are_optional_none_may_be_asked_for(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "cover.behavior", "on-demand")

    await stage.submit(mail(Subject="%{NoCover} offer"), ONE, f"{TWO}/cp=on")

    assert stage.detail.submission.cover == "off"
    assert [job.recipient_cover for job in stage.jobs] == ["", "on"]


# What passes by itself: 451, and nothing half stored.


async def test_a_spool_that_cannot_be_written_stores_nothing(stage: Stage) -> None:
    contents = stage.folder / "spool" / "contents"
    shutil.rmtree(contents)
    contents.touch()

    error = await refused(stage)

    assert isinstance(error, UnavailableError)
    assert str(error.reply).startswith("451 4.3.1 ")
    assert submissions.refusals(stage.db) == ()


async def test_a_locked_store_makes_no_job_and_the_next_try_does(stage: Stage) -> None:
    with locked_store(stage) as desk, pytest.raises(UnavailableError) as caught:
        await desk.submit(stage.envelope(mail(), ONE))
    assert stage.jobs == []

    await stage.submit(mail(), ONE)

    assert caught.value.reply.code == 451
    assert len(stage.jobs) == 1


async def test_a_content_that_vanished_is_asked_for_again(stage: Stage) -> None:
    envelope = stage.envelope(mail(), ONE)
    envelope.content.unlink()

    with pytest.raises(UnavailableError) as caught:
        await stage.desk.submit(envelope)

    assert caught.value.reply.code == 451
    assert stage.jobs == []


# Signing in.


@pytest.fixture
def ben(stage: Stage) -> int:
    """A user with a password; the node's id."""
    secret = hash_password("correct horse")
    new = tree.NewUser("Acme", "Ben", "Ortiz", ("ben@acme.example",), user_name="ben", password_hash=secret)
    return tree.add_user(stage.db, new).id


async def test_a_password_opens_only_its_own_account(stage: Stage, ben: int) -> None:  # noqa: ARG001 - there he is
    tried = [("BEN", "correct horse"), ("ben", "wrong"), ("anna", ""), ("eve", "correct horse")]

    assert [await stage.desk.authenticate(name, password) for name, password in tried] == [True, False, False, False]


async def test_a_locked_user_cannot_sign_in(stage: Stage, ben: int) -> None:
    lock(stage, ben)

    assert await stage.desk.authenticate("ben", "correct horse") is False


async def test_a_header_that_cannot_be_read_is_refused_and_kept(stage: Stage) -> None:
    with pytest.raises(GatewayError) as caught:
        await stage.submit(b"From: anna@acme.example\r\nFrom: bob@acme.example\r\n\x00broken header\r\n\r\nx\r\n")

    [refusal] = submissions.refusals(stage.db)
    assert caught.value.reply.code >= 500
    assert refusal.rule in ("header", "one-from")
