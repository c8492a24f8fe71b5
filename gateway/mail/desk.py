"""What the listener is told, and whom it asks.

What lives here: the listener's settings and the interface of the desk behind it. What does not: the desk itself
(`gateway.flows.submit`).
"""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Protocol

from gateway.domain.errors import SmtpReply
from gateway.domain.submission import Envelope, Refusal


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a client may take, in seconds; none is shorter than RFC 5321 4.5.3.2 asks of a server."""

    greeting: float = 0  # how long we keep silent ourselves: who speaks before the greeting is sent away
    announcement: float = 10  # a balancer's PROXY header
    handshake: int = 30  # TLS
    command: float = 300  # a whole command, from our last reply on
    line: float = 60  # a line that has begun
    header: float = 300  # the header block of a text
    window: float = 180  # within each of these a text must come on by `Limits.least_rate`
    data: float = 3600  # one whole text, whatever its pace
    store: float = 600
    session: float = 7200  # a connection; a mail that has begun may end


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may ask for; sizes in octets, the rest counts. All hold for one listener process."""

    max_size: int = 35_000_000
    max_recipients: int = 100
    max_header: int = 262_144
    max_header_fields: int = 1000
    max_connections: int = 1000
    max_connections_per_address: int = 100
    max_errors: int = 10
    max_idle_commands: int = 100  # commands since the last mail that was taken
    max_sign_in_failures: int = 3  # in one session
    max_sign_in_failures_per_address: int = 10  # within the lock-out time
    max_sign_in_failures_per_name: int = 10
    lock_out: float = 900  # seconds
    least_rate: int = 50  # octets a second, the mean of a window


class Sharing(Enum):
    """Whether other processes listen on the same ports, each getting its part of the connections (SO_REUSEPORT)."""

    ALONE = "alone"
    FIRST = "first"  # nobody listens there yet, and more will
    NEXT = "next"


@dataclass(frozen=True, slots=True)
class Doorway:
    """A port and what holds on it. Port 0 takes any free port.

    A submission port (RFC 6409) takes mail only from those who have signed in; with `implicit_tls` TLS begins with the
    first octet (RFC 8314 3.3).
    """

    port: int
    submission: bool = False
    implicit_tls: bool = False


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Where to listen, as whom, and with what patience. Port 0 takes any free port.

    `incoming` is a folder on the spool's file system. `domains` are in lower case. STARTTLS, and with it AUTH, is
    offered when a certificate and its key are given, both PEM; submission ports need them. Mail to `bounce_address`, a
    local part, at any of the domains is swallowed. From `balancers` a PROXY header must come first, from others none
    is taken.
    """

    host: str
    port: int
    hostname: str
    domains: frozenset[str]
    incoming: Path
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    submission: tuple[Doorway, ...] = ()
    bounce_address: str = "bounces"
    balancers: tuple[IPv4Network | IPv6Network, ...] = ()
    sharing: Sharing = Sharing.ALONE
    disk_threads: int = 8
    limits: Limits = Limits()
    waits: Waits = Waits()

    @property
    def doorways(self) -> tuple[Doorway, ...]:
        """All ports, that for other mail servers first."""
        return (Doorway(self.port), *self.submission)


class Content(Protocol):
    """The content of an envelope as it came in."""

    def whole(self) -> bytes:
        """All of it when it is in memory, as up to some 256 KiB, and not on disk yet; else nothing."""
        ...

    def settle(self) -> None:
        """Put it on disk, where the envelope says, and sync it. It blocks: call it in a thread.

        Raises:
            OSError: the disk is full or failing.
        """
        ...


class Settled:
    """A content that is on disk already."""

    def whole(self) -> bytes:
        """Nothing: it is to be read from there."""
        return b""

    def settle(self) -> None:
        """Nothing is left to be done."""


ON_DISK = Settled()


class Desk(Protocol):
    """What the listener asks of the rest. Each call may raise a GatewayError, whose `reply` the client is given."""

    async def check_recipient(self, address: str, mail_from: str, authenticated_as: str) -> None:
        """Return when a fax can go to this address; who sends decides how plain digits are read.

        Raises:
            GatewayError: when it cannot.
        """
        ...

    async def submit(self, envelope: Envelope, content: Content) -> SmtpReply:
        """Return the reply of success when all is durable; `envelope.content` is moved away or left to be deleted.

        There is a file only after `content.settle()`.

        Raises:
            GatewayError: when the envelope is refused or cannot be stored now.
        """
        ...

    async def to_postmaster(self, envelope: Envelope, content: Content) -> SmtpReply:
        """Take a mail to the people who run the gateway (RFC 5321 4.5.1): whoever sends it, nothing is proven.

        All its recipients are `postmaster`, alone or at one of our domains, in any case. Otherwise as `submit`.

        Raises:
            GatewayError: when it cannot be stored now.
        """
        ...

    async def authenticate(self, user_name: str, password: str) -> bool:
        """Whether the password is that of an unlocked user."""
        ...

    async def note_refusal(self, refusal: Refusal) -> None:
        """Keep for the record what the listener itself refused; the client has had its reply already.

        The rules are `domain`, `address-syntax`, `recipient`, `null-sender`, `size` and `header`.

        Raises:
            GatewayError: when it cannot be kept now; the listener goes on without.
        """
        ...
