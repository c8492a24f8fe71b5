"""A mail's content on its way to disk: written as it arrives, synced before anything is promised.

What lives here: one file per text, its writing and syncing in the listener's own threads, and the place of a text that
nobody reads. What does not: what becomes of the file afterwards. Nothing here blocks the event loop but `settle`, which
is for threads, and a file that cannot be written leaves nothing behind.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import BinaryIO

FLUSH_OCTETS = 262_144  # what waits so long is written, synced, read and kept in one trip to a thread

FileOpener = Callable[[Path], BinaryIO]


def open_private(path: Path) -> BinaryIO:
    """Make a new file that only we can read.

    Raises:
        OSError: as the system says.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb", buffering=0)


class ContentFile:
    """Takes content in order. `size` counts octets taken."""

    def __init__(self, path: Path, threads: Executor, opener: FileOpener = open_private) -> None:
        self.path = path
        self.size = 0
        self._threads = threads
        self._opener = opener
        self._file: BinaryIO | None = None
        self._pending: list[bytes] = []
        self._waiting = 0
        self._lock = threading.Lock()  # who leaves a write half done (a cut line) comes back to remove the file
        self._gone = False
        self._filed = False
        self._synced = False

    async def write(self, content: bytes) -> None:
        """Take more content; goes to disk when enough has gathered.

        Raises:
            OSError: the disk is full or failing.
        """
        self.size += len(content)
        self._pending.append(content)
        self._waiting += len(content)
        if self._waiting >= FLUSH_OCTETS:
            self._filed = True
            await self._in_thread(self._flush)

    def whole(self) -> bytes:
        """The whole content when no file was needed for it so far, else nothing."""
        if self._filed:
            return b""
        self._pending = [b"".join(self._pending)]
        return self._pending[0]

    def settle(self) -> None:
        """Write what is left, sync and close (fsync(2) of the content; its name is synced by who keeps it).

        It blocks: whoever goes on with the content calls it in a thread, for every trip to one costs. What was settled
        stays so, however often it is asked for.

        Raises:
            OSError: the disk is full or failing.
        """
        self._filed = True
        with self._lock:
            if self._synced:
                return
            self._write_out()
            if self._file is not None:
                os.fsync(self._file.fileno())
                self._file.close()
            self._synced = True

    async def remove(self) -> None:
        """Close and delete, unless somebody has moved the file away."""
        if not self._filed:
            self._pending.clear()
            return
        if self._synced and not self.path.exists():  # a look at the folder costs less than a trip to a thread
            return
        await self._in_thread(self._discard)

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _flush(self) -> None:
        with self._lock:
            self._write_out()

    def _write_out(self) -> None:
        if self._gone:
            return
        if self._file is None:
            self._file = self._opener(self.path)
        content, self._pending, self._waiting = b"".join(self._pending), [], 0
        view = memoryview(content)
        while view:  # an unbuffered write may take less than it was given
            view = view[self._file.write(view) :]

    def _discard(self) -> None:
        with self._lock:
            self._gone = True
            self._pending.clear()
            if self._file is not None:
                self._file.close()
                self.path.unlink(missing_ok=True)


class Swallow:
    """Takes content and keeps nothing but its `size`, in octets."""

    def __init__(self) -> None:
        self.size = 0

    async def write(self, content: bytes) -> None:
        """Count."""
        self.size += len(content)

    async def remove(self) -> None:
        """There is nothing to remove."""
