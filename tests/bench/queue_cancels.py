"""Cancelling from another process while the queue is full, as `faxgw outbound cancel` does it, warm."""

import time
from pathlib import Path

from gateway.admin import activity
from gateway.cli.context import Console
from gateway.domain.errors import GatewayError
from gateway.domain.job import JobState
from gateway.parts import build_clock, composer
from gateway.store.activity import Filter
from gateway.store.shared_time import shared

PAUSE = 0.05  # seconds between two


def cancel_newest(settings_file: Path, wanted: int, patience: float) -> tuple[float, ...]:
    """Cancel so many jobs that are ready, the newest each time, while there are any; the seconds that each took."""
    console = Console(settings_file)
    db, door = console.database, console.door
    clock = build_clock(db, shared(db))
    writer = composer(console.settings, db, clock)
    waits: list[float] = []
    end = time.monotonic() + patience
    while len(waits) < wanted and time.monotonic() < end:
        ready = activity.outbound(door, Filter(state=JobState.READY, limit=1))
        if ready:
            began = time.monotonic()
            try:
                activity.cancel(door, ready[0].job.public_id, clock.now(), writer.after_end)
            except GatewayError:
                continue  # its call has ended meanwhile
            waits.append(time.monotonic() - began)
        time.sleep(PAUSE)
    console.close()
    return tuple(waits)
