"""The command that has received faxes delivered again: one, several, or all that a filter chooses, with progress.

What lives here: arguments, answers and exit codes. What does not: the step (`gateway.admin.inbound`).
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from gateway.admin import inbound as steps
from gateway.cli.acting import changing, confirming, named_or_chosen, tell_entries
from gateway.cli.context import Console, pass_console
from gateway.cli.fax_filter import gateway_time
from gateway.cli.inbound_filter import chosen, filter_options, is_narrow
from gateway.cli.output import Progress, say
from gateway.domain.errors import ExitCode, GatewayError
from gateway.domain.received import ReceivedFax, ReceivedState

MOST_FILTERED = 1000


@click.command("resubmit")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@filter_options
@changing
@confirming
@pass_console
def resubmit(console: Console, /, **given: Any) -> None:
    """Deliver received faxes again: those of the IDs, or all with pages that the options choose.

    They go to the addresses and in the format that are configured now. Exit status: 0 all will be delivered, 8 some
    of them; else why the first will not.

    \b
    Examples:
      faxgw inbound resubmit IN-7K3M9Q2P
      faxgw inbound resubmit --where Acme/Sales --since 2d --yes
    """
    found = _filtered(console, given) if is_narrow(given) else None
    faxes = named_or_chosen(console, given["ids"], found, "delivered again")
    now = gateway_time(console)
    if len(faxes) == 1:
        _told(console, faxes[0], now, f"fax {faxes[0]} will be delivered again")
        return
    failed = _each(console, faxes, now)
    done = len(faxes) - len(failed)
    say(f"{done} of {len(faxes)} faxes will be delivered again")
    if failed:
        sys.exit(ExitCode.DONE_IN_PART if done else failed[0].exit_code)


def _each(console: Console, faxes: Sequence[str], now: datetime) -> list[GatewayError]:
    """Resubmit one after another; what failed is told, and keeps no other from it."""
    failed: list[GatewayError] = []
    with Progress(time.monotonic) as progress:
        for count, fax in enumerate(faxes):
            progress.show(f"{count} of {len(faxes)} faxes")
            try:
                _told(console, fax, now)
            except GatewayError as error:
                failed.append(error)
                say(f"faxgw: {error.text}")
    return failed


def _told(console: Console, fax: str, now: datetime, words: str = "") -> None:
    changed = steps.resubmit(console.door, fax, now)
    if changed.dry_run:
        tell_entries(changed.entries, len(changed.entries))
        say("this was a trial: nothing was changed")
    elif words:
        say(f"{words} (resubmission {changed.answer})")


def _filtered(console: Console, given: dict[str, Any]) -> Iterator[str]:
    """The ids of all that the options choose and that have pages, page by page."""
    wanted = chosen(console, given, limit=MOST_FILTERED)
    while page := steps.inbound(console.door, wanted, given["where"]):
        yield from (line.fax.public_id for line in page if _can_be(line.fax))
        wanted = replace(wanted, after=page[-1].fax.public_id)


def _can_be(fax: ReceivedFax) -> bool:
    """What was erased has no file any more; what still comes in has none yet."""
    return fax.state is not ReceivedState.RECEIVING and bool(fax.tiff_digest)
