"""What the workers of one process share, and how workers of one kind are made.

What lives here: store, spool, clock and the rest in one bundle; gates and workers that go by its settings. What does
not: which workers there are (`crew`), opening and closing (`app`).
"""

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.domain.errors import LostClaimError
from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.fax.call_journal import CallJournal
from gateway.fax.simulator.transport import CallClock
from gateway.flows.receive import Receive
from gateway.gate import Gate, always
from gateway.lease import Lease
from gateway.notices import Composer
from gateway.owed import Owed
from gateway.postbag import Postbag
from gateway.settings import Settings
from gateway.store import processes, waiting
from gateway.store.database import Database
from gateway.store.spool import Spool
from gateway.worker import Bell, Interest, Step, Worker

SELDOM = 5  # of the looks that workers of one kind take when nobody has woken them
GATE_SHARE = 0.9  # of the idle time: a look in vain holds a little less long than workers rest


@dataclass(frozen=True, slots=True)
class Shared:
    """What the workers of one process share. `hanging_up` ends all calls at their next signal."""

    settings: Settings
    db: Database
    spool: Spool
    clock: CallClock
    composer: Composer
    process: processes.Process
    work: Path
    lease: Lease
    journal: CallJournal
    owed: Owed
    bell: Bell
    hanging_up: threading.Event = field(default_factory=threading.Event)
    tally: Tally = NOBODY
    bag: Postbag | None = None
    left: list[Callable[[], None]] = field(default_factory=list)  # called when nothing more is begun, to let go
    receive: Receive | None = None  # one for all transports of the process: it counts lines

    def must_hang_up(self) -> bool:
        """Whether no call may go on: the lease is over, or whoever stops this process waits no longer."""
        return self.hanging_up.is_set() or self.lease.is_gone()

    def gate(self, interest: Interest, table: str) -> Gate:
        """A gate for the workers of one kind; `table` is where their work stands."""
        news, stale = functools.partial(self.bell.rung, *interest.hears), GATE_SHARE * self.settings.queue.poll_seconds
        # A server takes as long for a glance as for the look itself.
        worth = functools.partial(waiting.any_waits, self.db, table) if self.db.is_near else always
        wake = functools.partial(self.bell.pass_on, *interest.hears)
        return Gate(news, stale, worth, wake, functools.partial(self.bell.resting, *interest.hears))

    def workers(self, name: str, count: int, step: Step, interest: Interest) -> list[Worker]:
        """Workers that claim, as long as the lease is firm; one of them looks by itself, the others seldom do."""
        step, poll = _counted(name, step, self.tally), self.settings.queue.poll_seconds
        interest = replace(interest, squad=name)
        return [
            Worker(f"{name}-{number}", step, self.bell, SELDOM * poll if number else poll, interest, self.lease.is_firm)
            for number in range(count)
        ]


def _counted(kind: str, step: Step, tally: Tally) -> Step:
    """The same step, counted when an error ends it."""

    async def counted() -> bool:
        ended = False
        try:
            found = await step()
            ended = True
            return found
        except LostClaimError:
            ended = True  # a cancel or a stop is no failure
            raise
        finally:
            if not ended:
                tally.tell(Metric.FAILED_STEPS, 1, kind)

    return counted
