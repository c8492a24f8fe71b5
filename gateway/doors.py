"""Where mail comes in: the daemon's own listener, and processes beside it that share its ports.

What lives here: starting and ending them together. What does not: listening (`gateway.mail.listener`), how such
processes are kept (`listener_processes`).
"""

import asyncio
import functools
from dataclasses import dataclass, replace

from gateway.bearings import wall_clock
from gateway.domain.clock import Clock
from gateway.listener_processes import ListenerProcesses
from gateway.mail.desk import Sharing
from gateway.mail.listener import Listener
from gateway.parts import build_listener
from gateway.settings import Settings
from gateway.store.database import Database
from gateway.watch.counts import Counts
from gateway.worker import Bell, Topic


@dataclass(frozen=True, slots=True)
class Doors:
    """The listeners of one daemon."""

    settings: Settings
    listener: Listener
    more: ListenerProcesses

    @property
    def address(self) -> str:
        """Where mail is taken."""
        return f"{self.settings.smtp.place}:{self.listener.port}"

    async def open(self) -> None:
        """Listen here, which may let the system choose the port; `share` follows."""
        await self.listener.start()

    async def share(self) -> None:
        """Start the other processes, on the same port."""
        await self.more.start(replace(self.settings, smtp=replace(self.settings.smtp, port=self.listener.port)))

    async def close(self, grace: float) -> None:
        """Take no new mail; what is coming in may end within `grace` seconds."""
        await asyncio.gather(self.listener.stop(grace), self.more.stop(grace))


def build_doors(settings: Settings, db: Database, clock: Clock, bell: Bell, counts: Counts, *, shared: bool) -> Doors:
    """The listeners that the settings want, none of them listening yet; what all of them count is in `counts`.

    With `shared` ports there are equal processes, each with a listener of its own, and the daemon holds the ports.
    """
    count, ring = settings.smtp.processes, functools.partial(bell.ring, Topic.PREPARE, Topic.MAIL)
    sharing = Sharing.NEXT if shared else Sharing.FIRST if count > 1 else Sharing.ALONE
    listener = build_listener(settings, db, clock, ring, sharing, counts)
    more = ListenerProcesses(count - 1, ring, listener.count_failure, clock.now, wall_clock, counts.take)
    listener.tell_failures(more.tell_failure)
    return Doors(settings, listener, more)
