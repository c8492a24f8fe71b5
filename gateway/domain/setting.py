"""What a setting is: its name, what it takes, who may set it where, and words on it.

What lives here: the type of the catalogue's entries, and judges of free text. What does not: the entries
(`setting_catalog` and what it is made of), which value holds (`inheritance`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from zoneinfo import available_timezones

import phonenumbers

from gateway.domain.nodes import NodeKind

ALL_LEVELS = (NodeKind.COMPANY, NodeKind.DEPARTMENT, NodeKind.USER)
COMPANY_ALONE = (NodeKind.COMPANY,)
NOT_USERS = (NodeKind.COMPANY, NodeKind.DEPARTMENT)
ON_OFF, OFF_ON = ("on", "off"), ("off", "on")
# Which part of the rights a group of settings belongs to; the others belong to the settings themselves.
_PARTS = MappingProxyType(
    {
        "fax": "fax",
        "attachments": "fax",
        "cover": "covers",
        "notify": "notifications",
        "archive": "archive",
        "security": "security",
    }
)
LEAST_DELAY = 10  # minutes: what takes that long is not late yet
_STATION = re.compile(r"[0-9+ ]{0,20}", re.ASCII)  # T.30 5.3.6.2.4: twenty signs of Table 3


@dataclass(frozen=True, slots=True)
class Setting:
    """One entry of the catalogue. `values` is None where `accepts` judges free text.

    `levels` are the kinds of nodes that may give it. What is `system_only` is set by accounts of the machine, no
    administrator. Of a setting that takes effect `later` nothing is read yet.
    """

    name: str
    default: str
    about: str
    values: tuple[str, ...] | None = None
    accepts: Callable[[str], bool] = bool
    levels: tuple[NodeKind, ...] = ALL_LEVELS
    system_only: bool = False
    later: bool = False

    @property
    def group(self) -> str:
        """What stands before the dot."""
        return self.name.partition(".")[0]

    @property
    def kind(self) -> str:
        """What it takes: a switch, a choice, or text that is judged."""
        if self.values is None:
            return "text"
        return "switch" if set(self.values) == {"on", "off"} else "choice"

    @property
    def part(self) -> str:
        """The part of the rights that it belongs to."""
        return _PARTS.get(self.group, "settings")

    def takes(self, value: str) -> bool:
        """Whether it may have that value."""
        return self.accepts(value) if self.values is None else value in self.values


def whole(least: int, most: int) -> Callable[[str], bool]:
    """Takes whole numbers from `least` to `most`."""
    return lambda text: text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most


def is_delay(text: str) -> bool:
    """Minutes, none or LEAST_DELAY at least."""
    return text == "0" or whole(LEAST_DELAY, 43_200)(text)


def is_country(text: str) -> bool:
    """A country with telephones, ISO 3166, or none."""
    return text == "none" or text in phonenumbers.SUPPORTED_REGIONS


def is_area(text: str) -> bool:
    """Digits, or nothing."""
    return text == "" or (text.isascii() and text.isdigit())


def is_station(text: str) -> bool:
    """What a station identifier may hold."""
    return _STATION.fullmatch(text) is not None


def is_zone(text: str) -> bool:
    """A time zone of the IANA database."""
    return text in _zones()


@cache
def _zones() -> frozenset[str]:
    """Read once: it takes a walk over many files."""
    return frozenset(available_timezones())


def is_name(text: str) -> bool:
    """A name that people gave: 1 to 80 printable characters."""
    return 0 < len(text) <= 80 and text.isprintable() and text == text.strip()
