"""The settings of the retry policy: names, defaults, what they take, and the policy that their values make.

What lives here: texts to figures and back. What does not: the catalogue that these settings stand in
(`setting_catalog`), the policy (`retry_policy`), quarantine itself (`quarantine`).
"""

import re
from collections.abc import Callable, Iterable
from datetime import time, timedelta

from gateway.domain.night import Night
from gateway.domain.quarantine import QuarantineRule
from gateway.domain.retry_policy import (
    DELAYS,
    STRANGERS,
    Caps,
    Continuation,
    Delays,
    Policy,
    Unconfirmed,
    Walk,
    minutes,
)

NONE = "none"
MOST_DELAYS = 20
LONGEST_DELAY = 10080.0  # minutes: a week
_DELAY = re.compile(r"[0-9]{1,5}(\.[0-9]{1,3})?", re.ASCII)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_ABOUT = {
    Walk.BUSY: "the number was busy",
    Walk.ECM: "a page was not across after many repetitions",
    Walk.FAST_BUSY: "the network was full: fast busy, no circuit, reorder",
    Walk.GENERAL: "something unknown, or a fault of ours",
    Walk.NEGOTIATION: "the ends could not agree for a poor line",
    Walk.NO_ANSWER: "nobody answered",
    Walk.NOT_A_FAX: "no fax machine answered, at a number that has taken a fax before",
    Walk.ANNOUNCEMENT: "an announcement of unknown kind",
    Walk.TRANSMISSION: "the call broke off between pages or in one",
    Walk.VOICE: "a person answered, at a number that has taken a fax before",
}
_ABOUT_STRANGERS = {
    Walk.NOT_A_FAX: "no fax machine answered, at a number never reached",
    Walk.VOICE: "a person answered, at a number never reached",
}


def read_delays(text: str) -> Delays | None:
    """Minutes with commas between, as in 3,5,10; `none` is no retry; None for anything else."""
    if text == NONE:
        return ()
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST_DELAYS or not all(_DELAY.fullmatch(part) for part in parts):
        return None
    values = [float(part) for part in parts]
    return minutes(*values) if all(0 < value <= LONGEST_DELAY for value in values) else None


def write_delays(delays: Delays) -> str:
    """A sequence as `read_delays` takes it."""
    return ",".join(f"{delay / timedelta(minutes=1):g}" for delay in delays) or NONE


def policy_of(text: Callable[[str], str]) -> Policy:
    """The policy that the values make; `text` gives the value of a setting by its name."""
    return Policy(
        caps=caps_of(text),
        delays={walk: _delays(text(f"retry.{walk}")) for walk in Walk},
        strangers={walk: _delays(text(f"retry.{walk}_unreached")) for walk in STRANGERS},
        jitter=int(text("retry.jitter_percent")) / 100,
        night=Night(time.fromisoformat(text("retry.night_begin")), time.fromisoformat(text("retry.night_end"))),
        night_calls_again=int(text("retry.night_calls_again")),
        fast_busy_alarm=int(text("retry.fast_busy_alarm")),
        patience=timedelta(seconds=int(text("retry.patience_seconds"))),
        unconfirmed=Unconfirmed(text("retry.unconfirmed")),
    )


def caps_of(text: Callable[[str], str]) -> Caps:
    """The limits on dials, tries and lifetime."""
    return Caps(
        dials=int(text("retry.dials")),
        tries_per_page=int(text("retry.tries_per_page")),
        lifetime=timedelta(minutes=int(text("retry.lifetime_minutes"))),
    )


def quarantine_of(text: Callable[[str], str]) -> QuarantineRule:
    """When a number is put under quarantine, and for how long."""
    return QuarantineRule(int(text("quarantine.after")), timedelta(days=int(text("quarantine.days"))))


def whole(least: int, most: int) -> Callable[[str], bool]:
    """Takes whole numbers from `least` to `most`."""
    return lambda text: text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most


def _delays(text: str) -> Delays:
    """A value that was checked when it was set."""
    delays = read_delays(text)
    if delays is None:
        raise ValueError(f"no sequence of delays: {text!r}")
    return delays


def _is_delays(text: str) -> bool:
    return read_delays(text) is not None


def _is_clock(text: str) -> bool:
    return _CLOCK.fullmatch(text) is not None


def _one_of(words: Iterable[str]) -> Callable[[str], bool]:
    return frozenset(words).__contains__


_MINUTES = "minutes before each new call, as in 3,5,10, or none; after: "
# Name, default, words, what is taken.
SETTINGS: tuple[tuple[str, str, str, Callable[[str], bool]], ...] = (
    ("retry.dials", "12", "calls placed for one job at most", whole(1, 100)),
    ("retry.tries_per_page", "3", "fax sessions begun for one page at most", whole(1, 20)),
    ("retry.lifetime_minutes", "180", "a job ends so long after its start", whole(1, 43200)),
    *((f"retry.{walk}", write_delays(DELAYS[walk]), _MINUTES + _ABOUT[walk], _is_delays) for walk in Walk),
    *(
        (f"retry.{walk}_unreached", write_delays(delays), _MINUTES + _ABOUT_STRANGERS[walk], _is_delays)
        for walk, delays in STRANGERS.items()
    ),
    ("retry.jitter_percent", "25", "each delay is longer or shorter by up to so much", whole(0, 90)),
    ("retry.night_begin", "21:00", "when night begins on the destination's clock, as in 21:00", _is_clock),
    ("retry.night_end", "08:00", "when it ends; until then no number is called where a person answered", _is_clock),
    (
        "retry.night_calls_again",
        "1",
        "calls again at night where nobody answered and no fax ever arrived",
        whole(0, 100),
    ),
    ("retry.fast_busy_alarm", "2", "fast busies in a row on a trunk before its operator is told", whole(1, 1000)),
    (
        "retry.patience_seconds",
        "60",
        "how long to wait for a tone after a call that met no fax machine",
        whole(35, 180),
    ),
    (
        "retry.unconfirmed",
        "hold",
        "a fax whose last answer was lost: hold it for a person, or send it again: hold, resend-last, resend-all",
        _one_of(Unconfirmed),
    ),
    (
        "retry.continuation",
        "mark",
        "how a call says that it goes on where another broke off: mark its first page, or send a cover page first",
        _one_of(Continuation),
    ),
    ("quarantine.after", "2", "faxes to a number that is gone before it is refused; 0: never", whole(0, 100)),
    ("quarantine.days", "30", "how long such a number is refused", whole(1, 3650)),
)
