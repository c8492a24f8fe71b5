"""Commands on mails that were refused: list, show.

What lives here: arguments and answers. What does not: queries (`gateway.admin.refused`).
"""

from datetime import datetime
from typing import Any

import click

from gateway.admin import refused as admin
from gateway.cli.acting import as_option
from gateway.cli.context import Console, pass_console
from gateway.cli.evidence_words import for_people
from gateway.cli.output import Form, Row, form_option, write_one, write_rows
from gateway.domain.submission import Refusal

COLUMNS = ("refusal", "at", "rule", "header_from", "mail_from", "peer", "recipients", "reply")
TABLE_COLUMNS = ("refusal", "at", "rule", "header_from", "peer", "reply")
SINCE = "Only from this time on: 2026-03-01, 2026-03-01T14:30 (UTC), or how long ago: 90m, 2h, 7d."


@click.group()
def refused() -> None:
    """Mails that were refused when they came in."""


@refused.command("list")
@click.option("--since", default="", help=SINCE)
@click.option("--rule", default="", help="Only refused by this rule, as registered, proof, dns, recipient.")
@click.option("--peer", default="", help="Only from this client address.")
@click.option("--sender", default="", help="Only with this in the From or the envelope sender.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="Newest refusals first.")
@as_option
@form_option
@pass_console
def refused_list(console: Console, /, since: str, form: str, **narrowed: Any) -> None:
    """List refused mails, the newest first; they are kept for 90 days.

    \b
    Examples:
      faxgw refused list --since 2h
      faxgw refused list --sender acme.example -o csv
    """
    begin = admin.moment(since, lambda: _now(console)) if since else None
    wanted = admin.RefusalFilter(begin, **narrowed)
    rows = [_row(refusal) for refusal in admin.refused(console.door, wanted)]
    write_rows(rows, TABLE_COLUMNS if form == Form.TABLE else COLUMNS, form)


@refused.command("show")
@click.argument("refusal_id")
@as_option
@form_option
@pass_console
def refused_show(console: Console, refusal_id: str, form: str) -> None:
    """Show one refused mail: who, to whom, by which rule, and what was known of its sender.

    \b
    Examples:
      faxgw refused show R3F9K2
      faxgw refused show R3F9K2 -o json
    """
    refusal = admin.show(console.door, refusal_id)
    write_one(for_people({**_row(refusal), "evidence": refusal.evidence}, form), form)


def _row(refusal: Refusal) -> Row:
    return {
        "refusal": refusal.public_id,
        "at": refusal.at,
        "rule": refusal.rule,
        "header_from": refusal.header_from,
        "mail_from": refusal.mail_from,
        "peer": refusal.peer,
        "recipients": list(refusal.recipients),
        "reply": refusal.reply,
    }


def _now(console: Console) -> datetime:
    """The gateway's time, which a simulator may have moved ahead of the machine's."""
    from gateway.parts import build_clock  # loads the whole gateway, which the lists can do without

    return build_clock(console.database).now()
