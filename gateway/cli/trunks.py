"""Commands on trunks: list, pause, resume, drain.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.trunks`).
"""

import sys
import time

import click

from gateway.admin import trunks as steps
from gateway.cli.acting import as_option, changing, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Progress, Row, form_option, say, write_rows
from gateway.domain.errors import ExitCode
from gateway.domain.trunks import Trunk, TrunkState

COLUMNS = ("trunk", "state", "lines", "calls", "free")
LOOK_SECONDS = 0.2


@click.group()
def trunk() -> None:
    """Trunks: the lines that calls go by."""


@trunk.command("list")
@as_option
@form_option
@pass_console
def trunk_list(console: Console, form: str) -> None:
    """List the trunks: their state, their lines, and the calls that run on them now, of all processes.

    \b
    Examples:
      faxgw trunk list
      faxgw trunk list -o json
    """
    write_rows([_row(one) for one in steps.listed(console.door)], COLUMNS, form)


@trunk.command("pause")
@click.argument("name")
@changing
@pass_console
def trunk_pause(console: Console, name: str) -> None:
    """Place no new call on the trunk NAME until it is resumed; calls that run go on, and jobs wait.

    \b
    Examples:
      faxgw trunk pause main
      faxgw trunk pause main --reason "the provider works on it"
    """
    tell(steps.change_state(console.door, name, TrunkState.PAUSED), f"trunk {name} paused: no new call is placed on it")


@trunk.command("resume")
@click.argument("name")
@changing
@pass_console
def trunk_resume(console: Console, name: str) -> None:
    """Place calls on the trunk NAME again, after a pause or a drain.

    \b
    Examples:
      faxgw trunk resume main
      faxgw trunk resume main --dry-run
    """
    tell(steps.change_state(console.door, name, TrunkState.OPEN), f"trunk {name} is open again")


@trunk.command("drain")
@click.argument("name")
@click.option(
    "--wait", default=600, show_default=True, type=click.IntRange(0), help="Seconds to wait for calls to end."
)
@changing
@pass_console
def trunk_drain(console: Console, name: str, wait: int) -> None:
    """Place no new call on the trunk NAME, and wait until those that run have ended.

    It stays so until it is resumed; on one that is draining already it waits again. Exit status: 0 no call is left, 8
    some are when the time is over.

    \b
    Examples:
      faxgw trunk drain main
      faxgw trunk drain main --wait 0
    """
    if _state(console, name) is TrunkState.DRAINING:
        say(f"trunk {name} is draining already")
    else:
        changed = steps.change_state(console.door, name, TrunkState.DRAINING)
        tell(changed, f"trunk {name} is draining: no new call is placed on it")
    if console.dry_run:
        return
    left = _drained(console, name, wait)
    say(f"{left} still on trunk {name}" if left else f"trunk {name} is empty")
    if left:
        sys.exit(ExitCode.DONE_IN_PART)


def _state(console: Console, name: str) -> TrunkState | None:
    return next((one.state for one in steps.listed(console.door) if one.name == name), None)


def _drained(console: Console, name: str, wait: int) -> str:
    """Wait for the calls to end; those that are left, in words."""
    until = time.monotonic() + wait
    with Progress(time.monotonic) as progress:
        while True:
            calls = sum(one.calls for one in steps.listed(console.door) if one.name == name)
            words = f"{calls} call{'' if calls == 1 else 's'}" if calls else ""
            if not calls or time.monotonic() >= until:
                return words
            progress.show(f"{words} on trunk {name}")
            time.sleep(LOOK_SECONDS)


def _row(one: Trunk) -> Row:
    free = max(0, one.lines - one.calls) if one.state is TrunkState.OPEN else 0
    return {"trunk": one.name, "state": one.state.value, "lines": one.lines, "calls": one.calls, "free": free}
