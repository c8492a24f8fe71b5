"""Who sent an envelope: the evidence, gathered for one pure decision.

What lives here: trusted relays, SMTP AUTH, and asking SPF and DKIM side by side within a deadline, in threads of their
own. What does not: the checks (`spf`, `dkim`, `organizational`), the judgement (`gateway.domain.decision`).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeVar

from gateway.domain.evidence import DkimFinding, DkimResult, Evidence, SpfFinding, SpfResult
from gateway.domain.submission import Envelope, HeaderFacts
from gateway.mail.proof.dkim import check_dkim
from gateway.mail.proof.dns import DnsTroubleError, Resolver
from gateway.mail.proof.organizational import Mechanism, aligned
from gateway.mail.proof.spf import SpfChecker

T = TypeVar("T")
Network = IPv4Network | IPv6Network
THREADS = 32
LATE = "no answer in time"


def by_connection(facts: HeaderFacts, envelope: Envelope, trusted_relays: Sequence[Network]) -> Evidence:
    """What the connection itself proves; `trusted_relays` are networks of the company's own servers."""
    return Evidence(
        header_from=facts.from_addresses[0] if len(facts.from_addresses) == 1 else "",
        authenticated_as=envelope.authenticated_as,
        trusted_relay=_within(envelope.peer, tuple(trusted_relays)),
    )


def is_settled(evidence: Evidence) -> bool:
    """Whether DNS need not be asked: the connection is proof, or nobody can be proven."""
    return bool(evidence.authenticated_as) or evidence.trusted_relay or not evidence.header_from


class Prover:
    """Asks DNS about senders, in threads of its own: slow name servers must not keep mail from the disk.

    `seconds` is what the checks of one mail may take together.
    """

    def __init__(self, resolver: Resolver, seconds: float = 20.0, threads: int = THREADS) -> None:
        self._resolver = resolver
        self._spf_checker = SpfChecker(resolver)
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(threads, "proof")

    async def ask(self, evidence: Evidence, envelope: Envelope, now: datetime) -> Evidence:
        """The evidence with the findings of SPF and DKIM; what takes too long is a temporary error."""
        author = evidence.header_from.rpartition("@")[2]
        spf, dkim = await asyncio.gather(
            self._within_time(lambda: self._spf(envelope, author)),
            self._within_time(lambda: self._dkim(envelope, author, now)),
        )
        late = SpfFinding(SpfResult.TEMPERROR, envelope.mail_from.rpartition("@")[2], reason=LATE)
        unsure = (DkimFinding(DkimResult.TEMPERROR, reason=LATE),)
        return replace(evidence, spf=late if spf is None else spf, dkim=unsure if dkim is None else dkim)

    async def _within_time(self, work: Callable[[], T]) -> T | None:
        """What the work comes to, None when time is up; the thread ends by the limits of each query."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds):
                return await loop.run_in_executor(self._threads, work)
        except TimeoutError:
            return None

    def close(self) -> None:
        """Let the threads go; questions that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _spf(self, envelope: Envelope, author: str) -> SpfFinding:
        found = self._spf_checker.check(envelope.peer, envelope.helo, envelope.mail_from)
        if found.result is not SpfResult.PASS:
            return found
        try:
            return replace(found, aligned=aligned(author, found.domain, self._resolver.texts, Mechanism.SPF))
        except DnsTroubleError as error:
            return replace(found, result=SpfResult.TEMPERROR, reason=str(error))

    def _dkim(self, envelope: Envelope, author: str, now: datetime) -> tuple[DkimFinding, ...]:
        found = check_dkim(envelope.content, self._resolver.texts, now)
        return tuple(self._with_alignment(one, author) for one in found)

    def _with_alignment(self, found: DkimFinding, author: str) -> DkimFinding:
        if found.result is not DkimResult.PASS:
            return found
        try:
            return replace(found, aligned=aligned(author, found.domain, self._resolver.texts, Mechanism.DKIM))
        except DnsTroubleError as error:
            return replace(found, result=DkimResult.TEMPERROR, reason=str(error))


@lru_cache(maxsize=1024)
def _within(peer: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])  # a zone is this machine's own business (RFC 4007)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
