"""The command on documents whose time is over.

What lives here: arguments and answers. What does not: erasing (`gateway.flows.retain`).
"""

import click

from gateway.admin import retention as steps
from gateway.cli.acting import changing
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, say, write_rows
from gateway.store.retention import Due

COLUMNS = ("job", "kind", "due")
MOST = 1000


@click.group()
def retention() -> None:
    """Documents are kept for so many days as the settings retention.* say, and erased."""


@retention.command("run")
@changing
@form_option
@pass_console
def retention_run(console: Console, form: str) -> None:
    """Erase now what is due; the daemon does so by itself. With --dry-run only list it.

    Rows, hashes and the history of a fax stay. A document that came within the last two minutes waits for the next run.

    \b
    Examples:
      faxgw retention run --dry-run
      faxgw retention run
    """
    from gateway.bearings import wall_clock
    from gateway.flows.retain import Retain  # loads what the rest can do without
    from gateway.parts import build_clock

    clock = build_clock(console.database)
    found = steps.due(console.door, clock.now(), MOST)
    if console.dry_run:
        write_rows([_row(one) for one in found], COLUMNS, form)
        say(f"the documents of {_count(len(found), 'fax', 'faxes')} would be erased; nothing was changed")
        return
    erased = Retain(console.database, console.spool, clock, wall_clock).round()
    young = f"; {_count(erased.young, 'content is', 'contents are')} too young and follow" if erased.young else ""
    faxes, contents = _count(erased.jobs, "fax", "faxes"), _count(erased.contents, "content", "contents")
    say(f"the documents of {faxes} were erased: {contents} taken off the disk{young}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _row(one: Due) -> Row:
    return {"job": one.public_id, "kind": one.kind.value, "due": one.due}
