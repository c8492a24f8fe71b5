"""Administrators: who runs a company or a department in the gateway.

What lives here: the administrator, and the languages we speak. What does not: what they may do (`rights`), rows.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import available_timezones

from gateway.domain.errors import UsageError
from gateway.domain.nodes import checked_address, checked_name
from gateway.domain.rights import ALL, Granted

LANGUAGES = ("en",)


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers the node at `path` and all below it; `line` is the ids from its company down to it."""

    id: int
    user_name: str
    first_name: str
    last_name: str
    email: str
    path: str
    line: tuple[int, ...]
    time_zone: str = "UTC"
    language: str = "en"
    rights: Granted = ALL
    locked: bool = False
    created: datetime | None = None

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def personal(self) -> tuple[str, ...]:
        """What a password must not hold where the policy says so."""
        return (self.first_name, self.last_name, self.user_name, self.email)


@dataclass(frozen=True, slots=True)
class NewAdministrator:
    """An administrator to be added, as written; `checked` looks at every field."""

    path: str
    first_name: str
    last_name: str
    email: str
    user_name: str = ""
    time_zone: str = "UTC"
    language: str = "en"
    rights: Granted = ALL
    password_hash: str = field(default="", repr=False)

    def checked(self) -> "NewAdministrator":
        """With every field in the form it is kept in; the user name is the address when none is given.

        Raises:
            UsageError: names the field, and what it takes.
        """
        email = checked_address(self.email)
        return replace(
            self,
            first_name=checked_name(self.first_name, "a first name"),
            last_name=checked_name(self.last_name, "a last name"),
            email=email,
            user_name=checked_name(self.user_name or email, "a user name"),
            time_zone=checked_zone(self.time_zone),
            language=checked_language(self.language),
        )


def checked_zone(name: str) -> str:
    """A time zone that there is.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in available_timezones():
        raise UsageError(f"{name!r} is no time zone: write one as in Europe/Berlin, or UTC")
    return name


def checked_language(name: str) -> str:
    """A language that the gateway speaks.

    Raises:
        UsageError: it does not.
    """
    if name not in LANGUAGES:
        raise UsageError(f"{name!r} is no language of this gateway; it speaks {', '.join(LANGUAGES)}")
    return name
