"""From an envelope to jobs: who sent it, may they, to which numbers; all durable before 250.

What lives here: the desk behind the listener. What does not: SMTP (`gateway.mail.listener`), the rules
(`gateway.domain`).
"""

import asyncio
import functools
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import uuid4

from gateway import covers
from gateway.domain.addresses import FaxAddress, NumberPlan, distinct, parse_fax_address
from gateway.domain.clock import Clock
from gateway.domain.cover_rules import CoverRule, choose_cover
from gateway.domain.decision import Action, Decision, decide
from gateway.domain.errors import GatewayError, RefusedError, SmtpReply, UnavailableError
from gateway.domain.evidence import Evidence
from gateway.domain.nodes import User
from gateway.domain.passwords import verify_password
from gateway.domain.sender_proof import SenderProof
from gateway.domain.setting_catalog import Effective
from gateway.domain.submission import Envelope, HeaderFacts, NewSubmission, Refusal, duplicate_key
from gateway.domain.wishes import settle_wishes
from gateway.mail import parse
from gateway.mail.proof.gather import gather
from gateway.store import submissions, tree
from gateway.store.database import Database
from gateway.store.spool import Spool

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FrontDesk:
    """What the listener asks. `ring` wakes the workers, `pool` has threads of the desk's own."""

    db: Database
    spool: Spool
    clock: Clock
    domains: frozenset[str]
    trusted_relays: tuple[IPv4Network | IPv6Network, ...]
    ring: Callable[[], None]
    pool: ThreadPoolExecutor

    async def check_recipient(self, address: str, mail_from: str, authenticated_as: str, peer: str) -> None:
        """Return when a fax can go to this address; the plan for plain digits is that of whoever sends.

        Raises:
            BadNumberError: and its kin, with the reply to give.
        """
        try:
            await self._apart(self._check_recipient, address, mail_from, authenticated_as)
        except RefusedError as error:
            refusal = Refusal(self.clock.now(), peer, mail_from, "", (address,), "recipient", str(error.reply))
            await self._apart(submissions.add_refusal, self.db, refusal)
            raise

    async def authenticate(self, user_name: str, password: str) -> bool:
        """Whether the password is that of an unlocked user."""
        found = await self._apart(tree.credentials, self.db, user_name)
        stored = "" if found is None or found.locked else found.password_hash
        return await self._apart(verify_password, stored, password)

    async def submit(self, envelope: Envelope) -> SmtpReply:
        """Store the envelope's jobs and tell their ids.

        Raises:
            GatewayError: the sender, the header or a directive is refused, or the store cannot take it now.
        """
        accepted = await self._apart(self._submit, envelope)
        self.ring()
        ids = " ".join(job.public_id for job in accepted.jobs)
        words = "already accepted, not sent twice: fax job" if accepted.duplicate else "accepted as fax job"
        return SmtpReply(250, "2.0.0", f"{words} {ids}"[:480])

    async def _apart(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run in the desk's own threads: mail is taken however long renders and calls keep the others."""
        call = functools.partial(function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self.pool, call)

    def _check_recipient(self, address: str, mail_from: str, authenticated_as: str) -> None:
        credentials = tree.credentials(self.db, authenticated_as) if authenticated_as else None
        sender = tree.user_by_address(self.db, mail_from.lower()) if mail_from else None
        user_id = credentials.user_id if credentials else sender.id if sender else None
        plan = NumberPlan() if user_id is None else tree.effective(self.db, user_id).number_plan()
        parse_fax_address(address, self.domains, plan)

    def _submit(self, envelope: Envelope) -> submissions.Accepted:
        try:
            facts = _header(envelope.content)
        except UnavailableError:
            raise
        except GatewayError as error:
            raise self._refused(envelope, Evidence(""), "header", error) from None
        evidence = gather(facts, envelope, self.trusted_relays)
        sender = tree.user_by_address(self.db, evidence.header_from) if evidence.header_from else None
        proof = SenderProof.SPF_AND_DKIM if sender is None else tree.effective(self.db, sender.id).sender_proof()
        decision = decide(sender, proof, facts, evidence, envelope, self.clock.now())
        if decision.action is not Action.ACCEPT or sender is None:
            raise self._refused(envelope, evidence, decision.rule, RefusedError("refused", reply=decision.reply))
        try:
            new = self._plan(envelope, facts, sender, tree.effective(self.db, sender.id), (decision, evidence))
        except RefusedError as error:
            raise self._refused(envelope, evidence, "directives", error) from None
        return self._store(envelope, new)

    def _plan(
        self,
        envelope: Envelope,
        facts: HeaderFacts,
        sender: User,
        settings: Effective,
        proven: tuple[Decision, Evidence],
    ) -> NewSubmission:
        decision, evidence = proven
        now = self.clock.now()
        wishes = settle_wishes(facts, evidence, settings, now)
        plan = settings.number_plan()
        addresses = tuple(parse_fax_address(text, self.domains, plan) for text in envelope.recipients)
        for address in distinct(addresses):
            self._check_cover(sender, settings.cover_rule(), address.cover or wishes.cover)
        return NewSubmission(
            user_id=sender.id,
            sender_address=evidence.header_from,
            facts=facts,
            content_digest="",
            received=now,
            duplicate_key=_key(facts, envelope, distinct(addresses)),
            addresses=addresses,
            subject=wishes.subject,
            reference=wishes.reference,
            resolution=wishes.resolution,
            cover=wishes.cover,
            priority=wishes.priority,
            start=wishes.times.start,
            expires=wishes.times.expires,
            billing_code=wishes.billing_code,
            preview=wishes.preview,
            evidence={"rule": decision.rule, "peer": envelope.peer, "authenticated_as": evidence.authenticated_as},
        )

    def _check_cover(self, sender: User, rule: CoverRule, wish: str | None) -> None:
        """Refuse a wish that no body could make good: against the level's rule, or for a cover that does not exist.

        Raises:
            BadDirectiveError: says which, and names the covers there are.
        """
        if choose_cover(rule, wish, has_body_text=True).name:
            covers.shelf(self.db, sender.id).check(rule.named(wish))

    def _store(self, envelope: Envelope, new: NewSubmission) -> submissions.Accepted:
        """Content first, then rows: a row without its content cannot arise."""
        digest = self.spool.put_file(envelope.content)
        accepted = submissions.add(self.db, new.with_content(digest))
        log.info(
            "submission-accepted",
            extra={
                "submission": accepted.submission_id,
                "job": [job.public_id for job in accepted.jobs],
                "size": envelope.size,
                "rule": "duplicate" if accepted.duplicate else new.evidence["rule"],
            },
        )
        return accepted

    def _refused(self, envelope: Envelope, evidence: Evidence, rule: str, error: GatewayError) -> GatewayError:
        """Keep the refusal for the activity list; returns the error to raise."""
        refusal = Refusal(
            at=self.clock.now(),
            peer=envelope.peer,
            mail_from=envelope.mail_from,
            header_from=evidence.header_from,
            recipients=envelope.recipients,
            rule=rule,
            reply=str(error.reply),
        )
        submissions.add_refusal(self.db, refusal)
        log.info("submission-refused", extra={"rule": rule, "peer": envelope.peer, "reply": error.reply.enhanced})
        return error


def _header(content: Path) -> HeaderFacts:
    try:
        return parse.read_header(content)
    except OSError as error:
        raise UnavailableError(f"the mail cannot be read again ({error.strerror}); send it once more") from error


def _key(facts: HeaderFacts, envelope: Envelope, addresses: tuple[FaxAddress, ...]) -> str:
    """The duplicate key; one of its own for a mail that cannot be recognised when it comes again."""
    return duplicate_key(facts, envelope.mail_from, tuple(str(one.destination) for one in addresses)) or uuid4().hex
