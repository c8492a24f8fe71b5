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
from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.gate import Gate
from gateway.mail.relay import Relay, Sent, next_try
from gateway.owed import Owed
from gateway.store import outbox
from gateway.store.database import Database
from gateway.store.handback import Owned

log = logging.getLogger(__name__)
HELD_WAIT = timedelta(minutes=1)  # when nobody answers at the relay: the mail has used up no try


@dataclass(frozen=True, slots=True)
class Notify:
    """The flow that sends what waits in the outbox."""

    db: Database
    clock: Clock
    relay: Relay
    process: int
    chance: Callable[[], float] = field(default=random.random)
    owed: Owed = field(default_factory=Owed)
    gate: Gate = field(default_factory=Gate)
    tally: Tally = NOBODY

    async def next(self) -> bool:
        """Send one mail, if one is due."""
        if not self.owed.is_empty:
            await asyncio.to_thread(self.owed.settle)
        claim = await self.gate.claim(lambda: outbox.claim_mail(self.db, self.process, self.clock.now()))
        if claim is None:
            return False
        with self.owed.having(Owned("outbox", claim.id, claim.fence)):
            try:
                sent = await self.relay.send(claim.recipient, claim.message)
                await asyncio.to_thread(self._settle, claim, sent)
            finally:
                await asyncio.to_thread(self.owed.give_back, functools.partial(self._give_back, claim))
        return sent.reached

    def _give_back(self, claim: outbox.MailClaim) -> None:
        """Free a mail that could not be settled."""
        outbox.give_back(self.db, claim, self.clock.now())

    def _settle(self, claim: outbox.MailClaim, sent: Sent) -> None:
        self.tally.tell(Metric.NOTICES, 1, self._settled(claim, sent))

    def _settled(self, claim: outbox.MailClaim, sent: Sent) -> str:
        """Write down what became of a mail; how it went, as it is counted."""
        now = self.clock.now()
        extra = {"kind": claim.kind, "reply": sent.code, "attempt": claim.tries}
        if sent.done:
            outbox.mail_sent(self.db, claim, now, sent.reply)
            log.info("mail-sent", extra=extra)
            return "sent"
        wait = self._wait(claim, sent, now)
        if wait is None:
            outbox.mail_dead(self.db, claim, sent.reply)
            log.error("mail-undeliverable", extra=extra)
            return "dead"
        outbox.mail_retry(self.db, claim, now + wait, sent.reply, counted=sent.reached)
        log.warning("mail-delayed" if sent.reached else "relay-unreachable", extra=extra)
        return "delayed" if sent.reached else "unreached"

    def _wait(self, claim: outbox.MailClaim, sent: Sent, now: datetime) -> timedelta | None:
        """How long until the next try; None to give up."""
        if sent.final:
            return None
        wait = next_try(now - claim.created, claim.tries, self.chance())
        return wait if wait is None or sent.reached else min(wait, HELD_WAIT)
