"""The settings that a node of the tree may give, and the effective values for one user.

What lives here: one catalogue (name, allowed values, default, words for humans) and typed access to what holds. What
does not: where explicit values are stored and how the nearest is found (`gateway.store.tree`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from zoneinfo import available_timezones

import phonenumbers

from gateway.domain.addresses import NumberPlan
from gateway.domain.cover_rules import CoverRule
from gateway.domain.dates import DATE_FORMATS, TIME_FORMATS, DateStyle
from gateway.domain.errors import UsageError
from gateway.domain.quarantine import QuarantineRule
from gateway.domain.retry_policy import Caps, Policy
from gateway.domain.retry_settings import SETTINGS as RETRY_SETTINGS
from gateway.domain.retry_settings import caps_of, policy_of, quarantine_of
from gateway.domain.sender_proof import SenderProof

_STATION = re.compile(r"[0-9+ ]{0,20}", re.ASCII)  # T.30 5.3.6.2.4: twenty signs of Table 3
_STATION_ABOUT = "station identifier, at most 20 digits, plus and spaces; empty: the user's fax number"
_PROOF_ABOUT = "what proves who sent a mail, where neither SMTP AUTH nor a trusted relay does"
_AUTOMATIC_ABOUT = "faxes of programs (Auto-Submitted: auto-generated) a user may send in an hour"


@dataclass(frozen=True, slots=True)
class Setting:
    """One entry of the catalogue. `values` is None where `accepts` judges free text."""

    name: str
    default: str
    about: str
    values: tuple[str, ...] | None = None
    accepts: Callable[[str], bool] = bool


def _whole(least: int, most: int) -> Callable[[str], bool]:
    return lambda text: text.isascii() and text.isdigit() and least <= int(text) <= most


def _is_country(text: str) -> bool:
    return text == "none" or text in phonenumbers.SUPPORTED_REGIONS


def _is_area(text: str) -> bool:
    return text == "" or (text.isascii() and text.isdigit())


def _is_station(text: str) -> bool:
    return _STATION.fullmatch(text) is not None


def _is_zone(text: str) -> bool:
    return text in available_timezones()


ON_OFF, OFF_ON = ("on", "off"), ("off", "on")
CATALOG = MappingProxyType(
    {
        setting.name: setting
        for setting in (
            Setting("fax.sender_proof", "spf-and-dkim", _PROOF_ABOUT, tuple(SenderProof)),
            Setting("fax.automatic_per_hour", "100", _AUTOMATIC_ABOUT, accepts=_whole(0, 100_000)),
            Setting("fax.resolution", "fine", "lines per inch", ("fine", "standard", "superfine")),
            Setting("fax.paper", "letter", "the paper that pages are laid out for", ("letter", "a4", "legal")),
            Setting("fax.home_country", "US", "country for plain digits, ISO 3166, or none", accepts=_is_country),
            Setting("fax.area_code", "", "area code for seven digits", accepts=_is_area),
            Setting("fax.station_id", "", _STATION_ABOUT, accepts=_is_station),
            Setting("fax.mail_text", "on", "fax the text of a mail, not its attachments alone", ON_OFF),
            Setting(
                "attachments.on_failure",
                "refuse",
                "when a part of a mail cannot be faxed: refuse the mail, or send the rest and say what is missing",
                ("refuse", "send-rest"),
            ),
            Setting("fax.page_header", "on", "a header line on every page", ON_OFF),
            Setting(
                "cover.behavior",
                "automatic",
                "when a cover page is sent",
                ("automatic", "none", "on-demand", "with-body-text"),
            ),
            Setting("cover.default", "plain", "the cover page used when none is named; see faxgw covers list"),
            Setting("cover.only_own", "off", "only covers of this level and those below it may be used", OFF_ON),
            Setting("cover.may_leave_out", "off", "%{NoCover} is honoured where covers are automatic", OFF_ON),
            Setting("cover.token_overrides_none", "off", "%{Cover} is honoured where covers are switched off", OFF_ON),
            Setting("notify.initial_success", "on", "tell the sender that the fax was accepted", ON_OFF),
            Setting("notify.initial_failure", "on", "tell the sender that the mail cannot be faxed", ON_OFF),
            Setting("notify.delivery_success", "on", "tell the sender that the fax was delivered", ON_OFF),
            Setting("notify.delivery_failure", "on", "tell the sender that the fax was not delivered", ON_OFF),
            Setting("date.time_zone", "UTC", "time zone, as in Europe/Berlin", accepts=_is_zone),
            Setting("date.format", "MM-dd-yyyy", "how dates are written", tuple(DATE_FORMATS)),
            Setting("date.time_format", "h:mm tt", "how times are written", tuple(TIME_FORMATS)),
            Setting("date.show_zone", "off", "the zone's abbreviation behind times", ON_OFF),
            *(Setting(name, default, about, accepts=accepts) for name, default, about, accepts in RETRY_SETTINGS),
        )
    }
)


def checked_value(name: str, value: str) -> str:
    """The value, when the catalogue allows it for that setting.

    Raises:
        UsageError: unknown setting or value; names what is allowed.
    """
    setting = CATALOG.get(name)
    if setting is None:
        raise UsageError(f"unknown setting {name!r}; known are {', '.join(CATALOG)}")
    if setting.values is not None and value not in setting.values:
        raise UsageError(f"{name} takes {', '.join(setting.values)}; not {value!r}")
    if setting.values is None and not setting.accepts(value):
        raise UsageError(f"{value!r} is no value for {name} ({setting.about})")
    return value


class Effective:
    """The values that hold for one user: the nearest explicit one, else the catalogue's default."""

    def __init__(self, explicit: Mapping[str, str]) -> None:
        self._explicit = dict(explicit)

    def text(self, name: str) -> str:
        """The value of a setting of the catalogue."""
        return self._explicit.get(name, CATALOG[name].default)

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.text(name) == "on"

    def sender_proof(self) -> SenderProof:
        """What proves who sent a mail."""
        return SenderProof(self.text("fax.sender_proof"))

    def automatic_cap(self) -> int:
        """So many mails of programs are faxed in an hour."""
        return int(self.text("fax.automatic_per_hour"))

    def number_plan(self) -> NumberPlan:
        """How the user's plain digits are read."""
        country = self.text("fax.home_country")
        return NumberPlan("" if country == "none" else country, self.text("fax.area_code"))

    def caps(self) -> Caps:
        """The limits on dials, tries and lifetime."""
        return caps_of(self.text)

    def retry_policy(self) -> Policy:
        """When and how a call that failed is made again."""
        return policy_of(self.text)

    def quarantine_rule(self) -> QuarantineRule:
        """When a number that is gone is refused."""
        return quarantine_of(self.text)

    def cover_rule(self) -> CoverRule:
        """When a cover page is sent, and which."""
        return CoverRule(
            behavior=self.text("cover.behavior"),
            default=self.text("cover.default"),
            may_leave_out=self.on("cover.may_leave_out"),
            token_overrides=self.on("cover.token_overrides_none"),
        )

    def date_style(self) -> DateStyle:
        """How dates and times are written for the user."""
        return DateStyle(
            self.text("date.time_zone"),
            self.text("date.format"),
            self.text("date.time_format"),
            self.on("date.show_zone"),
        )
