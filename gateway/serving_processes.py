"""The equal processes of a daemon that has several, as the daemon sees them.

What lives here: what they are told and say, and whether they live. What does not: how processes are kept
(`kept_processes`), what runs inside (`serving`), what is made of it (`household`).

Up comes `ready` with the number under which others know it, and then once a second `pulse` with what does not move in
it; `counted` and, both ways, `failed` are as of the listeners.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.domain.roles import Role
from gateway.kept_processes import COUNTED, FAILED, HURRY, PULSE, READY, Instructions, KeptProcesses, Program
from gateway.settings import Settings
from gateway.shares import processors_of
from renderers import processors

WORDS = ("-m", "gateway.serving")
LATE_SECONDS = 60.0  # for a start, with its tries


def ready_line(process: int) -> bytes:
    """That it works, and under which number others know it."""
    return b"%s %d\n" % (READY, process)


@dataclass(slots=True)
class _Life:
    """What is known of one; times are those of the loop. `process` is 0 while it is not ready."""

    since: float
    process: int = 0
    troubles: tuple[str, ...] = ()


@dataclass(slots=True)
class ServingProcesses:
    """One process for each of `shares`, the settings that each goes by; `counted` is called with what they added up."""

    shares: Sequence[Settings]
    roles: tuple[Role, ...]
    counted: Callable[[bytes], None]
    words: tuple[str, ...] = WORDS
    _lives: dict[int, _Life] = field(default_factory=dict)
    _kept: KeptProcesses = field(init=False)

    def __post_init__(self) -> None:
        program = Program("serving", self.words, len(self.shares), needed=True)
        self._kept = KeptProcesses(program, self._greeting, self._hear)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        return self._kept.pids

    @property
    def ours(self) -> tuple[int, ...]:
        """The numbers of those that are ready, as others know them."""
        return tuple(life.process for number, life in sorted(self._lives.items()) if number in self._kept.ready)

    @property
    def failed(self) -> int:
        """The exit status of one that could not begin when all were started; 0 when there was none."""
        return self._kept.failed

    async def start(self) -> None:
        """Start them, and wait for a while until all are ready."""
        self._lives = {number: _Life(_now()) for number in range(len(self.shares))}
        await self._kept.start()

    async def stop(self, grace: float) -> None:
        """End them in order; what has not ended within `grace` seconds is killed."""
        await self._kept.stop(grace)

    def hurry(self) -> None:
        """Have calls hang up, when they were asked to end already."""
        self._kept.send_all(HURRY)

    def kill(self) -> None:
        """End all at once."""
        for number in self._lives:
            self._kept.kill(number)

    def troubles(self) -> tuple[str, ...]:
        """What does not move in any of them, and which of them is not there for long."""
        now, found = _now(), []
        for number, life in sorted(self._lives.items()):
            if life.process:
                found += [f"process {number}: {trouble}" for trouble in life.troubles]
            elif now - life.since > LATE_SECONDS:
                found.append(f"process {number} has not been ready for {now - life.since:.0f} s")
        return tuple(found)

    def _greeting(self, number: int) -> bytes:
        """The first words to a process of that number, whose life begins."""
        before = self._lives[number]
        self._lives[number] = _Life(_now() if before.process else before.since)
        level = logging.getLogger("gateway").getEffectiveLevel()
        processor = processors_of(len(self.shares), processors.ours())[number]
        return Instructions(self.shares[number], level, self.roles, processor).line()

    def _hear(self, number: int, line: bytes) -> None:
        life = self._lives[number]
        if line.startswith(READY):
            life.process = int(line.removeprefix(READY))
        elif line.startswith(PULSE):
            life.troubles = tuple(json.loads(line.removeprefix(PULSE)))
        elif line.startswith(COUNTED):
            self.counted(line.removeprefix(COUNTED))
        elif line.startswith(FAILED):
            self._kept.send_all(line, but=number)


def _now() -> float:
    return asyncio.get_running_loop().time()
