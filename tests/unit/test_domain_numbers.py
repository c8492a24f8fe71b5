"""Numbers of all countries: national forms, trunk prefixes and exit codes, as libphonenumber has them."""

import re
from contextlib import suppress

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from gateway.domain.errors import BadNumberError, GatewayError, RefusedError
from gateway.domain.numbers import Destination, NumberFacts, NumberPlan, describe, parse_number

COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)
NOWHERE = NumberPlan("")
# Fixed lines of these have fewer than seven digits with their country code, or are reached by satellite alone.
FAR_AWAY = {"AC", "IO", "TA"}
WRITTEN = st.text("0123456789+-.", max_size=20) | st.text(max_size=20)


def fixed_line(country: str) -> phonenumbers.PhoneNumber:
    number = phonenumbers.example_number_for_type(country, PhoneNumberType.FIXED_LINE)
    assert number is not None
    return number


def as_dialled(number: phonenumbers.PhoneNumber) -> str:
    """The digits that a person in the number's own country dials."""
    trunk = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_number(number)).national_prefix or ""
    return trunk + phonenumbers.national_significant_number(number)


def exit_code(country: str) -> str:
    """The country's exit code; empty where it has several and prefers none: see the table of addresses."""
    metadata = PhoneMetadata.metadata_for_region(country)
    code = (metadata.preferred_international_prefix or metadata.international_prefix).replace("~", "")
    return code if code.isdigit() else ""


@pytest.mark.parametrize("country", [country for country in COUNTRIES if country not in FAR_AWAY])
def test_a_fixed_line_is_read_at_home_as_it_is_dialled_there(country: str) -> None:
    number = fixed_line(country)

    read = parse_number(as_dialled(number), NumberPlan(country))

    assert read == Destination(phonenumbers.format_number(number, PhoneNumberFormat.E164))


@pytest.mark.parametrize("country", [country for country in COUNTRIES if country not in FAR_AWAY])
def test_a_fixed_line_of_every_country_can_be_faxed_from_everywhere(country: str) -> None:
    full = phonenumbers.format_number(fixed_line(country), PhoneNumberFormat.E164)

    assert {parse_number(full, NumberPlan(home)).number for home in ("US", "DE", "JP", "")} == {full}


@pytest.mark.parametrize("country", sorted(FAR_AWAY))
def test_places_that_take_no_faxes_are_refused(country: str) -> None:
    with pytest.raises(RefusedError):
        parse_number(phonenumbers.format_number(fixed_line(country), PhoneNumberFormat.E164), NOWHERE)


@pytest.mark.parametrize("country", [country for country in COUNTRIES if exit_code(country)])
def test_the_exit_code_of_every_country_leads_abroad_or_is_refused_as_ambiguous(country: str) -> None:
    digits = f"{exit_code(country)}493012345678"

    with suppress(BadNumberError):
        assert parse_number(digits, NumberPlan(country)).number == "+493012345678"
        return
    with pytest.raises(BadNumberError, match="more than one way"):
        parse_number(digits, NumberPlan(country))


def test_digits_that_two_exit_codes_explain_are_not_guessed() -> None:
    hong_kong = NumberPlan("HK")

    with pytest.raises(BadNumberError, match="more than one way"):
        parse_number("0012025550123", hong_kong)  # 00 and Washington, or 001 and Cairo
    assert parse_number("00112025550123", hong_kong).number == "+12025550123"


@pytest.mark.parametrize("country", ["DE", "GB", "FR", "JP", "RU", "HU", "AU", "BR"])
def test_without_its_trunk_prefix_a_national_number_is_a_local_one_and_is_refused(country: str) -> None:
    digits = phonenumbers.national_significant_number(fixed_line(country))

    with pytest.raises(BadNumberError, match=f"number of {country} with its leading"):
        parse_number(digits, NumberPlan(country))


@pytest.mark.parametrize("country", ["DE", "ES", "IT", "NO", "SG"])
def test_the_country_code_without_a_plus_is_not_taken_for_one(country: str) -> None:
    full = phonenumbers.format_number(fixed_line(country), PhoneNumberFormat.E164)

    with pytest.raises(BadNumberError):
        parse_number(full.removeprefix("+"), NumberPlan(country))


@pytest.mark.parametrize(
    ("number", "facts"),
    [
        ("+12025550123", NumberFacts("US", "fixed line or mobile")),
        ("+493012345678", NumberFacts("DE", "fixed line")),
        ("+447400123456", NumberFacts("GB", "mobile")),
        ("+18005551234", NumberFacts("US", "toll free")),
        ("+17895550123", NumberFacts("", "unknown")),
    ],
)
def test_country_and_kind_of_a_number_are_told(number: str, facts: NumberFacts) -> None:
    assert describe(Destination(number)) == facts


@given(WRITTEN, st.sampled_from(["", *COUNTRIES]))
def test_anything_is_a_number_in_e164_or_a_refusal_in_one_line_of_ascii(text: str, country: str) -> None:
    try:
        outcome = parse_number(text, NumberPlan(country)).number
    except GatewayError as error:
        outcome = str(error.reply)

    assert len(outcome) < 480
    assert re.fullmatch(r"550 5\.(1\.3|7\.1) [ -~]+|\+[1-9][0-9]{6,14}", outcome)
    if outcome.startswith("+"):
        assert phonenumbers.is_possible_number(phonenumbers.parse(outcome, None))


@given(st.from_regex(r"\A[0-9]{3,16}\Z"), st.sampled_from(COUNTRIES))
def test_what_plain_digits_come_to_reads_the_same_in_plus_form(digits: str, country: str) -> None:
    with suppress(GatewayError):
        read = parse_number(digits, NumberPlan(country))
        assert parse_number(read.number, NOWHERE) == read


@given(st.from_regex(r"\A[0-9]{3,16}\Z"), st.sampled_from(COUNTRIES))
def test_plain_digits_are_never_completed_beyond_what_was_written(digits: str, country: str) -> None:
    """Without an area code, the number ends with what was dialled but for prefixes: nothing is put in."""
    with suppress(GatewayError):
        national = str(phonenumbers.parse(parse_number(digits, NumberPlan(country)).number, None).national_number)
        assert national.endswith(digits[-4:])
