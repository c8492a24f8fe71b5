"""SPF: whether a domain's owner lets a client's address send for it (RFC 7208).

What lives here: one check, evaluated by pyspf with our own look-ups, and its memory. What does not: asking the DNS
(`dns`), whose addresses are shared (`shared`), whether the domain is the author's (`organizational`).

pyspf's own way to the DNS is never taken: it applies a search list, and has no end in time for a whole check.
Explanations (RFC 7208 6.2) are not fetched: they are a stranger's words.
"""

import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import inf
from threading import Lock
from typing import Any

import spf

from gateway.domain.evidence import SpfFinding, SpfResult
from gateway.mail.proof.dns import Clock, Deadline, DnsTroubleError, Resolver, Value, ascii_name
from gateway.mail.proof.shared import SHARED, shared_among

_MOST_RECORD = 8192  # octets of a record; with the next bound, what keeps pyspf's patterns from taking seconds
_MOST_TERM = 512
_MOST_RECORDS = 500  # of one name and kind: pyspf compares each with the client's address
_MOST_ADDRESS = 512  # twice what a path may have (RFC 5321 4.5.3.1.3)
_MOST_REMEMBERED = 2000
_REMEMBER_SECONDS = 60.0
_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")
_PERSONAL = re.compile(r"%\{[slh]", re.IGNORECASE)  # macros that tell one sender of a domain from another
# What pyspf raises on records made to break it, beside its own answers.
_BREAKS = (
    spf.PermError,
    spf.AmbiguityWarning,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class _Identity:
    """Whom a check is about; `domain` is empty when it is none (RFC 7208 4.3)."""

    local: str
    domain: str
    scope: str
    helo: str
    said: str


def check_spf(
    resolver: Resolver,
    peer: str,
    helo: str,
    mail_from: str,
    *,
    seconds: float = 8.0,
    shared: frozenset[str] = SHARED,
) -> SpfFinding:
    """Check MAIL FROM, or postmaster@HELO for the null sender (RFC 7208 2.4); blocks for `seconds` at most.

    Whatever peer and sender say, there is a finding: none where no domain or address can be made of it, temperror for
    every trouble with the DNS. `aligned` is left to the caller.
    """
    return _checked(resolver, _client(peer), _identity(mail_from, helo), seconds, shared)[0]


class SpfChecker:
    """`check_spf` with a memory of a minute for client and sender's domain; safe to share between threads.

    Not remembered are troubles of the DNS, and records that ask for more than the domain (macros s, l and h).
    """

    def __init__(
        self,
        resolver: Resolver,
        *,
        seconds: float = 8.0,
        shared: frozenset[str] = SHARED,
        clock: Clock = time.monotonic,
    ) -> None:
        self._resolver = resolver
        self._clock = clock
        self._seconds = seconds
        self._shared = shared
        self._lock = Lock()
        self._findings: OrderedDict[tuple[str, str, str], tuple[float, SpfFinding]] = OrderedDict()

    def check(self, peer: str, helo: str, mail_from: str) -> SpfFinding:
        """The finding of `check_spf`, perhaps one of the last minute."""
        client, identity = _client(peer), _identity(mail_from, helo)
        key = client, identity.domain, identity.scope
        with self._lock:
            until, known = self._findings.get(key, (-inf, None))
        if known is not None and self._clock() < until:
            return known
        finding, general = _checked(self._resolver, client, identity, self._seconds, self._shared)
        if general and identity.domain and finding.result is not SpfResult.TEMPERROR:
            self._remember(key, finding)
        return finding

    def _remember(self, key: tuple[str, str, str], finding: SpfFinding) -> None:
        with self._lock:
            self._findings[key] = self._clock() + _REMEMBER_SECONDS, finding
            self._findings.move_to_end(key)
            while len(self._findings) > _MOST_REMEMBERED:
                self._findings.popitem(last=False)


def _checked(
    resolver: Resolver, client: str, identity: _Identity, seconds: float, shared: frozenset[str]
) -> tuple[SpfFinding, bool]:
    """A finding, and whether it holds for every sender of the domain."""
    if not client or not identity.domain:
        what = f"{identity.said!r} names no domain" if client else "the client has no IP address"
        return SpfFinding(
            SpfResult.NONE, _shown(identity.domain or identity.said), identity.scope, reason=_shown(what)
        ), True
    check = _Check(resolver, client, identity, Deadline.after(seconds))
    result, reason = check.outcome()
    passed = shared_among(check.passed_by, shared) if result is SpfResult.PASS else ""
    finding = SpfFinding(result, identity.domain, identity.scope, reason=_shown(reason), shared=passed)
    return finding, not check.personal


def _client(peer: str) -> str:
    """The client's address, an IPv4 one where it is mapped into IPv6; empty when it is none."""
    try:
        address = ip_address(peer.partition("%")[0])  # a zone is this machine's own business (RFC 4007)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)


def _identity(mail_from: str, helo: str) -> _Identity:
    if mail_from in ("", "<>"):
        return _Identity("postmaster", _domain(helo), "helo", helo[:_MOST_ADDRESS], helo[:_MOST_ADDRESS])
    local, at, domain = mail_from.rpartition("@")
    fits = at and len(mail_from) <= _MOST_ADDRESS
    said = domain[:_MOST_ADDRESS]
    return _Identity(local or "postmaster", _domain(domain) if fits else "", "mfrom", helo[:_MOST_ADDRESS], said)


def _domain(text: str) -> str:
    name = ascii_name(text)
    return name if _DOMAIN.fullmatch(name) else ""


def _shown(text: str) -> str:
    """What strangers wrote, fit for a line of a header field."""
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text[:255])


