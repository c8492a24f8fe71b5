"""On which of the machine's processors this process runs: one of several may keep to one, and what it starts need not.

What lives here: keeping to one, and starting others without that. What does not: which one (`gateway.shares`).

The threads of a Python process take turns at one lock. On two processors each turn is handed from one to the other,
asleep and awake again, and costs a quarter of all work; on one it is not.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_before: list[set[int]] = []  # where we might run before we kept to one


def ours() -> tuple[int, ...]:
    """The numbers of the processors that we may use; none where the system does not tell."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def keep_to(number: int) -> None:
    """Run on that processor alone, with all threads that begin from now on in this one; on any if it is gone."""
    before = set(ours())
    with suppress(OSError):
        os.sched_setaffinity(0, {number})
        _before.append(before)


@contextmanager
def anywhere() -> Iterator[None]:
    """What this thread starts inside the block may run on all processors that were ours at first."""
    if not _before:
        yield
        return
    kept = set(ours())
    os.sched_setaffinity(0, _before[0])
    try:
        yield
    finally:
        os.sched_setaffinity(0, kept)
