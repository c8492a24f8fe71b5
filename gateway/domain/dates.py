"""Dates and times as a user wants to read them: on the page header, in notices and in lists.

What lives here: the formats of the administrator guide and their writing. What does not: storage, which is UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

# The guide's patterns and what they mean to strftime.
DATE_FORMATS = MappingProxyType(
    {
        "MM-dd-yyyy": "%m-%d-%Y",
        "dd-MM-yyyy": "%d-%m-%Y",
        "yyyy-MM-dd": "%Y-%m-%d",
        "MM/dd/yyyy": "%m/%d/%Y",
        "dd/MM/yyyy": "%d/%m/%Y",
        "dd.MM.yyyy": "%d.%m.%Y",
    }
)
TIME_FORMATS = MappingProxyType({"h:mm tt": "%I:%M %p", "HH:mm": "%H:%M", "HH:mm:ss": "%H:%M:%S"})


@dataclass(frozen=True, slots=True)
class DateStyle:
    """A user's time zone (IANA name), date format, time format, and whether the zone is shown."""

    zone: str = "UTC"
    date_format: str = "MM-dd-yyyy"
    time_format: str = "h:mm tt"
    show_zone: bool = False

    def write(self, moment: datetime) -> str:
        """An aware time as date and time in the user's zone."""
        local = moment.astimezone(ZoneInfo(self.zone))
        date = local.strftime(DATE_FORMATS[self.date_format])
        time = local.strftime(TIME_FORMATS[self.time_format])
        if self.time_format == "h:mm tt":
            time = time.removeprefix("0")
        return f"{date} {time}" + (f" {local.tzname()}" if self.show_zone else "")
