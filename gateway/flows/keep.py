"""Leases: ours is renewed and heeded, what we own and do not have is let go, and the dead are relieved of theirs.

What lives here: the order of those steps. What does not: how we stand (`gateway.lease`), rows (`gateway.store`).
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.domain.clock import Clock
from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.domain.lease import BEATS
from gateway.fax.call_journal import CallJournal
from gateway.lease import Lease
from gateway.notices import Composer
from gateway.owed import Owed
from gateway.running_call import forget_settled
from gateway.store import processes
from gateway.store.handback import Aftermath, Owned

log = logging.getLogger(__name__)
STEP = timedelta(seconds=2)  # of the clock that leases go by, against one that nobody sets
NEVER = datetime.min.replace(tzinfo=UTC)  # at which no lease is over


@dataclass(slots=True)
class Keep:
    """The flow that keeps the lease of one process, and looks after those of others.

    `owed` knows what all flows have in hand, `journal` what became of calls here. `cut` breaks off what is in work,
    when the lease is over, and `return_left` lets go of what was claimed and not begun; `lost` ends the process, when
    all it owned is another's.
    """

    lease: Lease
    clock: Clock
    composer: Composer
    owed: Owed
    journal: CallJournal
    cut: Callable[[], None]
    lost: Callable[[], None]
    return_left: Callable[[], None] = field(default=lambda: None)
    _unclear: frozenset[Owned] = field(default=frozenset(), init=False)
    _was_cut: bool = field(default=False, init=False)
    _ahead: datetime | None = field(default=None, init=False)
    _settled: float = field(default=0.0, init=False)

    async def beat(self) -> bool:
        """Renew the lease, and let go of what is ours by name only; true when there was such."""
        try:
            await asyncio.to_thread(self.lease.renew)
            return await asyncio.to_thread(self._release_strays)
        except LostClaimError:
            log.error("lease-lost", extra={"owner": self.lease.process.id})
            self.cut()
            self.lost()
        except UnavailableError as error:
            # No reason to wait longer than for the next beat, as a worker does after failures.
            log.warning("lease-not-renewed", extra={"owner": self.lease.process.id, "error": type(error).__name__})
        return False

    async def heed(self) -> bool:
        """When renewals have failed for long, hang up and let go, before others may take over."""
        gone = self.lease.is_gone()
        if gone and not self._was_cut:
            log.error("lease-over", extra={"owner": self.lease.process.id})
            self.cut()
            await asyncio.to_thread(self.return_left)
        self._was_cut = gone
        return False

    async def relieve(self) -> bool:
        """Take back what dead processes owned; true when one was found."""
        return await asyncio.to_thread(self._relieve)

    def _release_strays(self) -> bool:
        """A claim may be committed and not in hand yet: what is a stray at two beats, under one fence, is one."""
        owned = processes.owned(self.lease.db, self.lease.process)
        unclear = owned - self.owed.in_hand
        strays, self._unclear = unclear & self._unclear, unclear
        if strays:
            log.error("strays-released", extra={"owner": self.lease.process.id, "count": len(strays)})
            after = Aftermath(self.composer.after_end, self.journal.read)
            processes.release(self.lease.db, self.lease.process, strays, self.clock.now(), after)
        return bool(strays)

    def _judging_time(self) -> datetime:
        """The time that others' leases are judged by. After it was set, leases of before prove nothing for a while."""
        wall, seconds = self.lease.wall(), self.lease.elapsed()
        ahead = wall - timedelta(seconds=seconds)
        if self._ahead is not None and abs(ahead - self._ahead) > STEP:
            log.warning("time-stepped", extra={"seconds": round((ahead - self._ahead).total_seconds())})
            self._settled = seconds + 2 * self.lease.process.ttl.total_seconds() / BEATS
        self._ahead = ahead
        return wall if seconds >= self._settled else NEVER

    def _relieve(self) -> bool:
        lease, make_mail, read = self.lease, self.composer.after_end, self.journal.read
        reaped = processes.reap(lease.db, lease.process, self._judging_time(), self.clock.now(), make_mail, read)
        if reaped:
            log.warning("process-lost", extra={"count": reaped})
            forget_settled(lease.db, self.journal)
        return reaped > 0
