"""Parts that more than one program is made of: the clock, what writes notices, what judges mails, the listener.

What lives here: making each from the settings. What does not: the daemon (`app`). A process that only listens has no
other parts (`listening`), so nothing is imported here that renders or calls.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gateway.bearings import voice_of, wall_clock
from gateway.domain.clock import Clock
from gateway.domain.tally import NOBODY, Tally
from gateway.fax.simulator.clock import PacedClock, SimulatorClock
from gateway.flows.submit import FrontDesk
from gateway.judging import Judge
from gateway.mail.desk import Doorway, Limits, ListenerSettings, Sharing, Waits
from gateway.mail.listener import Listener
from gateway.mail.proof.dns import Resolver
from gateway.mail.proof.gather import Prover
from gateway.notices import Composer
from gateway.settings import Settings
from gateway.store import jobs
from gateway.store.acceptance import Acceptance
from gateway.store.database import Database
from gateway.store.known_tree import KnownTree
from gateway.store.shared_time import Anchor
from gateway.store.spool import Spool
from gateway.store.spools import open_spool

DESK_THREADS = 16  # each syncs a mail, reads its header, and waits for its commit


def build_spool(settings: Settings) -> Spool:
    """Where contents lie: in the storage folder, and in a bucket when the settings name one."""
    return open_spool(settings.storage.place)


def composer(settings: Settings, db: Database, clock: Clock) -> Composer:
    """What writes notices, for the daemon and for commands that end a job."""
    return Composer(db, clock, voice_of(settings), lambda digest: build_spool(settings).path(digest), KnownTree(db))


def build_clock(db: Database, anchor: Anchor | None = None) -> SimulatorClock | PacedClock:
    """The simulator's clock, at the speed that all processes share; it never goes back behind what the store has seen.

    Without an anchor, or with one whose time leaps, it is a clock that leaps.
    """
    if anchor is not None and anchor.speed:
        return PacedClock(wall_clock, anchor.speed, anchor.told, anchor.wall)
    return SimulatorClock(wall_clock, jobs.latest_time(db))


def following_clock(db: Database) -> SimulatorClock:
    """A clock for a process beside the daemon, which tells it when to leap."""
    return SimulatorClock(wall_clock, jobs.latest_time(db))


def build_judge(settings: Settings, db: Database, clock: Clock) -> Judge:
    """What judges mails, for the listener and for commands that try one out."""
    smtp = settings.smtp
    domains = frozenset(smtp.domains)
    prover = Prover(Resolver(settings.dns.nameservers, timeout=settings.dns.timeout))
    return Judge(db, KnownTree(db), clock, domains, smtp.networks(), prover, wall_clock, smtp.hostname)


def build_listener(
    settings: Settings,
    db: Database,
    clock: Clock,
    ring: Callable[[], None],
    sharing: Sharing = Sharing.ALONE,
    tally: Tally = NOBODY,
) -> Listener:
    """The front door with its desk; `ring` is called when something was accepted."""
    judge = build_judge(settings, db, clock)
    spool = build_spool(settings)
    pool = ThreadPoolExecutor(DESK_THREADS, thread_name_prefix="desk")
    writer = composer(settings, db, clock)
    desk = FrontDesk(judge, spool, Acceptance(db), writer, ring, pool, settings.smtp.postmaster, tally=tally)
    return Listener(listener_settings(settings, judge.domains, sharing), desk, clock)


def listener_settings(
    settings: Settings, domains: frozenset[str], sharing: Sharing = Sharing.ALONE
) -> ListenerSettings:
    """What the front door goes by."""
    smtp = settings.smtp
    doorways = (
        Doorway(smtp.submission_port, submission=True, implicit_tls=True),
        Doorway(smtp.submission_starttls_port, submission=True),
    )
    return ListenerSettings(
        host=smtp.host,
        port=smtp.port,
        hostname=smtp.hostname,
        domains=domains,
        incoming=settings.storage.folder / "spool" / "arriving",
        tls_certificate=Path(smtp.tls_certificate) if smtp.tls_certificate else None,
        tls_key=Path(smtp.tls_key) if smtp.tls_key else None,
        submission=tuple(doorway for doorway in doorways if doorway.port),
        bounce_address=smtp.bounce_address,
        balancers=smtp.balancers(),
        sharing=sharing,
        limits=Limits(
            max_size=smtp.max_size,
            max_recipients=smtp.max_recipients,
            max_connections=smtp.max_connections,
            max_connections_per_address=smtp.max_connections_per_address,
            least_rate=smtp.least_rate,
        ),
        waits=Waits(greeting=smtp.greeting_delay),
    )
