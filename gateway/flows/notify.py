"""From the outbox to the relay: one mail at a time, each result committed before the next.

What lives here: the order of the steps. What does not: SMTP (`gateway.mail.relay`), rows (`gateway.store.outbox`).
"""

import asyncio
import functools
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.clock import Clock
from gateway.domain.errors import NotFoundError
from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.gate import Gate, single
from gateway.mail.relay import Burst, Mail, Relay, Sent, next_try
from gateway.owed import Owed
from gateway.postbag import Postbag, named
from gateway.store import outbox
from gateway.store.database import Database
from gateway.store.spool import Spool
from gateway.store.strands import at_once
from gateway.store.waiting import any_waits

log = logging.getLogger(__name__)
IN_A_ROW = 10  # mails that one step sends, so that it ends soon when it must
NO_TEXT = 554  # as a relay says that a transaction failed for good (RFC 5321 4.2.3)
KEEP_SECONDS = 2.0  # that a connection waits for the next mail: less than any relay waits for a command
HELD_WAIT = timedelta(minutes=1)  # when nobody answers at the relay: the mail has used up no try


@dataclass(frozen=True, slots=True)
class Notify:
    """The flow that sends what waits in the outbox. With `keep`, somebody closes what `relay` keeps in the end."""

    db: Database
    clock: Clock
    relay: Relay
    process: int
    chance: Callable[[], float] = field(default=random.random)
    owed: Owed = field(default_factory=Owed)
    gate: Gate = field(default_factory=Gate)
    bag: Postbag | None = None
    spool: Spool | None = None
    tally: Tally = NOBODY
    keep: float = 0  # seconds that a connection is left open after its last mail

    async def next(self) -> bool:
        """Send one mail, if one is due."""
        if not self.owed.is_empty:
            await at_once(self.owed.settle)
        claim = (self.bag.next() if self.bag else None) or await self.gate.claim(single(self._claim))
        if claim is None:
            return False
        return await self._deliver(claim)

    def return_left(self) -> None:
        """Free what the last renders and calls of this process took for it, when nobody is there to send it."""
        while self.bag is not None and (claim := self.bag.next()) is not None:
            with self.owed.having(named(claim)):
                self.owed.give_back(functools.partial(self._free, claim))

    def _claim(self) -> outbox.MailClaim | None:
        return outbox.claim_mail(self.db, self.process, self.clock.now())

    async def _deliver(self, first: outbox.MailClaim) -> bool:
        """Send this mail, and those that are due after it; false when the relay was not reached."""
        claim: outbox.MailClaim | None = first
        reached, left = True, IN_A_ROW
        async with self.relay.burst(self.keep) as burst:
            while claim is not None:
                left -= 1
                with self.owed.having(named(claim)):
                    next_for = self.process if left and self._may_follow() else None
                    sent, following = await self._send(burst, claim, next_for)
                reached = sent.reached
                claim = following or (self.bag.next() if self.bag and left and reached else None)
        return reached

    def _may_follow(self) -> bool:
        """Whether the commit that settles a mail is to look for the next one; a server answers no sooner if asked."""
        if self.bag is not None and not self.bag.is_empty:
            return False
        return not self.db.is_near or any_waits(self.db, "outbox")

    async def _send(
        self, burst: Burst, claim: outbox.MailClaim, next_for: int | None
    ) -> tuple[Sent, outbox.MailClaim | None]:
        """Send one mail and settle it; how that went, and the next one, which the same commit took."""
        settled = False
        try:
            sent = await self._carry(burst, claim)
            following = await at_once(self._settle, claim, sent, next_for)
            settled = True
        finally:
            if not settled:
                await at_once(self.owed.give_back, functools.partial(self._give_back, claim))
        return sent, following

    async def _carry(self, burst: Burst, claim: outbox.MailClaim) -> Sent:
        """Send one mail; what the spool has of it is read first."""
        try:
            rest = await asyncio.to_thread(self._rest, claim) if claim.message_digest else b""
        except NotFoundError:
            return Sent(True, NO_TEXT, "its text is not in the spool any more")
        return await burst.send(Mail(claim.recipient, claim.message + rest))

    def _rest(self, claim: outbox.MailClaim) -> bytes:
        if self.spool is None:
            raise NotFoundError("there is no spool")
        return self.spool.path(claim.message_digest).read_bytes()

    def _give_back(self, claim: outbox.MailClaim) -> None:
        """Free a mail that could not be settled."""
        outbox.give_back(self.db, claim, self.clock.now())

    def _free(self, claim: outbox.MailClaim) -> None:
        """Free a mail that nobody tried to send."""
        outbox.mail_retry(self.db, claim, self.clock.now(), "", counted=False)

    def _settle(self, claim: outbox.MailClaim, sent: Sent, next_for: int | None) -> outbox.MailClaim | None:
        """Write down what became of a mail; the next one to send, if the relay takes mail."""
        if not sent.done:
            self.tally.tell(Metric.NOTICES, 1, self._put_off(claim, sent))
            return None
        following = outbox.mail_sent(self.db, claim, self.clock.now(), sent.reply, next_for=next_for)
        log.info("mail-sent", extra={"kind": claim.kind, "reply": sent.code, "attempt": claim.tries})
        self.tally.tell(Metric.NOTICES, 1, "sent")
        return following

    def _put_off(self, claim: outbox.MailClaim, sent: Sent) -> str:
        """Have a mail tried again, or given up; how it went, as it is counted."""
        now = self.clock.now()
        extra = {"kind": claim.kind, "reply": sent.code, "attempt": claim.tries}
        wait = self._wait(claim, sent, now)
        if wait is None:
            outbox.mail_dead(self.db, claim, sent.reply, now)
            log.error("mail-undeliverable", extra=extra)
            return "dead"
        outbox.mail_retry(self.db, claim, now + wait, sent.reply, counted=sent.reached)
        if not sent.reached:
            return "unreached"  # the relay's trouble, which is told once and not for each mail
        log.warning("mail-delayed", extra=extra)
        return "delayed"

    def _wait(self, claim: outbox.MailClaim, sent: Sent, now: datetime) -> timedelta | None:
        """How long until the next try; None to give up."""
        if sent.final:
            return None
        wait = next_try(now - claim.created, claim.tries, self.chance())
        return wait if wait is None or sent.reached else min(wait, HELD_WAIT)
