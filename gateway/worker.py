"""Repeats a step until told to stop, and backs off while there is nothing to do or something is wrong.

What lives here: the loop, and the one door where a step's error is caught and logged. What does not: any step.
"""

import asyncio
import logging
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gateway.domain.errors import GatewayError, LostClaimError

log = logging.getLogger(__name__)
Step = Callable[[], Awaitable[bool]]
LONGEST_BACK_OFF = 60.0  # seconds


def where(error: BaseException) -> dict[str, str]:
    """The kind and place of an error, for a log; never its words, which may quote what must stay private."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    trail = " < ".join(f"{Path(frame.filename).stem}:{frame.lineno}" for frame in reversed(frames))
    return {"error": type(error).__name__, "at": trail}


class Topic(StrEnum):
    """What has happened that somebody may want to look for; the words that processes tell one another."""

    PREPARE = "prepare"  # a mail to render
    LINES = "lines"  # a job to call
    FREE = "free"  # a line, and a number
    MAIL = "mail"  # a mail to send
    ARCHIVE = "archive"  # a fax to copy
    FORWARD = "forward"  # a received fax to mail
    INBOUND = "inbound"  # a far end on the simulated line that is to call us
    CANCEL = "cancel"  # somebody wants a call to end


EVERYTHING = tuple(Topic)


class Squad:
    """Workers of one kind at rest. A ring wakes one of them, and who finds work has the next one woken.

    So sixty workers that wait for a call cost what one does. A ring while nobody rests is kept for the next.
    """

    def __init__(self) -> None:
        self._resting: deque[asyncio.Event] = deque()
        self._kept = False

    @property
    def resting(self) -> int:
        """How many rest and were not woken yet."""
        return sum(not event.is_set() for event in self._resting)

    def wake_one(self) -> None:
        """Wake who has rested for longest."""
        while self._resting:
            event = self._resting.popleft()
            if not event.is_set():
                event.set()
                return
        self._kept = True

    async def rest(self, event: asyncio.Event, seconds: float) -> None:
        """Return when it is our turn to look, or `event` is set, or after so long."""
        if self._kept:
            self._kept = False
            return
        self._resting.append(event)
        try:
            await _wait_for(event, seconds)
        finally:
            with suppress(ValueError):  # who was woken has left
                self._resting.remove(event)


class Bell:
    """Wakes workers of one process: something was committed, here or elsewhere, that they may want."""

    def __init__(self) -> None:
        self._squads: dict[str, tuple[frozenset[Topic], Squad]] = {}
        self._events: list[tuple[frozenset[Topic], asyncio.Event]] = []
        self._rung = dict.fromkeys(EVERYTHING, 0)

    def ring(self, *topics: Topic) -> None:
        """Wake those who wait for one of the topics; for all when none is named. From the loop's thread."""
        news = topics or EVERYTHING
        for topic in news:
            self._rung[topic] += 1
        for wanted, event in self._events:
            if wanted.intersection(news):
                event.set()
        self.pass_on(*news)

    def pass_on(self, *topics: Topic) -> None:
        """Wake one more of each squad that waits for one of the topics: there was work, and there may be more."""
        for wanted, squad in self._squads.values():
            if wanted.intersection(topics):
                squad.wake_one()

    def resting(self, *topics: Topic) -> int:
        """How many rest that would wake for one of the topics."""
        return sum(squad.resting for wanted, squad in self._squads.values() if wanted.intersection(topics))

    def squad(self, name: str, topics: Iterable[Topic]) -> Squad:
        """The squad of that name, which is woken for these topics."""
        return self._squads.setdefault(name, (frozenset(topics), Squad()))[1]

    def add(self, topics: Iterable[Topic] = EVERYTHING) -> asyncio.Event:
        """An event of its own for one worker, set when it rings for one of the topics."""
        event = asyncio.Event()
        self._events.append((frozenset(topics), event))
        return event

    def rung(self, *topics: Topic) -> int:
        """How often it has rung for these so far; any thread may ask, and look only when the number has changed."""
        return sum(self._rung[topic] for topic in topics)


@dataclass(frozen=True, slots=True)
class Interest:
    """What wakes a worker, and what it rings for when it has done something. Those of one squad are woken in turn."""

    hears: Sequence[Topic] = EVERYTHING
    tells: Sequence[Topic] = EVERYTHING
    squad: str = ""


ANYTHING = Interest()


class Worker:
    """Runs one step again and again. A step answers whether it found something to do.

    `firm` is asked before each step: while it says no, nothing is begun.
    """

    def __init__(
        self,
        name: str,
        step: Step,
        bell: Bell,
        idle: float,
        interest: Interest = ANYTHING,
        firm: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = name
        self._step = step
        self._bell = bell
        self._squad = bell.squad(interest.squad or name, interest.hears)
        self._rung = asyncio.Event()
        self._tells = interest.tells
        self._idle = idle
        self._firm = firm
        self._stopping = asyncio.Event()
        self._running: asyncio.Future[bool] | None = None
        self._cut = False
        self._began = 0.0

    @property
    def busy_for(self) -> float:
        """Seconds that the step in work has lasted; 0 between two steps."""
        return 0.0 if self._running is None else time.monotonic() - self._began

    def stop(self) -> None:
        """End after the step that is running."""
        self._stopping.set()
        self._rung.set()

    def cut(self) -> None:
        """Break off the step that is running, if there is one; it gives back what it has claimed."""
        if self._running is not None:
            self._cut = True
            self._running.cancel()

    async def run(self) -> None:
        """Repeat until stopped."""
        failures = 0
        while not self._stopping.is_set():
            self._rung.clear()
            try:
                busy = self._firm() and await self._do()
                failures = 0
            except LostClaimError:
                log.info("claim-gone", extra={"worker": self.name})
                busy, failures = False, failures + 1  # who was given up for dead would look again and again
            except GatewayError as error:
                log.warning("step-failed", extra={"worker": self.name, "error": type(error).__name__})
                busy, failures = False, failures + 1
            except Exception as error:  # noqa: BLE001 - the workers' door: a bug in one step must not end the daemon
                log.error("step-crashed", extra={"worker": self.name, **where(error)})
                busy, failures = False, failures + 1
            if failures:
                self._squad.wake_one()  # what it was woken for another may look at
            if busy:
                if self._tells:
                    self._bell.ring(*self._tells)
            else:
                await self._rest(failures)

    async def _do(self) -> bool:
        """One step, as a task of its own, so that it can be cut without ending the worker."""
        self._running, self._began = asyncio.ensure_future(self._step()), time.monotonic()
        try:
            return await self._running
        except asyncio.CancelledError:
            if not self._cut:
                raise
            log.warning("step-cut", extra={"worker": self.name})
            return False
        finally:
            self._running, self._cut = None, False

    async def _rest(self, failures: int) -> None:
        """Wait for the bell, or for the idle time; after failures for longer, whatever rings."""
        if failures:
            wait = min(LONGEST_BACK_OFF, self._idle * 2 ** min(failures, 10))
            await _wait_for(self._stopping, wait)
        elif not self._stopping.is_set():
            await self._squad.rest(self._rung, self._idle)


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
