"""What answers which number: reserved numbers, what ships, the exchange's list."""

import re
import tomllib
from pathlib import Path

import phonenumbers
import pytest

from gateway.domain.errors import NotFoundError
from gateway.fax.simulator.exchange import SHIPPED, Exchange
from gateway.fax.simulator.plans import Kind
from gateway.fax.t30.capabilities import Flag, Modems

TOP = Path(__file__).parents[2]
FOLDER = TOP / "config" / "far_ends"
EXCHANGE = Exchange.load()
LISTED = EXCHANGE.listing()
RESERVED = [listed for listed in LISTED if listed.number.startswith("+1202555")]


@pytest.mark.parametrize("number", [listed.number for listed in LISTED])
def test_listed_numbers_are_ones_that_a_mail_can_name_and_no_subscriber_has(number: str) -> None:
    parsed = phonenumbers.parse(number)

    assert phonenumbers.is_possible_number(parsed)
    assert re.fullmatch(r"\+1\d{3}55501\d\d", number)


def test_the_readme_lists_every_reserved_number() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\+\d+) \| (.+) \| (.*) \|$", text, re.MULTILINE)

    assert rows == [(listed.number, listed.meaning, listed.outcome or "it depends") for listed in RESERVED]


def test_every_listed_number_has_a_meaning_of_its_own() -> None:
    meanings = [listed.meaning for listed in LISTED]

    assert all(meanings)
    assert len(set(meanings)) == len(meanings)


def test_the_list_names_what_answers_dial_by_dial() -> None:
    listed = {one.number: one for one in LISTED}

    assert listed["+12025550100"].far_end == "modern"
    assert listed["+12025550146"].far_end == "busy, then busy, then busy, then modern"
    assert [one.number for one in LISTED] == sorted(listed)


def test_every_far_end_that_ships_has_a_number_or_is_there_to_call_us() -> None:
    reached = {plan.name for entry in EXCHANGE.scenario.numbers.values() for plan in entry.dials}
    callers = {name for name in EXCHANGE.scenario.far_ends if name.startswith("caller_")}

    assert set(EXCHANGE.scenario.far_ends) <= reached | callers
    assert {EXCHANGE.far_end(name).kind for name in callers} == {Kind.FAX}


def test_what_ships_is_the_folder_of_scenario_files_and_goes_into_the_package() -> None:
    setup = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = setup["tool"]["setuptools"]["package-data"]["gateway"]
    packed = {path for pattern in patterns for path in (TOP / "gateway").glob(pattern)}

    assert SHIPPED.resolve() == FOLDER.resolve()
    assert {SHIPPED / path.name for path in FOLDER.iterdir()} <= packed


def test_a_number_nobody_named_is_a_fax_machine() -> None:
    plan = EXCHANGE.plan("+493012345678", 0)

    assert plan.kind is Kind.FAX
    assert plan.options.station_id == "+493012345678"


def test_a_fax_machine_calls_itself_by_its_number() -> None:
    assert EXCHANGE.plan("+12025550108", 0).options.station_id == "+1 202 555 0108"


def test_the_last_plan_holds_for_all_later_dials() -> None:
    kinds = [EXCHANGE.plan("+12025550102", dial).kind for dial in range(4)]

    assert kinds == [Kind.BUSY, Kind.FAX, Kind.FAX, Kind.FAX]


def test_far_ends_are_found_by_name() -> None:
    old = EXCHANGE.far_end("old").options.capabilities

    assert (old.modems, old.flags) == (Modems.V27, {Flag.RECEIVE})
    with pytest.raises(NotFoundError, match="no far end 'fish'; known: "):
        EXCHANGE.far_end("fish")


def test_the_chance_of_a_call_hangs_on_seed_number_and_dial() -> None:
    def draw(seed: int, number: str, dial: int) -> float:
        return Exchange(seed=seed).chance(number, dial).random()

    drawn = {draw(seed, number, dial) for seed in (0, 1) for number in ("+1", "+2") for dial in (0, 1)}

    assert len(drawn) == 8
    assert draw(1, "+1", 0) in drawn
