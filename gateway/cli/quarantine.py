"""Commands on numbers that are refused because the network said they are gone: list, release.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.quarantine`).
"""

from datetime import datetime

import click

from gateway.admin import quarantine as admin
from gateway.cli.acting import as_option, changing, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, write_rows
from gateway.domain.quarantine import Standing

COLUMNS = ("number", "until", "finals", "last", "outcome", "detail")


@click.group()
def quarantine() -> None:
    """Numbers that are refused because the network said, more than once, that they are gone."""


@quarantine.command("list")
@as_option
@form_option
@pass_console
def quarantine_list(console: Console, form: str) -> None:
    """List the numbers in quarantine, the latest first: until when, after how many faxes, and what was met.

    How many faxes it takes, and how long a quarantine lasts, say the settings quarantine.after and quarantine.days. A
    fax that is delivered all the same lifts it.

    \b
    Examples:
      faxgw quarantine list
      faxgw quarantine list -o csv
    """
    console.door.look("activity.view", console.door.actor.place[-1] if console.door.actor.place else None)
    rows = [_row(standing) for standing in admin.listed(console.database, _now(console))]
    write_rows(rows, COLUMNS, form)


@quarantine.command("release")
@click.argument("number")
@changing
@pass_console
def quarantine_release(console: Console, number: str) -> None:
    """Take faxes to NUMBER again, from the next mail on; what was counted against it is forgotten.

    Exit status: 0 done, 3 the number is not in quarantine, 6 it is no number.

    \b
    Examples:
      faxgw quarantine release +12025550106
      faxgw quarantine release +12025550106 --reason "number is right"
    """
    changed = admin.release(console.door, number)
    tell(changed, f"{changed.answer.number} is out of quarantine")


def _row(standing: Standing) -> Row:
    return {
        "number": standing.number,
        "until": standing.until,
        "finals": standing.finals,
        "last": standing.last,
        "outcome": standing.outcome.value,
        "detail": standing.detail,
    }


def _now(console: Console) -> datetime:
    """The gateway's time, which a simulator may have moved ahead of the machine's."""
    from gateway.parts import build_clock  # loads the whole gateway, which the rest can do without

    return build_clock(console.database).now()
