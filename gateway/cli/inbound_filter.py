"""Options that choose received faxes, for lists and for commands on many.

What lives here: the options, and the filter that they make. What does not: how it is carried out (`gateway.store`).
"""

from collections.abc import Mapping
from typing import Any

import click

from gateway.admin.inbound import Digits, ReceivedFilter, ReceivedSort
from gateway.cli.context import Console
from gateway.cli.fax_filter import WHEN, moment_of, page_range
from gateway.domain.errors import UsageError
from gateway.domain.received import ReceivedState


def _digits(name: str, words: str) -> tuple[Any, ...]:
    """The four ways to name numbers."""
    return (
        click.option(f"--{name}", default="", help=f"Only {words} that contain these digits."),
        click.option(f"--{name}-is", default="", metavar="+DIGITS", help=f"Only this of the {words}."),
        click.option(f"--{name}-begins", default="", metavar="+DIGITS", help=f"Only {words} that begin so."),
        click.option(f"--{name}-ends", default="", metavar="DIGITS", help=f"Only {words} that end so."),
    )


_NUMBERS = ("number", "caller")
_OPTIONS = (
    click.option("--where", default="", metavar="NODE", help="Only for this company, department or user."),
    click.option("--fax", "faxes", multiple=True, metavar="ID", help="Only this one; may be repeated."),
    click.option("--state", type=click.Choice([state.value for state in ReceivedState]), help="Only in this state."),
    *_digits("number", "numbers of ours"),
    *_digits("caller", "callers"),
    click.option("--remote", default="", help="Only with this in what the caller's machine calls itself."),
    click.option("--sub-address", default="", help="Only with this sub-address."),
    click.option("--cause", default="", help="Only calls that ended so, as line-dropped."),
    click.option("--since", default="", help=f"Only calls from this time on: {WHEN}"),
    click.option("--until", default="", help="Only calls before this time."),
    click.option("--pages", default="", metavar="N|N-M", help="Only with so many pages; 5- is five or more."),
)
_CHOOSING = (
    "where", "faxes", "state", "remote", "sub_address", "cause", "since", "until", "pages",
    *(f"{name}{way}" for name in _NUMBERS for way in ("", "_is", "_begins", "_ends")),
)  # fmt: skip


def filter_options(command: click.decorators.FC) -> click.decorators.FC:
    """The options that choose received faxes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(console: Console, given: Mapping[str, Any], **more: Any) -> ReceivedFilter:
    """The filter that the options make; `more` are fields of it.

    Raises:
        UsageError: a time or a range of pages cannot be read.
    """
    least, most = page_range(given["pages"])
    return ReceivedFilter(
        state=ReceivedState(given["state"]) if given["state"] else None,
        number=_named(given, "number"),
        caller=_named(given, "caller"),
        faxes=given["faxes"],
        since=moment_of(console, given["since"]),
        until=moment_of(console, given["until"]),
        least_pages=least,
        most_pages=most,
        remote=given["remote"],
        sub_address=given["sub_address"],
        cause=given["cause"],
        **more,
    )


def is_narrow(given: Mapping[str, Any]) -> bool:
    """Whether any option chooses."""
    return any(given[name] for name in _CHOOSING)


def sort_of(text: str) -> tuple[ReceivedSort, bool]:
    """What a list goes by, and whether upwards; with a minus in front it goes downwards.

    Raises:
        UsageError: there is no such column.
    """
    try:
        return ReceivedSort(text.removeprefix("-")), not text.startswith("-")
    except ValueError:
        raise UsageError(f"a list goes by one of {', '.join(ReceivedSort)}, not by {text!r}") from None


def _named(given: Mapping[str, Any], name: str) -> Digits:
    return Digits(given[f"{name}_is"], given[f"{name}_begins"], given[f"{name}_ends"], given[name])
