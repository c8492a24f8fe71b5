"""By what every program of the gateway goes: the machine's time, the time that processes share, and as whom it writes.

What lives here: these, and the store's opening; nothing that takes memory: a daemon that only keeps others has no more.
What does not: the parts that programs are made of (`parts`).
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from gateway.fax.simulator.clock import PacedClock
from gateway.mail.notice_facts import Voice
from gateway.settings import Settings
from gateway.store.database import Database
from gateway.store.migrate import open_store
from gateway.store.recovery import is_coming_up
from gateway.store.shared_time import shared

log = logging.getLogger(__name__)
RECOVERY_SECONDS = 240.0  # below what the unit gives to a start
LOOK_SECONDS = 1.0


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


def opened_store(settings: Settings, sleep: Callable[[float], None] = time.sleep) -> Database:
    """The store of a daemon that starts: a server that is there and will soon take sessions is waited for.

    One that does not answer is not: the settings may name the wrong one.

    Raises:
        GatewayError: as `open_store`.
    """
    storage, looks = settings.storage, int(RECOVERY_SECONDS / LOOK_SECONDS)
    for look in range(looks):
        if not is_coming_up(storage.database_url):
            break
        if not look:
            log.warning("store-starting")
        sleep(LOOK_SECONDS)
    return open_store(storage.database_url, storage.folder)