class _Check(spf.query):  # type: ignore[misc]  # pyspf has no types
    """One evaluation. `passed_by` are the domains whose records passed by way of the sender's own, outermost first.

    `dns` is the only method of pyspf that asks for anything, so that nothing of it needs to be replaced for all.
    """

    def __init__(self, resolver: Resolver, client: str, identity: _Identity, deadline: Deadline) -> None:
        super().__init__(i=client, s=f"{identity.local}@{identity.domain}", h=identity.helo)
        self.l, self.o, self.d = identity.local, identity.domain, identity.domain  # the local part may hold an @
        self.personal = False
        self._resolver = resolver
        self._deadline = deadline
        self._passed: list[str] = []

    @property
    def passed_by(self) -> list[str]:
        return self._passed[-2::-1]

    def outcome(self) -> tuple[SpfResult, str]:
        try:
            result, _, words = self.check()
        except _BREAKS as error:
            return SpfResult.PERMERROR, f"the record cannot be evaluated: {error}"
        if result in ("temperror", "permerror"):
            return SpfResult(result), words.partition(" Error: ")[2]
        return SpfResult(result), self.mechanism or words or f"{self.o} has no SPF record"

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Value]:  # noqa: ARG002 (pyspf's)
        """Look-ups of pyspf; those without an answer are counted (RFC 7208 4.6.4)."""
        if not ascii_name(name):
            return []
        try:
            found = self._resolver.records(name, qtype, self._deadline)
        except DnsTroubleError as error:
            raise spf.TempError(error.text) from error
        if len(found) > _MOST_RECORDS:
            raise spf.PermError(f"more than {_MOST_RECORDS} records of {name}")
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"more than {spf.MAX_VOID_LOOKUPS} look-ups without an answer")
        return list(found)

    def check1(self, record: str | None, domain: str, recursion: int) -> tuple[str, int, str]:
        """Evaluate the record of one domain, and note whether it passed."""
        if record and (len(record) > _MOST_RECORD or max(map(len, record.split(" "))) > _MOST_TERM):
            raise spf.PermError(f"the record of {domain} is too long")
        before = len(self._passed)
        answer: tuple[str, int, str] = super().check1(record, domain, recursion)
        self._passed[before:] = [*self._passed[before:], domain] if answer[0] == "pass" else []
        return answer

    def expand(self, text: str, stripdot: bool = True) -> str:
        """Expand macros, and note those that depend on more than the domain."""
        self.personal = self.personal or _PERSONAL.search(text) is not None
        expanded: str = super().expand(text, stripdot)
        return expanded

    def get_explanation(self, spec: str) -> None:
        """Never asked for."""
