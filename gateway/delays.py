"""When a fax has become so late that its sender is told: once, while we still go on trying.

What lives here: looking at each open job when it has grown old, and when that sender wants to be told. What does not:
rows (`gateway.store.overdue`), the notice (`gateway.mail.delay_letter`).

Faxes that go through in the first minutes, nearly all, are never looked at, nor are those whose senders do not want to
be told.
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
    _seen: datetime | None = None  # jobs that were accepted up to then are in the heap, or need no look any more
    _later: list[tuple[datetime, int]] = field(default_factory=list)

    def tell(self, now: datetime) -> int:
        """Add the notices that are due; how many."""
        self._learn(now - SOONEST)
        due = self._due(now)
        open_ones = overdue.still_open(self.db, [number for _, number in due]) if due else ()
        told = 0
        for _, number in due:
            heapq.heappop(self._later)
            told += number in open_ones and self._look(number, now)
        overdue.drop_late(self.db)
        return told

    def _learn(self, grown: datetime) -> None:
        """Remember the jobs that were accepted up to then and whose senders want to be told."""
        if self._seen is not None and grown <= self._seen:
            return
        for aging in overdue.accepted_between(self.db, self._seen, grown):
            minutes = int(aging.held.settings.text(MINUTES)) if aging.held else LEAST_DELAY
            if minutes:
                heapq.heappush(self._later, (expected_by(aging.accepted, 0) + timedelta(minutes=minutes), aging.number))
        self._seen = grown

    def _due(self, now: datetime) -> list[tuple[datetime, int]]:
        """The first of those whose time has come, in turn."""
        if not self._later or self._later[0][0] > now:
            return []
        return [one for one in heapq.nsmallest(MOST_AT_ONCE, self._later) if one[0] <= now]

    def _look(self, number: int, now: datetime) -> bool:
        """Look at a job whose turn it is; whether its sender was told."""
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
