"""Where texts lie while they arrive: a folder for each listener process, swept when its process has died.

What lives here: making the folder, and clearing away those of the dead. What does not: the files (`content_file`).
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class IncomingFolder:
    """A folder of this process alone: it holds a lock on it, which the system drops with the process."""

    path: Path
    _lock: int  # file descriptor

    @classmethod
    def claim(cls, root: Path) -> "IncomingFolder":
        """A new folder below `root`. What dead processes left there was never promised to anybody, and goes.

        Raises:
            OSError: as the system says.
        """
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(root):
            for other in root.iterdir():
                if other.is_dir() and _is_free(other):
                    shutil.rmtree(other)
            path = root / secrets.token_hex(8)
            path.mkdir(mode=0o700)
            lock = _opened(path)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(path, lock)

    def release(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Nobody else makes or sweeps folders meanwhile: a new one is not taken for one of the dead."""
    lock = _opened(root)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _is_free(folder: Path) -> bool:
    lock = _opened(folder)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
