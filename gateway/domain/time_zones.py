"""Where on the clock a number lies, as libphonenumber knows it.

What lives here: the zones of a number. What does not: what time it is there (`night`). It is a module of its own
because its tables take a while to load.
"""

from functools import lru_cache

import phonenumbers
from phonenumbers import timezone

from gateway.domain.numbers import Destination

UNKNOWN = "UTC"  # of codes that belong to no country


@lru_cache(maxsize=2000)
def zones_of(destination: Destination) -> tuple[str, ...]:
    """The zones a number may lie in, as in Europe/Berlin; a mobile or a free number of a wide country has many."""
    number = phonenumbers.parse(destination.number, None)
    # A number that no plan knows of may still ring: its prefix tells the country at least.
    for look_up in (timezone.time_zones_for_number, timezone.time_zones_for_geographical_number):
        found = tuple(zone for zone in look_up(number) if zone != timezone.UNKNOWN_TIMEZONE)
        if found:
            return found
    return (UNKNOWN,)
