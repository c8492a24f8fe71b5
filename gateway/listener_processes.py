"""Listeners in processes of their own: what they are told, and what they say.

What lives here: the daemon's side. What does not: how processes are kept (`kept_processes`), what runs inside
(`listening`).

Down it goes, after the settings, a line with the gateway's time whenever that has leapt. Up comes `mail` for each one
that was taken, and now and then `counted` with what was added up. Both ways goes `failed [address, user name]` for each
failure to sign in, so that all count the failures of all.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from gateway.kept_processes import COUNTED, FAILED, PULSE, READY, Failure, Instructions, KeptProcesses, Program
from gateway.settings import Settings

WORDS = ("-m", "gateway.listening")
TICK_SECONDS = 0.2
LEAP = timedelta(seconds=1)


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
        self._failed = heard
        self._now = now
        self._wall = wall
        self._counted = counted
        self._instructions = b""
        self._kept = KeptProcesses(Program("listener", WORDS, count), self._greeting, self._hear)
        self._telling: asyncio.Task[None] | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        return self._kept.pids

    async def start(self, settings: Settings) -> None:
        """Start them, and wait for a while until all listen; those that do not yet are tried on."""
        if not self._count:
            return
        self._instructions = Instructions(settings, logging.getLogger("gateway").getEffectiveLevel()).line()
        self._telling = asyncio.create_task(self._tell_time())
        await self._kept.start()

    async def stop(self, grace: float) -> None:
        """End them: they take no new mail, and what is coming in may end within `grace` seconds."""
        await self._kept.stop(grace)
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling

    def tell_failure(self, address: str, name: str) -> None:
        """Tell all of a failure to sign in at the daemon's own listener."""
        self._kept.send_all(Failure(address, name).line())

    def _greeting(self, _number: int) -> bytes:
        return self._instructions + _time_line(self._now())

    def _hear(self, number: int, line: bytes) -> None:
        if line.startswith(FAILED):
            failure = Failure.read(line)
            self._failed(failure.address, failure.name)
            self._kept.send_all(line, but=number)
        elif line.startswith(COUNTED):
            self._counted(line.removeprefix(COUNTED))
        elif not line.startswith((READY, PULSE)):
            self._ring()

    async def _tell_time(self) -> None:
        """The simulator's clock leaps; who stamps mails must not stay behind."""
        told = timedelta()
        while True:
            now = self._now()
            ahead = now - self._wall()
            if abs(ahead - told) >= LEAP:
                told = ahead
                self._kept.send_all(_time_line(now))
            await asyncio.sleep(TICK_SECONDS)


def _time_line(moment: datetime) -> bytes:
    return f"{moment.isoformat()}\n".encode()
