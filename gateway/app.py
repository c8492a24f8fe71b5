"""Builds and joins things: the only place that knows which parts the gateway is made of.

What lives here: opening the store, choosing the transport, starting and stopping listener and workers. What does not:
what any of them does.
"""

import asyncio
import logging
import shutil
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from gateway.domain.errors import UnavailableError
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.transport import CallClock, SimulatorTransport
from gateway.flows.notify import Notify
from gateway.flows.prepare import Prepare, RenderLimits
from gateway.flows.tend import Tend
from gateway.flows.transmit import Transmit, Trunk
from gateway.listener_processes import ListenerProcesses
from gateway.mail.desk import Sharing
from gateway.mail.listener import Listener
from gateway.mail.relay import Relay, RelaySettings
from gateway.notices import Composer
from gateway.parts import build_clock, build_listener, composer, wall_clock
from gateway.settings import Settings
from gateway.store import processes
from gateway.store.database import Database
from gateway.store.migrate import open_store
from gateway.store.spool import Spool
from gateway.worker import Bell, Worker
from renderers.confine import ConfinedCrashError
from renderers.standing import Standing
from renderers.standing import look as look_at_walls

log = logging.getLogger(__name__)
SPARE_THREADS = 4
STOP_SECONDS = 60  # how long a graceful stop lets calls and renders end


@dataclass
class Gateway:
    """The daemon: listener and workers over one store."""

    settings: Settings
    db: Database
    listener: Listener
    more_listeners: ListenerProcesses
    workers: list[Worker]
    process: processes.Process
    work: Path
    stopping: asyncio.Event
    look: Callable[[], Standing] = look_at_walls
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where mail is taken."""
        return f"{self.settings.smtp.host}:{self.listener.port}"

    async def start(self) -> None:
        """Listen, and start the workers."""
        # Each worker holds a thread while it renders, calls or asks the store: none may wait for another's.
        threads = ThreadPoolExecutor(len(self.workers) + SPARE_THREADS, thread_name_prefix="worker")
        asyncio.get_running_loop().set_default_executor(threads)
        if self.settings.rendering.require_no_network:
            await self._look_at_walls()
        await self.listener.start()
        self._tasks = [asyncio.create_task(worker.run(), name=worker.name) for worker in self.workers]
        if not self.settings.rendering.require_no_network:
            self._tasks.append(asyncio.create_task(self._look_at_walls(), name="walls"))
        await self.more_listeners.start(self._on_the_same_ports())
        log.info("started", extra={"owner": self.process.id})

    def _on_the_same_ports(self) -> Settings:
        """The settings with the port that the system chose, when it was to choose one."""
        return replace(self.settings, smtp=replace(self.settings.smtp, port=self.listener.port))

    async def _look_at_walls(self) -> None:
        """Find out what a rendered document could reach, and tell.

        Raises:
            UnavailableError: it could reach the network, and the settings want that it cannot.
        """
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
        """Ask for a graceful end."""
        self.stopping.set()

    async def run(self) -> None:
        """Serve until asked to stop; then take no mail, let calls and renders end, and leave."""
        await self.stopping.wait()
        await asyncio.gather(self.listener.stop(STOP_SECONDS), self.more_listeners.stop(STOP_SECONDS))
        for worker in self.workers:
            worker.stop()
        await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(processes.leave, self.db, self.process)
        shutil.rmtree(self.work, ignore_errors=True)
        self.db.close()
        log.info("stopped", extra={"owner": self.process.id})


@dataclass(frozen=True)
class _Parts:
    """What the flows share."""

    settings: Settings
    db: Database
    spool: Spool
    clock: CallClock
    composer: Composer
    process: processes.Process
    work: Path


def build(settings: Settings) -> Gateway:
    """Open what is needed and join the parts; nothing runs until `start`."""
    db = open_store(settings.storage.database_url, settings.storage.folder)
    folder = settings.storage.folder
    clock = build_clock(db, settings.simulator.speed)
    ttl = timedelta(seconds=settings.queue.lease_seconds)
    process = processes.register(db, socket.gethostname(), ttl, wall_clock(), folder / "locks")
    work = folder / "work" / process.lock_path.stem
    work.mkdir(mode=0o700, parents=True)
    parts = _Parts(settings, db, Spool(folder / "spool"), clock, composer(settings, db, clock), process, work)
    bell, stopping = Bell(), asyncio.Event()
    workers = _workers(parts, bell, stopping.set)
    count = settings.smtp.processes
    listener = build_listener(settings, db, clock, bell.ring, Sharing.FIRST if count > 1 else Sharing.ALONE)
    more = ListenerProcesses(count - 1, bell.ring, listener.count_failure, clock.now, wall_clock)
    listener.tell_failures(more.tell_failure)
    return Gateway(settings, db, listener, more, workers, process, work, stopping)


def _workers(parts: _Parts, bell: Bell, lost: Callable[[], None]) -> list[Worker]:
    settings, idle = parts.settings, parts.settings.queue.poll_seconds
    rendering = settings.rendering
    limits = RenderLimits(rendering.max_pages, rendering.max_seconds, rendering.max_memory)
    prepare = Prepare(parts.db, parts.spool, parts.clock, parts.composer, parts.process.id, parts.work, limits)
    transmit = Transmit(parts.db, parts.spool, parts.clock, _trunk(parts), parts.composer, parts.process.id, parts.work)
    notify = Notify(parts.db, parts.clock, Relay(_relay(settings)), parts.process.id)
    tend = Tend(parts.db, parts.clock, wall_clock, parts.composer, parts.process, parts.work, lost)
    return [
        *(Worker(f"prepare-{number}", prepare.next, bell, idle) for number in range(settings.rendering.workers)),
        *(Worker(f"transmit-{number}", transmit.next, bell, idle) for number in range(settings.calling.lines)),
        Worker("notify", notify.next, bell, idle),
        Worker("tend", tend.next, bell, idle),
        Worker("lease", tend.renew, bell, settings.queue.lease_seconds / 6),
    ]


def _trunk(parts: _Parts) -> Trunk:
    calling = parts.settings.calling
    exchange = Exchange.load([Path(calling.scenario)] if calling.scenario else [], parts.settings.simulator.seed)
    transport = SimulatorTransport(exchange, parts.clock, parts.settings.storage.folder / "simulator")
    return Trunk(calling.trunk, calling.lines, transport)


def _relay(settings: Settings) -> RelaySettings:
    relay = settings.relay
    return RelaySettings(
        host=relay.host,
        port=relay.port,
        hostname=settings.smtp.hostname,
        start_tls=relay.start_tls,
        user_name=relay.user_name,
        password=relay.password,
        mail_from=relay.mail_from,
    )
