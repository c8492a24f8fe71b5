"""Work of our own that is broken off after a time."""

import itertools
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from renderers.alarm import TimeUpError, within


def busy() -> None:
    for _ in itertools.count():
        pass


def swallowing() -> None:
    """What libraries do with every error they do not know."""
    try:
        busy()
    except BaseException:  # noqa: BLE001 - that is what is tried
        busy()


@pytest.mark.parametrize("work", [busy, swallowing])
def test_what_takes_too_long_is_broken_off(work: object) -> None:
    with pytest.raises(TimeUpError), within(0.05):
        work()  # type: ignore[operator]


def test_nothing_rings_afterwards() -> None:
    before = signal.getsignal(signal.SIGPROF)
    with within(0.05):
        pass
    sum(range(5_000_000))
    assert signal.getsignal(signal.SIGPROF) is before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def counted() -> int:
    with within(0.001):
        return sum(range(3_000_000))


def test_other_threads_are_left_alone() -> None:
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(counted).result() == 4499998500000
