"""When a job may start and when it must be over: what people write, and the times that come of it.

What lives here: times and spans as `%{At:...}` and `%{Expire:...}` take them, read and then settled in the sender's
zone. What does not: the tokens (`directives`), retries within those times (`retry`).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.errors import BadDirectiveError

# A time of day, a moment (in the sender's zone where it has none of its own), or a span from now on.
When = time | datetime | timedelta

FORMS = "2026-11-23 14:30, 2026-11-23T14:30+01:00, 14:30 or +2h"
MOST_AHEAD = timedelta(days=366)  # a start further away is a slip of the pen
LONGEST_LIFE = timedelta(days=30)  # as long as the setting retry.lifetime_minutes allows
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ]\s*(\d{2}:\d{2}(?::\d{2})?)\s*(Z|[+-]\d{2}:?\d{2})?", re.ASCII | re.IGNORECASE
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_SPAN = re.compile(r"\+?(?=\d)(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?:in)?)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Times:
    """The first moment at which a job may be called, and the one at which it is over whatever became of it; UTC."""

    start: datetime
    expires: datetime


def read_when(text: str) -> When | None:
    """A time, a moment or a span as written; None for anything else."""
    try:
        if match := _MOMENT.fullmatch(text):
            return datetime.fromisoformat(f"{match[1]}T{match[2]}{(match[3] or '').upper()}")
        if match := _CLOCK.fullmatch(text):
            return time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes = (int(part or 0) for part in match.groups())
    span = timedelta(days=days, hours=hours, minutes=minutes)
    return span or None


def settle_times(at: When | None, expire: When | None, now: datetime, zone: str, lifetime: timedelta) -> Times:
    """The times of a job that is accepted now; without wishes it starts at once and lives for `lifetime`.

    A span of Expire, a time of day there and the lifetime count from the start.

    Raises:
        BadDirectiveError: a time that has passed, is not on the clock of `zone`, or lies too far ahead.
    """
    start = now if at is None else _settled("At", at, now, zone)
    if start - now > MOST_AHEAD:
        raise BadDirectiveError(f"At: {_local(start, zone)} is more than a year ahead")
    if expire is None:
        return Times(start, start + lifetime)
    expires = _settled("Expire", expire, start, zone)
    if expires - start > LONGEST_LIFE:
        raise BadDirectiveError(f"Expire: {_local(expires, zone)} is more than {LONGEST_LIFE.days} days from the start")
    return Times(start, expires)


def _settled(name: str, when: When, after: datetime, zone: str) -> datetime:
    """The moment that is meant; it must lie behind `after`."""
    if isinstance(when, timedelta):
        return after + when
    if isinstance(when, time):
        return _next_such(name, when, after, zone)
    try:
        moment = when.astimezone(UTC) if when.tzinfo is not None else _on_the_clock(name, when, zone)
    except OverflowError:
        raise BadDirectiveError(f"{name}: there is no such time as {when:%H:%M} in the year {when.year}") from None
    if moment <= after:
        raise BadDirectiveError(f"{name}: {_local(moment, zone)} has passed: give a time after {_local(after, zone)}")
    return moment


def _next_such(name: str, when: time, after: datetime, zone: str) -> datetime:
    today = after.astimezone(ZoneInfo(zone)).date()
    for day in (today, today + timedelta(days=1)):
        naive = datetime.combine(day, when)
        if naive > after.astimezone(ZoneInfo(zone)).replace(tzinfo=None):
            return _on_the_clock(name, naive, zone)
    raise AssertionError("tomorrow is later than today")


def _on_the_clock(name: str, naive: datetime, zone: str) -> datetime:
    """Of an hour that comes twice the first; one that is left out, when clocks go forward, is refused."""
    there = ZoneInfo(zone)
    moment = naive.replace(tzinfo=there).astimezone(UTC)
    if moment.astimezone(there).replace(tzinfo=None) != naive:
        raise BadDirectiveError(f"{name}: clocks in {zone} skip {naive:%Y-%m-%d %H:%M}: give another time")
    return moment


def _local(moment: datetime, zone: str) -> str:
    try:
        return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"
    except OverflowError:
        return f"{moment:%Y-%m-%d %H:%M} UTC"
