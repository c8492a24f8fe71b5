"""Builds and joins things: the only place that knows which parts the gateway is made of.

What lives here: opening the store, starting and stopping doors and workers. What does not: what any of them does, which
workers a role has (`crew`), the listeners (`doors`).
"""

import asyncio
import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from time import sleep
from typing import Any

from gateway.bearings import opened_store, wall_clock
from gateway.crew import Crew, gather
from gateway.domain.errors import ConflictError, GatewayError, UnavailableError
from gateway.domain.roles import Role, in_order
from gateway.doors import Doors, build_doors
from gateway.fax.call_journal import CallJournal
from gateway.fax.simulator.transport import CallClock
from gateway.lease import Lease
from gateway.owed import Owed
from gateway.parts import build_clock, build_spool, composer
from gateway.settings import Settings
from gateway.shared import Shared
from gateway.store import jobs, processes
from gateway.store.database import Database
from gateway.store.shared_time import Wish
from gateway.store.spools import mark_of
from gateway.wake import News, news_of
from gateway.watch.counts import Counts, count_commits
from gateway.watch.sight import lookout_of
from gateway.watch.watch import Watch
from gateway.worker import Bell, Worker
from renderers.confine import ConfinedCrashError
from renderers.standing import Standing
from renderers.standing import look as look_at_walls

log = logging.getLogger(__name__)
SPARE_THREADS = 4
YIELD_LOOKS, YIELD_SECONDS = 10, 0.5
STOP_SECONDS = 60  # how long a graceful stop lets texts come in
HANG_UP_SECONDS = 10  # how long calls are given to end when they must


