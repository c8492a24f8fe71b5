"""Night at the destination: when a telephone that people may answer is not rung.

What lives here: the hours of the night, and the morning that follows. What does not: which zones a number lies in
(`time_zones`), what is not done at night (`retry`). Of several zones the strictest counts: it is night where it is
night in any of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS_AHEAD = 3  # nights looked at: the zones of one number lie less than a day apart


@dataclass(frozen=True, slots=True)
class Night:
    """From `begin` to `end` on the clock of the place; none where both are the same."""

    begin: time = time(21)
    end: time = time(8)

    def holds(self, moment: datetime, zones: Sequence[str]) -> bool:
        """Whether it is night in any of the zones."""
        return any(self._covers(moment.astimezone(ZoneInfo(zone)).time()) for zone in zones)

    def day_from(self, moment: datetime, zones: Sequence[str]) -> datetime | None:
        """The first moment from `moment` on when it is night nowhere; None when there is always night in some zone."""
        if not self.holds(moment, zones):
            return moment
        mornings = sorted(morning for zone in zones for morning in self._mornings(moment, zone))
        return next((morning for morning in mornings if not self.holds(morning, zones)), None)

    def _covers(self, clock: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end

    def _mornings(self, moment: datetime, zone: str) -> list[datetime]:
        there = ZoneInfo(zone)
        today = moment.astimezone(there).date()
        days = (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD))
        mornings = [datetime.combine(day, self.end, there).astimezone(UTC) for day in days]
        return [morning for morning in mornings if morning > moment]
