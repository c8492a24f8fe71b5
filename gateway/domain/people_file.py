"""The CSV file that many users are made from: its columns, and its lines as text.

What lives here: reading lines, a line of the heading that cannot be, the template. What does not: what a user may be
(`gateway.admin.users`), making them (`gateway.admin.bulk`).
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TextIO

from gateway.domain.errors import UsageError
from gateway.domain.nodes import Contact
from gateway.domain.setting_catalog import CATALOG

PARENT = "parent"
NEEDED = ("first_name", "last_name", "sending")
CONTACT = tuple(one.name for one in fields(Contact))
CUSTOM = ("custom1", "custom2", "custom3", "custom4")
COLUMNS = (PARENT, *NEEDED, "receiving", "user_name", "fax_number", *CONTACT, *CUSTOM)
_SIGNS = ",;\t"  # between columns, as spreadsheets write them
_SAMPLE = {
    "parent": "Acme/Billing", "first_name": "Anna", "last_name": "Smith",
    "sending": "anna@acme.example; a.smith@acme.example", "receiving": "fax@acme.example", "user_name": "anna",
    "fax_number": "+12025550123", "city": "Boston", "state": "MA", "country": "US",
    "fax.paper": "letter", "date.time_zone": "America/New_York",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One user of the file. `number` counts lines of the file from 1; `trouble` is why it cannot even be read."""

    number: int
    texts: Mapping[str, str]
    trouble: str = ""

    def several(self, column: str) -> list[str]:
        """Mail addresses with semicolons or spaces between."""
        return self.texts.get(column, "").replace(";", " ").split()

    @property
    def settings(self) -> dict[str, str]:
        """Settings that are given, by name."""
        return {name: text for name, text in self.texts.items() if "." in name and text}


def template() -> list[list[str]]:
    """A heading with a line to write over."""
    columns = [*COLUMNS, *(name for name in _SAMPLE if "." in name)]
    return [columns, [_SAMPLE.get(column, "") for column in columns]]


def lines(file: TextIO, *, with_parent: bool) -> Iterator[Line]:
    """The users of an open file, one after another; empty lines are left out.

    Args:
        file: the text.
        with_parent: whether each line must say where its user stands.

    Raises:
        UsageError: the heading is missing, or names what is no column; the file is no text with columns.
    """
    try:
        heading = file.readline()
        sign = max(_SIGNS, key=heading.count)
        columns = [column.strip().lower() for column in next(csv.reader([heading], delimiter=sign), [])]
        _check_heading(columns, with_parent=with_parent)
        reader = csv.reader(file, delimiter=sign, strict=True)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _line(reader.line_num + 1, columns, cells)
    except csv.Error as error:
        raise UsageError(f"the file cannot be read as CSV: {error}") from None
    except UnicodeDecodeError:
        raise UsageError("the file is not in UTF-8: save it as CSV UTF-8") from None


def _check_heading(columns: Sequence[str], *, with_parent: bool) -> None:
    known = {*COLUMNS, *CATALOG}
    needed = (PARENT, *NEEDED) if with_parent else NEEDED
    unknown = [column for column in columns if column not in known]
    missing = [column for column in needed if column not in columns]
    twice = {column for column in columns if columns.count(column) > 1}
    for found, words in ((unknown, "no such column"), (sorted(twice), "twice"), (missing, "missing")):
        if found:
            named = ", ".join(repr(column) for column in found)
            raise UsageError(f"the first line names the columns; {words}: {named}; see faxgw user import --template")


def _line(number: int, columns: Sequence[str], cells: Sequence[str]) -> Line:
    if len(cells) != len(columns):
        return Line(number, {}, f"it has {len(cells)} columns, the first line {len(columns)}")
    return Line(number, {column: _plain(cell) for column, cell in zip(columns, cells, strict=True)})


def _plain(cell: str) -> str:
    """Spreadsheets put an apostrophe before what they are not to take for a formula, as in '+12025550123."""
    text = cell.strip()
    return text[1:] if text.startswith("'+") else text