@dataclass
class Gateway:
    """The daemon: doors and workers over one store, as far as its roles want them.

    `lost` is set when this process has lost its lease: all it had is another's, and it must be built anew.
    """

    settings: Settings
    roles: tuple[Role, ...]
    db: Database
    doors: Doors | None
    crew: Crew
    news: News
    watch: Watch
    process: processes.Process
    work: Path
    stopping: asyncio.Event
    lost: asyncio.Event
    hurry: asyncio.Event
    hanging_up: threading.Event
    look: Callable[[], Standing] = look_at_walls
    _tasks: dict[Worker, asyncio.Task[None]] = field(default_factory=dict)
    _walls: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where mail is taken; empty where none is."""
        return self.doors.address if self.doors else ""

    async def start(self) -> None:
        """Listen, and start the workers; where that fails, what was begun is ended, and nobody need look after us.

        Raises:
            GatewayError: a port is taken, or documents could reach the network.
        """
        try:
            await self._begin()
        except GatewayError:
            self.stopping.set()
            await self.run()
            raise

    async def _begin(self) -> None:
        # Each worker holds a thread while it renders, calls or asks the store: none may wait for another's.
        threads = ThreadPoolExecutor(len(self.crew.all) + SPARE_THREADS, thread_name_prefix="worker")
        asyncio.get_running_loop().set_default_executor(threads)
        if self.settings.rendering.require_no_network:
            await self._look_at_walls()
        if self.doors:
            await self.doors.open()
        await self.news.start()
        self._tasks = {worker: asyncio.create_task(worker.run(), name=worker.name) for worker in self.crew.all}
        if not self.settings.rendering.require_no_network:
            self._walls = asyncio.create_task(self._look_at_walls(), name="walls")
        if self.doors:
            await self.doors.share()
        await self.watch.start(self.watch.health_of(self.crew.all, self._ended))
        log.info("started", extra={"owner": self.process.id, "kind": " ".join(self.roles)})

    def _ended(self) -> list[str]:
        """Workers that are over, though nobody has asked them to stop."""
        if self.stopping.is_set():
            return []
        return [worker.name for worker, task in self._tasks.items() if task.done()]

    async def _look_at_walls(self) -> None:
        """Find out what a rendered document could reach, where any is rendered, and tell.

        Raises:
            UnavailableError: it could reach the network, and the settings want that it cannot.
        """
        if Role.PREPARE not in self.roles:
            return
        try:
            standing = await asyncio.to_thread(self.look)
        except ConfinedCrashError as error:
            log.warning("not-walled", extra={"kind": "renders", "detail": error.detail})
            return
        for wall, name in ((standing.network, "network"), (standing.files, "files")):
            event, level = ("walled", logging.INFO) if wall else ("not-walled", logging.WARNING)
            log.log(level, event, extra={"kind": name, "detail": wall or "see: faxgw doctor"})
        if self.settings.rendering.require_no_network and not standing.network:
            raise UnavailableError("documents could reach the network while they are rendered; see: faxgw doctor")

    def stop(self) -> None:
        """Ask for a graceful end; asked again, for one at once: calls that run hang up, and go on another time."""
        if self.stopping.is_set():
            log.warning("hurried", extra={"owner": self.process.id})
            self.hurry.set()
        self.stopping.set()

    async def run(self) -> None:
        """Serve until asked to stop; then take no mail and no new call, let calls and renders end, and leave.

        Who has lost his lease has nothing left to end gracefully.
        """
        await self.stopping.wait()
        self.watch.stopping()
        grace = 0 if self.lost.is_set() else self.settings.queue.stop_seconds
        for worker in self.crew.claiming:
            worker.stop()
        closing = asyncio.ensure_future(self.doors.close(min(grace, STOP_SECONDS)) if self.doors else asyncio.sleep(0))
        await self._end(self.crew.claiming, grace)
        await asyncio.to_thread(self.crew.return_left)
        if not await self._in_time(closing, STOP_SECONDS):
            closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        # The lease is kept as long as a call goes on.
        await self._end(self.crew.keeping, grace)
        await self.news.stop()
        await self.watch.stop()
        await asyncio.gather(*filter(None, [self._walls]), return_exceptions=True)
        await self._leave()

    async def _end(self, workers: Sequence[Worker], grace: float) -> None:
        """Let these end what they are at, and break off what is not over in time."""
        for worker in workers:
            worker.stop()
        tasks = [self._tasks[worker] for worker in workers if worker in self._tasks]
        together = asyncio.gather(*tasks, return_exceptions=True)
        if not await self._in_time(together, grace):
            self.hanging_up.set()
            await asyncio.wait([together], timeout=0 if self.lost.is_set() else HANG_UP_SECONDS)
        for task in tasks:
            task.cancel()
        await together

    async def _in_time(self, work: asyncio.Future[Any], seconds: float) -> bool:
        """Wait for work to be over, as long as it may take and nobody is in a hurry; whether it is."""
        hurry = asyncio.ensure_future(self.hurry.wait())
        await asyncio.wait([work, hurry], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        return work.done()

    async def _leave(self) -> None:
        await asyncio.to_thread(processes.leave, self.db, self.process)
        shutil.rmtree(self.work, ignore_errors=True)
        self.db.close()
        log.info("stopped", extra={"owner": self.process.id})


def build(settings: Settings, roles: Iterable[Role] = (), *, kept: bool = False) -> Gateway:
    """Open what is needed and join the parts for these roles, or those of the settings; nothing runs until `start`.

    One that is `kept` is one of several equal processes (`serving`): ports are shared, others tell of alarms.

    Raises:
        GatewayError: the store cannot be used, or others on it go by a time that we could not share.
    """
    mine = in_order(roles or settings.queue.role_set())
    db, counts = opened_store(settings), Counts()
    count_commits(db, counts)
    leases = processes.lease_clock(db, wall_clock)
    process = _registered(settings, db, leases, mine)
    shared = replace(_shared(settings, db, Lease(db, process, leases)), tally=counts)
    lookout = lookout_of(settings, db, shared.clock.now, leases, lambda: (process.id,))
    watch = Watch(settings, lookout, counts, listens=Role.SMTP in mine)
    stopping, lost = asyncio.Event(), asyncio.Event()

    def lose() -> None:
        lost.set()
        stopping.set()

    return Gateway(
        settings=settings,
        roles=mine,
        db=db,
        doors=build_doors(settings, db, shared.clock, shared.bell, counts, shared=kept) if Role.SMTP in mine else None,
        crew=gather(shared, mine, lose).joined_by(() if kept else watch.workers(shared.composer.voice, process.host)),
        news=news_of(db, shared.bell, settings.queue.direct_url, process.id),
        watch=watch,
        process=process,
        work=shared.work,
        stopping=stopping,
        lost=lost,
        hurry=asyncio.Event(),
        hanging_up=shared.hanging_up,
    )


def _registered(
    settings: Settings, db: Database, leases: Callable[[], datetime], roles: Sequence[Role]
) -> processes.Process:
    """Become known; one that has just died, and whose time cannot be shared, may take a moment to be gone."""
    time = Wish(settings.simulator.speed, jobs.latest_time(db))
    about = processes.About(" ".join(roles), version("faxgw"), os.getpid(), time, mark_of(settings.storage.place))
    ttl, locks = timedelta(seconds=settings.queue.lease_seconds), settings.storage.folder / "locks"
    for _ in range(YIELD_LOOKS):
        with suppress(ConflictError):
            return processes.register(db, socket.gethostname(), ttl, leases(), locks, about)
        sleep(YIELD_SECONDS)
    return processes.register(db, socket.gethostname(), ttl, leases(), locks, about)


def _shared(settings: Settings, db: Database, lease: Lease) -> Shared:
    folder = settings.storage.folder
    work = folder / "work" / lease.process.lock_path.stem
    work.mkdir(mode=0o700, parents=True)
    clock: CallClock = build_clock(db, lease.process.time)
    return Shared(
        settings=settings,
        db=db,
        spool=build_spool(settings),
        clock=clock,
        composer=composer(settings, db, clock),
        process=lease.process,
        work=work,
        lease=lease,
        journal=CallJournal(folder / "calls"),
        owed=Owed(),
        bell=Bell(),
    )
