"""How a process stands by its own lease: what it may still do when renewals fail.

What lives here: the rule. What does not: renewing (`gateway.lease`), leases as others see them (`gateway.store`).
"""

from datetime import timedelta
from enum import Enum


class Footing(Enum):
    """What a lease that was last renewed so long ago allows."""

    FIRM = "firm"
    LATE = "late"  # claim nothing more
    GONE = "gone"  # hang up and let go, before others take over at the end of the lease


LATE_AFTER, GONE_AFTER = 0.5, 0.7  # of the whole lease
BEATS = 6  # renewals in one lease


def footing(age: timedelta, ttl: timedelta) -> Footing:
    """How a process stands that last asked for a lease of `ttl`, and got it, `age` ago."""
    if age >= GONE_AFTER * ttl:
        return Footing.GONE
    return Footing.LATE if age >= LATE_AFTER * ttl else Footing.FIRM
