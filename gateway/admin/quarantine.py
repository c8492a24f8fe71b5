"""What an administrator does about numbers that the network said are gone.

What lives here: listing them, and releasing one. What does not: rows (`gateway.store.quarantine`), the rule
(`gateway.domain.quarantine`).
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.admin.acts import Act, Changed, Door
from gateway.domain.actors import SYSTEM
from gateway.domain.numbers import NumberPlan, parse_number
from gateway.domain.quarantine import Standing
from gateway.store import quarantine
from gateway.store.database import Database


def listed(db: Database, now: datetime) -> Sequence[Standing]:
    """The numbers that are refused now, the latest first."""
    return [standing for standing in quarantine.quarantined(db).values() if standing.holds(now)]


def release(door: Door, number: str) -> Changed[Standing]:
    """Take faxes to a number again, from the next recipient on; how it stood. It is the same for all companies.

    Raises:
        NotAllowedError: only accounts of the machine do that.
        BadNumberError: that is no number.
        NotFoundError: it is not in quarantine.
    """
    wanted = parse_number(number, NumberPlan()).number

    def work(act: Act) -> Standing:
        standing = quarantine.release(act.db, wanted)
        act.note("quarantine.release", wanted, {"finals": standing.finals, "last": standing.last.isoformat()}, {})
        return standing

    return door.change(SYSTEM, None, work)
