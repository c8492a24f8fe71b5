"""From a job to a mail for the outbox: whether the sender wants it, and the facts it is made of."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import numpy as np
import pytest

from gateway.domain.job import JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.notice_templates import NoticeTemplate
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages
from gateway.mail.messages import FailedPart, Voice
from gateway.notices import Composer
from gateway.store import calls, jobs, material, notice_templates, submissions, tree
from gateway.store.calls import CallClaim, CallEnd
from gateway.store.database import Database
from gateway.store.known_tree import KnownTree
from gateway.store.outbox import NewMail
from gateway.store.submissions import FailedRender, RenderClaim
from renderers.faxpage import FaxPage, Resolution, write_tiff
from renderers.libtiff import encode
from tests.claims import claim_render
from tests.fakes import FakeClock
from tests.filled_store import NOW, anna, calling, end, mail_to, no_mail, opened, owning, ready, rendered

KINDS = ("initial_success", "initial_failure", "delivery_success", "delivery_failure")


@dataclass
class Desk:
    """A store with Anna in it, and what writes to her."""

    db: Database
    owner: int
    anna: User
    composer: Composer

    def rendering(self, *numbers: str) -> RenderClaim:
        submissions.add(self.db, mail_to(self.anna, *numbers))
        claim = claim_render(self.db, self.owner, NOW)
        assert claim is not None
        return claim

    def in_call(self) -> CallClaim:
        ready(self.db, self.owner, mail_to(self.anna))
        return calling(self.db, self.owner)

    def told(self, claim: CallClaim, ending: CallEnd) -> NewMail | None:
        """Settle a call; the mail that tells of it."""
        make = self.composer.after_call(claim, ending, material.of_claim(self.db, claim))
        return make(calls.finish_call(self.db, claim, ending, NOW, no_mail))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as db, owning(db, tmp_path) as owner:
        voice = Voice("Fax", "postmaster@fax.example", "fax.example")
        yield Desk(db, owner, anna(db), Composer(db, FakeClock(NOW), voice))


def text(mail: NewMail | None) -> str:
    """Subject and plain text."""
    assert mail is not None
    message = message_from_bytes(mail.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return f"{message['Subject']} | " + " ".join(str(body.get_content()).split())


def test_an_initial_success_is_of_the_submission_with_pages_and_expected_time(desk: Desk) -> None:
    claim = desk.rendering("+12025550101", "+12025550102")

    mail = desk.composer.initial_success(claim, rendered(claim, pages=4), ["a note for the sender"])

    assert mail is not None
    assert (mail.kind, mail.submission_id, mail.job_id, mail.attempt_no) == ("initial-success", 1, None, 0)
    assert (mail.recipient, mail.message_id in mail.message.decode()) == ("anna@acme.example", True)
    told = text(mail)
    assert "a note for the sender" in told
    assert "Expected by: 03-02-2026 3:07 PM" in told  # 45 s, and 35 s a page
    assert all(f"{job.public_id} 4" in told for job in claim.jobs)


def test_dates_are_in_the_senders_zone_and_form(desk: Desk) -> None:
    tree.set_setting(desk.db, "Acme", "date.time_zone", "Europe/Berlin")
    tree.set_setting(desk.db, "Acme/Sales", "date.format", "dd.MM.yyyy")
    tree.set_setting(desk.db, desk.anna.id, "date.time_format", "HH:mm")
    claim = desk.rendering()

    assert "Your mail of: 02.03.2026 16:04" in text(desk.composer.initial_success(claim, rendered(claim), []))


def test_an_initial_failure_names_the_part(desk: Desk) -> None:
    failed = FailedRender(Outcome.INVALID_ATTACHMENT, "", (PartPages("x.pdf", 0, "it is damaged"),))
    part = FailedPart(2, "application/pdf", "x.pdf", "it is damaged")

    mail = desk.composer.initial_failure(desk.rendering(), failed, [part])

    assert mail is not None
    assert mail.kind == "initial-failure"
    assert "attachment 2 (PDF) corrupt it is damaged" in text(mail)


def test_a_full_notice_says_what_the_settings_allow(desk: Desk, tmp_path: Path) -> None:
    tree.set_setting(desk.db, "Acme", "notify.content", "full-with-pages")
    pages = tmp_path / "sent.tif"
    write_tiff(pages, [FaxPage(1728, 3, Resolution.FINE, encode(np.zeros((3, 216), np.uint8)))])
    composer = replace(desk.composer, place=lambda digest: {"ab": pages}[digest])
    claim = desk.in_call()

    done = end(JobEvent.CONFIRMED, Outcome.SUCCESS, tiff_digest="ab")
    mail = composer.after_call(claim, done, material.of_claim(desk.db, claim))(
        replace(claim.job, state=JobState.SENT, outcome=Outcome.SUCCESS)
    )

    assert mail is not None
    assert "Subject: Offer" in text(mail)
    assert b'filename="fax.pdf"' in mail.message


@pytest.mark.parametrize(
    ("size", "words"), [(0, "not kept any more"), (9, "not kept any more"), (9_000_000, "too large for a mail")]
)
def test_pages_that_cannot_be_attached_are_told(desk: Desk, tmp_path: Path, size: int, words: str) -> None:
    tree.set_setting(desk.db, "Acme", "notify.content", "full-with-pages")
    pages = tmp_path / "sent.tif"
    if size:
        pages.write_bytes(bytes(size))
    composer = replace(desk.composer, place=lambda _digest: pages)
    claim = desk.in_call()

    done = end(JobEvent.CONFIRMED, Outcome.SUCCESS, tiff_digest="ab")
    mail = composer.after_call(claim, done, material.of_claim(desk.db, claim))(
        replace(claim.job, state=JobState.SENT, outcome=Outcome.SUCCESS)
    )

    assert f"the pages are not attached: they are {words}" in text(mail)


@pytest.mark.parametrize(
    ("event", "outcome", "kind", "words"),
    [
        (JobEvent.CONFIRMED, Outcome.SUCCESS, "delivery-success", "was delivered"),
        (JobEvent.GAVE_UP, Outcome.BUSY, "delivery-failure", "was not delivered: Busy"),
        (JobEvent.DOUBT, Outcome.UNCONFIRMED, "delivery-failure", "may not be complete"),
        (JobEvent.CANCELLED, Outcome.CANCELLED, "delivery-failure", "Job Cancelled"),
    ],
)
def test_a_call_that_ends_a_job_is_told_of(
    desk: Desk, event: JobEvent, outcome: Outcome, kind: str, words: str
) -> None:
    claim = desk.in_call()
    if event is JobEvent.CANCELLED:
        jobs.cancel(desk.db, claim.job.public_id, NOW, no_mail)

    mail = desk.told(claim, end(event, outcome, pages_confirmed=3))

    assert mail is not None
    assert (mail.kind, mail.job_id, mail.attempt_no) == (kind, claim.job.id, 1)
    assert words in text(mail)
    assert "3 of 3 confirmed" in text(mail)


@pytest.mark.parametrize("event", [JobEvent.RETRY, JobEvent.HELD])
def test_a_job_that_goes_on_is_not_told_of(desk: Desk, event: JobEvent) -> None:
    assert desk.told(desk.in_call(), end(event, Outcome.BUSY)) is None


def test_every_attempt_is_told_with_the_facts_of_its_call(desk: Desk) -> None:
    calls.finish_call(
        desk.db, desk.in_call(), end(JobEvent.RETRY, Outcome.BUSY, session=False, not_before=NOW), NOW, no_mail
    )
    jobs.promote_due(desk.db, NOW)
    report = json.dumps({"rate": 9600, "ecm": True, "remote_id": "+1 202 555 0101"})

    mail = desk.told(calling(desk.db, desk.owner), end(JobEvent.CONFIRMED, Outcome.SUCCESS, report_json=report))

    told = text(mail)
    assert "Busy 0 1 min 0 s -" in told
    assert "9600 bit/s, error correction" in told
    assert "Answered as: +1 202 555 0101" in told
    assert mail is not None
    assert mail.attempt_no == 2


def test_pages_that_were_recorded_in_the_call_count(desk: Desk) -> None:
    claim = desk.in_call()
    calls.record_page(desk.db, claim, 1)
    claim = replace(claim, attempt=replace(claim.attempt, pages_confirmed=2))

    assert "Busy 2 1 min" in text(desk.told(claim, end(JobEvent.GAVE_UP, Outcome.BUSY)))


def test_an_end_without_a_call_is_told_of_too(desk: Desk) -> None:
    [job] = submissions.add(desk.db, mail_to(desk.anna)).jobs
    jobs.expire_due(desk.db, NOW + timedelta(hours=4), desk.composer.after_end)

    detail = jobs.detail(desk.db, job.public_id)
    assert [notice.kind for notice in detail.notices] == ["delivery-failure"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_notice_has_its_switch(desk: Desk, kind: str) -> None:
    for name in KINDS:
        tree.set_setting(desk.db, "Acme", f"notify.{name}", "on" if name == kind else "off")
    claim = desk.rendering()
    made = [
        desk.composer.initial_success(claim, rendered(claim), []),
        desk.composer.initial_failure(claim, FailedRender(Outcome.NO_ATTACHMENT, ""), []),
        desk.told(desk.in_call(), end(JobEvent.CONFIRMED, Outcome.SUCCESS)),
        desk.told(desk.in_call(), end(JobEvent.GAVE_UP, Outcome.BUSY)),
    ]

    assert [mail is not None for mail in made] == [name == kind for name in KINDS]


def test_notices_wear_the_companys_dress(desk: Desk) -> None:
    company = tree.node_by_path(desk.db, "Acme")
    own = NoticeTemplate("[{{ company }}] {{ title }}")
    notice_templates.put(desk.db, company.id, "delivery-success", own, NOW)

    success = desk.told(desk.in_call(), end(JobEvent.CONFIRMED, Outcome.SUCCESS))

    assert text(success).startswith("[Acme] Fax to +1 202 555 0101 was delivered | Fax to")


def test_a_dress_that_is_remembered_is_left_off_as_soon_as_it_is_removed(desk: Desk) -> None:
    company = tree.node_by_path(desk.db, "Acme")
    composer = replace(desk.composer, known=KnownTree(desk.db))
    notice_templates.put(desk.db, company.id, "all", NoticeTemplate("{{ title }}!"), NOW)

    before = composer.voice_for(desk.anna.id).dress
    notice_templates.remove(desk.db, company.id, "all")

    assert before is not None
    assert composer.voice_for(desk.anna.id).dress is None
