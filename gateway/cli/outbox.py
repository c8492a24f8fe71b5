"""Commands on the mails that we send: list, show, retry, drop.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.outbox`).
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

import click

from gateway.admin import outbox as steps
from gateway.admin.acts import Changed, Door
from gateway.admin.refused import moment
from gateway.cli.acting import as_option, changing, confirm, confirming, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import ROW_NUMBER, Row, form_option, say, write_one, write_rows
from gateway.domain.errors import ExitCode, GatewayError
from gateway.store.outbox import Mail, MailState

COLUMNS = ("id", "state", "kind", "recipient", "created", "next", "tries", "reply")
Step = Callable[[Door, int], Changed[Mail]]
STATES = click.Choice([state.value for state in MailState])


@click.group()
def outbox() -> None:
    """Mails that we send: notices, received faxes; those that wait, and those that could not be sent."""


@outbox.command("list")
@click.option("--state", "states", multiple=True, type=STATES, help="Only in this state; repeatable.")
@click.option("--kind", default="", help="Only of this kind, as in delivery-failure.")
@click.option("--recipient", default="", help="Only to addresses that hold this.")
@click.option("--job", default="", metavar="ID", help="Only on this job and its mail.")
@click.option("--fax", default="", metavar="ID", help="Only those that bring this received fax.")
@click.option("--since", default="", help="Only from this time on: 2026-03-01, 2026-03-01T14:30, or 90m, 2h, 7d ago.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="The newest first.")
@as_option
@form_option
@click.pass_obj
def outbox_list(console: Console, /, form: str, states: tuple[str, ...], since: str, limit: int, **texts: str) -> None:
    """List mails, the newest first.

    \b
    Examples:
      faxgw outbox list --state dead
      faxgw outbox list --job K3F9 -o json
    """
    at = moment(since, lambda: datetime.now(UTC)) if since else None
    wanted = steps.Wanted(tuple(MailState(state) for state in states), since=at, limit=limit, **texts)
    write_rows([_row(mail) for mail in steps.listed(console.door, wanted)], COLUMNS, form)


@outbox.command("show")
@click.argument("mail_id", type=ROW_NUMBER)
@click.option("--message", is_flag=True, help="Print the whole mail as it is sent, and nothing else.")
@as_option
@form_option
@pass_console
def outbox_show(console: Console, mail_id: int, message: bool, form: str) -> None:
    """Show one mail, by its number.

    \b
    Examples:
      faxgw outbox show 17
      faxgw outbox show 17 --message > notice.eml
    """
    found = steps.shown(console.door, mail_id)
    rest = console.spool.path(found.rest_digest) if found.rest_digest else None
    if message:
        click.echo(found.message, nl=False)
        click.echo(rest.read_bytes() if rest else b"", nl=False)
        return
    mail, octets = found.mail, len(found.message) + (rest.stat().st_size if rest else 0)
    told = {"fax": mail.fax, "part": mail.part} if mail.fax else {}
    write_one({**_row(mail), "sent": mail.sent, "message_id": mail.message_id, **told, "octets": octets}, form)


@outbox.command("retry")
@click.argument("mail_ids", nargs=-1, required=True, type=ROW_NUMBER)
@changing
@pass_console
def outbox_retry(console: Console, mail_ids: tuple[int, ...]) -> None:
    """Send mails at once, also those that were given up. Exit status 8: only some of them.

    \b
    Examples:
      faxgw outbox retry 17
      faxgw outbox retry 17 18 19 --reason "the relay is back"
    """
    _each(console, mail_ids, steps.retry, "is sent again")


@outbox.command("drop")
@click.argument("mail_ids", nargs=-1, required=True, type=ROW_NUMBER)
@changing
@confirming
@pass_console
def outbox_drop(console: Console, mail_ids: tuple[int, ...]) -> None:
    """Give mails up for good; they stay to be seen. Exit status 8: only some of them.

    \b
    Examples:
      faxgw outbox drop 17
      faxgw outbox drop 17 18 --yes --reason "nobody reads that mailbox"
    """
    confirm(console, f"Give up {len(mail_ids)} mails?" if len(mail_ids) > 1 else f"Give up mail {mail_ids[0]}?")
    _each(console, mail_ids, steps.drop, "is given up")


def _each(console: Console, mail_ids: tuple[int, ...], step: Step, words: str) -> None:
    failed: list[GatewayError] = []
    for mail_id in mail_ids:
        try:
            tell(step(console.door, mail_id), f"mail {mail_id} {words}")
        except GatewayError as error:
            failed.append(error)
            say(f"faxgw: {error.text}")
    if failed:
        sys.exit(failed[0].exit_code if len(failed) == len(mail_ids) else ExitCode.DONE_IN_PART)


def _row(mail: Mail) -> Row:
    waits = mail.state is MailState.WAITING
    return {
        "id": mail.id,
        "state": mail.state.value,
        "kind": mail.kind,
        "recipient": mail.recipient,
        "created": mail.created,
        "next": mail.not_before if waits else None,
        "tries": mail.tries,
        "reply": mail.reply,
    }
