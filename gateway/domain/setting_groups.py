"""The settings of the product by their groups, but for those of the retry policy (`retry_settings`).

What lives here: entries. What does not: what an entry is (`setting`), the catalogue (`setting_catalog`).
"""

from gateway.domain.archive import is_place
from gateway.domain.dates import DATE_FORMATS, TIME_FORMATS
from gateway.domain.sender_proof import SenderProof
from gateway.domain.setting import (
    COMPANY_ALONE,
    NOT_USERS,
    OFF_ON,
    ON_OFF,
    Setting,
    is_area,
    is_country,
    is_delay,
    is_name,
    is_station,
    is_zone,
    whole,
)

_STATION_ABOUT = "station identifier, at most 20 digits, plus and spaces; empty: the user's fax number"
_PROOF_ABOUT = "what proves who sent a mail, where neither SMTP AUTH nor a trusted relay does"
_AUTOMATIC_ABOUT = "faxes of programs (Auto-Submitted: auto-generated) a user may send in an hour"
_FAILURE_ABOUT = "when a part of a mail cannot be faxed: refuse the mail, or send the rest and say what is missing"
_PLACE_ABOUT = "where copies go: mailto:ADDRESS, or ftp, ftps or sftp://USER@HOST/FOLDER; its password is no setting"
_INHERITANCE_ABOUT = "live: changes above reach all who gave no value; snapshot: they are written down for whom is new"
_DELAY_ABOUT = "tell the sender once when a fax is so many minutes later than expected, 10 at least; 0: never"
_WELCOME_ABOUT = "which welcome message is offered when an administrator sends one to a user"
_FORMATS = ("pdf", "tif", "tif-hires", "tif-fax", "xps")
_BEHAVIORS = ("automatic", "none", "on-demand", "with-body-text")

FAX = (
    Setting("fax.inbound_format", "pdf", "the file that received faxes are mailed as", _FORMATS),
    Setting("fax.page_separation", "off", "received faxes as one file a page", OFF_ON),
    Setting("fax.metadata", "off", "a file with the facts of the fax beside a received one, XML", OFF_ON),
    Setting("fax.sender_proof", "spf-and-dkim", _PROOF_ABOUT, tuple(SenderProof)),
    Setting("fax.automatic_per_hour", "100", _AUTOMATIC_ABOUT, accepts=whole(0, 100_000), system_only=True),
    Setting("fax.resolution", "fine", "lines per inch", ("fine", "standard", "superfine")),
    Setting("fax.paper", "letter", "the paper that pages are laid out for", ("letter", "a4", "legal")),
    Setting("fax.home_country", "US", "country for plain digits, ISO 3166, or none", accepts=is_country),
    Setting("fax.area_code", "", "area code for seven digits", accepts=is_area),
    Setting("fax.station_id", "", _STATION_ABOUT, accepts=is_station),
    Setting("fax.mail_text", "on", "fax the text of a mail, not its attachments alone", ON_OFF),
    Setting("fax.page_header", "on", "a header line on every page", ON_OFF),
    Setting("attachments.on_failure", "refuse", _FAILURE_ABOUT, ("refuse", "send-rest")),
)
COVER = (
    Setting("cover.behavior", "automatic", "when a cover page is sent", _BEHAVIORS),
    Setting("cover.default", "plain", "the cover page used when none is named; see faxgw covers list"),
    Setting("cover.only_own", "off", "only covers of this level and those below it may be used", OFF_ON),
    Setting("cover.may_leave_out", "off", "%{NoCover} is honoured where covers are automatic", OFF_ON),
    Setting("cover.token_overrides_none", "off", "%{Cover} is honoured where covers are switched off", OFF_ON),
)
NOTIFY = (
    Setting("notify.initial_success", "on", "tell the sender that the fax was accepted", ON_OFF),
    Setting("notify.initial_failure", "on", "tell the sender that the mail cannot be faxed", ON_OFF),
    Setting("notify.delivery_success", "on", "tell the sender that the fax was delivered", ON_OFF),
    Setting("notify.delivery_failure", "on", "tell the sender that the fax was not delivered", ON_OFF),
    Setting("notify.delay_minutes", "60", _DELAY_ABOUT, accepts=is_delay),
    Setting(
        "notify.content",
        "minimal",
        "minimal: no subject, file name or text of the mail in notices; full: all; full-with-pages: the pages, too",
        ("minimal", "full", "full-with-pages"),
    ),
    Setting("notify.welcome", "none", _WELCOME_ABOUT, ("none", "welcome", "welcome-with-credentials")),
)
DATE = (
    Setting("date.time_zone", "UTC", "time zone, as in Europe/Berlin", accepts=is_zone),
    Setting("date.format", "MM-dd-yyyy", "how dates are written", tuple(DATE_FORMATS)),
    Setting("date.time_format", "h:mm tt", "how times are written", tuple(TIME_FORMATS)),
    Setting("date.show_zone", "off", "the zone's abbreviation behind times", ON_OFF[::-1]),
)
ARCHIVE = (
    Setting("archive.enabled", "off", "keep a copy of every fax elsewhere", OFF_ON),
    Setting("archive.direction", "both", "of which faxes", ("both", "sent", "received")),
    Setting("archive.destination", "", _PLACE_ABOUT, accepts=is_place),
    Setting("archive.name", "original", "what copies are called", ("original", "generated")),
    Setting("archive.format", "pdf", "the file that copies are made as", ("pdf", "tif")),
    Setting("archive.metadata", "off", "the facts of the fax beside each copy, XML", OFF_ON),
)
RETENTION = tuple(
    Setting(f"retention.{kind}_days", "30", f"days that {words} are kept; 0: erased at the end of the {of}",
            accepts=whole(0, 3650))
    for kind, words, of in (("sent", "documents of sent faxes", "job"),
                            ("failed", "documents of faxes that failed", "job"),
                            ("received", "received faxes", "call, when they are mailed"))
)  # fmt: skip
OTHERS = (
    Setting("security.policy", "global", "the password policy, by name; see faxgw policy list", accepts=is_name,
            levels=NOT_USERS),
    Setting("settings.inheritance", "live", _INHERITANCE_ABOUT, ("live", "snapshot"), levels=COMPANY_ALONE),
)  # fmt: skip
