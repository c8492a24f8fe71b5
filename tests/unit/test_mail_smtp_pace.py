"""The arithmetic of waiting, and the timer that a connection has."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.desk import Waits
from gateway.mail.smtp_pace import Patience, TextPace

WAITS = Waits(header=30, window=10, data=100)


def pace(least_rate: int = 5) -> TextPace:
    made = TextPace(WAITS, least_rate)
    made.header_ended()
    return made


def test_at_first_a_whole_window_is_left() -> None:
    assert pace().left() == 10


def test_the_window_begins_anew_when_enough_has_come() -> None:
    text = pace()

    text.arrived(49, 4)
    assert text.left() == 6
    text.arrived(1, 4)

    assert text.left() == 10


def test_a_trickle_runs_out_however_often_it_comes() -> None:
    text = pace()

    for _ in range(20):
        text.arrived(1, 0.5)

    assert text.left() == 0


def test_a_steady_client_may_take_as_long_as_the_whole_text_may() -> None:
    text = pace()

    for _ in range(19):
        text.arrived(50, 5)

    assert text.left() == 5


def test_without_a_least_rate_only_silence_counts() -> None:
    text = pace(least_rate=0)

    text.arrived(1, 9)

    assert text.left() == 10


def test_the_header_has_a_time_of_its_own() -> None:
    text = TextPace(WAITS, 5)

    for _ in range(4):
        text.arrived(50, 7)
    assert text.left() == 2
    text.header_ended()

    assert text.left() == 10


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0.01, 5)), max_size=100))
def test_who_is_never_cut_off_came_on_at_the_least_rate(chunks: list[tuple[int, float]]) -> None:
    text, octets, seconds = pace(), 0, 0.0

    for more, wait in chunks:
        if wait >= text.left():
            break
        text.arrived(more, wait)
        octets, seconds = octets + more, seconds + wait

    assert octets >= 5 * (seconds - WAITS.window) - 1e-6
    assert seconds <= WAITS.data


class Clockwork:
    """A loop whose time is set by hand, as far as a timer needs one."""

    def __init__(self) -> None:
        self.moment = 0.0
        self.made: list[asyncio.TimerHandle] = []
        self._loop = asyncio.new_event_loop()

    def time(self) -> float:
        return self.moment

    def call_at(self, when: float, callback: object) -> asyncio.TimerHandle:
        self.made.append(asyncio.TimerHandle(when, callback, (), self._loop))  # type: ignore[arg-type]
        return self.made[-1]

    def pass_time(self, seconds: float) -> None:
        """Timers that fall due ring, those they make, too."""
        self.moment += seconds
        while due := [timer for timer in self.made if not timer.cancelled() and timer.when() <= self.moment]:
            self.made.remove(due[0])
            due[0]._run()

    def close(self) -> None:
        self._loop.close()


@pytest.fixture
def clockwork() -> Clockwork:
    made = Clockwork()
    made.close()
    return made


def test_a_command_in_time_costs_no_timer(clockwork: Clockwork) -> None:
    rung: list[float] = []
    patience = Patience(clockwork, lambda: rung.append(clockwork.moment))  # type: ignore[arg-type]

    for _ in range(100):
        patience.allow(10)
        clockwork.pass_time(0.05)

    assert len(clockwork.made) == 1
    assert rung == []


def test_the_bell_rings_at_the_last_end_that_was_set(clockwork: Clockwork) -> None:
    rung: list[float] = []
    patience = Patience(clockwork, lambda: rung.append(clockwork.moment))  # type: ignore[arg-type]

    patience.allow(10)
    clockwork.pass_time(6)
    patience.allow(10)
    clockwork.pass_time(9)
    assert rung == []
    clockwork.pass_time(1)

    assert rung == [16]


def test_a_shorter_wait_holds_at_once_and_a_longer_one_is_no_shortening(clockwork: Clockwork) -> None:
    rung: list[float] = []
    patience = Patience(clockwork, lambda: rung.append(clockwork.moment))  # type: ignore[arg-type]

    patience.allow(10)
    patience.shorten(20)
    patience.shorten(3)
    clockwork.pass_time(3)

    assert rung == [3]


def test_after_the_end_nothing_rings(clockwork: Clockwork) -> None:
    rung: list[float] = []
    patience = Patience(clockwork, lambda: rung.append(clockwork.moment))  # type: ignore[arg-type]

    patience.allow(1)
    patience.cancel()
    clockwork.pass_time(5)

    assert rung == []
