"""The parts of a gateway on one store, without sockets: what the tests of flows act on."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_network
from pathlib import Path

from sqlmodel import Session

from gateway.domain.call import CallReport, Cause, Phase
from gateway.domain.errors import SmtpReply
from gateway.domain.job import Job
from gateway.domain.submission import Envelope
from gateway.domain.trunks import Route
from gateway.fax.call_journal import CallJournal
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.transport import SimulatorTransport
from gateway.fax.transport import CallOrder, CallWatch, Transport
from gateway.flows.forward import Forward
from gateway.flows.keep import Keep
from gateway.flows.notify import Notify
from gateway.flows.prepare import Prepare, RenderLimits
from gateway.flows.submit import FrontDesk
from gateway.flows.tend import Tend
from gateway.flows.transmit import Transmit, Trunk
from gateway.judging import Judge
from gateway.lease import Lease
from gateway.mail.messages import Voice
from gateway.mail.proof.dns import Resolver
from gateway.mail.proof.gather import Prover
from gateway.mail.relay import Relay, RelaySettings
from gateway.notices import Composer
from gateway.owed import Owed
from gateway.store import jobs, outbox, processes
from gateway.store.acceptance import Acceptance
from gateway.store.database import Database
from gateway.store.jobs import JobDetail
from gateway.store.known_tree import KnownTree
from gateway.store.migrate import METADATA
from gateway.store.spool import Spool
from gateway.store.tree_tables import TreeVersionRow
from tests.dns_server import DnsServer
from tests.fakes import FakeClock
from tests.filled_store import NOW, WALL, anna, killed, opened, process
from tests.flows.letters import ANNA, mail

DOMAIN = "fax.example"
RELAY_PEER = "10.1.2.3"  # a trusted relay
STRANGER = "198.51.100.7"
LIMITS = RenderLimits(pages=50, seconds=30, memory=2_000_000_000)
VOICE = Voice("Fax gateway", "postmaster@fax.example", DOMAIN)


DESK_THREADS = ThreadPoolExecutor(2)


class ScriptedTransport:
    """Answers each call with the next of its endings; keeps what was ordered. `during` is called in each call."""

    def __init__(self, *endings: "Ending | Exception", clock: FakeClock) -> None:
        self._endings = list(endings)
        self._clock = clock
        self.orders: list[CallOrder] = []
        self.pages: list[bytes] = []
        self.during = lambda _order, _watch: None

    async def place(self, order: CallOrder, watch: CallWatch) -> CallReport:
        """Confirm the pages of the next ending and report it."""
        self.orders.append(order)
        self.pages.append(order.pages.read_bytes())
        self.during(order, watch)
        ending = self._endings.pop(0)
        if isinstance(ending, Exception):
            raise ending
        for index in range(ending.pages):
            watch.page_confirmed(order.first_page + index)
        started = self._clock.now()
        self._clock.pass_time(seconds=60)
        return CallReport(
            order.call_uid, started, self._clock.now(), ending.cause, ending.phase, ending.pages,
            last_page_in_doubt=ending.doubt, rate=14400, ecm=True, remote_id="+1 202 555 0101",
        )  # fmt: skip


@dataclass(frozen=True)
class Ending:
    """How a scripted call ends, after so many pages were confirmed."""

    cause: Cause
    phase: Phase = Phase.RELEASE
    pages: int = 0
    doubt: bool = False


DONE = Ending(Cause.DONE, pages=2)
BUSY = Ending(Cause.BUSY, Phase.CALL_SETUP)


@dataclass
class Stage:
    """One process of a gateway: store and spool in `folder`, a clock that stands still."""

    folder: Path
    db: Database
    process: processes.Process
    dns: DnsServer
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    rings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wall: datetime = WALL
    seconds: float = 1000.0

    def __post_init__(self) -> None:
        self.prover = Prover(Resolver((self.dns.address,)))
        self.acceptance = Acceptance(self.db)
        self.spool = Spool(self.folder / "spool")
        self.work = self.folder / "work" / "own"
        self.work.mkdir(parents=True)
        self.journal = CallJournal(self.folder / "calls")
        self.composer = Composer(self.db, self.clock, VOICE)

    # The flows.

    @property
    def desk(self) -> FrontDesk:
        ring = lambda: self.rings.append("ring")  # noqa: E731
        return FrontDesk(self.judge, self.spool, self.acceptance, self.composer, ring, DESK_THREADS)

    @property
    def judge(self) -> Judge:
        relays = (ip_network("10.0.0.0/8"),)
        known, wall = KnownTree(self.db), lambda: self.wall
        return Judge(self.db, known, self.clock, frozenset({DOMAIN}), relays, self.prover, wall, DOMAIN)

    def prepare(self, limits: RenderLimits = LIMITS) -> Prepare:
        return Prepare(self.db, self.spool, self.clock, self.composer, self.process.id, self.work, limits)

    def transmit(self, transport: Transport, lines: int = 4, chance: float = 0.5) -> Transmit:
        trunks = [Trunk(Route("trunk", lines), transport)]
        return Transmit(
            self.db, self.spool, self.clock, trunks, self.composer, self.process.id, self.journal,
            lambda: chance,
        )  # fmt: skip

    def simulator(self) -> SimulatorTransport:
        return SimulatorTransport(Exchange.load(), self.clock, self.folder / "simulator")

    def notify(self, port: int) -> Notify:
        relay = Relay(RelaySettings("127.0.0.1", port, timeout=10))
        return Notify(self.db, self.clock, relay, self.process.id, lambda: 0.5, spool=self.spool)

    def forward(self, port: int) -> Forward:
        relay = Relay(RelaySettings("127.0.0.1", port, timeout=10))
        return Forward(self.db, self.spool, self.clock, relay, VOICE, self.process.id)

    def tend(self) -> Tend:
        return Tend(
            self.db,
            self.clock,
            lambda: self.wall,
            self.composer,
            self.process,
            self.work,
            self.journal,
        )

    def keep(self, owed: Owed | None = None) -> Keep:
        """`seconds` of elapsed time pass as a test says."""
        lease = Lease(self.db, self.process, lambda: self.wall, lambda: self.seconds)
        cut, lost = (lambda: self.lost.append("cut")), (lambda: self.lost.append("lost"))
        return Keep(lease, self.clock, self.composer, owed or Owed(), self.journal, cut, lost)

    # What comes in, and what is there to see.

    def envelope(
        self,
        message: EmailMessage | bytes,
        *recipients: str,
        mail_from: str = ANNA,
        peer: str = RELAY_PEER,
        authenticated_as: str = "",
    ) -> Envelope:
        content = message if isinstance(message, bytes) else message.as_bytes().replace(b"\n", b"\r\n")
        path = self.spool.incoming / f"{uuid.uuid4().hex}.eml"
        path.write_bytes(content)
        to = tuple(f"{number}@{DOMAIN}" for number in recipients or ("+12025550101",))
        return Envelope(mail_from, to, peer, "client", path, len(content), self.clock.now(), authenticated_as)

    async def submit(self, message: EmailMessage | bytes | None = None, *recipients: str, **given: str) -> SmtpReply:
        return await self.desk.submit(self.envelope(message or mail(), *recipients, **given))

    async def rendered(self, message: EmailMessage | None = None, *recipients: str) -> list[Job]:
        """Submit a mail and render it; the jobs, first recipient first."""
        await self.submit(message, *recipients)
        assert await self.prepare().next()
        return self.jobs

    @property
    def jobs(self) -> list[Job]:
        """All jobs, oldest first."""
        return list(reversed(jobs.listing(self.db)))

    @property
    def detail(self) -> JobDetail:
        """The newest job."""
        return jobs.detail(self.db, self.jobs[-1].public_id)

    @property
    def notices(self) -> list[EmailMessage]:
        """All mails of the outbox, oldest first."""
        return [self.read(one.id) for one in reversed(outbox.listing(self.db))]

    def read(self, mail_id: int) -> EmailMessage:
        content = outbox.content(self.db, mail_id)
        assert content is not None
        return parsed(content)

    @property
    def contents(self) -> list[str]:
        return list(self.spool.digests())


def parsed(content: bytes) -> EmailMessage:
    """A mail as the test reads it."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def words(message: EmailMessage) -> str:
    """The plain text of a notice, its lines joined."""
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage whose store lies in its folder, for tests that open it a second time."""
    with opened(folder) as db, DnsServer({}) as dns, on_stage(db, folder, dns) as found:
        yield found


@contextmanager
def on_stage(db: Database, folder: Path, dns: DnsServer) -> Iterator[Stage]:
    """A stage with Anna of Acme's sales on it."""
    anna(db)
    here = process(db, folder)
    try:
        yield Stage(folder, db, here, dns)
    finally:
        killed(here)


def emptied(db: Database) -> None:
    """Take out every row; ids go on where they were, and the count of the tree's changes goes on, too."""

    def work(session: Session) -> None:
        for table in reversed(METADATA.sorted_tables):
            if table.name not in (TreeVersionRow.__tablename__, "journal", "journal_head"):  # no change of it is let be
                session.execute(table.delete())

    db.write(work)
