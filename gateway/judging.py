"""What would become of a mail: its facts, the evidence of its sender, the decision, and the submission it asks for.

What lives here: the order in which a mail is judged, for the listener and for who tries it out. What does not: the
rules (`gateway.domain`), the evidence (`gateway.mail.proof`), keeping anything (`gateway.flows.submit`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from uuid import uuid4

from gateway import covers
from gateway.domain.addresses import FaxAddress, NumberPlan, distinct, parse_fax_address
from gateway.domain.blocks import refuse_blocked
from gateway.domain.clock import Clock
from gateway.domain.cover_rules import CoverRule, choose_cover
from gateway.domain.decision import Decision, decide, is_automatic, signature_use
from gateway.domain.errors import UnavailableError
from gateway.domain.evidence import Evidence
from gateway.domain.frozen import freeze
from gateway.domain.nodes import User
from gateway.domain.quarantine import refuse_quarantined
from gateway.domain.setting_catalog import Effective
from gateway.domain.submission import AutomaticCap, Envelope, HeaderFacts, NewSubmission, duplicate_key, mail_key
from gateway.domain.wishes import Wishes, settle_wishes
from gateway.mail import parse
from gateway.mail.proof.gather import Prover, by_connection, is_settled
from gateway.mail.proof.results import authentication_results
from gateway.store import tree
from gateway.store.blocks import blocked
from gateway.store.database import Database
from gateway.store.known_tree import Answers, KnownTree
from gateway.store.quarantine import quarantined


@dataclass(frozen=True, slots=True)
class Case:
    """A mail that is judged. `sender` is whom its one From names, None where nobody here; `settings` are theirs.

    `known` is the tree as it was when the mail was opened. `whole` is all of the mail when it is in no file.
    """

    envelope: Envelope
    facts: HeaderFacts
    evidence: Evidence
    sender: User | None
    settings: Effective
    known: Answers
    whole: bytes = field(default=b"", repr=False)

    @property
    def is_settled(self) -> bool:
        """Whether nothing that DNS could say would matter."""
        return is_settled(self.evidence) or is_automatic(self.facts, self.envelope.mail_from)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges mails by the store's people and settings; keeps nothing.

    `clock` dates submissions. `real_time` is the machine's: the times in signatures are those of the world, which a
    simulated line's clock leaves behind. `name` is ours, under which we tell what we found (RFC 8601 2.5).
    """

    db: Database
    known: KnownTree
    clock: Clock
    domains: frozenset[str]
    trusted_relays: tuple[IPv4Network | IPv6Network, ...]
    prover: Prover
    real_time: Callable[[], datetime]
    name: str

    def recipient(
        self, address: str, mail_from: str, authenticated_as: str, known: Answers | None = None
    ) -> FaxAddress:
        """The address, read by the number plan of whoever sends, as far as the envelope tells.

        Raises:
            BadNumberError: and its kin, with the reply to give.
            NotKnownError: `known` is not enough.
        """
        known = known or self.known.now()
        credentials = known.ask(tree.credentials, authenticated_as) if authenticated_as else None
        sender = known.ask(tree.user_by_address, mail_from.lower()) if mail_from else None
        user_id = credentials.user_id if credentials else sender.id if sender else None
        plan = NumberPlan() if user_id is None else known.ask(tree.effective, user_id).number_plan()
        found = _read_address(address, self.domains, plan)
        refuse_quarantined(known.ask(quarantined).get(found.destination.number), self.clock.now())
        if user_id is not None:
            refuse_blocked(found.destination, known.ask(blocked, user_id))
        return found

    def open(self, envelope: Envelope, content: bytes = b"", known: Answers | None = None) -> Case:
        """Read the header, and find out who it says has written it; of `content` when that is at hand.

        Raises:
            NotKnownError: `known` is not enough.
            HeaderRefusedError: the header cannot be read without guessing.
            UnavailableError: the content cannot be read again.
        """
        facts = _header(envelope.content, content)
        evidence = by_connection(facts, envelope, self.trusted_relays)
        known = known or self.known.now()
        sender = known.ask(tree.user_by_address, evidence.header_from) if evidence.header_from else None
        settings = Effective({}) if sender is None else known.ask(tree.effective, sender.id)
        return Case(envelope, facts, evidence, sender, settings, known, content)

    async def prove(self, case: Case) -> Case:
        """Ask DNS about the sender, within a deadline; what does not answer is a temporary error in the evidence."""
        return replace(case, evidence=await self.prover.ask(case.evidence, case.envelope, self.real_time()))

    def decide(self, case: Case) -> Decision:
        """May this sender send."""
        proof = case.settings.sender_proof()
        decision = decide(case.sender, proof, case.facts, case.evidence, case.envelope, self.real_time())
        if case.evidence.spf is None and not case.evidence.authenticated_as:
            return decision  # nobody looked
        told = authentication_results(self.name, case.evidence, case.envelope)
        return replace(decision, evidence={**decision.evidence, "authentication_results": told})

    def plan(self, case: Case, decision: Decision) -> NewSubmission:
        """The submission that the mail of an accepted sender asks for; its content is not in the spool yet.

        Raises:
            RefusedError: a directive, a number or a cover that cannot be; names it.
        """
        sender, settings, facts = case.sender, case.settings, case.facts
        assert sender is not None  # only who is known is accepted
        now = self.clock.now()
        wishes = settle_wishes(facts, case.evidence, settings, now)
        addresses = tuple(self._address(text, settings) for text in case.envelope.recipients)
        for address in distinct(addresses):
            refuse_blocked(address.destination, case.known.ask(blocked, sender.id))
            _check_cover(case.known, sender, settings.cover_rule(), address.cover or wishes.cover)
        signature = signature_use(decision, case.evidence, facts, lambda text: self._address(text, settings))
        proven = {"evidence": decision.evidence, "signature": signature, "automatic_cap": self._cap(case)}
        return _submission(case, sender, wishes, addresses, received=now, **proven)

    def _cap(self, case: Case) -> AutomaticCap | None:
        if case.facts.auto_submitted != "auto-generated":
            return None
        return AutomaticCap(case.settings.automatic_cap(), self.real_time())

    def _address(self, text: str, settings: Effective) -> FaxAddress:
        return _read_address(text, self.domains, settings.number_plan())


