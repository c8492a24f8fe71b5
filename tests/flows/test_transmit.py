"""From a ready job to the end of its call: what follows each ending, what is resumed, what is kept and told."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from gateway.domain.call import Cause, Phase
from gateway.domain.errors import LostClaimError, UnreachableError
from gateway.domain.job import JobState
from gateway.domain.outcome import OUTCOME_OF, Outcome
from gateway.domain.retry_policy import Policy
from gateway.fax.transport import CallOrder, CallWatch
from gateway.store import calls, jobs, processes, tree
from renderers.faxpage import FaxPage, FaxShape, read_tiff
from renderers.header import draw_line
from renderers.libtiff import decode_page
from tests.filled_store import NOW, WALL, no_mail
from tests.flows.faxes import ONE, call, scripted, two_pages
from tests.flows.letters import mail, pdf
from tests.flows.stage import BUSY, DONE, Ending, Stage, words

TWO = "+12025550100"
MINUTE = timedelta(minutes=1)
SETUP = {Cause.BUSY, Cause.REORDER, Cause.NO_ANSWER, Cause.UNALLOCATED, Cause.ANNOUNCEMENT} | {
    cause for cause in Cause if cause.name.startswith("SIT_")
}
ENDINGS = sorted(set(Cause) - {Cause.DONE, Cause.CANCELLED})


def phase_of(cause: Cause) -> Phase:
    return Phase.CALL_SETUP if cause in SETUP else Phase.PRE_MESSAGE


# What follows a call.


async def test_a_fax_whose_every_page_was_confirmed_is_sent(stage: Stage) -> None:
    two_pages(stage)

    job = await call(stage, DONE)

    assert (job.state, job.outcome, job.pages_sent, job.dials, job.tries) == (JobState.SENT, Outcome.SUCCESS, 2, 1, 1)
    notice = stage.notices[-1]
    assert notice["Subject"] == f"Fax to +1 202 555 0101 was delivered (job {job.public_id})"
    assert "2 of 2 confirmed" in words(notice)


@pytest.mark.parametrize("cause", ENDINGS)
async def test_each_cause_has_its_outcome_and_its_delay(stage: Stage, cause: Cause) -> None:
    two_pages(stage)

    job = await call(stage, Ending(cause, phase_of(cause)))

    delays = Policy().delays_for(OUTCOME_OF[cause], cause.value, reached_before=False)
    ended = stage.detail.attempts[0].ended
    assert ended is not None
    assert (job.outcome, job.outcome_detail) == (OUTCOME_OF[cause], cause.value)
    if delays:
        assert (job.state, job.not_before) == (JobState.WAITING, ended + delays[0])
        assert stage.notices == []
    else:
        assert (job.state, job.ended) == (JobState.FAILED, ended)
        assert "was not delivered" in stage.notices[-1]["Subject"]


async def test_retries_follow_the_table_until_it_ends(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.lifetime_minutes", "600")
    two_pages(stage)

    job = await call(stage, *[BUSY] * 6)

    starts = [attempt.started for attempt in stage.detail.attempts]
    waits = [after - before - MINUTE for before, after in pairwise(starts)]
    assert waits == [minutes * MINUTE for minutes in (3, 5, 10, 20, 40)]
    assert (job.state, job.outcome, job.dials, job.tries) == (JobState.FAILED, Outcome.BUSY, 6, 0)
    assert "5 calls" not in stage.notices[-1].as_string()
    assert "6 calls" in stage.notices[-1].as_string()


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 135), (1.0, 225)])
async def test_chance_spreads_the_delay(stage: Stage, chance: float, seconds: int) -> None:
    two_pages(stage)

    await stage.transmit(scripted(stage, BUSY), chance=chance).next()

    ended = stage.detail.attempts[0].ended
    assert ended is not None
    assert (stage.jobs[0].not_before - ended).total_seconds() == seconds


async def test_no_answer_after_busy_starts_at_its_own_first_delay(stage: Stage) -> None:
    two_pages(stage)

    job = await call(stage, BUSY, BUSY, Ending(Cause.NO_ANSWER, Phase.CALL_SETUP))

    ended = stage.detail.attempts[-1].ended
    assert ended is not None
    assert job.not_before - ended == 5 * MINUTE


async def test_a_person_is_not_called_again(stage: Stage) -> None:
    two_pages(stage)

    job = await call(stage, Ending(Cause.VOICE, Phase.PRE_MESSAGE))

    assert (job.state, job.outcome, job.dials, job.tries) == (JobState.FAILED, Outcome.VOICE_ANSWER, 1, 0)
    assert "A person or an answering machine picked up" in words(stage.notices[-1])


async def test_a_person_at_a_number_that_took_faxes_is_called_once_more(stage: Stage) -> None:
    two_pages(stage)
    await call(stage, DONE)
    two_pages(stage)

    job = await call(stage, Ending(Cause.VOICE, Phase.PRE_MESSAGE))

    assert job.state is JobState.WAITING


async def test_a_lost_last_answer_is_unconfirmed_and_never_sent_again(stage: Stage) -> None:
    two_pages(stage)

    job = await call(stage, Ending(Cause.NO_ANSWER_AFTER_PAGE, Phase.POST_MESSAGE, pages=1, doubt=True))

    assert (job.state, job.outcome) == (JobState.UNCONFIRMED, Outcome.UNCONFIRMED)
    assert "may not be complete" in stage.notices[-1]["Subject"]


async def test_done_without_every_page_is_no_success(stage: Stage) -> None:
    two_pages(stage)

    job = await call(stage, Ending(Cause.DONE, pages=1))

    assert (job.state, job.outcome, job.outcome_detail) == (JobState.WAITING, Outcome.GENERAL_ERROR, "pages-missing")


# Going on where a call broke off.


async def test_the_next_call_begins_at_the_first_page_not_confirmed(stage: Stage) -> None:
    two_pages(stage)
    transport = scripted(stage, Ending(Cause.LINE_DROPPED, Phase.MESSAGE, pages=1), Ending(Cause.DONE, pages=1))

    for _ in range(2):
        stage.clock.skip_to(stage.jobs[0].not_before)
        jobs.promote_due(stage.db, stage.clock.now())
        await stage.transmit(transport).next()

    assert [order.first_page for order in transport.orders] == [0, 1]
    assert (stage.jobs[0].state, stage.jobs[0].pages_sent) == (JobState.SENT, 2)
    assert [attempt.pages_confirmed for attempt in stage.detail.attempts] == [1, 1]


async def test_failures_make_the_next_call_slower_and_at_last_without_error_correction(stage: Stage) -> None:
    two_pages(stage)
    exhausted = Ending(Cause.ECM_EXHAUSTED, Phase.MESSAGE)
    transport = scripted(stage, exhausted, exhausted, exhausted)

    for _ in range(3):
        stage.clock.skip_to(stage.jobs[0].not_before)
        jobs.promote_due(stage.db, stage.clock.now())
        await stage.transmit(transport).next()

    assert [(order.max_rate, order.ecm) for order in transport.orders] == [(14400, True), (12000, True), (9600, False)]
    assert stage.jobs[0].state is JobState.FAILED  # three tries on one page


@pytest.mark.parametrize(("name", "most"), [("retry.dials", 2), ("retry.tries_per_page", 1)])
async def test_caps_end_a_job(stage: Stage, name: str, most: int) -> None:
    tree.set_setting(stage.db, "Acme/Sales", name, str(most))
    two_pages(stage)

    job = await call(stage, *[Ending(Cause.CANNOT_TRAIN, Phase.PRE_MESSAGE)] * most)

    assert (job.state, job.dials) == (JobState.FAILED, most)


async def test_no_call_is_planned_behind_the_end_of_a_lifetime(stage: Stage) -> None:
    two_pages(stage, life=3 * MINUTE)

    assert (await call(stage, BUSY)).state is JobState.FAILED


# Cancelling.


async def test_a_cancel_reaches_the_call_and_ends_the_job(stage: Stage) -> None:
    job = two_pages(stage)
    transport = scripted(stage, Ending(Cause.CANCELLED, Phase.MESSAGE, pages=1))
    seen: list[bool] = []

    def cancel(_order: CallOrder, watch: CallWatch) -> None:
        jobs.cancel(stage.db, job.public_id, stage.clock.now(), no_mail)
        seen.append(watch.cancelled())

    transport.during = cancel
    await stage.transmit(transport).next()

    assert seen == [True]
    assert (stage.jobs[0].state, stage.jobs[0].outcome) == (JobState.CANCELLED, Outcome.CANCELLED)
    assert "was not delivered: Job Cancelled" in stage.notices[-1]["Subject"]


async def test_the_last_page_may_be_faster_than_the_cancel(stage: Stage) -> None:
    job = two_pages(stage)
    transport = scripted(stage, DONE)
    transport.during = lambda _order, _watch: jobs.cancel(stage.db, job.public_id, NOW, no_mail)

    await stage.transmit(transport).next()

    assert stage.jobs[0].state is JobState.SENT


async def test_a_cancelled_job_is_not_tried_again_after_a_busy(stage: Stage) -> None:
    job = two_pages(stage)
    transport = scripted(stage, BUSY)
    transport.during = lambda _order, _watch: jobs.cancel(stage.db, job.public_id, NOW, no_mail)

    await stage.transmit(transport).next()

    assert stage.jobs[0].state is JobState.CANCELLED


async def test_a_call_in_the_simulator_hangs_up_when_it_is_cancelled(stage: Stage) -> None:
    job = two_pages(stage, TWO)
    simulator = stage.simulator()

    class Cancelling:
        async def place(self, order: CallOrder, watch: CallWatch) -> object:
            jobs.cancel(stage.db, job.public_id, stage.clock.now(), no_mail)
            return await simulator.place(order, watch)

    await stage.transmit(Cancelling()).next()  # type: ignore[arg-type]

    assert (stage.jobs[0].state, stage.jobs[0].pages_sent) == (JobState.CANCELLED, 0)


# The pages as they go on the line.


def heads(content: bytes, pages: Sequence[FaxPage], stage: Stage) -> list[np.ndarray]:
    """The header rows of each page, unpacked."""
    path = stage.folder / "look.tif"
    path.write_bytes(content)
    found = []
    for number, page in enumerate(pages):
        rows = FaxShape(page.width, page.resolution).header_rows
        found.append(decode_page(path, number, page.width, page.rows)[:rows])
    return found


async def test_the_header_is_on_every_page_of_every_attempt(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.station_id", "+1 202 555 0190")
    two_pages(stage)
    transport = scripted(stage, BUSY, DONE)

    await stage.transmit(transport).next()
    stage.clock.skip_to(stage.jobs[0].not_before)
    jobs.promote_due(stage.db, stage.clock.now())
    await stage.transmit(transport).next()

    for attempt, content in zip(stage.detail.attempts, transport.pages, strict=True):
        pages = read_tiff(stage.spool.path(attempt.tiff_digest))
        date = attempt.started.strftime("%m-%d-%Y %-I:%M %p")
        for number, head in enumerate(heads(content, pages, stage), 1):
            line = f"{date}   Acme\t+1 202 555 0190 > {ONE}\tPage {number} of 2"
            assert np.array_equal(head, draw_line(line, FaxShape()))
    assert {order.station_id for order in transport.orders} == {"+1 202 555 0190"}


async def test_the_pages_as_sent_are_kept(stage: Stage) -> None:
    await stage.rendered(mail("Dear all", attachments=[pdf(1)]), ONE)
    transport = scripted(stage, DONE)

    await stage.transmit(transport).next()

    [attempt] = stage.detail.attempts
    assert stage.spool.path(attempt.tiff_digest).read_bytes() == transport.pages[0]
    assert len(read_tiff(stage.spool.path(attempt.tiff_digest))) == 2  # cover and document
    assert list(stage.work.iterdir()) == []


async def test_a_header_that_is_switched_off_leaves_the_pages_alone(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.page_header", "off")
    two_pages(stage)

    await call(stage, DONE)

    sent = read_tiff(stage.spool.path(stage.detail.attempts[0].tiff_digest))
    assert sent == read_tiff(stage.spool.path(stage.detail.submission.pages_digest))


# The queue.


async def test_nothing_ready_is_no_call(stage: Stage) -> None:
    assert await stage.transmit(scripted(stage)).next() is False


async def test_a_destination_has_one_call_at_a_time(stage: Stage) -> None:
    two_pages(stage)
    two_pages(stage)
    first = calls.claim_call(stage.db, stage.process.id, "trunk", 4, stage.clock.now())

    assert first is not None
    assert await stage.transmit(scripted(stage, DONE)).next() is False


async def test_no_more_calls_than_lines(stage: Stage) -> None:
    two_pages(stage, ONE, TWO)
    calls.claim_call(stage.db, stage.process.id, "trunk", 1, stage.clock.now())

    assert await stage.transmit(scripted(stage, DONE), lines=1).next() is False
    assert await stage.transmit(scripted(stage, DONE), lines=2).next() is True


async def test_priority_goes_before_time(stage: Stage) -> None:
    two_pages(stage, "+12025550111")
    two_pages(stage, "+12025550112", priority=7)
    two_pages(stage, "+12025550113", "+12025550114", priority=1)
    transport = scripted(stage, *[DONE] * 4)

    while await stage.transmit(transport).next():
        pass

    assert [order.destination[-2:] for order in transport.orders] == ["13", "14", "11", "12"]


# What goes wrong with us.


async def test_a_transport_that_raises_gives_the_job_back(stage: Stage) -> None:
    two_pages(stage)

    with pytest.raises(UnreachableError):
        await stage.transmit(scripted(stage, UnreachableError("no carrier"))).next()

    assert stage.jobs[0].state is JobState.READY
    assert (await call(stage, DONE)).state is JobState.SENT
    assert [attempt.outcome for attempt in stage.detail.attempts] == [None, Outcome.SUCCESS]


async def test_what_was_confirmed_before_a_fault_is_not_sent_again(stage: Stage) -> None:
    two_pages(stage)
    transport = scripted(stage, UnreachableError("no carrier"))
    transport.during = lambda _order, watch: (watch.page_confirmed(0), watch.page_confirmed(1))

    with pytest.raises(UnreachableError):
        await stage.transmit(transport).next()

    assert stage.jobs[0].state is JobState.SENT
    assert "was delivered" in stage.notices[-1]["Subject"]


async def test_a_fault_after_the_last_page_went_out_leaves_a_doubt_that_is_told(stage: Stage) -> None:
    two_pages(stage)
    transport = scripted(stage, UnreachableError("no carrier"))
    transport.during = lambda _order, watch: (watch.page_confirmed(0), watch.last_page_sent())

    with pytest.raises(UnreachableError):
        await stage.transmit(transport).next()

    assert (stage.jobs[0].state, stage.jobs[0].outcome_detail) == (JobState.UNCONFIRMED, "owner-lost")
    assert "may not be complete" in stage.notices[-1]["Subject"]
    assert not await stage.transmit(scripted(stage, DONE)).next()


async def test_a_job_that_breaks_our_calls_again_and_again_is_held(stage: Stage) -> None:
    two_pages(stage)

    for _ in range(3):
        with pytest.raises(UnreachableError):
            await stage.transmit(scripted(stage, UnreachableError("no carrier"))).next()

    assert stage.jobs[0].state is JobState.HELD


async def test_pages_that_are_gone_are_a_fault_of_ours(stage: Stage) -> None:
    two_pages(stage)
    stage.spool.delete(stage.detail.submission.pages_digest)

    with pytest.raises(Exception, match="the spool does not hold"):
        await stage.transmit(scripted(stage, DONE)).next()

    assert stage.jobs[0].state is JobState.READY


async def test_a_claim_that_was_lost_in_the_call_writes_nothing(stage: Stage) -> None:
    two_pages(stage)
    other = processes.register(stage.db, "elsewhere", timedelta(seconds=30), WALL, stage.folder / "other")
    transport = scripted(stage, Ending(Cause.DONE))

    def reaped(_order: CallOrder, watch: CallWatch) -> None:
        processes.reap(stage.db, other, WALL + MINUTE, stage.clock.now(), no_mail)
        assert watch.cancelled()  # it must hang up
        with pytest.raises(LostClaimError):
            watch.last_page_sent()

    transport.during = reaped
    with pytest.raises(LostClaimError):
        await stage.transmit(transport).next()

    assert (stage.jobs[0].state, stage.jobs[0].pages_sent) == (JobState.READY, 0)
    assert stage.notices == []
    other.lock.close()


# Through the real engine.


async def test_a_call_through_the_simulator_delivers_the_fax(stage: Stage) -> None:
    two_pages(stage, TWO)

    await stage.transmit(stage.simulator()).next()

    [attempt] = stage.detail.attempts
    assert (stage.jobs[0].state, stage.jobs[0].pages_sent, attempt.pages_confirmed) == (JobState.SENT, 2, 2)
    assert len((stage.folder / "simulator" / "log.jsonl").read_text().splitlines()) == 2
    assert attempt.last_page_sent
    assert attempt.ended is not None
    assert attempt.ended - attempt.started > timedelta(seconds=20)  # on the clock of the line
    assert "error correction" in words(stage.notices[-1])


async def test_a_busy_line_is_called_again_and_then_delivers(stage: Stage) -> None:
    two_pages(stage, "+12025550102")
    transmit = stage.transmit(stage.simulator())

    await transmit.next()
    waiting = stage.jobs[0]
    assert await transmit.next() is False
    stage.clock.skip_to(waiting.not_before)
    jobs.promote_due(stage.db, stage.clock.now())
    await transmit.next()

    assert waiting.state is JobState.WAITING
    assert [attempt.outcome for attempt in stage.detail.attempts] == [Outcome.BUSY, Outcome.SUCCESS]
