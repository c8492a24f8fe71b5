"""Folders for one piece of work that go with it, and are swept where whoever made them was killed.

What lives here: the lock that says somebody is in, and the sweep. What does not: what is done in them.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_YOUNG = 60.0  # seconds: it may not have been locked yet


@contextmanager
def room(prefix: str) -> Iterator[str]:
    """An empty folder of our own in the temporary one, locked, and removed in the end."""
    with TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        held = locked(folder)
        try:
            yield folder
        finally:
            os.close(held)


def locked(folder: str) -> int:
    """Lock a folder until every process that holds the returned descriptor has gone.

    Raises:
        BlockingIOError: somebody holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def sweep(place: Path, prefix: str) -> None:
    """Remove the folders in which nobody is any more."""
    for folder in place.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.lstat().st_mtime < _YOUNG:
                continue
            held = locked(str(folder))
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)
