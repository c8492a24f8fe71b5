"""Repeats a step until told to stop, and backs off while there is nothing to do or something is wrong.

What lives here: the loop, and the one door where a step's error is caught and logged. What does not: any step.
"""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.domain.errors import GatewayError

log = logging.getLogger(__name__)
Step = Callable[[], Awaitable[bool]]
LONGEST_BACK_OFF = 60.0  # seconds


def where(error: BaseException) -> dict[str, str]:
    """The kind and place of an error, for a log; never its words, which may quote what must stay private."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    trail = " < ".join(f"{Path(frame.filename).stem}:{frame.lineno}" for frame in reversed(frames))
    return {"error": type(error).__name__, "at": trail}


@dataclass(slots=True)
class Bell:
    """Wakes workers of one process: something was committed that they may want."""

    _events: list[asyncio.Event] = field(default_factory=list)

    def ring(self) -> None:
        """Wake every worker; call it from the event loop's thread."""
        for event in self._events:
            event.set()

    def add(self) -> asyncio.Event:
        """An event of its own for one worker, set at each ring."""
        event = asyncio.Event()
        self._events.append(event)
        return event


class Worker:
    """Runs one step again and again. A step answers whether it found something to do."""

    def __init__(self, name: str, step: Step, bell: Bell, idle: float) -> None:
        self.name = name
        self._step = step
        self._bell = bell
        self._rung = bell.add()
        self._idle = idle
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End after the step that is running."""
        self._stopping.set()
        self._rung.set()

    async def run(self) -> None:
        """Repeat until stopped."""
        failures = 0
        while not self._stopping.is_set():
            self._rung.clear()
            try:
                busy = await self._step()
                failures = 0
            except GatewayError as error:
                log.warning("step-failed", extra={"worker": self.name, "error": type(error).__name__})
                busy, failures = False, failures + 1
            except Exception as error:  # noqa: BLE001 - the workers' door: a bug in one step must not end the daemon
                log.error("step-crashed", extra={"worker": self.name, **where(error)})
                busy, failures = False, failures + 1
            if busy:
                self._bell.ring()
            else:
                await self._rest(failures)

    async def _rest(self, failures: int) -> None:
        """Wait for the bell, or for the idle time; after failures for longer, whatever rings."""
        if failures:
            wait = min(LONGEST_BACK_OFF, self._idle * 2 ** min(failures, 10))
            await _wait_for(self._stopping, wait)
        elif not self._stopping.is_set():
            await _wait_for(self._rung, self._idle)


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
