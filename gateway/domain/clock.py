"""What time it is, as the gateway sees it: passed in wherever time matters, so that a simulated line can skip ahead.

What lives here: the interface and the system's clock. The simulator's clock is in `gateway.fax.simulator.clock`.
Leases do not use it: they compare the machine's own time.
"""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells aware UTC time, and skips ahead where time is virtual."""

    def now(self) -> datetime:
        """The present, aware, UTC; never earlier than an answer given before."""
        ...

    def skip_to(self, moment: datetime) -> None:
        """Nothing happens before `moment`: a virtual clock jumps there, a real one does nothing."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present, aware, UTC."""
        return datetime.now(UTC)

    def skip_to(self, moment: datetime) -> None:
        """Real time cannot be skipped."""
