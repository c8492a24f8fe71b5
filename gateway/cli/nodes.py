"""Commands on the processes that share one store: list.

What lives here: arguments and answers. What does not: leases (`gateway.store.processes`).
"""

import socket
from datetime import UTC, datetime

import click

from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, write_rows
from gateway.store import processes
from gateway.store.node_list import KnownProcess, listing

COLUMNS = ("node", "host", "pid", "roles", "version", "started", "lease", "calls", "renders", "mails")


@click.group()
def nodes() -> None:
    """The processes of the gateway that share this store, on one machine or on several."""


@nodes.command("list")
@form_option
@pass_console
def nodes_list(console: Console, form: str) -> None:
    """List the processes: where each runs, what it does, for how long its lease holds, and what it is at.

    Calls are those that go out and those that come in.

    A lease that is not renewed until it is over means that the process is dead, frozen or cut off; another one takes
    its work back then, and sooner where the death shows. Of this machine's, one that has died is shown as dead at once.

    \b
    Examples:
      faxgw nodes list
      faxgw nodes list -o json
    """
    db = console.database
    wall = processes.lease_clock(db, lambda: datetime.now(UTC))()
    here = processes.Here(socket.gethostname(), console.settings.storage.folder / "locks")
    write_rows([_row(process) for process in listing(db, wall, here)], COLUMNS, form)


def _row(process: KnownProcess) -> Row:
    return {
        "node": process.id,
        "host": process.host,
        "pid": process.pid,
        "roles": list(process.roles),
        "version": process.version,
        "started": process.started,
        "lease": _left(process),
        "calls": process.calls,
        "renders": process.renders,
        "mails": process.mails,
    }


def _left(process: KnownProcess) -> str:
    """What is left of a lease, in whole seconds."""
    if process.died:
        return "dead"
    seconds = process.lease.total_seconds()
    return f"{seconds:.0f} s" if seconds > 0 else "over"
