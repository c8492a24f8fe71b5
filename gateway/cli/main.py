"""The `faxgw` command: its groups, and the one door where errors become exit codes.

What lives here: the root command and error translation. What does not: the commands, one module per group of nouns.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from gateway.cli.abouts import ABOUTS
from gateway.cli.context import Console
from gateway.cli.output import say
from gateway.domain.dates import DATE_FORMATS, TIME_FORMATS
from gateway.domain.errors import ExitCode, GatewayError, NotAllowedError, UsageError
from gateway.domain.setting import is_zone

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
# Where each command lives; its module is loaded when it is called for, so that a list does not wait for the daemon's.
COMMANDS = {
    "serve": "serve",
    "nodes": "nodes",
    "doctor": "doctor",
    "completion": "completion",
    "db": "db",
    "company": "tree",
    "dept": "departments",
    "user": "users",
    "admin": "admins",
    "rights": "admins",
    "policy": "policies",
    "password": "policies",
    "number": "numbers",
    "block": "blocks",
    "settings": "settings",
    "journal": "journal",
    "outbound": "outbound",
    "inbound": "inbound",
    "queue": "queue",
    "trunk": "trunks",
    "outbox": "outbox",
    "archive": "archive",
    "refused": "refused",
    "quarantine": "quarantine",
    "covers": "covers",
    "notices": "notices",
    "retention": "retention",
    "render": "documents",
    "send": "send",
    "simulate": "simulate",
    "test": "try_out",
}
MOST_NAME = 200  # characters of a file's name in a message
# What no administrator of a company does.
OF_THE_MACHINE = ("serve", "nodes", "doctor", "db", "queue", "render", "send", "simulate", "test")


class LazyGroup(click.Group):
    """A group whose commands are loaded from COMMANDS by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name, None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"gateway.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, for which none of their modules is loaded."""
        width = formatter.width - 6 - max(map(len, COMMANDS))
        rows = [(name, self._about(ctx, name, width)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What a shell offers for a beginning: commands, likewise; else options."""
        found = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=self._about(ctx, name, 45)) for name in found]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def _about(self, ctx: click.Context, name: str, width: int) -> str:
        """A command in one line; of one that `abouts` does not know, by its own help."""
        command = click.Command(name, help=ABOUTS[name]) if name in ABOUTS else self.get_command(ctx, name)
        return command.get_short_help_str(width) if command else ""


def _zone(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if value and not is_zone(value):
        raise click.BadParameter(f"{value!r} is no time zone: write it as in Europe/Berlin")
    return value


@click.group(cls=LazyGroup, context_settings=CONTEXT)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file (TOML). Default: the file FAXGW_CONFIG names, else built-in settings under ./var.",
)
@click.option("--as", "as_name", default="", metavar="ADMIN", help="Act as this administrator, in every command.")
@click.option("--reason", default="", help="Why, for the journal of changes.")
@click.option(
    "--time-zone",
    default="",
    metavar="ZONE",
    envvar="FAXGW_TIME_ZONE",
    callback=_zone,
    help="Tables write times in this zone, as in Europe/Berlin. Default: the administrator's, or UTC.",
)
@click.option(
    "--date-format", type=click.Choice(list(DATE_FORMATS)), envvar="FAXGW_DATE_FORMAT", help="How tables write dates."
)
@click.option(
    "--time-format", type=click.Choice(list(TIME_FORMATS)), envvar="FAXGW_TIME_FORMAT", help="How tables write times."
)
@click.version_option(package_name="faxgw")
@click.pass_context
def cli(context: click.Context, /, config: Path | None, **given: Any) -> None:
    """Email-to-fax gateway: mail in, fax out, and a mail back that says what happened.

    Exit status: 0 done, 1 failed, 2 wrong usage or settings, 3 not found, 4 not allowed, 5 in conflict,
    6 refused, 7 not reachable, 8 done in part.
    """
    if given["as_name"] and context.invoked_subcommand in OF_THE_MACHINE:
        raise NotAllowedError(f"{context.invoked_subcommand} is for accounts of the machine alone")
    texts: dict[str, Any] = {name: value or "" for name, value in given.items()}
    context.obj = Console(config, **texts)
    context.call_on_close(context.obj.close)


def main() -> None:
    """Run the command; every error ends as one line that says what to do, and an exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has not all letters
    try:
        _check_letters(sys.argv[1:])
        cli.main(prog_name="faxgw", standalone_mode=False)
    except GatewayError as error:
        say(f"faxgw: {error.text}")
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except click.ClickException as error:
        say(f"faxgw: {_one_line(error)}")
        sys.exit(ExitCode.USAGE)
    except click.Abort:
        say("faxgw: stopped")
        sys.exit(ExitCode.FAILED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(ExitCode.FAILED)
    except OSError as error:
        named = f"{str(error.filename)[:MOST_NAME]}: " if error.filename else ""
        say(f"faxgw: {named}{error.strerror or error}")
        sys.exit(ExitCode.UNREACHABLE)


def _check_letters(arguments: Sequence[str]) -> None:
    """Refuse what is no text, before it comes into a store or a query."""
    for argument in arguments:
        if any("\ud800" <= sign <= "\udfff" for sign in argument):
            raise UsageError(f"{argument} is not in UTF-8")


def _one_line(error: click.ClickException) -> str:
    """What click found wrong, and whose help tells more."""
    words = " ".join(error.format_message().split()).rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{words}; see {context.command_path} --help" if context else words
