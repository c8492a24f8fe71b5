"""Where the warm parent begins, before any module is there that wants something done after each of its forks.

What lives here: forks without that, and memory that is gathered for them. What does not: the warm parent (`warm`). Run
as `python -m renderers.nursery FD MODULE...`. What modules have done in each child puts locks right that threads held;
this process has one thread. It writes to 200 pages of memory, each of which is copied then: longer than confining it.
"""

import importlib
import os
import sys

from renderers import forkable


def _unheard(**_calls: object) -> None:
    """Take no note of what is to be done; `warm` itself sees to it that random numbers differ."""


if __name__ == "__main__":
    os.register_at_fork = _unheard
    with forkable.gathered():
        importlib.import_module("renderers.warm").main(sys.argv[1:])
