"""A daemon that works in several equal processes: started and ended together, and watched as one.

What lives here: the daemon beside them. What does not: how they are kept (`serving_processes`), what each of them does
(`app`). It takes no mail and claims nothing: it holds the ports, answers the pages for machines that watch, looks for
what is stuck, and speaks with systemd.
"""

import asyncio
import logging
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.bearings import opened_store, shared_now, voice_of, wall_clock
from gateway.domain.roles import Role, in_order
from gateway.reserved_ports import ReservedPorts
from gateway.serving_processes import WORDS, ServingProcesses
from gateway.settings import Settings
from gateway.shares import shares_of
from gateway.store.database import Database
from gateway.store.processes import lease_clock
from gateway.watch.counts import Counts, count_commits
from gateway.watch.sight import lookout_of
from gateway.watch.watch import Watch
from gateway.worker import Worker

log = logging.getLogger(__name__)

DOORS_SECONDS = 60.0  # for texts that come in
HURRIED_SECONDS = 30.0  # for calls that hang up, and all that follows


@dataclass
class Household:
    """The daemon with its processes. `failed` is the exit status of one that could not begin, and so of the daemon."""

    settings: Settings
    roles: tuple[Role, ...]
    db: Database
    processes: ServingProcesses
    watch: Watch
    watchers: tuple[Worker, ...]
    ports: ReservedPorts
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def address(self) -> str:
        """Where mail is taken; empty where none is."""
        return f"{self.settings.smtp.place}:{self.ports.taken[0]}" if self.ports.taken else ""

    @property
    def failed(self) -> int:
        """The exit status of a process that could not begin; 0 when all could."""
        return self.processes.failed

    async def start(self) -> None:
        """Start the processes, and answer and tell when all are ready; when one cannot begin, all end."""
        starting = asyncio.ensure_future(self.processes.start())
        asked = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait([starting, asked], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if self.failed:
            self.stopping.set()
        if self.stopping.is_set():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return
        await self.watch.start(self.processes)
        self._tasks = tuple(asyncio.create_task(worker.run(), name=worker.name) for worker in self.watchers)
        log.info("processes-ready", extra={"count": len(self.processes.ours), "kind": " ".join(self.roles)})

    def stop(self) -> None:
        """Ask for a graceful end; asked again, for one at once."""
        if self.stopping.is_set():
            self.hurry.set()
        self.stopping.set()

    async def run(self) -> None:
        """Keep them until asked to stop; then let all of them end in order, and leave."""
        await self.stopping.wait()
        self.watch.stopping()
        for worker in self.watchers:
            worker.stop()
        await self._end()
        await asyncio.gather(*self._tasks)
        await self.watch.stop()
        self.ports.close()
        self.db.close()

    async def _end(self) -> None:
        """Each keeps its own time; this is for one that does not."""
        ending = asyncio.ensure_future(self.processes.stop(DOORS_SECONDS + 2 * self.settings.queue.stop_seconds))
        hurried = asyncio.ensure_future(self.hurry.wait())
        await asyncio.wait([ending, hurried], return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not ending.done():
            self.processes.hurry()
            await asyncio.wait([ending], timeout=HURRIED_SECONDS)
            self.processes.kill()
        await ending


def keep_house(settings: Settings, roles: Iterable[Role] = (), words: tuple[str, ...] = WORDS) -> Household:
    """Open what is needed for `[queue] processes` of these roles; nothing runs until `start`.

    Each process runs the program of these words.

    Raises:
        GatewayError: the store cannot be used, or a port is not to be had.
    """
    mine = in_order(roles or settings.queue.role_set())
    smtp, counts = settings.smtp, Counts()
    db = opened_store(settings)
    count_commits(db, counts)
    ports = ReservedPorts(smtp.host, (smtp.ports if smtp.port else (0, *smtp.ports)) if Role.SMTP in mine else ())
    shares = shares_of(settings, ports.taken[0] if ports.taken else 0)
    processes = ServingProcesses(shares, mine, counts.take, words)

    lookout = lookout_of(settings, db, lambda: shared_now(db), lease_clock(db, wall_clock), lambda: processes.ours)
    watch = Watch(settings, lookout, counts, listens=Role.SMTP in mine)
    watchers = watch.workers(voice_of(settings), socket.gethostname())
    return Household(settings, mine, db, processes, watch, watchers, ports)
