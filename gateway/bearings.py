"""By what every program of the gateway goes: the machine's time, the time that processes share, and as whom it writes.

What lives here: these, and nothing that takes memory: a daemon that only keeps others has no more. What does not: the
parts that programs are made of (`parts`).
"""

from datetime import UTC, datetime

from gateway.fax.simulator.clock import PacedClock
from gateway.mail.notice_facts import Voice
from gateway.settings import Settings
from gateway.store.database import Database
from gateway.store.shared_time import shared


def wall_clock() -> datetime:
    """The machine's time, aware, UTC."""
    return datetime.now(UTC)


def shared_now(db: Database) -> datetime:
    """The time that all processes on the store go by; the machine's when none has run yet, or it leaps."""
    anchor = shared(db)
    if anchor is None or not anchor.speed:
        return wall_clock()
    return PacedClock(wall_clock, anchor.speed, anchor.told, anchor.wall).now()


def voice_of(settings: Settings) -> Voice:
    """As whom the gateway writes."""
    return Voice(settings.notices.sender_name, settings.notices.sender_address, settings.smtp.domains[0])
