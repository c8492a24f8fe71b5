"""The `faxgw` command: its groups, and the one door where errors become exit codes.

What lives here: the root command and error translation. What does not: the commands, one module per group of nouns.
"""

import sys
from pathlib import Path

import click

from gateway.cli import doctor, documents, outbound, send, serve, tree
from gateway.cli.context import Console
from gateway.cli.output import say
from gateway.domain.errors import ExitCode, GatewayError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file (TOML). Default: the file FAXGW_CONFIG names, else built-in settings under ./var.",
)
@click.version_option(package_name="faxgw")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Email-to-fax gateway: mail in, fax out, and a mail back that says what happened.

    Exit status: 0 done, 1 failed, 2 wrong usage or settings, 3 not found, 6 refused, 7 not reachable.
    """
    context.obj = Console(config)
    context.call_on_close(context.obj.close)


for command in (
    serve.serve,
    doctor.doctor,
    tree.company,
    tree.dept,
    tree.user,
    outbound.outbound,
    documents.render,
    send.send,
):
    cli.add_command(command)


def main() -> None:
    """Run the command; every error ends as one line that says what to do, and an exit code."""
    try:
        cli.main(standalone_mode=False)
    except GatewayError as error:
        say(f"faxgw: {error.text}")
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except click.Abort:
        say("faxgw: stopped")
        sys.exit(ExitCode.FAILED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(ExitCode.FAILED)
