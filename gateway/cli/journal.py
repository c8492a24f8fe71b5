"""Commands on the journal of changes: list, verify.

What lives here: arguments and answers. What does not: entries (`gateway.store.journal`).
"""

from datetime import UTC, datetime
from typing import Any

import click

from gateway.admin import acts
from gateway.cli.acting import as_option
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, say, write_rows
from gateway.domain.errors import GatewayError
from gateway.domain.journal import Entry
from gateway.store.journal import Wanted

COLUMNS = ("number", "at", "who", "what", "target", "before", "after", "reason")
DAYS = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])


@click.group()
def journal() -> None:
    """The journal: every change, by whom, when, from what to what, and why."""


@journal.command("list")
@click.option("--who", default="", help="Only changes by this account or administrator.")
@click.option("--what", default="", help="Only these, as in user or user.lock.")
@click.option("--target", default="", help="Only of nodes and things whose name holds this.")
@click.option("--since", type=DAYS, help="Only from this day or moment on, UTC.")
@click.option("--until", type=DAYS, help="Only before this day or moment, UTC.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="The latest first.")
@as_option
@form_option
@click.pass_obj
def journal_list(
    console: Console, /, form: str, since: datetime | None, until: datetime | None, limit: int, **texts: Any
) -> None:
    """List changes, the latest first.

    \b
    Examples:
      faxgw journal list --target Acme/Billing
      faxgw journal list --what settings --since 2026-03-01 -o csv
    """
    wanted = Wanted(since=_utc(since), until=_utc(until), limit=limit, **texts)
    write_rows([_row(entry) for entry in acts.entries(console.door, wanted)], COLUMNS, form)


@journal.command("verify")
@as_option
@pass_console
def journal_verify(console: Console) -> None:
    """Look whether any entry was changed or removed since it was written.

    Exit status: 0 all is as it was written, 1 it is not.

    \b
    Examples:
      faxgw journal verify
      faxgw --config /etc/faxgw.toml journal verify && echo sound
    """
    found = acts.verify(console.door)
    if found.fault:
        raise GatewayError(f"the journal is not as it was written: {found.fault}")
    say(f"the journal is sound: {found.entries} entries, each sealed to the one before")


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _row(entry: Entry) -> Row:
    return {
        "number": entry.number,
        "at": entry.at,
        "who": entry.who,
        "what": entry.what,
        "target": entry.target,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
    }
