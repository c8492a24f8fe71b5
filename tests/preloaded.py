"""A module that remembers which process imported it."""

import os

IMPORTED_BY = os.getpid()


def imported_by_parent() -> bool:
    return os.getppid() == IMPORTED_BY
