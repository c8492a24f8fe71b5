"""Folders for one piece of work that go with it, and are swept where whoever made them was killed.

What lives here: the lock that says somebody is in, and the sweep. What does not: what is done in them.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TRIES = 20  # a sweep may come between making a folder and locking it, as seldom as a room is made while one begins


@contextmanager
def room(prefix: str) -> Iterator[str]:
    """An empty folder of our own in the temporary one, locked, and removed in the end."""
    folder, held = entered(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def entered(prefix: str) -> tuple[str, int]:
    """An empty folder and what holds its lock, both to be given up by who asked."""
    for _ in range(_TRIES):
        folder = tempfile.mkdtemp(prefix=prefix)
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            return folder, locked(folder)
        shutil.rmtree(folder, ignore_errors=True)
    raise BlockingIOError(f"no folder {prefix}* could be locked")


def locked(folder: str) -> int:
    """Lock a folder until every process that holds the returned descriptor has gone.

    Raises:
        BlockingIOError: somebody holds it.
        FileNotFoundError: it is gone, or was removed while we locked it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        Path(folder).stat()
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def sweep(place: Path, prefix: str) -> None:
    """Remove the folders in which nobody is any more."""
    for folder in place.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            held = locked(str(folder))
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)
