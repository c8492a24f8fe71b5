"""The command that sends a welcome message.

What lives here: arguments and answer. What does not: the step (`gateway.admin.welcome`).
"""

import click

from gateway.admin.welcome import Kind, send
from gateway.cli.acting import changing, tell
from gateway.cli.context import Console, pass_console
from gateway.domain.clock import SystemClock
from gateway.domain.errors import UsageError


@click.command("welcome")
@click.argument("who", metavar="USER")
@click.option("--plain", is_flag=True, help="How to send faxes, and what is registered.")
@click.option("--with-credentials", is_flag=True, help="Also a code to choose a password with, once, within 7 days.")
@changing
@pass_console
def welcome(console: Console, who: str, plain: bool, with_credentials: bool) -> None:
    """Mail USER how to send faxes; which message, says an option or notify.welcome.

    It goes to the first sending address. The code is no password: nobody can sign in or send with it. With
    `faxgw password redeem` a password is chosen for it. The one before, if any, is good until then.

    \b
    Examples:
      faxgw user welcome anna@acme.example
      faxgw user welcome Acme/Legal/anna --with-credentials --reason "first day"
    """
    from gateway.parts import composer  # loads the whole gateway

    if plain and with_credentials:
        raise UsageError("say --plain or --with-credentials, not both")
    kind = Kind.PLAIN if plain else Kind.WITH_CREDENTIALS if with_credentials else None
    letters = composer(console.settings, console.database, SystemClock())
    changed = send(console.door, who, kind, letters.voice_for)
    tell(changed, f"the welcome message for {changed.answer.path} goes to {changed.answer.sending_addresses[0]}")
