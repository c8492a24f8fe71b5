"""Taking turns to write to one SQLite file, among the processes that share it.

What lives here: beginning a write, and giving way to who knocked. What does not: what is written (`writer`).

SQLite's lock has no queue: who waits asks again after longer and longer pauses, and who commits back to back is there
first each time; so a command could wait for seconds. Here who has to wait knocks, by a shared lock on a file beside the
database, and who wrote last looks for a knock before he writes again, and gives way. Nothing depends on it: the lock
that counts is SQLite's.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Any

from gateway.domain.errors import UnavailableError
from gateway.store.engines import BUSY, sqlite_code

PAUSE_SECONDS = 0.0002  # after each write, for those who cannot knock; mails wait as long
COURTESY_SECONDS = 0.03  # how long somebody who knocked is waited for
ASK_SECONDS = 0.0003  # between two looks at a lock; it grows to the next
MOST_ASK_SECONDS = 0.01


class Turns:
    """One process's place at the door of a database file; for one thread. `patience` is in seconds."""

    def __init__(self, database: Path, patience: float) -> None:
        self._path = database.with_name(f"{database.name}-knock")
        self._patience = patience
        self._door: int | None = None
        self._wrote = -PAUSE_SECONDS  # when the last write ended, by the monotonic clock

    def begin(self, cursor: Any) -> None:
        """Begin a write transaction when it is our turn; the cursor's connection must not wait by itself.

        Raises:
            UnavailableError: the file beside the database cannot be made.
            Error: of the driver, when the database stays locked for longer than our patience.
        """
        self._give_way()
        until = time.monotonic() + self._patience
        wait, knocking = ASK_SECONDS, False
        try:
            while not _begun(cursor, last=time.monotonic() >= until):
                knocking = knocking or self._lock(fcntl.LOCK_SH)
                time.sleep(wait)
                wait = min(wait * 1.3, MOST_ASK_SECONDS)
        finally:
            if knocking:
                self._lock(fcntl.LOCK_UN)

    def ended(self) -> None:
        """The transaction is over."""
        self._wrote = time.monotonic()

    def close(self) -> None:
        """Leave the door."""
        if self._door is not None:
            os.close(self._door)
            self._door = None

    def _give_way(self) -> None:
        """Pause after the last write, for longer while somebody knocks."""
        time.sleep(max(0, self._wrote + PAUSE_SECONDS - time.monotonic()))
        until = self._wrote + COURTESY_SECONDS
        while time.monotonic() < until:
            if self._lock(fcntl.LOCK_EX):
                self._lock(fcntl.LOCK_UN)
                return
            time.sleep(ASK_SECONDS)

    def _lock(self, kind: int) -> bool:
        """Take or leave the lock of the door, without waiting; whether it was had."""
        try:
            if self._door is None:
                self._door = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._door, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise UnavailableError(f"{self._path}: cannot be used ({error.strerror})") from error
        return True


def _begun(cursor: Any, *, last: bool) -> bool:
    """Whether the transaction was begun; an error only when it is the last try, or not of being locked."""
    try:
        cursor.execute("BEGIN IMMEDIATE")
    except cursor.connection.OperationalError as error:
        if last or sqlite_code(error) != BUSY:
            raise
        return False
    return True
