"""What an administrator does about numbers that the network said are gone.

What lives here: listing them, and releasing one. What does not: rows (`gateway.store.quarantine`), the rule
(`gateway.domain.quarantine`).
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.numbers import NumberPlan, parse_number
from gateway.domain.quarantine import Standing
from gateway.store import quarantine
from gateway.store.database import Database


def listed(db: Database, now: datetime) -> Sequence[Standing]:
    """The numbers that are refused now, the latest first."""
    return [standing for standing in quarantine.quarantined(db).values() if standing.holds(now)]


def release(db: Database, number: str) -> Standing:
    """Take faxes to a number again, from the next recipient on; how it stood.

    Raises:
        BadNumberError: that is no number.
        NotFoundError: it is not in quarantine.
    """
    return quarantine.release(db, parse_number(number, NumberPlan()).number)
