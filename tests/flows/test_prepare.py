"""From an accepted mail to ready jobs: the store's side of rendering, and what the sender is told."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.errors import NotFoundError
from gateway.domain.job import JobState
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages, SubmissionState
from gateway.flows.prepare import Prepare
from gateway.store import jobs, submissions, tree
from gateway.store.fax_rows import MAX_RENDER_CRASHES
from renderers import confine
from renderers.faxpage import read_tiff
from tests.claims import claim_render
from tests.filled_store import no_mail
from tests.flows.letters import ANNA, corrupt_pdf, locked_pdf, mail, pdf, unknown
from tests.flows.stage import LIMITS, Stage, words

ONE, TWO = "+12025550101", "+12025550102"
pytestmark = pytest.mark.slow  # it renders, mail after mail


async def cut_off(prepare: Prepare, kill: Callable[[int], None]) -> None:
    """Render while a watcher ends the process that is found rendering."""

    def watch() -> None:
        deadline = time.monotonic() + 20
        while not (found := rendering()):
            assert time.monotonic() < deadline, "nothing rendered"
            time.sleep(0.002)
        kill(found[0])

    confine.be_ready()
    await asyncio.gather(prepare.next(), asyncio.to_thread(watch))


def rendering() -> list[int]:
    """Our grandchildren in a confined folder; the child between is the warm parent that forked them."""
    return [
        process for process in all_processes() if _facts(_facts(process)[0])[0] == os.getpid() and _facts(process)[1]
    ]


def all_processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _facts(process: int) -> tuple[int, bool]:
    """The parent, and whether the process is in a confined folder; of one that has ended, neither."""
    place = Path(f"/proc/{process}")
    try:
        parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        return parent, "confined-" in str((place / "cwd").readlink())
    except OSError:
        return 0, False


# What goes well.


async def test_a_mail_becomes_a_ready_job_with_its_cover_and_pages(stage: Stage) -> None:
    [job] = await stage.rendered(mail("Dear all", attachments=[pdf(2)]), ONE)

    submission = stage.detail.submission
    assert (job.state, job.pages, submission.state, submission.pages) == (
        JobState.READY,
        3,
        SubmissionState.RENDERED,
        2,
    )
    assert len(read_tiff(stage.spool.path(job.cover_digest))) == 1
    assert len(read_tiff(stage.spool.path(submission.pages_digest))) == 2
    assert submission.part_pages == (
        PartPages("text of the mail", 0, "on the cover page"),
        PartPages("attachment 1 (PDF)", 2),
    )
    assert list(stage.work.iterdir()) == []


async def test_the_sender_is_told_once_with_numbers_pages_and_parts(stage: Stage) -> None:
    first, second = await stage.rendered(mail("Dear all", attachments=[pdf(2, "secret-plan.pdf")]), ONE, TWO)

    [notice] = stage.notices
    told = words(notice)
    assert notice["To"] == ANNA
    assert notice["In-Reply-To"] == "<1@acme.example>"
    assert "Fax accepted for 2 numbers" in notice["Subject"]
    assert all(text in told for text in (first.public_id, second.public_id, "+1 202 555 0101", "attachment 1 (PDF)"))
    assert all(text not in notice.as_string() for text in ("secret-plan", "Dear all", "Offer"))


async def test_two_jobs_have_covers_of_their_own(stage: Stage) -> None:
    first, second = await stage.rendered(mail("Dear all"), f"{ONE}/ATTN=Ann_Lee", f"{TWO}/ATTN=Bob")

    assert first.cover_digest
    assert second.cover_digest
    assert first.cover_digest != second.cover_digest
    assert (first.pages, second.pages, stage.detail.submission.pages_digest) == (1, 1, "")


async def test_a_recipients_cover_wins_over_the_subjects(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "cover.behavior", "on-demand")

    first, second = await stage.rendered(mail(Subject="%{NoCover} offer"), f"{ONE}/cp=on", TWO)

    assert (bool(first.cover_digest), bool(second.cover_digest)) == (True, False)
    assert (first.pages, second.pages) == (2, 1)  # the body is a page for both


async def test_a_wish_that_the_level_forbids_is_told_of(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "cover.behavior", "none")

    [job] = await stage.rendered(mail(Subject="%{Cover} offer"), ONE)

    assert job.cover_digest == ""
    assert "covers are switched off for you" in words(stage.notices[0])


async def test_resolution_and_paper_are_those_of_the_sender(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme/Sales", "fax.resolution", "standard")
    tree.set_setting(stage.db, "Acme", "fax.paper", "legal")

    [job] = await stage.rendered(mail(), ONE)

    [page] = read_tiff(stage.spool.path(job.cover_digest))
    assert page.resolution.value == 98
    assert page.rows > 14 * 98 - 40


async def test_notices_that_are_switched_off_are_not_written(stage: Stage) -> None:
    for kind in ("initial_success", "initial_failure"):
        tree.set_setting(stage.db, "Acme", f"notify.{kind}", "off")

    await stage.rendered(mail(), ONE)
    await stage.rendered(mail(attachments=[corrupt_pdf()]), TWO)

    assert [job.state for job in stage.jobs] == [JobState.READY, JobState.FAILED]
    assert stage.notices == []


async def test_nothing_waits_nothing_is_done(stage: Stage) -> None:
    assert await stage.prepare().next() is False


@pytest.mark.office
@pytest.mark.slow
async def test_an_office_document_is_pages_too(stage: Stage) -> None:
    docx = (Path(__file__).parents[2] / "samples/documents/invoice.docx").read_bytes()
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    [job] = await stage.rendered(mail("", attachments=[(docx, kind, "invoice.docx")]), ONE)

    assert job.state is JobState.READY
    assert stage.detail.submission.part_pages[0].name == "attachment 1 (Word)"


# What cannot be faxed.


async def test_a_full_notice_calls_a_bad_attachment_by_its_name(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "notify.content", "full")

    await stage.rendered(mail(attachments=[pdf(), corrupt_pdf()]), ONE)

    told = words(stage.notices[0])
    assert f"attachment 2 (PDF): {corrupt_pdf()[2]}" in told
    assert "Subject: Offer" in told
    assert "offer.pdf" not in told


@pytest.mark.parametrize(
    ("attachment", "reason"),
    [(corrupt_pdf(), "damaged"), (unknown(), "of a kind that cannot be faxed"), (locked_pdf(), "password")],
    ids=["corrupt", "unknown", "encrypted"],
)
async def test_a_bad_attachment_fails_the_jobs_and_is_named(
    stage: Stage, attachment: tuple[bytes, str, str], reason: str
) -> None:
    found = await stage.rendered(mail(attachments=[pdf(), attachment]), ONE, TWO)

    assert [(job.state, job.outcome) for job in found] == [(JobState.FAILED, Outcome.INVALID_ATTACHMENT)] * 2
    [notice] = stage.notices
    told = words(notice)
    assert "could not be sent: Invalid Attachment" in notice["Subject"]
    assert f"attachment 2 ({'file' if reason.startswith('of') else 'PDF'})" in told
    assert reason in told
    assert attachment[2] not in told  # names are for full notices
    assert notice.get_content_type() == "multipart/report"


async def test_nothing_to_fax_is_no_attachment(stage: Stage) -> None:
    [job] = await stage.rendered(mail(" "), ONE)

    assert (job.state, job.outcome) == (JobState.FAILED, Outcome.NO_ATTACHMENT)
    assert "There was nothing to fax in your mail." in words(stage.notices[0])


async def test_more_pages_than_allowed_fail_the_mail(stage: Stage) -> None:
    await stage.submit(mail("", attachments=[pdf(4)]), ONE)

    await stage.prepare(replace(LIMITS, pages=3)).next()

    assert stage.jobs[0].outcome is Outcome.INVALID_ATTACHMENT
    assert "more pages than may be faxed at once" in words(stage.notices[0])


# What goes wrong with us.


async def test_a_crash_of_the_converter_fails_that_mail_only(stage: Stage) -> None:
    await stage.submit(mail("", attachments=[pdf(40)]), ONE)

    await cut_off(stage.prepare(), lambda process: os.kill(process, signal.SIGKILL))
    await stage.rendered(mail("Dear all"), TWO)

    first, second = stage.jobs
    assert (first.outcome, second.state) == (Outcome.INVALID_ATTACHMENT, JobState.READY)
    assert "made the converter fail" in words(stage.notices[0])


def once_begun(folder: Path) -> Callable[[int], None]:
    """Kills a process that has begun with a part of a mail."""

    def kill(process: int) -> None:
        deadline = time.monotonic() + 20
        while not any(folder.rglob("in-work.json")):
            assert time.monotonic() < deadline, "no part was begun"
            time.sleep(0.002)
        os.kill(process, signal.SIGKILL)

    return kill


async def test_the_part_that_brought_the_converter_down_is_named(stage: Stage) -> None:
    await stage.submit(mail("", attachments=[pdf(40, "bomb.pdf")]), ONE)

    await cut_off(stage.prepare(), once_begun(stage.prepare().work))

    assert "it made the converter fail" in words(stage.notices[0])


async def test_without_the_part_that_brought_the_converter_down_the_rest_is_sent(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "attachments.on_failure", "send-rest")
    await stage.submit(mail("", attachments=[pdf(40, "bomb.pdf"), pdf(2)]), ONE)

    await cut_off(stage.prepare(), once_begun(stage.prepare().work))

    assert stage.jobs[0].state is JobState.READY
    assert "NOT SENT: corrupt" in words(stage.notices[0])
    assert "bomb" not in words(stage.notices[0])


async def test_the_text_of_a_mail_may_be_switched_off(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.mail_text", "off")

    await stage.rendered(mail("Dear all"), ONE)

    assert stage.jobs[0].outcome is Outcome.NO_ATTACHMENT
    assert "switched off for you" in words(stage.notices[0])


@pytest.mark.slow
async def test_a_converter_that_does_not_end_is_cut_off(stage: Stage) -> None:
    await stage.submit(mail("", attachments=[pdf(40)]), ONE)

    prepare = stage.prepare(replace(LIMITS, seconds=1))
    await cut_off(prepare, lambda process: os.kill(process, signal.SIGSTOP))

    assert stage.jobs[0].outcome is Outcome.INVALID_ATTACHMENT
    assert "took too long" in words(stage.notices[0])


async def test_whoever_ends_the_warm_parent_fails_no_mail(stage: Stage) -> None:
    await stage.submit(mail("", attachments=[pdf(40)]), ONE)

    with pytest.raises(ConnectionError, match="parent was lost"):
        await cut_off(stage.prepare(), lambda process: os.kill(_facts(process)[0], signal.SIGKILL))
    assert stage.detail.submission.state is SubmissionState.ACCEPTED
    await stage.prepare().next()

    assert stage.jobs[0].state is JobState.READY


async def test_nothing_is_claimed_before_it_can_be_rendered(stage: Stage) -> None:
    await stage.submit(mail(), ONE)
    confine._PARENT.stop()

    def state_at_start() -> SubmissionState:
        deadline = time.monotonic() + 20
        while confine._PARENT.is_lost():
            assert time.monotonic() < deadline, "no parent"
            time.sleep(0.002)
        return stage.detail.submission.state

    state, _ = await asyncio.gather(asyncio.to_thread(state_at_start), stage.prepare().next())

    assert (state, stage.jobs[0].state) == (SubmissionState.ACCEPTED, JobState.READY)


async def test_a_render_that_our_own_end_cuts_is_no_crash(stage: Stage) -> None:
    await stage.submit(mail("", attachments=[pdf(40)]), ONE)
    step = asyncio.ensure_future(cut_off(stage.prepare(), lambda _: step.get_loop().call_soon_threadsafe(step.cancel)))

    with pytest.raises(asyncio.CancelledError):
        await step
    claim = claim_render(stage.db, stage.process.id, stage.clock.now())

    assert claim is not None
    assert claim.crashes == 0


async def test_a_mail_that_brought_down_processes_is_not_tried_for_ever(stage: Stage) -> None:
    await stage.submit(mail(), ONE)
    for _ in range(MAX_RENDER_CRASHES):
        claim = claim_render(stage.db, stage.process.id, stage.clock.now())
        assert claim is not None
        submissions.give_back(stage.db, claim, stage.clock.now())

    await stage.prepare().next()

    [job] = stage.jobs
    assert (job.state, job.outcome, job.outcome_detail) == (JobState.FAILED, Outcome.GENERAL_ERROR, "render-crashes")
    assert "turn documents into fax pages failed on your mail" in words(stage.notices[0])


async def test_a_fault_of_ours_gives_the_mail_back(stage: Stage) -> None:
    await stage.submit(mail(), ONE)
    content = stage.spool.path(stage.detail.submission.content_digest)
    aside = content.rename(stage.folder / "aside")

    with pytest.raises(NotFoundError, match="the spool does not hold"):
        await stage.prepare().next()
    assert stage.detail.submission.state is SubmissionState.ACCEPTED
    aside.rename(content)
    await stage.prepare().next()

    assert stage.jobs[0].state is JobState.READY


async def test_a_job_that_was_cancelled_meanwhile_is_left_alone(stage: Stage) -> None:
    await stage.submit(mail(), ONE, TWO)
    jobs.cancel(stage.db, stage.jobs[0].public_id, stage.clock.now(), no_mail)

    await stage.prepare().next()

    assert [job.state for job in stage.jobs] == [JobState.CANCELLED, JobState.READY]
