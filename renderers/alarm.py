"""An alarm clock for work of our own: what takes too long is broken off, and something else can be tried.

What lives here: the one `with`. What does not: limits that nothing survives (`confine`). It reaches work in Python;
a library deep in a call is only reached when that returns.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeUpError(BaseException):
    """The time is over; no Exception, for libraries that swallow every one of those."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TimeUpError in the body after so many seconds of processor time.

    Signals reach a main thread alone: in any other the body takes as long as it takes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, _ring)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)  # and again, should somebody have swallowed it
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise TimeUpError
