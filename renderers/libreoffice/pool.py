"""The workers of the desk: who is free, when another is started, when one is relieved.

What lives here: taking, giving back, relief by a spare that is started first. What does not: conversions (`worker`).
"""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from renderers.libreoffice.worker import AbsentError, Worker


@dataclass(frozen=True, slots=True)
class Wear:
    """After what a worker is relieved: documents, resident bytes, seconds of age; `idle` seconds end the last one."""

    documents: int = 50
    memory: int = 500 << 20
    age: float = 3600.0
    idle: float = 900.0

    def has_worn(self, worker: Worker) -> bool:
        """Whether a spare should take its place: worn out, or not to be trusted after a failure."""
        aged = time.monotonic() - worker.started > self.age
        return worker.failed or aged or worker.documents >= self.documents or worker.memory >= self.memory


@dataclass(slots=True)
class Pool:
    """At most `most` workers at work, and a spare for each that is worn."""

    start: Callable[[], Worker]
    most: int = 4
    wear: Wear = field(default_factory=Wear)
    pause: float = 60.0  # between a start that failed and the next
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _idle: list[Worker] = field(default_factory=list)
    _busy: set[Worker] = field(default_factory=set)
    _relieved: set[Worker] = field(default_factory=set)
    _starting: int = 0
    _used: float = field(default_factory=time.monotonic)
    _failure: tuple[float, str] | None = None

    def take(self, fresh: bool = False) -> Worker:
        """A worker for one document, waited for while all are at work; a `fresh` one has converted nothing.

        Raises:
            AbsentError: none can be started now.
        """
        with self._changed:
            worker = self._free(fresh)
            while worker is None and self._must_wait(fresh):
                self._changed.wait()
                worker = self._free(fresh)
            if worker is not None:
                self._busy.add(worker)
                return worker
            self._starting += 1
        return self._started(self._busy.add)

    def give_back(self, worker: Worker) -> None:
        """Return a worker after its document; one that is worn serves until its spare is ready."""
        with self._changed:
            self._busy.discard(worker)
            self._used = time.monotonic()
            stays = worker.alive and worker not in self._relieved
            worn = stays and not self._starting and self.wear.has_worn(worker)
            if stays:
                self._idle.append(worker)
            self._relieved.discard(worker)
            self._starting += worn
            self._changed.notify_all()
        if worn:
            threading.Thread(target=self._relieve, args=(worker,), daemon=True).start()
        if not stays:
            worker.end()

    def rest(self) -> bool:
        """End what has been idle for long; true when nothing is left or under way."""
        with self._changed:
            tired = time.monotonic() - self._used > self.wear.idle
            leaving = self._idle if tired else []
            if tired:
                self._idle = []
            empty = not (self._idle or self._busy or self._starting)
        for worker in leaving:
            worker.end()
        return empty and tired

    def close(self) -> None:
        """End every worker, in the midst of its work, too."""
        with self._changed:
            leaving = [*self._idle, *self._busy]
            self._idle = []
        for worker in leaving:
            worker.end()

    def _must_wait(self, fresh: bool) -> bool:
        """For what is being started, where a fresh one is wanted; for one at work, where there may be no more."""
        return self._starting > 0 if fresh else len(self._busy) + self._starting >= self.most

    def _free(self, fresh: bool) -> Worker | None:
        """The idle worker used last; those that died meanwhile are cleared away."""
        for worker in [one for one in self._idle if not one.alive]:
            self._idle.remove(worker)
            worker.end()
        wanted = next((one for one in reversed(self._idle) if one.documents == 0 or not fresh), None)
        if wanted is not None:
            self._idle.remove(wanted)
        return wanted

    def _started(self, place: Callable[[Worker], None]) -> Worker:
        """Start one and put it in its place.

        Not when the last start failed a moment ago: a broken LibreOffice must not keep us busy.
        """
        try:
            if self._failure is not None and time.monotonic() - self._failure[0] < self.pause:
                raise AbsentError(self._failure[1])
            worker = self._start_noting_failure()
            with self._changed:
                place(worker)
            return worker
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()

    def _start_noting_failure(self) -> Worker:
        try:
            worker = self.start()
        except AbsentError as error:
            self._failure = (time.monotonic(), str(error))
            raise
        self._failure = None
        return worker

    def _relieve(self, worker: Worker) -> None:
        """Put a spare in a worn worker's place; where none starts, the worn one goes on."""
        with contextlib.suppress(AbsentError):
            self._started(self._idle.append)
            with self._changed:
                leaves = worker in self._idle
                if leaves:
                    self._idle.remove(worker)
                elif worker in self._busy:
                    self._relieved.add(worker)
            if leaves:
                worker.end()
