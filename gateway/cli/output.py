"""Writes what commands answer: rows and single things as table, JSON, JSON lines or CSV to stdout; words to stderr.

What lives here: every way of writing data. What does not: what is written.
"""

import csv
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import click

Row = Mapping[str, object]  # text, numbers, truth, times, lists and mappings of these
ROW_NUMBER = click.IntRange(1, 2**63 - 1)  # as the store counts mails and copies
_TERMINAL = 78  # columns
_CLEARED = "\r\x1b[K"
_SECONDS_BETWEEN = 3.0  # of lines, where there is no terminal
# What moves a terminal, turns the direction of reading or cannot be seen: names come from strangers.
_MOVING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


class Form(StrEnum):
    """The forms that data is written in."""

    TABLE = "table"
    WIDE = "wide"  # a table with all columns
    JSON = "json"
    JSONL = "jsonl"  # one object a line
    CSV = "csv"


def form_option(command: click.decorators.FC) -> click.decorators.FC:
    """The option -o, the same for every command that answers data."""
    return _form_option(command, lambda _context, _option, form: Form.TABLE if form == Form.WIDE else form)


def wide_form_option(command: click.decorators.FC) -> click.decorators.FC:
    """As `form_option`, for a command whose table does not show all that it has."""
    return _form_option(command, None)


def _form_option(command: click.decorators.FC, callback: Any) -> click.decorators.FC:
    kinds, words = click.Choice([form.value for form in Form]), "How the answer is written."
    return click.option("-o", "--output", "form", type=kinds, default="table", callback=callback, help=words)(command)


def write_rows(rows: Sequence[Row], columns: Sequence[str], form: str) -> None:
    """Write rows; a table says so on stderr when there are none."""
    if form == Form.JSON:
        click.echo(json.dumps([{column: _plain(row[column]) for column in columns} for row in rows], indent=2))
    elif form == Form.JSONL:
        for row in rows:
            click.echo(json.dumps({column: _plain(row[column]) for column in columns}))
    elif form == Form.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[_defused(_text(row[column])) for column in columns] for row in rows])
    elif rows:
        _write_table(rows, columns)
    else:
        say("nothing to list")


def write_one(row: Row, form: str) -> None:
    """Write one thing: a name and a value on each line, or one JSON object, or one CSV row."""
    if form == Form.JSON:
        click.echo(json.dumps({name: _plain(value) for name, value in row.items()}, indent=2))
    elif form in (Form.JSONL, Form.CSV):
        write_rows([row], list(row), form)
    else:
        width = max(len(name) for name in row)
        for name, value in row.items():
            click.echo(f"{_heading(name):{width}}  {_shown(value)}".rstrip())


def say(words: str) -> None:
    """One line for people, to stderr."""
    click.echo(printable(words), err=True)


def printable(text: str) -> str:
    """The same for a terminal: what would move it, or mislead who reads, is written as its number."""
    return _MOVING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class Progress:
    """How far long work is: on a terminal a line that changes, and goes in the end; else a line now and then."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is a clock in seconds."""
        self._now, self._last = now, now()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_error: object) -> None:
        if sys.stderr.isatty():
            click.echo(_CLEARED, err=True, nl=False)

    def show(self, words: str) -> None:
        """Show how far it is, unless there is no terminal and it is too early for more."""
        if sys.stderr.isatty():
            click.echo(f"{_CLEARED}{printable(words)[:_TERMINAL]}\r", err=True, nl=False)
        elif self._now() - self._last >= _SECONDS_BETWEEN:
            self._last = self._now()
            say(words)


def page_count(count: int) -> str:
    """A number of pages in words."""
    return "1 page" if count == 1 else f"{count} pages"


def _write_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    cells = [[_shown(row[column]) for column in columns] for row in rows]
    headings = [_heading(column) for column in columns]
    widths = [max(len(line[index]) for line in [headings, *cells]) for index in range(len(columns))]
    for line in [headings, ["-" * width for width in widths], *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: object) -> str:
    """As `_text`, for people: times in the formats and the zone of whoever looks."""
    context = click.get_current_context(silent=True)
    dates = getattr(context.find_root().obj, "dates", None) if context and isinstance(value, datetime) else None
    return printable(_text(value)) if dates is None or not isinstance(value, datetime) else str(dates.write(value))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, Mapping):
        return json.dumps(_plain(value))
    return ", ".join(str(entry) for entry in value) if isinstance(value, list | tuple) else str(value)


def _defused(text: str) -> str:
    """A spreadsheet must not take a cell for a formula; a fax number is none, whatever its plus."""
    risky = text[:1] in ("=", "@", "\t", "\r") or (text[:1] in ("+", "-") and not text[1:].isdigit())
    return "'" + text if risky else text


def _plain(value: object) -> object:
    """A value as JSON knows it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
