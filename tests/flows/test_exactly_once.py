"""What a call's journal decides when the process that called is gone, and what is done with a fax in doubt."""

import asyncio
import json
import os
import resource
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from gateway.domain.call import CallReport, Cause, Phase
from gateway.domain.errors import LostClaimError, UnavailableError, UnreachableError
from gateway.domain.job import Attempt, Job, JobState
from gateway.domain.outcome import Outcome
from gateway.fax.transport import CallOrder, CallWatch
from gateway.store import calls, jobs, processes, tree
from gateway.store.handback import ALARM
from renderers.faxpage import FaxShape, Resolution, read_tiff
from renderers.header import draw_line
from renderers.libtiff import decode_page
from tests.filled_store import NOW, WALL, killed, no_mail, process
from tests.flows.faxes import call, scripted, two_pages
from tests.flows.stage import DONE, Ending, Stage, words

LOST = Ending(Cause.NO_ANSWER_AFTER_PAGE, Phase.POST_MESSAGE, pages=1, doubt=True)
LAST_ONLY = Ending(Cause.DONE, pages=1)
Facts = Callable[[CallWatch], object]


class DeathError(BaseException):
    """The process is gone: nothing after this is its doing."""


def first_page(watch: CallWatch) -> None:
    watch.page_confirmed(0)


def last_page_out(watch: CallWatch) -> None:
    first_page(watch)
    watch.last_page_sent()


def every_page(watch: CallWatch) -> None:
    last_page_out(watch)
    watch.page_confirmed(1)


async def died(stage: Stage, facts: Facts, host: str = "here") -> Attempt:
    """A process claims the next job, calls, and dies behind these facts; its row and its journal are left."""
    victim = process(stage.db, stage.folder, host)
    transport = scripted(stage, UnreachableError("never seen"))
    transport.during = lambda _order, watch: (facts(watch), _die())
    flow = stage.transmit(transport)
    object.__setattr__(flow, "process", victim.id)
    object.__setattr__(flow, "owed", _NothingIsGivenBack())
    with pytest.raises(DeathError):
        await flow.next()
    killed(victim)
    return stage.detail.attempts[-1]


def _die() -> None:
    raise DeathError


class _NothingIsGivenBack:
    """The dead owe nothing."""

    is_empty = True

    def hold(self, _owned: object) -> None:
        """Nobody looks what is in hand."""

    def having(self, _owned: object) -> object:
        return nullcontext()

    def give_back(self, _return: object) -> None:
        """Nobody is there to do it."""


def relieved(stage: Stage, *, journal: bool = True) -> Job:
    """Another process takes over; what became of the job."""
    read = stage.journal.read if journal else (lambda _uid: None)
    processes.reap(stage.db, stage.process, WALL, stage.clock.now(), stage.composer.after_end, read)
    return stage.jobs[-1]


# The three verdicts.


async def test_what_only_the_journal_knows_to_be_confirmed_is_sent_and_told(stage: Stage) -> None:
    two_pages(stage)
    await died(stage, every_page)
    assert stage.jobs[0].pages_sent < 2  # the store never heard of the last page

    job = relieved(stage)

    assert (job.state, job.outcome, job.pages_sent) == (JobState.SENT, Outcome.SUCCESS, 2)
    assert "was delivered" in stage.notices[-1]["Subject"]


async def test_a_call_cut_between_pages_goes_on_at_the_first_unconfirmed_page(stage: Stage) -> None:
    two_pages(stage)
    await died(stage, first_page)
    assert stage.jobs[0].pages_sent == 0

    job = relieved(stage)
    transport = scripted(stage, LAST_ONLY)
    await stage.transmit(transport).next()

    assert (job.state, job.pages_sent) == (JobState.READY, 1)
    assert [order.first_page for order in transport.orders] == [1]
    assert stage.jobs[0].state is JobState.SENT


async def test_a_last_page_without_its_answer_is_in_doubt_and_sender_and_operator_are_told(stage: Stage) -> None:
    two_pages(stage)
    await died(stage, last_page_out)

    job = relieved(stage)

    assert (job.state, job.outcome, job.outcome_detail) == (JobState.UNCONFIRMED, Outcome.UNCONFIRMED, "owner-lost")
    assert "may not be complete" in stage.notices[-1]["Subject"]
    assert "We were interrupted" in words(stage.notices[-1])
    assert [event.detail for event in stage.detail.events if event.name == ALARM] == ["unconfirmed"]
    assert not await stage.transmit(scripted(stage, DONE)).next()


