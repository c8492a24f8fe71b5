"""The settings that a node of the tree may give, and the effective values for one user.

What lives here: the whole catalogue, checking of values, and typed access to what holds. What does not: the entries
themselves (`setting_groups`, `retry_settings`), which value holds (`inheritance`), where explicit values are stored
(`gateway.store.node_settings`).
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import wraps
from types import MappingProxyType
from typing import TypeVar, cast

from gateway.domain import setting_groups
from gateway.domain.addresses import NumberPlan
from gateway.domain.cover_rules import CoverRule
from gateway.domain.dates import DateStyle
from gateway.domain.errors import UsageError
from gateway.domain.quarantine import QuarantineRule
from gateway.domain.retry_policy import Caps, Policy
from gateway.domain.retry_settings import SETTINGS as RETRY_SETTINGS
from gateway.domain.retry_settings import caps_of, policy_of, quarantine_of
from gateway.domain.sender_proof import SenderProof
from gateway.domain.setting import Setting

T = TypeVar("T")

__all__ = ["CATALOG", "Effective", "Setting", "checked_value", "setting_named"]
# They concern what all users share: the lines and the numbers at the other end.
_SHARED = ("quarantine.", "retry.fast_busy_alarm", "retry.patience_seconds")
_RETRY = tuple(
    Setting(name, default, about, accepts=accepts, system_only=name.startswith(_SHARED))
    for name, default, about, accepts in RETRY_SETTINGS
)
_GROUPS = (
    setting_groups.FAX,
    setting_groups.COVER,
    setting_groups.NOTIFY,
    setting_groups.DATE,
    setting_groups.ARCHIVE,
    _RETRY,
    setting_groups.RETENTION,
    setting_groups.OTHERS,
)
CATALOG = MappingProxyType({setting.name: setting for group in _GROUPS for setting in group})


def setting_named(name: str) -> Setting:
    """An entry of the catalogue.

    Raises:
        UsageError: there is none; names what comes near.
    """
    setting = CATALOG.get(name)
    if setting is None:
        near = get_close_matches(name, CATALOG, n=3, cutoff=0.5) or CATALOG
        raise UsageError(f"unknown setting {name!r}; known are {', '.join(near)}")
    return setting


def checked_value(name: str, value: str) -> str:
    """The value, when the catalogue allows it for that setting.

    Raises:
        UsageError: unknown setting or value; names what is allowed.
    """
    setting = setting_named(name)
    if setting.takes(value):
        return value
    if setting.values is not None:
        raise UsageError(f"{name} takes {', '.join(setting.values)}; not {value!r}")
    raise UsageError(f"{value!r} is no value for {name} ({setting.about})")


def _once(make: Callable[["Effective"], T]) -> Callable[["Effective"], T]:
    """Values do not change, so what they come to is made once; they are asked for with every mail."""

    @wraps(make)
    def made(values: "Effective") -> T:
        if make not in values.made:
            values.made[make] = make(values)
        return cast(T, values.made[make])

    return made


class Effective:
    """The values that hold for one user: the nearest explicit one, else the catalogue's default."""

    def __init__(self, explicit: Mapping[str, str]) -> None:
        self._explicit = dict(explicit)
        self.made: dict[object, object] = {}

    @property
    def explicit(self) -> Mapping[str, str]:
        """Those that a level gave."""
        return self._explicit

    def every(self) -> dict[str, str]:
        """All settings of the catalogue with the values that hold."""
        return {name: self.text(name) for name in CATALOG}

    def text(self, name: str) -> str:
        """The value of a setting of the catalogue."""
        return self._explicit.get(name, CATALOG[name].default)

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.text(name) == "on"

    @_once
    def sender_proof(self) -> SenderProof:
        """What proves who sent a mail."""
        return SenderProof(self.text("fax.sender_proof"))

    @_once
    def automatic_cap(self) -> int:
        """So many mails of programs are faxed in an hour."""
        return int(self.text("fax.automatic_per_hour"))

    @_once
    def number_plan(self) -> NumberPlan:
        """How the user's plain digits are read."""
        country = self.text("fax.home_country")
        return NumberPlan("" if country == "none" else country, self.text("fax.area_code"))

    @_once
    def caps(self) -> Caps:
        """The limits on dials, tries and lifetime."""
        return caps_of(self.text)

    @_once
    def retry_policy(self) -> Policy:
        """When and how a call that failed is made again."""
        return policy_of(self.text)

    @_once
    def quarantine_rule(self) -> QuarantineRule:
        """When a number that is gone is refused."""
        return quarantine_of(self.text)

    @_once
    def cover_rule(self) -> CoverRule:
        """When a cover page is sent, and which."""
        return CoverRule(
            behavior=self.text("cover.behavior"),
            default=self.text("cover.default"),
            may_leave_out=self.on("cover.may_leave_out"),
            token_overrides=self.on("cover.token_overrides_none"),
        )

    @_once
    def date_style(self) -> DateStyle:
        """How dates and times are written for the user."""
        return DateStyle(
            self.text("date.time_zone"),
            self.text("date.format"),
            self.text("date.time_format"),
            self.on("date.show_zone"),
        )
