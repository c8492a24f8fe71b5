"""Listeners in processes of their own: started, kept alive and ended by the daemon.

What lives here: the parent's side. What does not: what runs inside (`listening`).

Down its standard input a process gets a line with its settings, then a line with the gateway's time whenever that has
leapt, and `stop` for a graceful end; when the pipe breaks, its parent has died. Up its standard output it sends a line:
`ready` once it listens, then `mail` for each one that it has taken, and now and then `counted` with what it has added
up. Both ways goes `failed [address, user name]` for each failure to sign in, so that all count the failures of all.
"""

import asyncio
import base64
import json
import logging
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.settings import Settings

log = logging.getLogger(__name__)

PROGRAM = ("-m", "gateway.listening")
FAILED = b"failed "
COUNTED = b"counted "
READY_SECONDS = 30.0  # how long the daemon's start waits for them
STEADY_SECONDS = 60.0  # one that lived so long died by chance
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
TICK_SECONDS = 0.2
LEAP = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a process is told at its start; `log_level` is one of the logging module's."""

    settings: Settings
    log_level: int

    def line(self) -> bytes:
        """As one line, for our own child alone."""
        return base64.b64encode(pickle.dumps(self)) + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Instructions":
        """The same from that line."""
        told = pickle.loads(base64.b64decode(line))
        assert isinstance(told, cls)
        return told


@dataclass(frozen=True, slots=True)
class Failure:
    """Somebody's failure to sign in."""

    address: str
    name: str

    def line(self) -> bytes:
        """As one line."""
        return FAILED + json.dumps([self.address, self.name]).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Failure":
        """The same from that line."""
        return cls(*json.loads(line.removeprefix(FAILED)))


class ListenerProcesses:
    """`count` processes.

    `ring` is called for each mail taken, `heard` for each failure to sign in at one of them, `counted` with what they
    have added up, a line of `gateway.watch.counts`; `now` is the gateway's time, `wall` the machine's.
    """

    def __init__(
        self,
        count: int,
        ring: Callable[[], None],
        heard: Callable[[str, str], None],
        now: Callable[[], datetime],
        wall: Callable[[], datetime],
        counted: Callable[[bytes], None],
    ) -> None:
        self._count = count
        self._ring = ring
        self._heard = heard
        self._now = now
        self._wall = wall
        self._counted = counted
        self._children: dict[int, Process] = {}
        self._ready: set[int] = set()
        self._settled = asyncio.Event()  # all are ready, or need not be any more
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        return tuple(child.pid for child in self._children.values() if child.returncode is None)

    async def start(self, settings: Settings) -> None:
        """Start them, and wait for a while until all listen; those that do not yet are tried on."""
        if not self._count:
            return
        instructions = Instructions(settings, logging.getLogger("gateway").getEffectiveLevel())
        self._tasks = [asyncio.create_task(self._keep(number, instructions)) for number in range(self._count)]
        self._tasks.append(asyncio.create_task(self._tell_time()))
        try:
            await asyncio.wait_for(self._settled.wait(), READY_SECONDS)
        except TimeoutError:
            log.warning("listeners-late", extra={"count": self._count})

    async def stop(self, grace: float) -> None:
        """End them: they take no new mail, and what is coming in may end within `grace` seconds."""
        self._stopping.set()
        self._settled.set()
        for number in tuple(self._children):
            self._send(number, b"stop\n")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for child in self._children.values():
            if child.returncode is None:
                child.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, number: int, instructions: Instructions) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            code = await self._run(number, instructions)
            if self._stopping.is_set():
                return
            failures = 0 if asyncio.get_running_loop().time() - began > STEADY_SECONDS else failures + 1
            log.warning("listener-died", extra={"kind": number, "detail": f"exit status {code}"})
            with suppress(TimeoutError):
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 10))
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _run(self, number: int, instructions: Instructions) -> int:
        """One life of a process; its exit status."""
        child = await asyncio.create_subprocess_exec(sys.executable, *PROGRAM, stdin=PIPE, stdout=PIPE)
        self._children[number] = child
        self._send(number, instructions.line())
        self._send(number, _time_line(self._now()))
        if self._stopping.is_set():  # asked between two lives
            self._send(number, b"stop\n")
        assert child.stdout is not None
        while line := await child.stdout.readline():
            self._hear(number, line)
        return await child.wait()

    def _hear(self, number: int, line: bytes) -> None:
        if line == b"ready\n":
            self._ready.add(number)
            if len(self._ready) == self._count:
                self._settled.set()
        elif line.startswith(FAILED):
            failure = Failure.read(line)
            self._heard(failure.address, failure.name)
            self._tell_others(failure, number)
        elif line.startswith(COUNTED):
            self._counted(line.removeprefix(COUNTED))
        else:
            self._ring()

    def tell_failure(self, address: str, name: str) -> None:
        """Tell all of a failure to sign in at the daemon's own listener."""
        self._tell_others(Failure(address, name))

    def _tell_others(self, failure: Failure, teller: int | None = None) -> None:
        for number in self._children:
            if number != teller:
                self._send(number, failure.line())

    async def _tell_time(self) -> None:
        """The simulator's clock leaps; who stamps mails must not stay behind."""
        told = timedelta()
        while not self._stopping.is_set():
            now = self._now()
            ahead = now - self._wall()
            if abs(ahead - told) >= LEAP:
                told = ahead
                for number in tuple(self._children):
                    self._send(number, _time_line(now))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), TICK_SECONDS)

    def _send(self, number: int, line: bytes) -> None:
        pipe = self._children[number].stdin
        if pipe is not None and not pipe.is_closing():
            pipe.write(line)


def _time_line(moment: datetime) -> bytes:
    return f"{moment.isoformat()}\n".encode()
