"""Commands that look at the queue as a whole: once, or again and again.

What lives here: arguments, the terminal. What does not: the figures (`gateway.watch.status`).
"""

import io
import shutil
import sys
import time
from contextlib import redirect_stdout, suppress
from datetime import UTC, datetime

import click

from gateway.cli.context import Console, pass_console
from gateway.cli.output import Form, form_option, write_one, write_rows
from gateway.watch import status as watching
from gateway.watch.sight import Lookout, lookout_of
from gateway.watch.status import Status

_HOME, _REST, _LINE_REST = "\x1b[H", "\x1b[J", "\x1b[K"  # ECMA-48: CUP, ED, EL


@click.group()
def queue() -> None:
    """The queue as a whole: what waits, what runs, what is stuck."""


@queue.command("status")
@form_option
@pass_console
def queue_status(console: Console, form: str) -> None:
    """Show how much there is in each state and for how long, lines, processes, disk, and what is stuck.

    The oldest is counted from when it was due: a fax that waits for its time is not late. What counts as stuck says the
    section [alarms] of the settings file.

    \b
    Examples:
      faxgw queue status
      faxgw queue status -o json | jq .alarms
    """
    _write(watching.status(_lookout(console)), form)


@queue.command("top")
@click.option("-n", "--interval", default=2.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Seconds.")
@click.option("--times", default=0, type=click.IntRange(0), help="End after so many looks; 0: until Ctrl-C.")
@form_option
@pass_console
def queue_top(console: Console, interval: float, times: int, form: str) -> None:
    """Show the same again and again, with the calls that run and how fast faxes come.

    On a terminal each look takes the place of the one before; else one follows another. With -o json or csv there is
    one look.

    \b
    Examples:
      faxgw queue top
      faxgw queue top -n 10 --times 6 > ten-seconds.txt
    """
    lookout = _lookout(console)
    if form == Form.TABLE:
        with suppress(KeyboardInterrupt):
            _go_on(lookout, interval, times)
    else:
        _write(watching.status(lookout), form)


def _go_on(lookout: Lookout, interval: float, times: int) -> None:
    """Look again and again; so many times, or until interrupted."""
    looks, before, seen_at = 0, None, 0.0
    while True:
        seen, at = watching.status(lookout), time.monotonic()
        fast = watching.pace(before, seen.totals, at - seen_at) if before else "stop with Ctrl-C"
        _show(seen, fast)
        looks, before, seen_at = looks + 1, seen.totals, at
        if looks == times:
            return
        time.sleep(interval)


def _show(seen: Status, fast: str) -> None:
    """One look: on a terminal in the place of the last, as much of it as there is room for."""
    text = io.StringIO()
    with redirect_stdout(text):
        click.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}  {fast}\n")
        _write(seen, Form.TABLE)
        if seen.calls:
            click.echo()
            write_rows(watching.call_rows(seen), watching.CALL_COLUMNS, Form.TABLE)
    if not sys.stdout.isatty():
        click.echo(text.getvalue())
        return
    room = shutil.get_terminal_size()
    lines = [line[: room.columns - 1] for line in text.getvalue().splitlines()[: room.lines - 1]]
    click.echo(_HOME + f"{_LINE_REST}\n".join(lines) + _LINE_REST + _REST, nl=False)


def _write(seen: Status, form: str) -> None:
    if form == Form.JSON:
        write_one(watching.as_object(seen), form)
    else:
        write_rows(watching.rows(seen), watching.COLUMNS, form)


def _lookout(console: Console) -> Lookout:
    from gateway.bearings import wall_clock
    from gateway.parts import build_clock  # loads the whole gateway, which other commands can do without
    from gateway.store.processes import lease_clock
    from gateway.store.shared_time import shared

    db = console.database
    return lookout_of(console.settings, db, build_clock(db, shared(db)).now, lease_clock(db, wall_clock))
