"""What a notice says, in the order it is said, and its two looks: plain text and HTML.

What lives here: letters, their tables, the two templates. What does not: choosing the words (`wording`, `messages`).
The HTML has its style inline and asks nothing of the network.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

FOOT = "This mail was written by the fax gateway. Nobody reads answers to it."


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as there are columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def lines(self) -> Iterator[str]:
        """The table in columns of plain text."""
        grid = (self.columns, *self.rows)
        widths = [max(len(row[column]) for row in grid) for column in range(len(self.columns))]
        for row in grid:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice before it is a mail. `good` says whether the news is; `rows` are a label and a value each."""

    title: str
    happened: str
    means: str
    next: str
    good: bool
    rows: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    foot: str = FOOT


def as_text(letter: Letter) -> str:
    """The letter in plain text."""
    return _template("notice.txt").render(letter=letter)


def as_html(letter: Letter) -> str:
    """The letter as a page of HTML."""
    return _template("notice.html").render(letter=letter)


def facts_as_text(letter: Letter) -> str:
    """Its rows alone, one a line."""
    return "\n".join(f"{label}: {value}" for label, value in letter.rows)


def facts_as_html(letter: Letter) -> str:
    """Its rows alone, as in the page."""
    return _template("facts.html").render(letter=letter)


def tables_as_html(letter: Letter) -> str:
    """Its tables alone, as in the page."""
    return _template("tables.html").render(letter=letter)


@cache
def _template(name: str) -> Template:
    """Compiled once; two environments, for plain text is not escaped."""
    return _environment(escape=name.endswith(".html")).get_template(name)


@cache
def _environment(escape: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=escape,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        auto_reload=False,  # else each letter asks the disk four times whether its templates have changed
    )