@lru_cache(maxsize=1000)
def _read_address(text: str, domains: frozenset[str], plan: NumberPlan) -> FaxAddress:
    """Each is read at RCPT, and again when its mail has come."""
    return parse_fax_address(text, domains, plan)


def _check_cover(known: Answers, sender: User, rule: CoverRule, wish: str | None) -> None:
    """Refuse a wish that no body could make good: against the level's rule, or for a cover that does not exist.

    Raises:
        BadDirectiveError: says which, and names the covers there are.
    """
    if choose_cover(rule, wish, has_body_text=True).name:
        known.ask(covers.shelf, sender.id).check(rule.named(wish))


def _header(file: Path, content: bytes) -> HeaderFacts:
    try:
        return parse.header_facts(BytesIO(content)) if content else parse.read_header(file)
    except OSError as error:
        raise UnavailableError(f"the mail cannot be read again ({error.strerror}); send it once more") from error


def _submission(
    case: Case, sender: User, wishes: Wishes, addresses: tuple[FaxAddress, ...], **proven: Any
) -> NewSubmission:
    return NewSubmission(
        user_id=sender.id,
        sender_address=case.evidence.header_from,
        facts=case.facts,
        content_digest=case.facts.content_digest,
        content=case.whole,
        duplicate_key=_key(case.facts, case.envelope, distinct(addresses)),
        mail_key=mail_key(case.facts, case.envelope.mail_from),
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
        refused=case.envelope.refused,
        frozen=freeze(sender, case.settings),
        **proven,
    )


def _key(facts: HeaderFacts, envelope: Envelope, addresses: tuple[FaxAddress, ...]) -> str:
    """The duplicate key; one of its own for a mail that cannot be recognised when it comes again."""
    return duplicate_key(facts, envelope.mail_from, tuple(one.line for one in addresses)) or uuid4().hex
