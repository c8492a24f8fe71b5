"""Copies of faxes to their archive: one at a time, each result committed before the next.

What lives here: the order of the steps, and when a copy is tried again. What does not: what is copied
(`gateway.archive_copies`), servers (`gateway.archiving`), rows (`gateway.store.archive_transfers`).

A place that is not reached is left alone for a while, and with it all that go there; copies for other places go on. No
fax waits for any of this. A copy whose settling a crash prevented is found at its place, and not made again; a mail is
sent again with the same Message-ID.
"""

import asyncio
import functools
import logging
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from gateway.archive_copies import Copy, ErasedError, copy_of, parcel_of
from gateway.archive_mails import mails_of
from gateway.archiving.carrier import Carrier
from gateway.archiving.parcel import NotKeptError, NotReachedError
from gateway.domain.archive import Place, Way, parse_place, wait_after
from gateway.domain.clock import Clock
from gateway.domain.errors import GatewayError, NotFoundError, UnavailableError, UsageError
from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.fax.t4.classf import PageFileError
from gateway.gate import Gate, single
from gateway.mail.notice_facts import Voice
from gateway.mail.relay import Mail, Relay
from gateway.owed import Owed
from gateway.store import archive_transfers
from gateway.store.archive_transfers import TransferClaim
from gateway.store.database import Database
from gateway.store.handback import Owned
from gateway.store.spool import Spool

log = logging.getLogger(__name__)
HELD_WAIT = timedelta(minutes=1)  # for all copies to a place that was not reached
MOST_REPLY = 300  # characters


class UnplacedError(NotKeptError):
    """As the settings are, there is no place to bring it to; trying again changes nothing."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The flow that makes copies. `patience` is how long one is tried; `held` are places and until when nobody asks."""

    db: Database
    spool: Spool
    clock: Clock
    carrier: Carrier
    relay: Relay
    voice: Voice
    process: int
    work: Path
    patience: timedelta = timedelta(days=7)
    chance: Callable[[], float] = field(default=random.random)
    owed: Owed = field(default_factory=Owed)
    gate: Gate = field(default_factory=Gate)
    tally: Tally = NOBODY
    held: dict[str, datetime] = field(default_factory=dict)

    async def next(self) -> bool:
        """Make one copy, if one is due."""
        if not self.owed.is_empty:
            await asyncio.to_thread(self.owed.settle)
        claim = await self.gate.claim(single(self._claim))
        if claim is None:
            return False
        with self.owed.having(Owned("archive_transfer", claim.id, claim.fence)):
            settled = False
            try:
                await self._archive(claim)
                settled = True
            finally:
                if not settled:
                    await asyncio.to_thread(self.owed.give_back, functools.partial(self._give_back, claim))
        return True

    def _claim(self) -> TransferClaim | None:
        now = self.clock.now()
        for place in [place for place, until in list(self.held.items()) if until <= now]:
            self.held.pop(place, None)
        return archive_transfers.claim(self.db, self.process, now, tuple(self.held))

    def _give_back(self, claim: TransferClaim) -> None:
        archive_transfers.give_back(self.db, claim, self.clock.now())

    async def _archive(self, claim: TransferClaim) -> None:
        """Make a copy and write down what became of it."""
        with tempfile.TemporaryDirectory(dir=self.work, prefix="archive-") as folder:
            try:
                place = _place(claim)
                copy = await asyncio.to_thread(copy_of, self.db, self.spool, claim, Path(folder))
                name = await self._bring(place, copy, claim, Path(folder))
            except ErasedError:
                await asyncio.to_thread(self._lose, claim)
            except NotReachedError as error:
                await asyncio.to_thread(self._hold, claim, error)
            except (NotKeptError, UsageError, NotFoundError, PageFileError) as error:
                await asyncio.to_thread(self._put_off, claim, error)
            else:
                await asyncio.to_thread(self._settle, claim, place, name)

    async def _bring(self, place: Place, copy: Copy, claim: TransferClaim, folder: Path) -> str:
        if place.way is Way.MAIL:
            return await self._mail(place, copy, claim)
        parcel = await asyncio.to_thread(parcel_of, copy, folder)
        return await self.carrier.bring(place, copy.company, parcel)

    async def _mail(self, place: Place, copy: Copy, claim: TransferClaim) -> str:
        """Hand it to the relay, in as many mails as it must be.

        Raises:
            NotReachedError: the relay was not reached.
            NotKeptError: it refused a mail.
        """
        try:
            limit = await self.relay.largest_mail()
        except UnavailableError as error:
            raise NotReachedError(error.text) from None
        mails = await asyncio.to_thread(lambda: list(mails_of(copy, place.address, self.voice, claim.created, limit)))
        sent = await self.relay.send_all([Mail(place.address, mail.octets()) for mail in mails])
        for one in sent:
            if not one.reached:
                raise NotReachedError(one.reply)
            if not one.done:
                raise NotKeptError(one.reply)
        return copy.stem

    def _settle(self, claim: TransferClaim, place: Place, name: str) -> None:
        self.held.pop(claim.order.place, None)
        archive_transfers.copied(self.db, claim, self.clock.now(), name)
        log.info("fax-archived", extra=_told(claim, place.way))
        self._count(claim, "done")

    def _lose(self, claim: TransferClaim) -> None:
        archive_transfers.lost(self.db, claim, self.clock.now())
        log.error("archive-lost", extra=_told(claim, ""))
        self._count(claim, "lost")

    def _hold(self, claim: TransferClaim, error: NotReachedError) -> None:
        """Nobody is there: that uses up no try, and the others for this place need not find out, too."""
        now = self.clock.now()
        self.held[claim.order.place] = now + HELD_WAIT
        if now - claim.created > self.patience:
            self._give_up(claim, error)
            return
        archive_transfers.put_off(self.db, claim, now + HELD_WAIT, error.text[:MOST_REPLY], counted=False)
        log.warning("archive-unreachable", extra=_told(claim, ""))
        self._count(claim, "unreached")

    def _put_off(self, claim: TransferClaim, error: GatewayError) -> None:
        now = self.clock.now()
        wait = wait_after(claim.tries, self.chance())
        if isinstance(error, UnplacedError) or now + wait - claim.created > self.patience:
            self._give_up(claim, error)
            return
        archive_transfers.put_off(self.db, claim, now + wait, error.text[:MOST_REPLY])
        log.warning("archive-delayed", extra=_told(claim, ""))
        self._count(claim, "delayed")

    def _give_up(self, claim: TransferClaim, error: GatewayError) -> None:
        archive_transfers.given_up(self.db, claim, self.clock.now(), error.text[:MOST_REPLY])
        log.error("archive-given-up", extra=_told(claim, ""))
        self._count(claim, "dead")

    def _count(self, claim: TransferClaim, ended: str) -> None:
        self.tally.tell(Metric.ARCHIVED, 1, claim.order.direction.value, ended)


def _place(claim: TransferClaim) -> Place:
    """Where it goes.

    Raises:
        UnplacedError: the settings name no place, or one that this version does not know.
    """
    try:
        return parse_place(claim.order.place)
    except ValueError as error:
        text = "no place is set: give archive.destination a value, then retry" if not claim.order.place else str(error)
        raise UnplacedError(text) from None


def _told(claim: TransferClaim, way: str) -> dict[str, object]:
    """What a log line may say of it: nothing of the place but the way, for an address or a user is somebody's."""
    return {"fax": claim.fax, "kind": claim.order.direction.value, "detail": way, "attempt": claim.tries}
