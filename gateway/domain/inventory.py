"""The inventory: numbers that we own, where they are, and how each stands.

What lives here: a number of the inventory, its place by the number plan, lists of numbers to take in. What does not:
rows (`gateway.store.numbers`), whom faxes are for (`routes`), reading a number (`numbers`).
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import phonenumbers

from gateway.domain.errors import RefusedError
from gateway.domain.numbers import NumberPlan, parse_number

NUMBER_FORM = "write + and 7 to 15 digits with the country code, as in +12025550123"
COLUMNS = ("number", "node", "pending")
# What the columns are called in lists that we write; a state is a yes or no here.
_ALIASES = {"kept_for": "node", "state": "pending"}
_YES = frozenset({"1", "on", "true", "x", "y", "yes", "pending"})
_NO = frozenset({"", "0", "false", "n", "no", "off", "assigned", "unassigned"})
_LOOSE = str.maketrans("", "", " ()/\u00a0")


class NumberState(StrEnum):
    """How a number stands: nobody has it, a user has it, or it is ordered and does not ring yet."""

    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class NumberPlace:
    """Where the number plan has a number: country (ISO 3166) and area, either empty where it has no place."""

    country: str
    area: str


@dataclass(frozen=True, slots=True)
class OwnedNumber:
    """One number of the inventory, in E.164. `owner` is the path of the company or department that it is kept for.

    `holder` is the path of the user who has it, empty for none; `rules` counts the routes by sub-address.
    """

    number: str
    owner_id: int
    owner: str
    place: NumberPlace
    state: NumberState
    added: datetime
    holder_id: int | None = None
    holder: str = ""
    rules: int = 0


@dataclass(frozen=True, slots=True)
class NumberLine:
    """A line of a list. `node` is the path that it names, empty for none; `trouble` is why it cannot be taken."""

    line: int
    number: str
    node: str = ""
    pending: bool = False
    trouble: str = ""


def read_owned(text: str) -> str:
    """A number of ours as administrators write it, with spaces, brackets and slashes, too; in E.164.

    Raises:
        BadNumberError: it is none, or lacks its plus.
        RefusedError: an emergency, service, premium-rate or satellite number.
    """
    return parse_number(text.translate(_LOOSE), NumberPlan(country=""), NUMBER_FORM).number


def number_place(number: str) -> NumberPlace:
    """Where libphonenumber has a number in E.164: "US" and "Washington D.C."."""
    from phonenumbers import geocoder  # tables of all the world: a third of the time that a command takes to start

    parsed = phonenumbers.parse(number, None)
    area = geocoder.description_for_valid_number(parsed, "en")
    return NumberPlace(phonenumbers.region_code_for_number(parsed) or "", area)


def state_of(*, pending: bool, held: bool) -> NumberState:
    """A number that is ordered stays pending, whoever is to have it."""
    if pending:
        return NumberState.PENDING
    return NumberState.ASSIGNED if held else NumberState.UNASSIGNED


def read_numbers(lines: Iterable[str]) -> Iterator[NumberLine]:
    """The numbers of a list: a number a line, after it the node it is for and whether it is pending, as CSV.

    A first line without any digit is a heading: its names say which column is which, others than ours are passed over.
    So a list that was written is read again. Empty lines and lines that begin with `#` are passed over, too.
    """
    heading: tuple[str, ...] = COLUMNS
    for count, line in enumerate(lines, 1):
        text = line.strip().strip("\ufeff")
        if not text or text.startswith("#"):
            continue
        cells = _cells(text)
        if count == 1 and not any(sign.isdigit() for sign in text):
            heading = tuple(_ALIASES.get(cell.casefold(), cell.casefold()) for cell in cells)
        else:
            yield _read_line(count, dict(zip(heading, cells, strict=False)), spare=cells[len(heading) :])


def _cells(text: str) -> list[str]:
    sign = next((sign for sign in text if sign in "\t;,"), ",")
    return [cell.strip() for cell in next(csv.reader([text], delimiter=sign, skipinitialspace=True))]


def _read_line(count: int, cells: dict[str, str], spare: list[str]) -> NumberLine:
    number, pending = cells.get("number", ""), cells.get("pending", "").casefold()
    if any(spare) or pending not in _YES | _NO:
        return NumberLine(count, number, trouble=f"a line has {', '.join(COLUMNS)}, the last yes or no")
    try:
        return NumberLine(count, read_owned(number), cells.get("node", ""), pending in _YES)
    except RefusedError as error:
        return NumberLine(count, number, trouble=error.text)
