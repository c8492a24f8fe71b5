"""The worker loop: it repeats, rests, survives, and stops."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from gateway.domain.errors import UnavailableError
from gateway.worker import Bell, Worker, where


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


def test_where_names_the_place_of_an_error() -> None:
    try:
        raise KeyError("x")
    except KeyError as error:
        place = where(error)

    assert place["error"] == "KeyError"
    assert place["at"].startswith("test_worker:")
