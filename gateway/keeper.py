"""A kept process's side of its pipes to the daemon: orders that come, lines that go, and whether anybody is there.

What lives here: that, and telling now and then what was counted. What does not: the daemon's side (`kept_processes`),
what such a process does (`listening`, `serving`).
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.kept_processes import COUNTED, LINE_OCTETS, PULSE, Failure, Instructions
from gateway.watch.counts import Counts

LOOK_SECONDS = 1.0
REPORT_SECONDS = 1.0
PULSE_SECONDS = 1.0
STANDARD_OUTPUT = 1


@dataclass(frozen=True, slots=True)
class Keeper:
    """The daemon, as a process sees it that it keeps; `told` is what it said at first."""

    pid: int
    told: Instructions
    _orders: asyncio.StreamReader

    @property
    def is_there(self) -> bool:
        """Whether it lives."""
        return os.getppid() == self.pid

    async def orders(self) -> AsyncIterator[bytes]:
        """What it says from now on, until it has died."""
        while line := await self._orders.readline():
            yield line

    async def death(self) -> None:
        """Return when it has died: that shows here, too, when something else still holds the pipe open."""
        while self.is_there:  # noqa: ASYNC110 - of a parent's death nobody rings a bell
            await asyncio.sleep(LOOK_SECONDS)

    def tell(self, line: bytes) -> bool:
        """Say one line; whether it is heard: it may have died, or have much to hear already."""
        with suppress(OSError):
            return os.write(STANDARD_OUTPUT, line) == len(line)
        return False

    def tell_failure(self, address: str, name: str) -> None:
        """Tell of a failure to sign in: all who listen count it."""
        self.tell(Failure(address, name).line())

    def tell_counts(self, counts: Counts) -> None:
        """Hand over what was counted; what is not heard is counted on here."""
        for line in counts.drained():
            if not self.tell(COUNTED + line + b"\n"):
                counts.take(line)

    async def report(self, counts: Counts) -> None:
        """Tell now and then what was counted."""
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            self.tell_counts(counts)

    async def beat(self, troubles: Callable[[], Sequence[str]] = tuple) -> None:
        """Tell each second that we live, and what does not move."""
        while True:
            self.tell(PULSE + json.dumps(troubles()).encode() + b"\n")
            await asyncio.sleep(PULSE_SECONDS)


async def meet() -> Keeper:
    """Hear what we are to do."""
    pid = os.getppid()
    os.set_blocking(STANDARD_OUTPUT, False)  # a daemon that does not listen keeps no mail waiting
    orders = asyncio.StreamReader(limit=LINE_OCTETS)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    return Keeper(pid, Instructions.read(await orders.readline()), orders)
