"""faxgw test: what the listener would do, with nothing kept or sent.

What lives here: the group, and addresses. What does not: senders and whole mails (`try_mail`), retries (`try_retry`),
the steps (`gateway.admin.trying_addresses`).
"""

import sys

import click

from gateway.admin.trying_addresses import AddressTrial, try_address
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, write_one
from gateway.cli.try_mail import mail, sender
from gateway.cli.try_retry import retry
from gateway.domain.clock import SystemClock
from gateway.domain.errors import ExitCode


@click.group()
def test() -> None:
    """Try out what the listener would do; nothing is kept or sent."""


@test.command("address")
@click.argument("address")
@click.option("--as-sender", default="", help="Sending address of who writes: plain digits are read as theirs.")
@click.option("--user", "user_name", default="", help="User name that signed in by SMTP AUTH; comes before the sender.")
@form_option
@pass_console
def address_command(console: Console, address: str, as_sender: str, user_name: str, form: str) -> None:
    """Tell what RCPT would be answered for ADDRESS, which number it names, and what its parameters say.

    Without a sender, plain digits are read as in the United States.

    faxgw test address 2025550123@fax.example --as-sender amelia@acme.example

    faxgw test address "FAX=+12025550123/T33S=42/to=Ann_Lee@fax.example" -o json

    Exit status: 0 taken, 2 wrong usage, 6 refused.
    """
    from gateway.parts import build_judge, listener_settings  # loads much that other commands can do without

    judge = build_judge(console.settings, console.database, SystemClock())
    listener = listener_settings(console.settings, judge.domains)
    trial = try_address(judge, listener, address, as_sender, user_name)
    write_one(_facts(address, trial), form)
    if trial.reply.code >= 400:
        sys.exit(ExitCode.REFUSED)


def _facts(written: str, trial: AddressTrial) -> Row:
    address, number = trial.address, trial.number
    return {
        "address": written,
        "accepted": trial.address is not None,
        "number": str(address.destination) if address else None,
        "country": number.country if number else None,
        "kind": number.kind if number else None,
        "sub_address": address.sub_address if address else None,
        "name": address.name if address else None,
        "company": address.company if address else None,
        "sender": address.sender if address else None,
        "cover": address.cover if address else None,
        "code": trial.reply.code,
        "enhanced": trial.reply.enhanced,
        "reply": str(trial.reply),
    }


test.add_command(sender)
test.add_command(mail)
test.add_command(retry)