async def test_a_last_page_that_the_far_end_refused_leaves_no_doubt(stage: Stage) -> None:
    two_pages(stage)
    attempt = await died(stage, last_page_out)
    with (stage.journal.folder / f"{attempt.call_uid}.jsonl").open("a") as file:
        file.write(json.dumps({"event": "end", "cause": "page-refused", "pages": 1, "doubt": False}) + "\n")

    assert relieved(stage).state is JobState.READY


async def test_a_process_that_died_before_it_dialled_confirmed_nothing(stage: Stage) -> None:
    two_pages(stage)
    victim = process(stage.db, stage.folder)
    calls.claim_call(stage.db, victim.id, "trunk", 4, stage.clock.now())
    killed(victim)

    assert relieved(stage).state is JobState.READY


# Where the journal does not help.


@pytest.mark.parametrize(
    ("facts", "state"),
    [(first_page, JobState.READY), (last_page_out, JobState.UNCONFIRMED), (every_page, JobState.UNCONFIRMED)],
)
async def test_without_a_journal_within_reach_the_row_decides_and_nothing_is_delivered_twice(
    stage: Stage, facts: Facts, state: JobState
) -> None:
    two_pages(stage)
    await died(stage, facts, host="elsewhere")

    processes.reap(stage.db, stage.process, WALL + stage.process.ttl, NOW, stage.composer.after_end, lambda _uid: None)

    assert stage.jobs[0].state is state


async def test_a_journal_cut_in_its_last_line_leaves_the_fax_in_doubt(stage: Stage) -> None:
    two_pages(stage)
    attempt = await died(stage, every_page)
    path = stage.journal.folder / f"{attempt.call_uid}.jsonl"
    os.truncate(path, path.stat().st_size - 5)

    assert relieved(stage).state is JobState.UNCONFIRMED


async def test_a_journal_that_lost_all_behind_its_first_page_does_not_hide_that_the_last_was_sent(stage: Stage) -> None:
    two_pages(stage)
    attempt = await died(stage, every_page)
    path = stage.journal.folder / f"{attempt.call_uid}.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))

    assert relieved(stage).state is JobState.UNCONFIRMED


async def test_pages_are_known_to_the_store_while_the_call_runs(stage: Stage) -> None:
    two_pages(stage)
    transport = scripted(stage, UnreachableError("cut"))
    flow = stage.transmit(transport)
    seen: list[int] = []

    def look(_order: CallOrder, watch: CallWatch) -> None:
        first_page(watch)
        flow.running.note()
        seen.append(stage.jobs[0].pages_sent)

    transport.during = look
    with pytest.raises(UnreachableError):
        await flow.next()

    assert seen == [1]


# Policies.


@pytest.mark.parametrize(("policy", "first", "state"), [("resend-last", 1, "waiting"), ("resend-all", 0, "waiting")])
async def test_a_lost_last_answer_is_sent_again_as_the_setting_says(
    stage: Stage, policy: str, first: int, state: str
) -> None:
    tree.set_setting(stage.db, "Acme", "retry.unconfirmed", policy)
    two_pages(stage)
    transport = scripted(stage, LOST, Ending(Cause.DONE, pages=2 - first))

    await stage.transmit(transport).next()
    assert (stage.jobs[0].state, stage.notices) == (JobState(state), [])
    await again(stage, transport)

    assert [order.first_page for order in transport.orders] == [0, first]
    assert (stage.jobs[0].state, stage.jobs[0].pages_sent) == (JobState.SENT, 2)
    assert "sent again" in words(stage.notices[-1])


@pytest.mark.parametrize(("policy", "pages_sent"), [("resend-last", 1), ("resend-all", 0)])
async def test_a_fax_in_doubt_after_a_crash_is_sent_again_as_the_setting_says(
    stage: Stage, policy: str, pages_sent: int
) -> None:
    tree.set_setting(stage.db, "Acme", "retry.unconfirmed", policy)
    two_pages(stage)
    await died(stage, last_page_out)

    job = relieved(stage)

    assert (job.state, job.pages_sent, stage.notices) == (JobState.READY, pages_sent, [])
    assert stage.detail.attempts[0].outcome is Outcome.UNCONFIRMED


async def test_what_is_sent_again_says_so_above_its_first_page(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "fax.page_header", "off")
    tree.set_setting(stage.db, "Acme", "retry.unconfirmed", "resend-last")
    two_pages(stage)

    await call(stage, LOST, LAST_ONLY)

    path = stage.spool.path(stage.detail.attempts[1].tiff_digest)
    page, shape = read_tiff(path)[1], FaxShape(1728, Resolution.FINE)
    head = decode_page(path, 1, 1728, page.rows)[: shape.header_rows]
    assert (head == draw_line("\tPage 2 of 2, sent again: its confirmation was lost", shape)).all()


