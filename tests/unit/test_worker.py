"""The worker loop: it repeats, rests, survives, and stops."""

import asyncio
import functools
import logging
from collections.abc import Callable

import pytest

from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.worker import Bell, Interest, Topic, Worker, where


def stepping(answers: list[bool | Exception], done: Callable[[], None]) -> Callable[[], object]:
    """A step that gives these answers in turn and calls `done` after the last."""

    async def step() -> bool:
        answer = answers.pop(0)
        if not answers:
            done()
        if isinstance(answer, Exception):
            raise answer
        return answer

    return step


async def run_through(answers: list[bool | Exception], idle: float = 0.001) -> Worker:
    worker: Worker

    def done() -> None:
        worker.stop()

    worker = Worker("w", stepping(answers, done), Bell(), idle)  # type: ignore[arg-type]
    await asyncio.wait_for(worker.run(), 5)
    return worker


async def test_a_busy_step_is_repeated_at_once() -> None:
    answers: list[bool | Exception] = [True, True, True]

    await run_through(answers, idle=3600)

    assert answers == []


async def test_an_idle_worker_looks_again_after_its_time() -> None:
    answers: list[bool | Exception] = [False, False]

    await run_through(answers)

    assert answers == []


async def test_the_bell_wakes_an_idle_worker() -> None:
    bell = Bell()
    looked = asyncio.Event()

    async def step() -> bool:
        looked.set()
        return False

    worker = Worker("w", step, bell, 3600)
    running = asyncio.create_task(worker.run())
    await looked.wait()
    looked.clear()
    bell.ring()
    await asyncio.wait_for(looked.wait(), 5)
    worker.stop()
    await asyncio.wait_for(running, 5)


@pytest.mark.parametrize("error", [UnavailableError("locked"), ValueError("a bug")])
async def test_an_error_does_not_end_the_worker(error: Exception) -> None:
    answers: list[bool | Exception] = [error, True]

    await run_through(answers)

    assert answers == []


