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
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.domain.clock import Clock
from gateway.domain.errors import UnavailableError
from gateway.fax.simulator.clock import PacedClock, SimulatorClock
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.transport import CallClock, SimulatorTransport
from gateway.flows.notify import Notify
from gateway.flows.prepare import Prepare, RenderLimits
from gateway.flows.submit import FrontDesk
from gateway.flows.tend import Tend
from gateway.flows.transmit import Transmit, Trunk
from gateway.judging import Judge
from gateway.mail.desk import Limits, ListenerSettings
from gateway.mail.listener import Listener
from gateway.mail.messages import Voice
from gateway.mail.proof.dns import Resolver
from gateway.mail.proof.gather import Prover
from gateway.mail.relay import Relay, RelaySettings
from gateway.notices import Composer
from gateway.settings import Settings
from gateway.store import jobs, processes
from gateway.store.acceptance import Acceptance
from gateway.store.database import Database
from gateway.store.known_tree import KnownTree
from gateway.store.migrate import open_store
from gateway.store.spool import Spool
from gateway.worker import Bell, Worker
from renderers.confine import ConfinedCrashError
from renderers.standing import Standing
from renderers.standing import look as look_at_walls

log = logging.getLogger(__name__)
DESK_THREADS = 8
SPARE_THREADS = 4
STOP_SECONDS = 60  # how long a graceful stop lets calls and renders end


def wall_clock() -> datetime:
    """The machine's time, aware, UTC."""
    return datetime.now(UTC)


def _voice(settings: Settings) -> Voice:
    return Voice(settings.notices.sender_name, settings.notices.sender_address, settings.smtp.domains[0])


def composer(settings: Settings, db: Database, clock: Clock) -> Composer:
    """What writes notices, for the daemon and for commands that end a job."""
    return Composer(db, clock, _voice(settings))


def build_clock(db: Database, speed: float = 0.0) -> CallClock:
    """The simulator's clock; it never goes back behind what the store has seen."""
    floor = jobs.latest_time(db)
    return PacedClock(wall_clock, speed, floor) if speed else SimulatorClock(wall_clock, floor)


@dataclass
class Gateway:
    """The daemon: listener and workers over one store."""

    settings: Settings
    db: Database
    listener: Listener
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
        log.info("started", extra={"owner": self.process.id})

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
        await self.listener.stop(STOP_SECONDS)
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
    return Gateway(settings, db, _listener(parts, bell.ring), workers, process, work, stopping)


def build_judge(settings: Settings, db: Database, clock: Clock) -> Judge:
    """What judges mails, for the listener and for commands that try one out."""
    smtp = settings.smtp
    domains = frozenset(domain.lower() for domain in smtp.domains)
    prover = Prover(Resolver(settings.dns.nameservers, timeout=settings.dns.timeout))
    return Judge(db, KnownTree(db), clock, domains, smtp.networks(), prover)


def _listener(parts: _Parts, ring: Callable[[], None]) -> Listener:
    smtp = parts.settings.smtp
    pool = ThreadPoolExecutor(DESK_THREADS, thread_name_prefix="desk")
    judge = build_judge(parts.settings, parts.db, parts.clock)
    desk = FrontDesk(judge, parts.spool, Acceptance(parts.db), parts.composer, ring, pool, smtp.postmaster)
    settings = ListenerSettings(
        host=smtp.host,
        port=smtp.port,
        hostname=smtp.hostname,
        domains=judge.domains,
        incoming=parts.spool.incoming,
        tls_certificate=Path(smtp.tls_certificate) if smtp.tls_certificate else None,
        tls_key=Path(smtp.tls_key) if smtp.tls_key else None,
        limits=Limits(max_size=smtp.max_size, max_recipients=smtp.max_recipients),
    )
    return Listener(settings, desk, parts.clock)


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
