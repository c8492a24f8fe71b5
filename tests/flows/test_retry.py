"""The retry policy through the flows: what a call leaves for the next, night, operators, quarantine, and restarts."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from gateway.domain.call import Cause, Phase
from gateway.domain.errors import RefusedError
from gateway.domain.job import JobState
from gateway.domain.outcome import Outcome
from gateway.domain.retry import History, what_follows
from gateway.domain.time_zones import zones_of
from gateway.store import jobs, quarantine, tree
from gateway.store.database import open_database
from renderers.faxpage import FaxShape, Resolution, read_tiff
from renderers.header import draw_line
from renderers.libtiff import decode_page
from tests.flows.faxes import ONE, call, scripted, two_pages
from tests.flows.stage import BUSY, DOMAIN, DONE, Ending, Stage

pytestmark = pytest.mark.slow  # seconds, together

MACHINE, PERSON_FIRST, VACANT, CHANGED = "+12025550100", "+12025550145", "+12025550106", "+12025550113"
UNALLOCATED, MIXED, TRUNK_FAULT = "+12025550115", "+12025550148", "+12025550189"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LONG = 3 * DAY
EVENING = datetime(2026, 3, 3, 1, 45, tzinfo=UTC)  # 20:45 where the numbers are
MORNING = datetime(2026, 3, 3, 13, 0, tzinfo=UTC)
PERSON = Ending(Cause.VOICE, Phase.PRE_MESSAGE)
SILENT = Ending(Cause.NO_ANSWER, Phase.CALL_SETUP)
FULL = Ending(Cause.REORDER, Phase.CALL_SETUP)
NO_TONE = Ending(Cause.NO_FAX_TONE, Phase.PRE_MESSAGE)


async def simulated(stage: Stage, number: str) -> list[Outcome]:
    """A fax to a reserved number, through all its calls; how each ended."""
    two_pages(stage, number)
    transmit = stage.transmit(stage.simulator())
    while stage.jobs[-1].ended is None:
        stage.clock.skip_to(stage.jobs[-1].not_before)
        jobs.promote_due(stage.db, stage.clock.now())
        assert await transmit.next()
    return [attempt.outcome for attempt in stage.detail.attempts if attempt.outcome]


# Night.


async def test_where_a_person_answered_the_next_call_waits_for_the_morning(stage: Stage) -> None:
    two_pages(stage)
    await call(stage, DONE)
    stage.clock.skip_to(EVENING)
    two_pages(stage, life=LONG)

    job = await call(stage, PERSON)

    assert (job.state, job.not_before) == (JobState.WAITING, MORNING)


async def test_the_night_is_a_setting(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.night_begin", "23:00")
    two_pages(stage)
    await call(stage, DONE)
    stage.clock.skip_to(EVENING)
    two_pages(stage)

    job = await call(stage, PERSON)

    assert job.not_before == EVENING + 31 * MINUTE  # the call took one


async def test_a_stranger_s_telephone_rings_again_once_in_a_night(stage: Stage) -> None:
    stage.clock.skip_to(EVENING + 30 * MINUTE)
    two_pages(stage, life=LONG)

    assert (await call(stage, SILENT)).not_before == stage.clock.now() + 5 * MINUTE
    assert (await call(stage, SILENT)).not_before == MORNING


async def test_a_person_at_a_reserved_number_never_reached_is_not_called_again(stage: Stage) -> None:
    assert await simulated(stage, PERSON_FIRST) == [Outcome.VOICE_ANSWER]


# Delays and caps by settings.


async def test_the_delays_of_a_department_are_its_own(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.busy", "30,30")
    tree.set_setting(stage.db, "Acme/Sales", "retry.busy", "7")
    two_pages(stage)

    assert (await call(stage, BUSY)).not_before == stage.clock.now() + 7 * MINUTE
    assert (await call(stage, BUSY)).state is JobState.FAILED


async def test_a_reserved_number_is_called_by_four_sequences_one_after_the_other(stage: Stage) -> None:
    outcomes = await simulated(stage, MIXED)

    attempts = stage.detail.attempts
    waits = [
        (after.started - before.ended) / MINUTE for before, after in pairwise(attempts) if before.ended is not None
    ]
    assert outcomes == [Outcome.FAST_BUSY, Outcome.SIT_TONE, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.SUCCESS]
    assert waits == [2, 5, 3, 5]  # no circuit goes on where fast busy left off


async def test_dials_and_tries_are_counted_apart(stage: Stage) -> None:
    two_pages(stage)

    job = await call(stage, BUSY, NO_TONE, Ending(Cause.LINE_DROPPED, Phase.MESSAGE, pages=1), SILENT)

    assert (job.dials, job.tries, job.pages_sent) == (4, 1, 1)


async def test_counters_and_sequences_survive_a_restart(stage: Stage) -> None:
    two_pages(stage)
    broken = [Ending(Cause.LINE_DROPPED, Phase.MESSAGE, pages=pages) for pages in (1, 0)]
    job = await call(stage, BUSY, SILENT, *broken, BUSY)

    again = open_database(stage.db.url.render_as_string(hide_password=False))
    try:
        kept = jobs.history(again, job)
        history = History(kept, job.expires, zones=zones_of(job.destination))
        decided = what_follows(history, stage.clock.now(), 0.5)
        assert jobs.job(again, job.public_id) == job
    finally:
        again.close()

    assert [one.outcome for one in kept] == [
        Outcome.BUSY, Outcome.NO_ANSWER, Outcome.TRANSMISSION_FAILED, Outcome.TRANSMISSION_FAILED, Outcome.BUSY,
    ]  # fmt: skip
    assert job.not_before == stage.clock.now() + decided[1].delay == stage.clock.now() + 5 * MINUTE  # type: ignore[union-attr]
    assert (job.dials, job.tries, job.slower) == (5, 2, 1)


async def test_why_there_is_no_other_call_stands_in_the_history(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.dials", "1")
    two_pages(stage)

    await call(stage, BUSY)

    assert stage.detail.events[-1].detail == "busy: dials used up"


# What changes with the next call.


async def test_the_next_rate_lies_below_the_one_that_failed(stage: Stage) -> None:
    two_pages(stage)
    exhausted = Ending(Cause.ECM_EXHAUSTED, Phase.MESSAGE)
    transport = scripted(stage, BUSY, exhausted, DONE)

    for _ in range(3):
        stage.clock.skip_to(stage.jobs[-1].not_before)
        jobs.promote_due(stage.db, stage.clock.now())
        await stage.transmit(transport).next()

    assert [order.max_rate for order in transport.orders] == [14400, 14400, 12000]


async def test_after_a_call_without_a_fax_tone_the_next_ones_wait_longer_for_it(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.patience_seconds", "90")
    two_pages(stage)
    transport = scripted(stage, BUSY, NO_TONE, BUSY, DONE)

    for _ in range(4):
        stage.clock.skip_to(stage.jobs[-1].not_before)
        jobs.promote_due(stage.db, stage.clock.now())
        await stage.transmit(transport).next()

    assert [order.tone_wait.total_seconds() for order in transport.orders] == [35, 35, 90, 90]


async def test_the_line_waits_as_long_as_it_is_told(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.patience_seconds", "100")

    assert await simulated(stage, "+12025550112") == [Outcome.NOT_A_FAX] * 2

    first, second = (attempt.ended - attempt.started for attempt in stage.detail.attempts if attempt.ended)
    assert timedelta(seconds=64) <= second - first <= timedelta(seconds=66)


def top(stage: Stage, digest: str, page: int) -> np.ndarray:
    """The rows of a page that its header line takes."""
    rows = FaxShape(1728, Resolution.FINE).header_rows
    path = stage.spool.path(digest)
    return decode_page(path, page, 1728, read_tiff(path)[page].rows)[:rows]


@pytest.mark.parametrize("header", ["on", "off"])
async def test_a_call_that_goes_on_says_so_above_its_first_page(stage: Stage, header: str) -> None:
    tree.set_setting(stage.db, "Acme", "fax.page_header", header)
    tree.set_setting(stage.db, "Acme", "fax.station_id", "+1 202 555 0190")
    two_pages(stage)

    await call(stage, Ending(Cause.LINE_DROPPED, Phase.MESSAGE, pages=1), Ending(Cause.DONE, pages=1))

    began = {"on": "03-02-2026 3:06 PM   Acme\t+1 202 555 0190 > +12025550101", "off": ""}[header]
    expected = draw_line(f"{began}\tPage 2 of 2, continued", FaxShape(1728, Resolution.FINE))
    assert np.array_equal(top(stage, stage.detail.attempts[1].tiff_digest, 1), expected)


async def test_a_call_that_begins_anew_says_nothing_of_that(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.page_header", "off")
    two_pages(stage)

    await call(stage, BUSY, DONE)

    pages = stage.detail.submission.pages_digest
    assert read_tiff(stage.spool.path(stage.detail.attempts[1].tiff_digest)) == read_tiff(stage.spool.path(pages))


# Others to the same number.


async def test_a_busy_number_holds_the_others_for_it_but_no_other_number(stage: Stage) -> None:
    two_pages(stage)
    two_pages(stage)
    two_pages(stage, MACHINE)
    transport = scripted(stage, BUSY, DONE)

    while await stage.transmit(transport).next():
        pass

    assert [order.destination for order in transport.orders] == [ONE, MACHINE]
    assert [job.state for job in stage.jobs] == [JobState.WAITING, JobState.READY, JobState.SENT]


async def test_when_a_busy_number_is_due_all_go_on_one_after_the_other(stage: Stage) -> None:
    two_pages(stage)
    two_pages(stage)
    await stage.transmit(scripted(stage, BUSY)).next()

    assert await stage.tend().next()  # the clock skips: what is held keeps nobody busy
    transmit = stage.transmit(scripted(stage, DONE, DONE))
    assert [await transmit.next() for _ in range(3)] == [True, True, False]

    assert {job.state for job in stage.jobs} == {JobState.SENT}


# What the operator hears.


def operator_events(stage: Stage) -> list[str]:
    return [event.detail for event in stage.detail.events if event.name == "operator-told"]


async def test_the_second_fast_busy_in_a_row_on_a_trunk_is_told(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    two_pages(stage)

    with caplog.at_level(logging.WARNING, logger="gateway.flows.transmit"):
        await call(stage, FULL)
        assert operator_events(stage) == []
        await call(stage, FULL)

    assert operator_events(stage) == ["fast_busy"]
    [record] = [one for one in caplog.records if one.msg == "operator"]
    assert (record.__dict__["kind"], record.__dict__["trunk"]) == ("fast_busy", "trunk")


async def test_fast_busies_of_two_faxes_count_together_and_another_ending_parts_them(stage: Stage) -> None:
    two_pages(stage, MACHINE)
    await call(stage, FULL)
    two_pages(stage, ONE)
    await call(stage, BUSY)
    await call(stage, FULL)
    assert operator_events(stage) == []
    two_pages(stage, "+12025550199", priority=1)

    await call(stage, FULL)

    assert operator_events(stage) == ["fast_busy"]


async def test_a_general_error_is_told_at_once(stage: Stage) -> None:
    await simulated(stage, TRUNK_FAULT)

    assert operator_events(stage) == ["general_error"] * 3  # each of its three calls


# Quarantine.


async def ask(stage: Stage, number: str) -> None:
    await stage.desk.check_recipient(f"{number}@{DOMAIN}", "", "")


@pytest.mark.parametrize("number", [VACANT, CHANGED, UNALLOCATED])
async def test_the_third_fax_to_a_number_that_is_gone_is_refused_at_rcpt(stage: Stage, number: str) -> None:
    for _ in range(2):
        await ask(stage, number)
        await simulated(stage, number)

    with pytest.raises(RefusedError) as refused:
        await ask(stage, number)

    reply = str(refused.value.reply)
    assert reply.startswith(f"550 5.7.1 {number} is in quarantine until 2026-04-01: the network said 2 times ")
    assert reply.endswith(f"faxgw quarantine release {number}")
    stage.clock.skip_to(stage.clock.now() + 30 * DAY)
    await ask(stage, number)


async def test_how_many_it_takes_is_a_setting_of_the_sender(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "quarantine.after", "1")
    tree.set_setting(stage.db, "Acme", "quarantine.days", "2")

    await simulated(stage, VACANT)

    ended = stage.detail.attempts[-1].ended
    assert ended is not None
    assert quarantine.quarantined(stage.db)[VACANT].until == ended + 2 * DAY


async def test_a_fax_that_was_under_way_and_arrives_lifts_the_quarantine(stage: Stage) -> None:
    gone = Ending(Cause.SIT_VACANT, Phase.CALL_SETUP)
    for ending in (gone, gone):
        two_pages(stage)
        await call(stage, ending)
    two_pages(stage)

    await call(stage, DONE)

    assert quarantine.quarantined(stage.db) == {}
    await ask(stage, ONE)


async def test_what_is_over_is_swept_with_the_rest(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "quarantine.after", "1")
    await simulated(stage, VACANT)
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)

    await stage.tend().next()

    assert quarantine.quarantined(stage.db) == {}