async def test_a_fax_that_stays_in_doubt_ends_as_unconfirmed(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.unconfirmed", "resend-last")
    two_pages(stage)

    job = await call(stage, LOST, *[Ending(Cause.NO_ANSWER_AFTER_PAGE, Phase.POST_MESSAGE, doubt=True)] * 2)

    assert (job.state, job.outcome, job.dials) == (JobState.UNCONFIRMED, Outcome.UNCONFIRMED, 3)


async def test_a_fax_in_doubt_is_no_failure_because_a_later_call_failed(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.unconfirmed", "resend-last")
    two_pages(stage)

    job = await call(stage, LOST, Ending(Cause.UNALLOCATED, Phase.CALL_SETUP))

    assert (job.state, job.outcome) == (JobState.UNCONFIRMED, Outcome.UNCONFIRMED)
    assert stage.detail.attempts[1].outcome is Outcome.INVALID_NUMBER


async def test_crashes_do_not_send_a_fax_again_for_ever(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.unconfirmed", "resend-all")
    two_pages(stage)
    states = []

    for _ in range(3):
        await died(stage, last_page_out)
        states.append(relieved(stage).state)

    assert states == [JobState.READY, JobState.READY, JobState.UNCONFIRMED]


async def again(stage: Stage, transport: object) -> None:
    """Time passes to the next call, and it is placed."""
    stage.clock.skip_to(stage.jobs[0].not_before)
    jobs.promote_due(stage.db, stage.clock.now())
    assert await stage.transmit(transport).next()  # type: ignore[arg-type]


# Going on, with a page that says so.


async def test_a_page_that_goes_before_is_no_page_of_the_fax(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.continuation", "cover")
    two_pages(stage)
    transport = scripted(stage, Ending(Cause.LINE_DROPPED, Phase.MESSAGE, pages=1), Ending(Cause.DONE, pages=2))

    await stage.transmit(transport).next()
    await again(stage, transport)

    assert [(order.first_page, order.leading) for order in transport.orders] == [(0, 0), (1, 1)]
    assert len(read_tiff(stage.spool.path(stage.detail.attempts[1].tiff_digest))) == 3
    assert (stage.jobs[0].state, stage.jobs[0].pages_sent) == (JobState.SENT, 2)
    assert [attempt.pages_confirmed for attempt in stage.detail.attempts] == [1, 1]


async def test_a_call_that_broke_off_behind_such_a_page_goes_on_where_it_did(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.continuation", "cover")
    two_pages(stage)
    await call(stage, Ending(Cause.LINE_DROPPED, Phase.MESSAGE, pages=1))
    stage.clock.skip_to(stage.jobs[0].not_before)
    jobs.promote_due(stage.db, stage.clock.now())

    await died(stage, lambda watch: watch.page_confirmed(1))

    job = relieved(stage)
    assert (job.state, job.pages_sent) == (JobState.READY, 1)


async def test_the_far_end_gets_the_page_before_and_then_the_rest(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retry.continuation", "cover")
    two_pages(stage, "+12025550109")  # drops the line in its first call, between the pages
    flow = stage.transmit(stage.simulator())

    await flow.next()
    await again(stage, stage.simulator())

    log = [json.loads(line) for line in (stage.folder / "simulator" / "log.jsonl").read_text().splitlines()]
    assert stage.jobs[0].state is JobState.SENT
    assert [line["last"] for line in log] == [False, False, True]
    assert log[1]["rows"] < 600  # a slip, not a page


# Who decides: the far end's last page, a cancel, another process.


async def test_a_cancel_before_the_last_page_is_over_wins(stage: Stage) -> None:
    job = two_pages(stage)
    told: list[str] = []

    def cancelled_first(_order: CallOrder, watch: CallWatch) -> None:
        first_page(watch)
        jobs.cancel(stage.db, job.public_id, NOW, no_mail)
        with pytest.raises(LostClaimError, match="cancelled"):
            watch.last_page_sent()
        told.append("hung up")

    transport = scripted(stage, Ending(Cause.LOCAL_ERROR, Phase.POST_MESSAGE))
    transport.during = cancelled_first
    await stage.transmit(transport).next()

    assert told == ["hung up"]
    assert (stage.jobs[0].state, stage.detail.attempts[0].outcome) == (JobState.CANCELLED, Outcome.CANCELLED)
    assert not stage.detail.attempts[0].last_page_sent


async def test_a_cancel_behind_the_last_page_comes_too_late(stage: Stage) -> None:
    job = two_pages(stage)
    transport = scripted(stage, Ending(Cause.DONE, pages=2))

    def cancelled_after(_order: CallOrder, watch: CallWatch) -> None:
        last_page_out(watch)
        jobs.cancel(stage.db, job.public_id, NOW, no_mail)

    transport.during = cancelled_after
    await stage.transmit(transport).next()

    assert stage.jobs[0].state is JobState.SENT


async def test_who_was_frozen_beyond_its_lease_may_not_end_its_last_page(stage: Stage) -> None:
    two_pages(stage)
    heir = process(stage.db, stage.folder)
    told: list[str] = []

    def frozen(_order: CallOrder, watch: CallWatch) -> None:
        first_page(watch)
        processes.reap(stage.db, heir, WALL + heir.ttl, NOW, no_mail, stage.journal.read)
        with pytest.raises(LostClaimError):
            watch.last_page_sent()
        told.append("hung up")

    transport = scripted(stage, Ending(Cause.LOCAL_ERROR, Phase.POST_MESSAGE))
    transport.during = frozen
    with pytest.raises(LostClaimError):
        await stage.transmit(transport).next()

    assert told == ["hung up"]
    assert (stage.jobs[0].state, stage.jobs[0].pages_sent) == (JobState.READY, 1)
    killed(heir)


async def test_who_may_be_given_up_at_any_moment_does_not_ask_the_store_first(stage: Stage) -> None:
    two_pages(stage)
    transport = scripted(stage, UnreachableError("cut"))
    flow = stage.transmit(transport)
    object.__setattr__(flow, "hang_up", lambda: True)
    seen: list[bool] = []

    def look(_order: CallOrder, watch: CallWatch) -> None:
        seen.append(watch.cancelled())
        with pytest.raises(LostClaimError, match="given up"):
            watch.last_page_sent()

    transport.during = look
    with pytest.raises(UnreachableError):
        await flow.next()

    assert seen == [True]
    assert not stage.detail.attempts[0].last_page_sent


# Disks and leftovers.


async def test_a_full_disk_hangs_up_and_claims_nothing_confirmed(stage: Stage) -> None:
    two_pages(stage, "+12025550100")
    simulator, limits = stage.simulator(), resource.getrlimit(resource.RLIMIT_FSIZE)

    class FullDisk:
        """The real engine, on a disk that is full once the call has begun."""

        async def place(self, order: CallOrder, watch: CallWatch) -> CallReport:
            size = (stage.journal.folder / f"{order.call_uid}.jsonl").stat().st_size
            full = CallWatch(lambda index: self.fill(size, watch, index), watch.cancelled, watch.last_page_sent)
            return await simulator.place(order, full)

        def fill(self, size: int, watch: CallWatch, index: int) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 3, limits[1]))
            try:
                watch.page_confirmed(index)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    await stage.transmit(FullDisk()).next()

    [attempt] = stage.detail.attempts
    assert (attempt.outcome, attempt.pages_confirmed) == (Outcome.GENERAL_ERROR, 0)
    assert (stage.jobs[0].state, stage.jobs[0].pages_sent) == (JobState.WAITING, 0)


async def test_a_call_that_cannot_be_journaled_is_not_placed_and_counts_no_crash(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_pages(stage)
    monkeypatch.setattr("os.fdatasync", _no_room)
    transport = scripted(stage, DONE)

    for _ in range(4):
        with pytest.raises(UnavailableError):
            await stage.transmit(transport).next()

    assert transport.orders == []
    assert stage.jobs[0].state is JobState.READY  # not held


async def test_the_journal_of_a_settled_call_is_dropped(stage: Stage) -> None:
    two_pages(stage)

    await call(stage, DONE)

    assert stage.journal.kept() == []


async def test_journals_are_swept_when_their_rows_are_settled_and_not_before(stage: Stage) -> None:
    two_pages(stage)
    attempt = await died(stage, first_page)
    tend = stage.tend()

    await tend.next()
    kept = stage.journal.kept()
    relieved(stage)
    stage.wall += tend.forgetting.each
    await tend.next()

    assert (kept, stage.journal.kept()) == ([attempt.call_uid], [])


async def test_a_call_that_the_store_could_not_settle_is_settled_later_from_its_journal(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_pages(stage)
    flow = stage.transmit(scripted(stage, Ending(Cause.DONE, pages=2)))
    full = _Full()
    with monkeypatch.context() as patch:
        patch.setattr(calls, "finish_call", full)
        patch.setattr(calls, "give_back", full)
        with pytest.raises(UnavailableError):
            await flow.next()
    assert stage.jobs[0].state is JobState.CALLING

    await asyncio.to_thread(flow.owed.settle)

    assert (stage.jobs[0].state, stage.jobs[0].outcome) == (JobState.SENT, Outcome.SUCCESS)
    assert stage.journal.kept() == []


def _no_room(_file: object) -> None:
    raise OSError(28, "No space left on device")


class _Full:
    def __call__(self, *_given: object, **_more: object) -> None:
        raise UnavailableError("the disk is full")
