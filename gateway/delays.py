"""When a fax has become so late that its sender is told: once, while we still go on trying.

What lives here: looking at each open job when it has grown old, and when that sender wants to be told. What does not:
rows (`gateway.store.overdue`), the notice (`gateway.mail.delay_letter`).

Faxes that go through in the first minutes, nearly all, are never looked at.
"""

import heapq
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.setting import LEAST_DELAY
from gateway.notices import Composer, expected_by
from gateway.store import overdue
from gateway.store.database import Database

SOONEST = timedelta(minutes=LEAST_DELAY)
MOST_AT_ONCE = 1000  # jobs looked at in one round
MINUTES = "notify.delay_minutes"


@dataclass(slots=True)
class Delays:
    """Which open jobs are to be looked at, and when; one for a process, asked by one thread at a time.

    Two processes may look at the same job: the store takes one notice.
    """

    db: Database
    composer: Composer
    _seen: datetime | None = None  # jobs that were accepted up to then are in the heap, or were looked at
    _later: list[tuple[datetime, int]] = field(default_factory=list)

    def tell(self, now: datetime) -> int:
        """Add the notices that are due; how many."""
        grown = now - SOONEST
        if self._seen is None or grown > self._seen:
            for accepted, number in overdue.accepted_between(self.db, self._seen, grown):
                heapq.heappush(self._later, (accepted + SOONEST, number))
            self._seen = grown
        told = sum(self._look(now) for _ in range(min(len(self._later), MOST_AT_ONCE)) if self._later[0][0] <= now)
        overdue.drop_late(self.db)
        return told

    def _look(self, now: datetime) -> bool:
        """Look at the job that is the next in turn; whether its sender was told."""
        _, number = heapq.heappop(self._later)
        found = overdue.open_job(self.db, number)
        if found is None or found.told or found.job.expires <= now:
            return False  # what is over by its time is not late
        minutes = int(found.held.settings.text(MINUTES))
        due = expected_by(found.start, found.job.pages) + timedelta(minutes=minutes)
        if minutes and due > now:
            heapq.heappush(self._later, (due, number))
        if not minutes or due > now:
            return False
        mail = self.composer.delayed(found.job, expected_by(found.start, found.job.pages))
        return overdue.tell(self.db, number, lambda _job: mail, now)
