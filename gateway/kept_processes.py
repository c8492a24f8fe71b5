"""Processes that the daemon keeps beside itself: started, watched, started anew when they die, and ended.

What lives here: that, and what any of them is told. What does not: what they do (`listener_processes`,
`serving_processes`), their own side of it (`keeper`).

Down its standard input a process gets a line with its settings and then orders, `stop` first of all; when the pipe
breaks, the daemon has died. Up its standard output it sends lines, `ready` when its work has begun, and then `pulse`
each second. One that the system has stopped, or that says nothing for long, is killed: clients would wait at its door.
"""

import asyncio
import base64
import json
import logging
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.roles import Role
from gateway.settings import Settings

log = logging.getLogger(__name__)

READY, STOP, HURRY, FAILED, COUNTED, PULSE = b"ready", b"stop\n", b"hurry\n", b"failed ", b"counted ", b"pulse "
SILENT_SECONDS = 60.0  # more than any step on a loop may take
FROZEN_SECONDS = 3.0  # of silence, where the system says that it was stopped
LOOK_SECONDS = 1.0
ANEW = 75  # the exit status of one that was given up for dead by the others; EX_TEMPFAIL of sysexits.h
READY_SECONDS = 60.0  # how long the daemon's start waits for them
STEADY_SECONDS = 60.0  # one that lived so long died by chance
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
LINE_OCTETS = 1_000_000  # of a line with settings, at most
_SYSTEMDS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")  # the daemon alone talks to systemd


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a process is told at its start: a level of the logging module's; a processor to keep to, unless -1."""

    settings: Settings
    log_level: int
    roles: tuple[Role, ...] = ()
    processor: int = -1

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


@dataclass(frozen=True, slots=True)
class Program:
    """What runs in each process: the words after the interpreter, and how many run.

    One that is `needed` must begin: if it ends by itself before all are ready, it is not tried again.
    """

    kind: str
    words: tuple[str, ...]
    count: int
    needed: bool = False


class KeptProcesses:
    """The processes of one program, by their numbers from 0.

    `greeting` gives the first lines for the process of a number, `heard` is called with each line of it.
    """

    def __init__(self, program: Program, greeting: Callable[[int], bytes], heard: Callable[[int, bytes], None]) -> None:
        self._program = program
        self._greeting = greeting
        self._heard = heard
        self._children: dict[int, Process] = {}
        self._settled = asyncio.Event()  # all are ready, or need not be any more
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._listening: asyncio.Task[None] | None = None
        self._heard_at: dict[int, float] = {}  # by the clock of the loop
        self.ready: set[int] = set()
        self.failed = 0  # the exit status of one that was needed, and could not begin

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        return tuple(child.pid for child in self._children.values() if child.returncode is None)

    async def start(self) -> None:
        """Start them, and wait for a while until all are ready; those that are not yet are tried on."""
        self._tasks = [asyncio.create_task(self._keep(number)) for number in range(self._program.count)]
        self._listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait_for(self._settled.wait(), READY_SECONDS)
        except TimeoutError:
            log.warning("processes-late", extra={"kind": self._program.kind, "count": self._program.count})
        self._settled.set()

    async def stop(self, grace: float) -> None:
        """Ask them to end, and kill those that have not within `grace` seconds."""
        self._stopping.set()
        self._settled.set()
        if self._listening is not None:
            self._listening.cancel()
        self.send_all(STOP)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for number in tuple(self._children):
            self.kill(number)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def kill(self, number: int) -> None:
        """End one at once, frozen or not."""
        child = self._children.get(number)
        if child is not None and child.returncode is None:
            child.kill()

    def send(self, number: int, line: bytes) -> None:
        """Tell one; who has died is told nothing."""
        pipe = self._children[number].stdin
        if pipe is not None and not pipe.is_closing():
            pipe.write(line)

    def send_all(self, line: bytes, but: int | None = None) -> None:
        """Tell all of them, or all but one."""
        for number in tuple(self._children):
            if number != but:
                self.send(number, line)

    async def _keep(self, number: int) -> None:
        failures, loop = 0, asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._run(number)
            self.ready.discard(number)
            if self._stopping.is_set():
                return
            log.warning("process-died", extra={"kind": f"{self._program.kind} {number}", "detail": _told(code)})
            if self._program.needed and code > 0 and not self._settled.is_set():
                self.failed = code
                self._settled.set()
                return
            failures = 0 if loop.time() - began > STEADY_SECONDS or code == ANEW else failures + 1
            if code != ANEW:
                await self._pause(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 10)))

    async def _listen(self) -> None:
        """Kill who says nothing any more; the machine's own sleep does not count."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LOOK_SECONDS)
            if loop.time() - before > FROZEN_SECONDS:
                continue  # it was we who did not listen
            for number, child in tuple(self._children.items()):
                silence = loop.time() - self._heard_at[number]
                late = number in self.ready and silence > SILENT_SECONDS
                if child.returncode is None and (late or (silence > FROZEN_SECONDS and _is_frozen(child.pid))):
                    log.warning("process-silent", extra={"kind": number, "seconds": round(silence)})
                    self.kill(number)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _run(self, number: int) -> int:
        """One life of a process; its exit status."""
        words = (sys.executable, *self._program.words)
        child = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE, env=_environment())
        self._children[number] = child
        self._heard_at[number] = asyncio.get_running_loop().time()
        self.send(number, self._greeting(number))
        if self._stopping.is_set():  # asked between two lives
            self.send(number, STOP)
        assert child.stdout is not None
        while line := await child.stdout.readline():
            self._heard_at[number] = asyncio.get_running_loop().time()
            if line.startswith(READY):
                self.ready.add(number)
            self._heard(number, line)
            if len(self.ready) == self._program.count:
                self._settled.set()
        return await child.wait()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _SYSTEMDS}


def _is_frozen(pid: int) -> bool:
    """Whether the system has stopped it, by a signal or for a debugger (proc(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in {"T", "t"}


def _told(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit status {code}"
