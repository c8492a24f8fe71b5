"""The command that sends a fax again.

What lives here: arguments and answer. What does not: the step (`gateway.admin.resend`).
"""

from typing import TYPE_CHECKING, Any

import click

from gateway.cli.acting import changing, tell_entries
from gateway.cli.context import Console, pass_console
from gateway.cli.fax_filter import gateway_time
from gateway.cli.output import page_count, say

if TYPE_CHECKING:
    from gateway.refilling import Filling


@click.command("resend")
@click.argument("job_id", metavar="ID")
@click.option(
    "--to", default="", metavar="NUMBER", help="To this number instead, as dialled by the sender or in + form."
)
@click.option("--sub-address", help="With this sub-address. Default: as before, and none at another number.")
@click.option("--recipient", "recipient_name", help="Name on the cover page. Default: as before.")
@click.option("--recipient-company", help="Company on the cover page. Default: as before.")
@changing
@pass_console
def resend(console: Console, /, **given: Any) -> None:
    """Send a fax that has ended once more: a new job, whose id is printed, from the same pages.

    Nothing is rendered but the cover page when the recipient is another one. Who has been locked or deleted since, a
    number that is blocked or in quarantine by now, and documents that were erased stand against it. The sender is told
    what becomes of it, in the thread of the first one.

    \b
    Examples:
      faxgw outbound resend 7K3M9Q2P
      faxgw outbound resend 7K3M9Q2P --to +12025550199 --recipient "Jo Ann" --reason "wrong number"
    """
    from gateway.admin.resend import Wish, send_again  # loads what renders

    job_id = given.pop("job_id")
    changed = send_again(console.door, job_id, Wish(**given), gateway_time(console), _filling(console))
    job = changed.answer
    if changed.dry_run:
        tell_entries(changed.entries, changed.count)
        say("this was a trial: nothing was changed")
        return
    click.echo(job.public_id)
    pages = page_count(job.pages)
    say(f"fax {job.public_id} will be sent to {job.destination}, {pages}: {job_id.strip().upper()} again")


def _filling(console: Console) -> "Filling":
    from gateway.refilling import Filling
    from renderers.confine import Limits

    rendering = console.settings.rendering
    limits = Limits(seconds=rendering.max_seconds, memory=rendering.max_memory)
    return Filling(console.database, console.spool, limits, rendering.max_pages)
