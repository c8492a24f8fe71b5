"""The sections of the settings file and their defaults.

What lives here: one frozen class a section. What does not: reading and checking the file (`settings`), settings of the
tree (`gateway.domain.setting_catalog`).
"""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from gateway.domain.roles import Role, parse_roles
from gateway.domain.trunks import Mode, Route
from gateway.store.spools import SpoolPlace


@dataclass(frozen=True, slots=True)
class Storage:
    """Where things are kept: the store's URL, the folder of spool and simulator, and the bucket of a shared spool."""

    url: str = ""  # empty: SQLite in the folder
    folder: Path = Path("var")
    spool: str = ""  # empty: the folder alone; else s3://BUCKET/PREFIX
    endpoint: str = ""  # of the object store; empty: Amazon's
    region: str = ""
    credentials: str = ""  # a file; empty: they stand in the environment

    @property
    def database_url(self) -> str:
        """The store's URL; SQLite below the folder when none is given."""
        return self.url or f"sqlite:///{self.folder.absolute() / 'faxgw.sqlite'}"

    @property
    def place(self) -> SpoolPlace:
        """Where contents lie."""
        credentials = Path(self.credentials) if self.credentials else None
        return SpoolPlace(self.folder, self.spool, self.endpoint, self.region, credentials)


@dataclass(frozen=True, slots=True)
class Smtp:
    """The front door."""

    host: str = "127.0.0.1"  # empty: all addresses of the machine
    port: int = 8025
    submission_port: int = 0  # TLS from the first octet; 0: none
    submission_starttls_port: int = 0  # 0: none
    processes: int = 1  # that listen on the same ports
    hostname: str = "fax.localhost"
    domains: tuple[str, ...] = ("fax.localhost",)
    bounce_address: str = "bounces"  # local part; mail to it is swallowed
    max_size: int = 35_000_000  # octets
    max_recipients: int = 100
    max_connections: int = 1000  # of one process, as is the next
    max_connections_per_address: int = 100
    least_rate: int = 50  # octets a second of a text, the mean of three minutes
    greeting_delay: float = 0.0  # seconds
    trusted_relays: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    proxies: tuple[str, ...] = ()  # balancers, whose connections begin with a PROXY header
    tls_certificate: str = ""
    tls_key: str = ""
    postmaster: str = ""  # where letters to the postmaster go on to; empty: they are kept in the outbox

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The trusted relays as networks."""
        return tuple(ip_network(text) for text in self.trusted_relays)

    def balancers(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The proxies as networks."""
        return tuple(ip_network(text) for text in self.proxies)

    @property
    def place(self) -> str:
        """The host as it is named to people, and as programs on this machine reach the listener."""
        return self.host or "localhost"

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are given, in the order port, submission with TLS, submission with STARTTLS."""
        return tuple(port for port in (self.port, self.submission_port, self.submission_starttls_port) if port)


@dataclass(frozen=True, slots=True)
class Dns:
    """Whom SPF, DKIM and alignment ask."""

    nameservers: tuple[str, ...] = ()  # empty: those of the system
    timeout: float = 3.0  # seconds for one question to one server


@dataclass(frozen=True, slots=True)
class Relay:
    """The smart host that our mail goes through."""

    host: str = "127.0.0.1"
    port: int = 25
    start_tls: bool = False
    implicit_tls: bool = False  # from the first octet
    user_name: str = ""
    password: str = field(default="", repr=False)
    certificates: str = ""  # PEM file of authorities; empty: those that the system trusts
    mail_from: str = ""  # empty: the null return path
    connections: int = 4  # at a time, of one daemon
    largest_mail: int = 0  # octets, into which received faxes are split; 0: what the relay says of itself


@dataclass(frozen=True, slots=True)
class Archive:
    """How copies of faxes get to their places; the settings archive.* of the tree say which and where."""

    logins: str = ""  # a file that nobody else may read
    known_hosts: str = ""  # of SFTP servers, as OpenSSH has it
    certificates: str = ""  # PEM file, for FTPS; empty: those that the system trusts
    connections: int = 2  # at a time, of one daemon
    give_up_days: int = 7

    @property
    def files(self) -> tuple[Path | None, Path | None, Path | None]:
        """Logins, known hosts and certificates, as far as they are given."""
        logins, hosts, certificates = (
            Path(text) if text else None for text in (self.logins, self.known_hosts, self.certificates)
        )
        return logins, hosts, certificates


@dataclass(frozen=True, slots=True)
class Notices:
    """Who our notices come from."""

    sender_name: str = "Fax gateway"
    sender_address: str = "postmaster@fax.localhost"


@dataclass(frozen=True, slots=True)
class Rendering:
    """Limits on what one mail may make us do."""

    max_pages: int = 200
    max_seconds: int = 180
    max_memory: int = 2_000_000_000  # octets of address space of one converter
    workers: int = 2
    require_no_network: bool = False


@dataclass(frozen=True, slots=True)
class CallingTrunk:
    """One of several trunks, in the order in which calls try them."""

    name: str = ""
    lines: int = 1
    mode: str = Mode.AUDIO.value
    scenario: str = ""  # as of `Calling`

    @property
    def route(self) -> Route:
        """What the queue knows of it."""
        return Route(self.name, self.lines, Mode(self.mode))

    def check(self) -> None:
        """ValueError says what is wrong with it."""
        if re.fullmatch(r"[A-Za-z0-9._-]{1,40}", self.name) is None:
            raise ValueError(f"name must be letters, digits, dots, hyphens and underscores, not {self.name!r}")
        if self.lines < 1:
            raise ValueError(f"{self.name}: lines must be more than 0, not {self.lines}")
        if self.mode not in set(Mode):
            raise ValueError(f"{self.name}: mode must be one of {', '.join(Mode)}, not {self.mode!r}")
        if self.scenario and not Path(self.scenario).is_file():
            raise ValueError(f"{self.name}: scenario must name a file that is there, not {self.scenario!r}")


@dataclass(frozen=True, slots=True)
class Calling:
    """The trunks and their lines."""

    transport: str = "simulator"
    trunk: str = "simulator"
    lines: int = 4
    scenario: str = ""  # far-end scenario file of the simulator, beside the reserved numbers
    trunks: tuple[CallingTrunk, ...] = ()

    @property
    def all_trunks(self) -> tuple[CallingTrunk, ...]:
        """The trunks, or the only one."""
        return self.trunks or (CallingTrunk(self.trunk, self.lines, Mode.AUDIO.value, self.scenario),)

    def routes(self) -> tuple[Route, ...]:
        """What the queue knows of them, in their order."""
        return tuple(trunk.route for trunk in self.all_trunks)

    def checked_trunks(self) -> None:
        """ValueError says what is wrong with the trunks."""
        for trunk in self.trunks:
            trunk.check()
        if len({trunk.name for trunk in self.trunks}) < len(self.trunks):
            raise ValueError("two have the same name")


@dataclass(frozen=True, slots=True)
class Inbound:
    """Calls that come in."""

    lines: int = 4  # that one daemon answers at a time; who calls beyond that hears busy


@dataclass(frozen=True, slots=True)
class Simulator:
    """How the line simulator runs its calls."""

    speed: float = 0.0  # virtual seconds in a real one; 0: calls take no time
    seed: int = 0  # of all chance on its lines


@dataclass(frozen=True, slots=True)
class Queue:
    """What this process does, and how it gets on with the others on the same store."""

    roles: tuple[str, ...] = tuple(Role)
    lease_seconds: int = 30
    processes: int = 1  # equal ones, with these roles each
    poll_seconds: float = 1.0
    stop_seconds: int = 300  # how long a graceful stop lets calls and renders go on
    direct_url: str = ""  # to PostgreSQL past a pooler of transactions; empty: the store's

    def role_set(self) -> frozenset[Role]:
        """The roles as such."""
        return parse_roles(self.roles)


@dataclass(frozen=True, slots=True)
class Http:
    """Where metrics, health and readiness are asked for."""

    host: str = "127.0.0.1"
    port: int = 8026  # 0: nowhere


@dataclass(frozen=True, slots=True)
class Logs:
    """What is logged, and how a line looks."""

    level: str = "info"
    format: str = "json"


@dataclass(frozen=True, slots=True)
class Alarms:
    """When administrators hear that something is stuck, and where."""

    mail: str = ""  # their address; empty: no mail
    mail_minutes: int = 60  # between two mails of one kind
    job_minutes: int = 60  # a job that is due
    call_minutes: int = 240
    render_minutes: int = 15  # a submission without its pages
    outbox_minutes: int = 60
    archive_minutes: int = 240
    line_minutes: int = 30  # with every line of a trunk busy, and jobs that are due
    dead_letters: int = 1  # of one day
    free_octets: int = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections of the file."""

    storage: Storage = field(default_factory=Storage)
    smtp: Smtp = field(default_factory=Smtp)
    dns: Dns = field(default_factory=Dns)
    relay: Relay = field(default_factory=Relay)
    archive: Archive = field(default_factory=Archive)
    notices: Notices = field(default_factory=Notices)
    rendering: Rendering = field(default_factory=Rendering)
    calling: Calling = field(default_factory=Calling)
    inbound: Inbound = field(default_factory=Inbound)
    simulator: Simulator = field(default_factory=Simulator)
    queue: Queue = field(default_factory=Queue)
    http: Http = field(default_factory=Http)
    logs: Logs = field(default_factory=Logs)
    alarms: Alarms = field(default_factory=Alarms)

    def checked_processes(self) -> None:
        """ValueError says why several equal processes cannot work with the rest."""
        if self.queue.processes <= 1:
            return
        if not self.simulator.speed:
            text = "several cannot share a simulated time that leaps: set [simulator] speed to 1 for real time"
            raise ValueError(text)
        if self.smtp.processes > 1:
            raise ValueError("each of several takes mail by itself: leave [smtp] processes at 1")
