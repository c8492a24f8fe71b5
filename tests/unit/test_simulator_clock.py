"""The simulator's clock only goes forward."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.simulator.clock import PacedClock, SimulatorClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Wall:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


def test_it_tells_the_wall_clocks_time_until_it_skips() -> None:
    clock = SimulatorClock(Wall())

    assert clock.now() == NOON


def test_it_skips_ahead_and_goes_on_from_there() -> None:
    wall = Wall()
    clock = SimulatorClock(wall)

    clock.skip_to(NOON + 60 * SECOND)
    wall.time += SECOND

    assert clock.now() == NOON + 61 * SECOND


def test_a_moment_that_is_past_changes_nothing() -> None:
    clock = SimulatorClock(Wall())
    clock.skip_to(NOON + 60 * SECOND)

    clock.skip_to(NOON + 30 * SECOND)

    assert clock.now() == NOON + 60 * SECOND


def test_it_begins_no_earlier_than_its_floor() -> None:
    assert SimulatorClock(Wall(), NOON + 3600 * SECOND).now() == NOON + 3600 * SECOND
    assert SimulatorClock(Wall(), NOON - 3600 * SECOND).now() == NOON


def test_a_wall_clock_set_back_does_not_take_it_along() -> None:
    wall = Wall()
    clock = SimulatorClock(wall)
    told = clock.now()

    wall.time -= 600 * SECOND

    assert clock.now() == told


@given(st.lists(st.tuples(st.integers(-100, 100), st.integers(-100, 1000)), max_size=20))
def test_no_answer_is_earlier_than_one_before_and_none_before_a_skip(steps: list[tuple[int, int]]) -> None:
    wall = Wall()
    clock = SimulatorClock(wall)
    told = clock.now()

    for by_wall, skip in steps:
        wall.time += by_wall * SECOND
        clock.skip_to(told + skip * SECOND)
        assert clock.now() >= told + max(0, skip) * SECOND
        told = clock.now()


def test_threads_may_skip_at_once() -> None:
    clock = SimulatorClock(Wall())
    threads = [Thread(target=clock.skip_to, args=(NOON + n * SECOND,)) for n in range(50)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert clock.now() == NOON + 49 * SECOND


def test_a_paced_clock_runs_as_fast_as_it_is_told() -> None:
    wall = Wall()
    clock = PacedClock(wall, speed=10)

    wall.time += SECOND

    assert clock.now() == NOON + 10 * SECOND


def test_a_paced_clock_begins_no_earlier_than_its_floor_and_cannot_skip() -> None:
    clock = PacedClock(Wall(), 1, NOON + 3600 * SECOND)
    clock.skip_to(NOON + 7200 * SECOND)

    assert clock.now() == NOON + 3600 * SECOND
    assert PacedClock(Wall(), 1, NOON - SECOND).now() == NOON


def test_a_wall_clock_set_back_does_not_take_a_paced_one_along() -> None:
    wall = Wall()
    clock = PacedClock(wall, 2)
    wall.time += 5 * SECOND
    told = clock.now()

    wall.time -= 60 * SECOND

    assert clock.now() == told


@pytest.mark.parametrize(("speed", "slice_ms"), [(1, 200), (10, 2_000), (0.001, 1)])
def test_calls_are_worked_out_a_fifth_of_a_second_ahead(speed: float, slice_ms: int) -> None:
    assert PacedClock(Wall(), speed).slice_ms == slice_ms
