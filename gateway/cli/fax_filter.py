"""Options that choose faxes, for lists and for commands on many.

What lives here: the options, and the filter that they make. What does not: how it is carried out (`gateway.store`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from gateway.admin.activity import Filter, Sort
from gateway.admin.refused import moment
from gateway.cli.context import Console
from gateway.domain.errors import UsageError
from gateway.domain.job import JobState
from gateway.domain.outcome import Outcome

WORDS = ("In Progress", "Success", "Failed")
WHEN = "2026-03-01, 2026-03-01T14:30 (UTC), or how long ago: 90m, 2h, 7d."
_TEXTS = ("number_begins", "number_ends", "sender", "reference", "billing_code", "recipient")
_OPTIONS = (
    click.option("--where", default="", metavar="NODE", help="Only of this company, department or user."),
    click.option("--job", "jobs", multiple=True, metavar="ID", help="Only this one; may be repeated."),
    click.option("--state", type=click.Choice([state.value for state in JobState]), help="Only jobs in this state."),
    click.option("--status", type=click.Choice(WORDS, case_sensitive=False), help="The same in one of three words."),
    click.option("--outcome", type=click.Choice([outcome.value for outcome in Outcome]), help="Only this outcome."),
    click.option("--number", default="", help="Only destinations that contain these digits."),
    click.option("--number-is", default="", metavar="+DIGITS", help="Only this destination."),
    click.option("--number-begins", default="", metavar="+DIGITS", help="Only destinations that begin so."),
    click.option("--number-ends", default="", metavar="DIGITS", help="Only destinations that end so."),
    click.option("--since", default="", help=f"Only accepted from this time on: {WHEN}"),
    click.option("--until", default="", help="Only accepted before this time."),
    click.option("--pages", default="", metavar="N|N-M", help="Only with so many pages; 5- is five or more."),
    click.option("--sender", default="", help="Only with this in the address that they were sent from."),
    click.option("--recipient", default="", help="Only with this in the recipient's name or company."),
    click.option("--reference", default="", help="Only with this in the reference."),
    click.option("--billing-code", default="", help="Only with this in the billing code."),
)


def filter_options(command: click.decorators.FC) -> click.decorators.FC:
    """The options that choose faxes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(console: Console, given: Mapping[str, Any], **more: Any) -> Filter:
    """The filter that the options make; `more` are fields of it.

    Raises:
        UsageError: a time or a range of pages cannot be read.
    """
    least, most = page_range(given["pages"])
    return Filter(
        state=JobState(given["state"]) if given["state"] else None,
        status=next((word for word in WORDS if word.lower() == (given["status"] or "").lower()), ""),
        outcome=Outcome(given["outcome"]) if given["outcome"] else None,
        jobs=given["jobs"],
        number=given["number_is"],
        number_contains=given["number"],
        since=moment_of(console, given["since"]),
        until=moment_of(console, given["until"]),
        least_pages=least,
        most_pages=most,
        **{name: given[name] for name in _TEXTS},
        **more,
    )


def is_narrow(given: Mapping[str, Any]) -> bool:
    """Whether any option chooses."""
    names = ("where", "jobs", "state", "status", "outcome", "number", "number_is", "since", "until", "pages", *_TEXTS)
    return any(given[name] for name in names)


def sort_of(text: str) -> tuple[Sort, bool]:
    """What a list goes by, and whether upwards; with a minus in front it goes downwards.

    Raises:
        UsageError: there is no such column.
    """
    try:
        return Sort(text.removeprefix("-")), not text.startswith("-")
    except ValueError:
        raise UsageError(f"a list goes by one of {', '.join(Sort)}, not by {text!r}") from None


def page_range(text: str) -> tuple[int | None, int | None]:
    """The least and the most pages, None where there is no bound.

    Raises:
        UsageError: the text is no range.
    """
    first, dash, last = text.partition("-")
    bounds = [part.strip() for part in (first, last if dash else first)]
    if not all(part.isascii() and (part.isdigit() or not part) and len(part) < 8 for part in bounds):
        raise UsageError(f"{text!r} are no pages; write 3, 2-10, 5- or -4")
    least, most = (int(part) if part else None for part in bounds)
    return least, most


def moment_of(console: Console, text: str) -> datetime | None:
    """A time as an option gives it, None for none.

    Raises:
        UsageError: the text is no time.
    """
    return moment(text, lambda: gateway_time(console)) if text else None


def gateway_time(console: Console) -> datetime:
    """The gateway's time, which a simulator may have moved ahead of the machine's."""
    from gateway.parts import build_clock  # loads the whole gateway, which the rest can do without

    return build_clock(console.database).now()
