"""This process's own lease, as the process sees it: renewed each beat, and heeded when it cannot be renewed.

What lives here: renewing, and how the process stands meanwhile. What does not: the rule (`gateway.domain.lease`), the
row that others look at (`gateway.store.processes`).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.errors import LostClaimError
from gateway.domain.lease import Footing, footing
from gateway.store import processes
from gateway.store.database import Database


def elapsed() -> float:
    """Seconds by a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class Lease:
    """The lease of one process; any thread may ask how it stands.

    `wall` is the time that leases go by, `elapsed` counts seconds.
    """

    db: Database
    process: processes.Process
    wall: Callable[[], datetime]
    elapsed: Callable[[], float] = elapsed
    _renewed: float = field(init=False)
    _lost: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._renewed = self.elapsed()

    def renew(self) -> None:
        """Prolong it.

        Raises:
            LostClaimError: this process was given up for dead, and must start anew.
            UnavailableError: the store does not answer.
        """
        asked = self.elapsed()  # counted from before: the answer may come late
        try:
            processes.renew(self.db, self.process, self.wall())
        except LostClaimError:
            self._lost.set()
            raise
        self._renewed = asked

    @property
    def footing(self) -> Footing:
        """How the process stands now."""
        if self._lost.is_set():
            return Footing.GONE
        return footing(timedelta(seconds=self.elapsed() - self._renewed), self.process.ttl)

    def is_firm(self) -> bool:
        """Whether more may be claimed."""
        return self.footing is Footing.FIRM

    def is_gone(self) -> bool:
        """Whether calls must be hung up."""
        return self.footing is Footing.GONE