async def test_a_crash_is_logged_by_place_and_never_by_words(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        await run_through([ValueError("diagnosis: private"), True])

    record = caplog.records[0]
    assert record.message == "step-crashed"
    assert record.__dict__["error"] == "ValueError"
    assert "private" not in str(record.__dict__)


async def test_work_that_was_cancelled_or_given_back_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gateway"):
        await run_through([LostClaimError("it was cancelled"), True])

    assert [(record.message, record.levelname) for record in caplog.records] == [("claim-gone", "INFO")]


def test_where_names_the_place_of_an_error() -> None:
    try:
        raise KeyError("x")
    except KeyError as error:
        place = where(error)

    assert place["error"] == "KeyError"
    assert place["at"].startswith("test_worker:")


# Topics.


async def woken(interest: Interest, *rung: Topic) -> bool:
    """Whether a worker that rests looks again when it rings for these; no topics are all."""
    bell = Bell()
    event = bell.add(interest.hears)
    bell.ring(*rung)
    return event.is_set()


@pytest.mark.parametrize(
    ("hears", "rung", "wakes"),
    [
        ((Topic.LINES,), (Topic.LINES,), True),
        ((Topic.LINES, Topic.FREE), (Topic.FREE, Topic.MAIL), True),
        ((Topic.LINES,), (Topic.MAIL,), False),
        ((Topic.LINES,), (), True),
        ((), (), False),
        (tuple(Topic), (Topic.CANCEL,), True),
    ],
)
async def test_a_worker_wakes_for_what_it_hears(hears: tuple[Topic, ...], rung: tuple[Topic, ...], wakes: bool) -> None:
    assert await woken(Interest(hears), *rung) is wakes


def test_how_often_it_rang_is_told_by_topic() -> None:
    bell = Bell()
    bell.ring(Topic.CANCEL)
    bell.ring()

    assert bell.rung(Topic.CANCEL) == 2
    assert bell.rung(Topic.CANCEL, Topic.MAIL) == 3


@pytest.mark.parametrize(("tells", "heard"), [((Topic.MAIL,), 1), ((), 0)])
async def test_a_busy_worker_tells_those_concerned(tells: tuple[Topic, ...], heard: int) -> None:
    bell = Bell()
    worker: Worker

    async def step() -> bool:
        worker.stop()
        return True

    worker = Worker("w", step, bell, 3600, Interest((), tells))
    await asyncio.wait_for(worker.run(), 5)

    assert (bell.rung(Topic.MAIL), bell.rung(Topic.LINES)) == (heard, 0)


# The lease.


async def test_without_firm_ground_nothing_is_begun() -> None:
    begun: list[str] = []
    asked = asyncio.Event()

    async def step() -> bool:
        begun.append("step")
        return False

    def firm() -> bool:
        asked.set()
        return False

    worker = Worker("w", step, Bell(), 0.001, firm=firm)
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(asked.wait(), 5)
    worker.stop()
    await asyncio.wait_for(running, 5)

    assert begun == []


async def test_a_step_that_is_cut_gives_back_and_the_worker_goes_on() -> None:
    log: list[str] = []
    begun = asyncio.Event()

    async def step() -> bool:
        begun.set()
        if log:
            worker.stop()
            return False
        try:
            await asyncio.Event().wait()
        finally:
            log.append("given back")
        return True

    worker = Worker("w", step, Bell(), 0.001)
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(begun.wait(), 5)
    worker.cut()
    await asyncio.wait_for(running, 5)

    assert log == ["given back"]


async def test_cutting_a_worker_that_rests_does_nothing() -> None:
    worker = await run_through([False])

    worker.cut()


async def test_who_ends_the_worker_itself_ends_its_step() -> None:
    begun = asyncio.Event()

    async def step() -> bool:
        begun.set()
        await asyncio.Event().wait()
        return True

    running = asyncio.create_task(Worker("w", step, Bell(), 3600).run())
    await asyncio.wait_for(begun.wait(), 5)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


async def resting(bell: Bell, count: int, looks: list[int]) -> list[asyncio.Task[None]]:
    """So many workers of one squad, which have looked once and rest; each later look is noted."""

    async def look(number: int) -> bool:
        looks.append(number)
        return False

    interest = Interest((Topic.MAIL,), (), squad="post")
    made = [Worker(f"post-{n}", functools.partial(look, n), bell, 3600, interest) for n in range(count)]
    tasks = [asyncio.create_task(worker.run()) for worker in made]
    await settled()
    looks.clear()
    return tasks


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_ring_wakes_one_of_a_squad_in_turn() -> None:
    bell, looks = Bell(), list[int]()
    tasks = await resting(bell, 3, looks)

    for _ in range(4):
        bell.ring(Topic.MAIL)
        await settled()

    assert looks == [0, 1, 2, 0]
    for task in tasks:
        task.cancel()


async def test_as_many_rings_as_workers_wake_all_of_them() -> None:
    bell, looks = Bell(), list[int]()
    tasks = await resting(bell, 3, looks)

    for _ in range(3):
        bell.ring(Topic.MAIL)
    await settled()

    assert sorted(looks) == [0, 1, 2]
    for task in tasks:
        task.cancel()


async def test_a_ring_while_nobody_rests_is_kept_for_the_next() -> None:
    bell = Bell()
    squad = bell.squad("post", (Topic.MAIL,))
    bell.ring(Topic.MAIL)

    await asyncio.wait_for(squad.rest(asyncio.Event(), 3600), 5)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(squad.rest(asyncio.Event(), 3600), 0.01)


async def test_who_fails_leaves_the_ring_to_another() -> None:
    bell, looks = Bell(), list[int]()
    tasks = await resting(bell, 1, looks)

    async def broken() -> bool:
        raise UnavailableError("away")

    interest = Interest((Topic.MAIL,), (), squad="post")
    failing = asyncio.create_task(Worker("post-9", broken, bell, 3600, interest).run())
    await settled()

    assert looks == [0]
    for task in [*tasks, failing]:
        task.cancel()
