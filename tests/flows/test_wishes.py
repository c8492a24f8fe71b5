"""What a sender asks for, from the mail to the job, its calls and its notices: times, preview, billing, repetitions."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from io import BytesIO

import pikepdf
import pytest

from gateway.domain.errors import GatewayError
from gateway.domain.job import JobState
from gateway.domain.outcome import Outcome
from gateway.store import jobs, tree
from tests.filled_store import NOW
from tests.flows.letters import corrupt_pdf, mail, pdf
from tests.flows.stage import BUSY, DONE, ScriptedTransport, Stage, words

ONE, TWO = "+12025550101", "+12025550102"
HOUR = timedelta(hours=1)
slow = pytest.mark.slow  # it renders


def attached(notice: EmailMessage) -> Iterator[bytes]:
    """The PDFs of a notice."""
    for part in notice.walk():
        if part.get_content_type() == "application/pdf":
            yield part.get_content()


async def refusal(stage: Stage, message: EmailMessage, **given: str) -> str:
    with pytest.raises(GatewayError) as caught:
        await stage.submit(message, ONE, **given)
    assert stage.jobs == []
    return str(caught.value.reply)


# Start and end.


async def test_a_start_and_an_end_come_down_to_every_job(stage: Stage) -> None:
    await stage.submit(mail(Subject="%{At:+2h}%{Expire:90m}%{Priority:high}%{Bill:K-7} Offer"), ONE, TWO)

    for job in stage.jobs:
        assert (job.accepted, job.not_before, job.expires) == (NOW, NOW + 2 * HOUR, NOW + 3.5 * HOUR)
        assert job.priority == 2
    assert (stage.detail.submission.billing_code, stage.detail.submission.subject) == ("K-7", "Offer")


async def test_the_lifetime_of_a_later_fax_counts_from_its_start(stage: Stage) -> None:
    await stage.submit(mail(Subject="%{At:+48h}"), ONE)

    assert stage.jobs[0].expires == NOW + 51 * HOUR


async def test_a_time_that_has_passed_is_refused_at_once_and_kept(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "date.time_zone", "Europe/Berlin")

    reply = await refusal(stage, mail(Subject="%{At:2026-03-02 15:00}"))

    assert reply == (
        "550 5.5.4 At: 2026-03-02 15:00 Europe/Berlin has passed: give a time after 2026-03-02 16:04 Europe/Berlin"
    )


@slow
async def test_a_later_fax_is_rendered_at_once_and_called_at_its_time(stage: Stage) -> None:
    [job] = await stage.rendered(mail(Subject="%{At:+5h} Offer", attachments=[pdf()]), ONE)
    transport = ScriptedTransport(DONE, clock=stage.clock)

    assert (job.state, job.pages) == (JobState.WAITING, 2)
    assert not await stage.transmit(transport).next()
    stage.clock.pass_time(hours=5)
    await stage.tend().next()
    assert await stage.transmit(transport).next()
    assert stage.jobs[0].state is JobState.SENT


@slow
async def test_the_notice_of_a_later_fax_tells_when_it_is_called(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "date.time_format", "HH:mm")

    await stage.rendered(mail(Subject="%{At:+5h} Offer"), ONE)

    told = words(stage.notices[0])
    assert "is sent at the time you asked for" in told
    assert "First call: not before 03-02-2026 20:04" in told
    assert "Expected by: 03-02-2026 20:05" in told


@slow
async def test_a_busy_line_is_tried_again_for_as_long_as_the_fax_may_live_from_its_start(stage: Stage) -> None:
    await stage.rendered(mail(Subject="%{At:+48h}%{Expire:4m} Offer", attachments=[pdf()]), ONE)
    stage.clock.pass_time(hours=48)
    await stage.tend().next()

    assert await stage.transmit(ScriptedTransport(BUSY, clock=stage.clock), chance=0).next()
    assert stage.jobs[0].state is JobState.WAITING
    stage.clock.skip_to(stage.jobs[0].not_before)
    await stage.tend().next()
    stage.clock.pass_time(minutes=1)
    await stage.tend().next()
    assert (stage.jobs[0].state, stage.jobs[0].outcome_detail) == (JobState.CANCELLED, "expired")


# Header fields.


async def test_header_fields_of_who_signed_in_are_heard_and_those_of_others_are_not(stage: Stage) -> None:
    wishful = mail(X_Fax_Priority="1", X_Fax_Billing_Code="77", X_Fax_At="+1h")
    await stage.submit(wishful, ONE, peer="198.51.100.7", authenticated_as="anna")
    await stage.submit(mail(Message_ID="<2@acme.example>", X_Fax_Priority="1", X_Fax_Kover="x"), TWO)

    first, second = stage.jobs
    assert (first.priority, first.not_before, second.priority) == (1, NOW + HOUR, 5)
    assert jobs.detail(stage.db, first.public_id).submission.billing_code == "77"


async def test_a_misspelt_header_field_of_who_signed_in_is_refused(stage: Stage) -> None:
    reply = await refusal(stage, mail(X_Fax_Kover="x"), authenticated_as="anna")

    assert reply.startswith("550 5.5.4 unknown directive X-Fax-Kover in the header; known are X-Fax-Cover, ")


# Preview.


@slow
async def test_a_preview_goes_back_as_pdf_and_is_never_called(stage: Stage) -> None:
    [job] = await stage.rendered(mail("Dear all", Subject="%{Preview} Offer", attachments=[pdf(2)]), ONE)

    assert (job.state, job.outcome, job.outcome_detail) == (JobState.CANCELLED, Outcome.CANCELLED, "preview")
    assert not await stage.transmit(ScriptedTransport(clock=stage.clock)).next()
    [notice] = stage.notices
    [document] = attached(notice)
    with pikepdf.open(BytesIO(document)) as book:
        assert len(book.pages) == 3  # the cover among them
    assert notice["Subject"] == f"Preview of your fax to +1 202 555 0101 (job {job.public_id})"
    told = words(notice)
    assert "Nothing was sent, because you asked for a preview." in told
    assert "Expected by" not in told


@slow
async def test_a_preview_is_sent_whatever_the_settings_say_of_notices(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "notify.initial_success", "off")

    await stage.rendered(mail(Subject="%{Preview}"), ONE, TWO)

    [notice] = stage.notices
    assert len(list(attached(notice))) == 1
    assert "What would be sent" in words(notice)


@slow
async def test_a_preview_that_is_too_large_has_its_first_pages(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.flows.prepare.MOST_PREVIEW", 10)

    await stage.rendered(mail(Subject="%{Preview}", attachments=[pdf(4)]), ONE)

    [document] = attached(stage.notices[0])
    with pikepdf.open(BytesIO(document)) as book:
        assert len(book.pages) == 1
    assert "the PDF holds the first 1 of 5 pages" in words(stage.notices[0])


@slow
async def test_a_preview_of_what_cannot_be_faxed_is_a_failure(stage: Stage) -> None:
    [job] = await stage.rendered(mail(Subject="%{Preview}", attachments=[corrupt_pdf()]), ONE)

    assert (job.state, job.outcome) == (JobState.FAILED, Outcome.INVALID_ATTACHMENT)
    assert "could not be sent" in stage.notices[0]["Subject"]


# The same number twice.


@slow
async def test_a_number_that_is_asked_for_twice_is_one_job_and_the_notice_says_so(stage: Stage) -> None:
    first, second = await stage.rendered(mail(), f"{ONE}/to=Ann", TWO, "2025550101", "1-202-555-0101/to=Bea")

    assert (first.recipient_name, str(second.destination)) == ("Ann", TWO)
    told = words(stage.notices[0])
    assert f"Asked for more than once Fax number Sent +1 202 555 0101 once only, as job {first.public_id}" in told
    assert f"once only, as job {second.public_id}" not in told
