"""From a received fax to mails in the outbox: one fax at a time, all its mails in one commit.

What lives here: the order of the steps, and what becomes of a fax that cannot be mailed: its history says why, and an
administrator can have it mailed again. What does not: the mails (`gateway.received_mails`), sending them
(`gateway.flows.notify`), rows (`gateway.store.forwardings`).

A crash between claim and commit makes the same mails again; of those that are there already none is added.
"""

import asyncio
import functools
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway.domain.clock import Clock
from gateway.domain.errors import GatewayError, NotFoundError, UnavailableError
from gateway.domain.received import ReceivedEvent, ReceivedEventName, ReceivedFax
from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.fax.t4.classf import PageFileError
from gateway.gate import Gate, single
from gateway.mail.metadata_xml import Holder
from gateway.mail.notice_facts import Voice
from gateway.mail.received_mail import KIND, Brought, message_id
from gateway.mail.relay import Relay
from gateway.owed import Owed
from gateway.received_mails import MadeMail, Wishes, mails_of
from gateway.store import forwardings
from gateway.store.addressees import Addressee, addressee_of
from gateway.store.database import Database
from gateway.store.forwardings import ForwardingClaim
from gateway.store.handback import Owned
from gateway.store.notice_templates import dress
from gateway.store.outbox import NewMail
from gateway.store.received import by_number
from gateway.store.spool import Spool

log = logging.getLogger(__name__)
PAUSE = timedelta(minutes=1)  # after a fault of ours, or while the relay is away
MOST_TRIES = 5  # that may break off before a fax is given up
FAILURE = "failure"
MINIMAL = "minimal"  # of notify.content


class UnmailableError(GatewayError):
    """This fax becomes no mail as things stand; the text says why."""


@dataclass(frozen=True, slots=True)
class Forward:
    """The flow that turns received faxes into mails."""

    db: Database
    spool: Spool
    clock: Clock
    relay: Relay
    voice: Voice
    process: int
    owed: Owed = field(default_factory=Owed)
    gate: Gate = field(default_factory=Gate)
    tally: Tally = NOBODY

    async def next(self) -> bool:
        """Forward one fax, if one waits."""
        if not self.owed.is_empty:
            await asyncio.to_thread(self.owed.settle)
        claim = await self.gate.claim(single(self._claim))
        if claim is None:
            return False
        with self.owed.having(Owned("forwarding", claim.id, claim.fence)):
            return await self._forward(claim)

    def _claim(self) -> ForwardingClaim | None:
        return forwardings.claim(self.db, self.process, self.clock.now())

    async def _forward(self, claim: ForwardingClaim) -> bool:
        """Turn a fax into mails and settle the claim; false when the relay's limit is not to be had."""
        settled = False
        try:
            done = await self._work(claim)
            settled = True
        finally:
            if not settled:
                await asyncio.to_thread(self.owed.give_back, functools.partial(self._give_back, claim))
        return done

    async def _work(self, claim: ForwardingClaim) -> bool:
        try:
            limit = await self.relay.largest_mail()
        except UnavailableError as error:
            await asyncio.to_thread(self._put_off, claim, str(error))
            return False
        await asyncio.to_thread(self._settle, claim, limit)
        return True

    def _settle(self, claim: ForwardingClaim, limit: int | None) -> None:
        """Put the mails into the outbox, or say why there are none."""
        fax = by_number(self.db, claim.received_id)
        try:
            mails = list(self._mails(fax, claim, limit))
        except (UnmailableError, PageFileError, NotFoundError) as reason:
            self._give_up(fax, claim, str(reason))
            return
        forwardings.made(self.db, claim, mails, self.clock.now())
        log.info("fax-forwarded", extra={"fax": fax.public_id, "pages": fax.pages, "count": len(mails)})
        self.tally.tell(Metric.FORWARDINGS, 1, "made")

    def _mails(self, fax: ReceivedFax, claim: ForwardingClaim, limit: int | None) -> Iterator[NewMail]:
        if claim.tries >= MOST_TRIES:
            raise UnmailableError(f"making the mails broke off {claim.tries} times")
        if not fax.tiff_digest:
            raise UnmailableError("its pages were erased")
        whom = addressee_of(self.db, fax)
        if not whom.addresses:
            raise UnmailableError(f"no address to receive faxes is configured for {whom.path}")
        brought = self._brought(fax, claim, whom)
        wishes, owner = Wishes.of(whom.settings, limit), Holder(whom.path, whom.name)
        for made in mails_of(brought, self.spool.path(fax.tiff_digest), owner, whom.addresses, wishes):
            yield from self._kept(brought, made)

    def _brought(self, fax: ReceivedFax, claim: ForwardingClaim, whom: Addressee) -> Brought:
        settings = whom.settings
        full = settings.text("notify.content") != MINIMAL
        dates, again = settings.date_style(), claim.resubmission
        voice = replace(self.voice, dress=dress(self.db, fax.user_id))
        return Brought(fax, whom.name, voice, claim.created, dates, full=full, resubmission=again)

    def _kept(self, brought: Brought, made: MadeMail) -> Iterator[NewMail]:
        """One part for each of its recipients. Pages lie in the spool and never in a row."""
        digest = self.spool.put_bytes(made.body) if made.load.files else ""
        for recipient, head in made.heads.items():
            yield NewMail(
                kind=KIND,
                submission_id=None,
                job_id=None,
                attempt_no=brought.resubmission,
                recipient=recipient,
                message=head if digest else head + made.body,
                message_id=message_id(brought, made.load.part, recipient),
                received_id=brought.fax.id,
                part=made.load.part if made.load.parts > 1 else 0,
                message_digest=digest,
            )

    def _give_up(self, fax: ReceivedFax, claim: ForwardingClaim, reason: str) -> None:
        event = ReceivedEvent(self.clock.now(), ReceivedEventName.FORWARDED, "", FAILURE, reason)
        forwardings.failed(self.db, claim, event)
        log.error(
            "fax-not-forwarded", extra={"fax": fax.public_id, "kind": "first" if not claim.resubmission else "again"}
        )
        self.tally.tell(Metric.FORWARDINGS, 1, "failed")

    def _put_off(self, claim: ForwardingClaim, why: str) -> None:
        """The relay is away: that is no fault of the fax."""
        forwardings.put_off(self.db, claim, self.clock.now() + PAUSE, why, counted=False)

    def _give_back(self, claim: ForwardingClaim) -> None:
        """Free a fax whose mails could not be made; it is tried again after a pause."""
        forwardings.put_off(self.db, claim, self.clock.now() + PAUSE, "broken off")
