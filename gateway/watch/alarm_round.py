"""The round that tells of what is stuck: once in the log, and once by mail.

What lives here: the step that a worker repeats. What does not: the judgement (`gateway.domain.alarms`), what is known
already (`gateway.store.alarms`).
"""

import asyncio
import logging
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.alarms import Alarm, alarms
from gateway.mail.alarm_letter import KIND, alarm_letter
from gateway.mail.notice_facts import Voice
from gateway.store.alarms import Changes, Mailing, note
from gateway.store.outbox import NewMail
from gateway.watch.sight import Lookout

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Addressed:
    """Who is written to, by whom, and how seldom."""

    voice: Voice
    recipient: str
    each: timedelta


@dataclass(slots=True)
class AlarmRound:
    """Looks for what is stuck; `host` is this machine's name, `addressed` None for no mails.

    It begins with a pause: what the dead left lay unclaimed before this daemon was there, and is taken up first.
    """

    lookout: Lookout
    host: str
    threads: Executor
    addressed: Addressed | None
    _paused: bool = field(default=False, init=False)

    async def next(self) -> bool:
        """Look once; there is never more to do at once."""
        if not self._paused:
            self._paused = True
            return False
        changes = await asyncio.get_running_loop().run_in_executor(self.threads, self._look)
        for alarm in changes.raised:
            log.warning("alarm-raised", extra={"kind": alarm.kind.value, "detail": alarm.detail})
        for alarm in changes.ended:
            log.info("alarm-over", extra={"kind": alarm.kind.value})
        return False

    def _look(self) -> Changes:
        """What is new. While the store cannot be read nothing is: that error is the worker's to tell."""
        lookout = self.lookout
        look = lookout.look()
        seen = alarms(look, lookout.room(), lookout.limits)
        mailing = self._mailing(self.addressed, look.wall) if self.addressed else None
        return note(lookout.db, self.host, seen, look.wall, mailing, look.now)

    def _mailing(self, addressed: Addressed, at: datetime) -> Mailing:
        def make(alarm: Alarm) -> NewMail:
            written = alarm_letter(alarm, addressed.voice, addressed.recipient, self.host, at)
            return NewMail(KIND, None, None, 0, addressed.recipient, *written)

        return Mailing(addressed.each, make)
