"""The command that makes a shell complete our commands.

What lives here: writing click's script. What does not: what is completed, which click finds in the commands.
"""

import click
from click.shell_completion import get_completion_class

from gateway.domain.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Write the script that makes SHELL complete commands and options.

    \b
    Examples:
      eval "$(faxgw completion bash)"
      faxgw completion fish > ~/.config/fish/completions/faxgw.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise UsageError(f"there is no completion for {shell}")
    click.echo(made(context.find_root().command, {}, "faxgw", "_FAXGW_COMPLETE").source())
