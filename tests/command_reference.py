"""Writes gateway/cli/README.md, the command reference, from the commands themselves: `make docs`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gateway.cli.main import cli
from gateway.domain.setting_catalog import CATALOG

TARGET = Path(__file__).parents[1] / "gateway" / "cli" / "README.md"
TOP = """# Commands

Made by `make docs` from the commands' own help; a test fails when it is not current.

Data goes to standard output as a table, or with `-o json` and `-o csv` for programs; words go to standard error. Exit
status: 0 done, 1 failed, 2 wrong usage or settings, 3 not found, 4 not allowed, 5 in conflict, 6 refused, 7 not
reachable, 8 done in part.
"""
SETTINGS = """## Settings

Given with `faxgw settings set NODE NAME=VALUE`, or with `--set` when a node is made. The nearest value going up from a
user holds, unless a level above has locked the setting: `faxgw settings explain NODE NAME` tells why.

"""


def commands(command: click.Command = cli, parent: click.Context | None = None) -> Iterator[tuple[str, click.Context]]:
    """Every command below the root, groups before their members: its whole name, and a context to ask it in."""
    name = "faxgw" if parent is None else command.name
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)
    context.help_option_names = ["-h", "--help"]
    yield context.command_path, context
    if isinstance(command, click.Group):
        for member in command.list_commands(context):
            child = command.get_command(context, member)
            if child is not None and not child.hidden:
                yield from commands(child, context)


def reference() -> str:
    """The whole page."""
    sections = [TOP]
    for name, context in commands():
        sections.append(f"## {name}\n\n```text\n{context.get_help()}\n```\n")
    return "\n".join([*sections, settings()])


def settings() -> str:
    """The whole catalogue, as a table."""
    rows = ["| setting | values, default first | given at | about |", "|---|---|---|---|"]
    for setting in CATALOG.values():
        others = [value for value in setting.values or () if value != setting.default]
        values = ", ".join(f"`{value}`" for value in (setting.default or "(empty)", *others))
        levels = "any level" if len(setting.levels) == 3 else ", ".join(setting.levels)
        who = f"{levels}; by accounts of the machine" if setting.system_only else levels
        later = " **Kept, and without effect until a later version.**" if setting.later else ""
        rows.append(f"| `{setting.name}` | {values} | {who} | {setting.about}.{later} |")
    return SETTINGS + "\n".join(rows) + "\n"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{TARGET} written\n")
