"""Passwords on the command line: from a prompt, a file or the environment, never from an argument.

What lives here: the options and the reading. What does not: what a password must be (`gateway.domain.password_policy`).
"""

import os
import sys
from pathlib import Path

import click

VARIABLE = "FAXGW_PASSWORD"
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True, allow_dash=True)


def password_options(command: click.decorators.FC) -> click.decorators.FC:
    """The options --password-file and --generate; both are given to the command as such."""
    for option in (
        click.option("--generate", is_flag=True, help="Make a password by chance and print it, once."),
        click.option("--password-file", type=_FILE, help=f"Read it from a file (- for stdin; or {VARIABLE})."),
    ):
        command = option(command)
    return command


def read_password(file: Path | None, prompt: str = "", *, no_input: bool = False) -> str:
    """The password of a file, of the environment, or typed twice; empty when there is none and nobody may be asked.

    Raises:
        click.UsageError: the file is empty or cannot be read.
    """
    if file is not None:
        return _first_line(file)
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    if not prompt or no_input or not sys.stdin.isatty():
        return ""
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)
    return typed


def needed_password(file: Path | None, prompt: str, *, no_input: bool = False) -> str:
    """As `read_password`, where there must be one.

    Raises:
        click.UsageError: there is none; says where it may come from.
    """
    found = read_password(file, prompt, no_input=no_input)
    if not found:
        raise click.UsageError(f"no password: write --password-file FILE, set {VARIABLE}, or type it at a terminal")
    return found


def _first_line(file: Path) -> str:
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file}: cannot be read ({type(error).__name__})") from None
    lines = text.splitlines()
    if not lines or not lines[0]:
        raise click.UsageError(f"{file}: no password in its first line")
    return lines[0]
