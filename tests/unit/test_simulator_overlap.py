"""Calls on several lines overlap on the simulator's clock, as real ones would."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.fax.simulator.clock import SimulatorClock

START = datetime(2026, 3, 2, 15, tzinfo=UTC)


def clock_at_start() -> SimulatorClock:
    return SimulatorClock(lambda: START, grace=0.01)


def seconds_of(clock: SimulatorClock) -> float:
    return (clock.now() - START).total_seconds()


async def call(clock: SimulatorClock, seconds: int, work: float = 0) -> float:
    with clock.running():
        ended = clock.now() + timedelta(seconds=seconds)
        await asyncio.sleep(work)
    await clock.sleep_until(ended)
    return seconds_of(clock)


async def test_calls_side_by_side_take_the_time_of_the_longest() -> None:
    clock = clock_at_start()

    ended = await asyncio.gather(*(call(clock, seconds) for seconds in (60, 20, 40)))

    assert ended == [60, 20, 40]
    assert seconds_of(clock) == 60


async def test_a_line_that_is_free_again_calls_while_the_others_go_on() -> None:
    clock = clock_at_start()

    async def two_calls() -> list[float]:
        return [await call(clock, 20), await call(clock, 25)]

    short, long = await asyncio.gather(two_calls(), call(clock, 60))

    assert short == [20, 45]
    assert long == 60


async def test_the_clock_stands_while_a_call_is_worked_out() -> None:
    clock = clock_at_start()

    slow, quick = await asyncio.gather(call(clock, 5, work=0.1), call(clock, 50))

    assert (slow, quick) == (5, 50)


async def test_a_sleeper_that_is_cancelled_is_passed_over() -> None:
    clock = clock_at_start()
    given_up = asyncio.create_task(call(clock, 10))
    await asyncio.sleep(0)
    given_up.cancel()

    ended = await call(clock, 30)

    assert ended == 30
    assert given_up.cancelled() or given_up.cancelling()


async def test_a_call_that_breaks_off_lets_the_clock_go_on() -> None:
    clock = clock_at_start()
    other = asyncio.create_task(call(clock, 30))

    with pytest.raises(ValueError, match="broken"), clock.running():
        raise ValueError("broken")

    assert await asyncio.wait_for(other, 5) == 30
