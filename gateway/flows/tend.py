"""What time alone brings about: jobs that fall due or expire, and a clock that may skip ahead.

What lives here: the order of those steps. What does not: rows (`gateway.store`).
"""

import asyncio
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from gateway.delays import Delays
from gateway.domain.clock import Clock
from gateway.fax.call_journal import CallJournal
from gateway.notices import Composer
from gateway.running_call import forget_settled
from gateway.store import first_passwords, jobs, processes, quarantine, refusals, signatures
from gateway.store.database import Database

log = logging.getLogger(__name__)
REST_SECONDS = 0.05  # after a look in vain
SWEEP_EACH = timedelta(seconds=10)
FORGET_EACH = timedelta(minutes=10)
BLOCKS_EACH = timedelta(seconds=5)
DELAYS_EACH = timedelta(seconds=10)  # of the gateway's time, which may leap


@dataclass(slots=True)
class Rhythm:
    """Tells when something is due that need not be done at every look."""

    each: timedelta
    last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is; then the next time is so much later."""
        if self.last is not None and self.last <= now < self.last + self.each:
            return False
        self.last = now
        return True


@dataclass(frozen=True, slots=True)
class Tend:
    """The flow that looks after the queue.

    `wall` is the machine's time, which refusals and signatures go by; `work` is this process's work folder, beside
    those of others; `journal` has the calls of this host.
    """

    db: Database
    clock: Clock
    wall: Callable[[], datetime]
    composer: Composer
    process: processes.Process
    work: Path
    journal: CallJournal
    sweeping: Rhythm = field(default_factory=lambda: Rhythm(SWEEP_EACH))
    forgetting: Rhythm = field(default_factory=lambda: Rhythm(FORGET_EACH))
    blocking: Rhythm = field(default_factory=lambda: Rhythm(BLOCKS_EACH))
    looking: Rhythm = field(default_factory=lambda: Rhythm(DELAYS_EACH))
    delays: Delays = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "delays", Delays(self.db, self.composer))

    async def next(self) -> bool:
        """Look once over the queue; true when something moved.

        Under load it is woken by everything that happens, and finds nothing: then it rests, whoever rings.
        """
        moved = await asyncio.to_thread(self._next)
        if not moved:
            await asyncio.sleep(REST_SECONDS)
        return moved

    def _next(self) -> bool:
        if self.sweeping.is_due(self.wall()):
            self._sweep()
        self._forget()
        self._tell_delays()
        moved = jobs.expire_due(self.db, self.clock.now(), self.composer.after_end)
        moved += self._stop_blocked() + jobs.promote_due(self.db, self.clock.now())
        if moved:
            return True
        due = jobs.next_due(self.db)
        if due is None or not jobs.is_quiet(self.db):
            return False
        self.clock.skip_to(due)
        self._tell_delays()  # before the next call, which may end what is late
        return jobs.promote_due(self.db, self.clock.now()) > 0

    def _tell_delays(self) -> None:
        """Tell senders of faxes that are far behind their time."""
        if self.looking.is_due(self.clock.now()):
            told = self.delays.tell(self.clock.now())
            if told:
                log.info("delays-told", extra={"count": told})

    def _stop_blocked(self) -> int:
        """Cancel what waits for a number that was blocked meanwhile."""
        if not self.blocking.is_due(self.wall()):
            return 0
        return jobs.cancel_blocked(self.db, self.clock.now(), self.composer.after_end)

    def _sweep(self) -> None:
        """Remove what processes that are gone left in their work folders: pages and parts of mails."""
        processes.sweep_locks(self.db, self.process)
        for folder in self.work.parent.iterdir():
            if folder != self.work and not self.process.lock_path.with_name(f"{folder.name}.lock").exists():
                shutil.rmtree(folder, ignore_errors=True)

    def _forget(self) -> None:
        """Drop what is kept for some days only: refusals, quarantines, codes, and signatures that are not taken now."""
        now = self.wall()
        if not self.forgetting.is_due(now):
            return
        forgotten = refusals.sweep(self.db, now) + signatures.sweep(self.db, now) + first_passwords.sweep(self.db, now)
        forgotten += quarantine.sweep(self.db, self.clock.now())
        forgotten += forget_settled(self.db, self.journal)
        if forgotten:
            log.info("forgotten", extra={"count": forgotten})
