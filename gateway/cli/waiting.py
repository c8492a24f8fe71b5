"""Words for whoever waits for a store that does not answer.

What lives here: when they are said. What does not: how long a store is waited for (`gateway.store`).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.cli.output import say

LATE_SECONDS = 3.0


def say_waiting() -> None:
    """That we wait, and how not to."""
    say("the store does not answer yet; waiting for half a minute at most (Ctrl-C: no longer)")


@contextmanager
def told_when_late(tell: Callable[[], None] = say_waiting, seconds: float = LATE_SECONDS) -> Iterator[None]:
    """Tell it once when the block takes so long."""
    timer = threading.Timer(seconds, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
