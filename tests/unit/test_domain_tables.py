"""Addresses and subjects against tests/golden/addresses.txt and subjects.txt: what comes of each, letter by letter."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from gateway.domain.addresses import FaxAddress, NumberPlan, parse_fax_address
from gateway.domain.directives import Directives, parse_subject
from gateway.domain.errors import GatewayError

GOLDEN = Path(__file__).parents[1] / "golden"
DOMAINS = frozenset({"fax.example"})


def rows(name: str) -> list[list[str]]:
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


ADDRESSES, SUBJECTS = rows("addresses.txt"), rows("subjects.txt")


def meant(written: str) -> str:
    """The text that a column of a table stands for."""
    if written == "<empty>":
        return ""
    return re.sub(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4}))", lambda match: chr(int(match[1] or match[2], 16)), written)


def told(read: FaxAddress | Directives) -> str:
    """What was read as the tables write it: all that is given, by name."""
    given = {field.name: getattr(read, field.name) for field in fields(read)}
    number = given.pop("destination", None)
    parts = [f"{name}={value}" for name, value in given.items() if value not in (None, "")]
    return " ".join([*([str(number)] if number else []), *parts])


def test_the_tables_are_long_enough_and_nothing_stands_twice_in_them() -> None:
    assert len(ADDRESSES) >= 300
    assert len(SUBJECTS) >= 140
    assert len({(home, written) for home, written, _ in ADDRESSES}) == len(ADDRESSES)
    assert len({written for written, _ in SUBJECTS}) == len(SUBJECTS)


@pytest.mark.parametrize(("home", "written", "expected"), ADDRESSES)
def test_an_address_comes_to_what_the_table_says(home: str, written: str, expected: str) -> None:
    country, _, area = home.partition(" ")
    plan = NumberPlan("" if country == "none" else country, area)
    address = written[1:] if written.startswith("@") else f"{meant(written)}@fax.example"

    try:
        outcome = told(parse_fax_address(address, DOMAINS, plan))
    except GatewayError as error:
        outcome = str(error.reply)

    assert outcome == expected


@pytest.mark.parametrize(("written", "expected"), SUBJECTS)
def test_a_subject_comes_to_what_the_table_says(written: str, expected: str) -> None:
    try:
        outcome = told(parse_subject(written.replace(r"\t", "\t")))
    except GatewayError as error:
        outcome = str(error.reply)

    assert outcome == expected


@pytest.mark.parametrize("replies", [[row[-1] for row in ADDRESSES], [row[-1] for row in SUBJECTS]])
def test_every_refusal_is_one_short_line_of_ascii(replies: list[str]) -> None:
    refusals = [reply for reply in replies if reply.startswith("550 ")]

    assert len(refusals) > 50
    for reply in refusals:
        assert re.fullmatch(r"550 5\.(1\.3|7\.1|5\.4) [ -~]{10,470}", reply), reply
