"""Questions to the DNS: TXT, A, AAAA, MX and PTR, with an end in time and a memory.

What lives here: names as the DNS takes them, which server to ask, following CNAMEs, remembering answers. What does not:
the question itself (`question`), what the records mean (`spf`, `dkim`, `organizational`).

dnspython's own resolver is not used: a search list would answer for names that nobody asked about, and names in mails
are not the text of zone files, where a backslash escapes.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from threading import Lock
from typing import Any, cast

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.resolver
import idna

from gateway.domain.errors import UnavailableError
from gateway.domain.nameservers import parse_nameserver
from gateway.mail.proof.question import Server, ask

Value = str | tuple[bytes, ...] | tuple[int, str]
Clock = Callable[[], float]

_UDP_SIZE = 1232  # octets: what passes every path unfragmented (DNS flag day 2020)
_MOST_CNAMES = 8
_LONGEST_TEXT = 1000  # letters of a name, before it is made shorter or longer by IDNA
_LONGEST_TTL = 3600  # seconds; a record mended at the far end is seen within the hour
_LONGEST_ABSENCE = 300
_LARGEST_KEPT = 4096  # octets of an answer, or so; larger ones are asked for anew rather than fill our memory
_LATE_SECONDS = 30.0  # how long a server that kept us waiting is asked last
_DOTS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))  # full stops of IDNA (RFC 3490 3.1)
_NO_SUCH_QUESTION = (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS)  # said to EDNS by old servers (RFC 6891 7)
_VALUES: dict[str, Callable[[Any], Value]] = {
    "A": lambda record: str(record.address),
    "AAAA": lambda record: str(record.address),
    "MX": lambda record: (record.preference, record.exchange.to_text(True)),
    "PTR": lambda record: str(record.target.to_text(True)),
    "TXT": lambda record: tuple(record.strings),
}


class DnsTroubleError(UnavailableError):
    """The DNS did not answer: time is up, a server failed or refused. Nothing is known of the name (RFC 3463 X.4.3)."""

    enhanced = "4.4.3"


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a whole check must be over, on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """The deadline so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds left; none or less: it is over."""
        return self.at - time.monotonic()

    def within(self, seconds: float) -> "Deadline":
        """The earlier one of this and of so many seconds from now."""
        return Deadline(min(self.at, time.monotonic() + seconds))


def ascii_name(name: str) -> str:
    """The name in lower case and A-labels, without a final dot; empty when no DNS name can be made of it.

    Letters are mapped after UTS 46, as browsers do. Any octet of ASCII but the dot may stand in a label (RFC 2181 11).
    """
    asked = _wire_name(name)
    return b".".join(asked.labels[:-1]).decode("ascii").lower() if asked is not None else ""


def _wire_name(text: str) -> dns.name.Name | None:
    """None when it cannot be asked for: an empty or too long label, too long in all, letters of no script."""
    return _wired(text) if len(text) <= _LONGEST_TEXT else None


@lru_cache(maxsize=2000)
def _wired(text: str) -> dns.name.Name | None:
    if not text.isascii():
        text = text.translate(_DOTS)
    labels = text.removesuffix(".").split(".")
    if not all(labels):
        return None
    try:
        return dns.name.Name([*(_wire_label(label) for label in labels), b""])
    except (dns.exception.DNSException, UnicodeError):
        return None


def _wire_label(label: str) -> bytes:
    """Raises UnicodeError for what is no label, or more than one: U+2024 is mapped to a dot."""
    wire = label.encode("ascii") if label.isascii() else idna.encode(label, uts46=True)
    if b"." in wire:
        raise UnicodeError(f"{label!r} is more than one label")
    return wire


def _system_servers() -> tuple[Server, ...]:
    """Those of resolv.conf, or the server on this machine when it names none (resolv.conf(5))."""
    try:
        system = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return (("127.0.0.1", 53),)
    return tuple((str(server), system.port) for server in system.nameservers) or (("127.0.0.1", 53),)


class Resolver:
    """Asks DNS servers in their order; blocking, and safe to share between threads.

    `timeout` bounds one question to one server, `lifetime` one look-up with all its questions, in seconds; `cache`
    is the number of answers remembered, and `clock` says in seconds how old they are.
    """

    def __init__(
        self,
        nameservers: Sequence[str] = (),
        *,
        timeout: float = 3.0,
        lifetime: float = 5.0,
        cache: int = 2000,
        clock: Clock = time.monotonic,
    ) -> None:
        self._servers = tuple(parse_nameserver(text) for text in nameservers) or _system_servers()
        self._timeout = timeout
        self._lifetime = lifetime
        self._memory = _Memory(cache, clock)
        self._late: dict[Server, float] = {}

    def texts(self, name: str, deadline: Deadline | None = None) -> tuple[bytes, ...]:
        """The TXT records of a name, each joined from its strings (RFC 7208 3.3); see `records`."""
        return tuple(b"".join(cast(tuple[bytes, ...], strings)) for strings in self.records(name, "TXT", deadline))

    def records(self, name: str, kind: str, deadline: Deadline | None = None) -> tuple[Value, ...]:
        """The records of one kind: addresses and PTR as text, MX as (preference, name), TXT as tuples of strings.

        Empty when there is no such name, no such record, or nothing of that name could be asked for.

        Raises:
            DnsTroubleError: no server told, in the time there is.
        """
        asked = _wire_name(name)
        if asked is None:
            return ()
        key = asked.canonicalize(), kind
        known = self._memory.get(key)
        if known is not None:
            return known
        end = (deadline or Deadline.after(self._lifetime)).within(self._lifetime)
        values, seconds = self._look_up(asked, kind, end)
        self._memory.keep(key, values, seconds)
        return values

    def _look_up(self, name: dns.name.Name, kind: str, deadline: Deadline) -> tuple[tuple[Value, ...], float]:
        """Values, and the seconds that they may be remembered."""
        seconds: float = _LONGEST_TTL
        seen: set[dns.name.Name] = set()
        while name not in seen and len(seen) < _MOST_CNAMES:
            seen.add(name)
            response = self._exchange(name, kind, deadline)
            try:
                chain = response.resolve_chaining()
            except dns.message.ChainTooLong:
                break
            except dns.exception.DNSException as error:
                raise _trouble(name, kind, f"an answer that cannot be: {_told(error)}") from error
            seconds = min(seconds, chain.minimum_ttl)
            if chain.answer is not None:
                values = tuple(_VALUES[kind](record) for record in chain.answer)
                return values, seconds if _is_small(values) else 0
            if response.rcode() == dns.rcode.NXDOMAIN or not chain.cnames:
                break
            name = chain.canonical_name  # the server left the rest of the chain to us
        return (), min(seconds, _LONGEST_ABSENCE)

    def _exchange(self, name: dns.name.Name, kind: str, deadline: Deadline) -> dns.message.QueryMessage:
        """The first answer that tells: of each server in turn, with EDNS, then once more without (RFC 6891 6.2.2)."""
        trouble = "no answer in time"
        given_up: set[Server] = set()
        for server, payload in self._turns():
            left = min(self._timeout, deadline.left())
            if server in given_up or left <= 0:
                continue
            query = dns.message.make_query(name, kind, use_edns=bool(payload), payload=payload)
            try:
                response = ask(server, query, left)
            except (TimeoutError, dns.exception.Timeout):
                self._late[server] = time.monotonic() + _LATE_SECONDS
            except (dns.exception.DNSException, OSError, EOFError) as error:
                trouble = _told(error)
            else:
                code = response.rcode()
                if isinstance(response, dns.message.QueryMessage) and code in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                    return response
                trouble = dns.rcode.to_text(code)
                if not payload or code not in _NO_SUCH_QUESTION:
                    given_up.add(server)
        raise _trouble(name, kind, trouble)

    def _turns(self) -> Iterator[tuple[Server, int]]:
        """Servers and payload sizes of EDNS; who kept us waiting lately comes last."""
        now = time.monotonic()
        servers = sorted(self._servers, key=lambda server: self._late.get(server, 0.0) > now)
        return ((server, payload) for payload in (_UDP_SIZE, 0) for server in servers)


def _trouble(name: dns.name.Name, kind: str, what: str) -> DnsTroubleError:
    return DnsTroubleError(f"DNS: {kind} of {name.to_text(True)}: {what}")


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _is_small(values: tuple[Value, ...]) -> bool:
    return sum(64 if isinstance(value, str) else sum(map(len, map(str, value))) for value in values) <= _LARGEST_KEPT


class _Memory:
    """Answers by name and kind until they age, the least recently asked forgotten first."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._answers: OrderedDict[tuple[dns.name.Name, str], tuple[float, tuple[Value, ...]]] = OrderedDict()

    def get(self, key: tuple[dns.name.Name, str]) -> tuple[Value, ...] | None:
        with self._lock:
            until, values = self._answers.get(key, (-inf, ()))
            if until <= self._clock():
                return None
            self._answers.move_to_end(key)
            return values

    def keep(self, key: tuple[dns.name.Name, str], values: tuple[Value, ...], seconds: float) -> None:
        if seconds <= 0:
            return
        with self._lock:
            self._answers[key] = (self._clock() + seconds, values)
            self._answers.move_to_end(key)
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
