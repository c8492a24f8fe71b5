"""Plain functions on the event loop, which goes on while they wait."""

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gateway.store.strands import apart, at_once, outcome


def thread() -> int:
    return threading.get_ident()


async def test_a_function_runs_on_the_thread_of_the_loop() -> None:
    assert await at_once(thread) == threading.get_ident()


async def test_what_takes_long_runs_in_another_thread() -> None:
    assert await at_once(apart, thread) != threading.get_ident()


def test_in_a_thread_nothing_is_done_apart() -> None:
    assert apart(thread) == threading.get_ident()


async def test_while_one_waits_for_an_answer_the_loop_goes_on() -> None:
    answer: Future[str] = Future()
    waiting = asyncio.ensure_future(at_once(outcome, answer))
    await asyncio.sleep(0)

    assert not waiting.done()
    answer.set_result("here")
    assert await waiting == "here"


def test_a_thread_waits_for_an_answer_by_itself() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert outcome(pool.submit(thread)) != threading.get_ident()


async def test_an_answer_that_is_there_is_not_waited_for() -> None:
    answer: Future[str] = Future()
    answer.set_result("here")

    assert await at_once(outcome, answer) == "here"


async def test_errors_arrive_where_they_can_be_caught_and_else_at_the_caller() -> None:
    def caught() -> str:
        try:
            apart(int, "x")
        except ValueError:
            return "caught"
        return ""

    assert await at_once(caught) == "caught"
    with pytest.raises(ValueError, match="invalid literal"):
        await at_once(apart, int, "x")


async def test_one_may_wait_many_times() -> None:
    def sum_of_threads() -> int:
        return sum(apart(int, str(number)) for number in range(5))

    assert await asyncio.gather(*(at_once(sum_of_threads) for _ in range(3))) == [10] * 3


async def test_whose_caller_is_cut_goes_on_to_its_end() -> None:
    answer: Future[str] = Future()
    heard: list[str] = []
    over = asyncio.Event()

    def listening() -> None:
        heard.append(outcome(answer))
        heard.append(apart(str, "and more"))
        over.set()

    caller = asyncio.ensure_future(at_once(listening))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    answer.set_result("late")
    await over.wait()

    assert heard == ["late", "and more"]


async def test_what_is_cancelled_itself_is_told_to_the_function() -> None:
    answer: Future[str] = Future()
    told: list[str] = []

    def listening() -> None:
        try:
            outcome(answer)
        except asyncio.CancelledError:
            told.append("cancelled")

    waiting = asyncio.ensure_future(at_once(listening))
    await asyncio.sleep(0)
    answer.cancel()
    await waiting

    assert told == ["cancelled"]
