"""Blocked numbers: what a company's users may not fax.

What lives here: the block, the refusal, reading lists of numbers. What does not: rows (`gateway.store.blocks`).
"""

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.addresses import Destination
from gateway.domain.errors import RefusedError
from gateway.domain.numbers import NumberPlan, parse_number

_LOOSE = re.compile(r"[\s()/]+")
NUMBER_BLOCKED = "number-blocked"  # the detail of a job that a block cancelled


@dataclass(frozen=True, slots=True)
class Block:
    """One blocked number, in E.164; `note` says why."""

    number: str
    added: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a list that is no number."""

    line: int
    text: str
    reason: str


def refuse_blocked(destination: Destination, blocked: Collection[str]) -> None:
    """Return when the company's users may fax this number.

    Raises:
        RefusedError: 5.7.1, it is blocked.
    """
    if destination.number in blocked:
        raise RefusedError(f"{destination.number} is blocked by your company; ask your fax administrator")


def read_number(text: str, plan: NumberPlan) -> Destination:
    """A number as administrators write it: with spaces, brackets and slashes, too.

    Raises:
        BadNumberError: it is none.
        RefusedError: an emergency, service, premium-rate or satellite number, which nobody can fax anyway.
    """
    return parse_number(_LOOSE.sub("", text), plan)


def read_list(lines: Iterable[str], plan: NumberPlan) -> Iterator[tuple[str, str] | BadLine]:
    """The numbers of a list with their notes: a number a line, and after a comma, semicolon or tab a note.

    Empty lines, lines that begin with `#`, and a first line without any digit (a heading) are passed over.
    """
    for count, line in enumerate(lines, 1):
        text = line.strip().strip("\ufeff")
        if not text or text.startswith("#") or (count == 1 and not any(sign.isdigit() for sign in text)):
            continue
        number, note = _parted(text)
        try:
            yield read_number(number, plan).number, note
        except RefusedError as error:
            yield BadLine(count, number, error.text)


def _parted(text: str) -> tuple[str, str]:
    """Number and note; quotes as spreadsheets write them."""
    sign = next((sign for sign in text if sign in "\t;,"), ",")
    number, *notes = next(csv.reader([text], delimiter=sign, skipinitialspace=True))
    return number.strip(), sign.join(notes).strip()
