"""Looks at everything at once: the queue, the disk, and what is stuck.

What lives here: gathering, in a thread of its own, so that workers that are stuck leave it free. What does not: what
is made of it.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from gateway.domain.alarms import Alarm, QueueLook, Room, Thresholds, alarms
from gateway.domain.errors import UnavailableError
from gateway.sections import Settings
from gateway.store import gauges
from gateway.store.database import Database

UNCLAIMED = 2  # leases that a dead process's work may lie for


@dataclass(frozen=True, slots=True)
class Sight:
    """All that is to be seen at a moment. `look` is None while the store cannot be read; `ours` are our numbers."""

    look: QueueLook | None
    room: Room
    alarms: tuple[Alarm, ...]
    ours: tuple[int, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Lookout:
    """From where everything is seen: `now` is the gateway's time, `lease_time` that of leases.

    `ours` are the numbers of the processes that this daemon is, at the moment.
    """

    db: Database
    folder: Path
    lines: Mapping[str, int]
    limits: Thresholds
    now: Callable[[], datetime]
    lease_time: Callable[[], datetime]
    ours: Callable[[], tuple[int, ...]]

    def look(self) -> QueueLook:
        """The queue.

        Raises:
            UnavailableError: the store cannot be read.
        """
        return gauges.look(self.db, self.now(), self.lease_time(), self.lines)

    def room(self) -> Room:
        """The disk of spool and store."""
        usage = shutil.disk_usage(self.folder)
        return Room(usage.free, usage.total)

    def sight(self) -> Sight:
        """All of it. Without the store nothing is known of the queue, and so of nothing stuck in it."""
        room = self.room()
        try:
            look = self.look()
        except UnavailableError:
            return Sight(None, room, (), self.ours(), own_version())
        return Sight(look, room, alarms(look, room, self.limits), self.ours(), own_version())


def lookout_of(
    settings: Settings,
    db: Database,
    now: Callable[[], datetime],
    lease_time: Callable[[], datetime],
    ours: Callable[[], tuple[int, ...]] = tuple,
) -> Lookout:
    """Where the daemon looks out, or with no processes of its own a command beside it."""
    lines, folder = {route.name: route.lines for route in settings.calling.routes()}, settings.storage.folder
    return Lookout(db, folder, lines, thresholds(settings), now, lease_time, ours)


def thresholds(settings: Settings) -> Thresholds:
    """The limits of the settings file."""
    wanted = settings.alarms
    return Thresholds(
        job=timedelta(minutes=wanted.job_minutes),
        call=timedelta(minutes=wanted.call_minutes),
        render=timedelta(minutes=wanted.render_minutes),
        outbox=timedelta(minutes=wanted.outbox_minutes),
        archive=timedelta(minutes=wanted.archive_minutes),
        line=timedelta(minutes=wanted.line_minutes),
        lease=timedelta(seconds=UNCLAIMED * settings.queue.lease_seconds),
        dead_letters=wanted.dead_letters,
        free_octets=wanted.free_octets,
    )


def own_version() -> str:
    """Of the package that runs."""
    return version("faxgw")
