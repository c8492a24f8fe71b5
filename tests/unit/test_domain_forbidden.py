"""Numbers that are never called: emergency and service codes of all countries, and what costs too much."""

import re
from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from gateway.domain.errors import BadNumberError, RefusedError
from gateway.domain.numbers import NumberPlan, parse_number

COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)
COSTLY = (
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.PAGER,
    PhoneNumberType.VOICEMAIL,
)


def refusal(text: str, country: str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        parse_number(text, NumberPlan(country))
    return caught.value


def emergency_numbers(country: str) -> Iterator[str]:
    """Those of two to five digits, by libphonenumber's pattern."""
    metadata = PhoneMetadata.short_metadata_for_region(country)
    emergency = metadata.emergency if metadata else None
    pattern = emergency.national_number_pattern if emergency else None
    for length in {2, 3, 4, 5}.intersection(emergency.possible_length) if pattern else ():
        yield from (text for number in range(10**length) if re.fullmatch(pattern, text := str(number).zfill(length)))


@pytest.mark.parametrize("country", COUNTRIES)
def test_emergency_numbers_of_every_country_are_refused_at_home_and_everywhere_else(country: str) -> None:
    for number in emergency_numbers(country):
        for home in (country, "US", "DE", ""):
            error = refusal(number, home)
            assert str(error.reply) == "550 5.7.1 not permitted: emergency and service numbers take no faxes"


@pytest.mark.parametrize("country", ["US", "GB", "DE", "FR", "JP", "AU", "IN", "BR"])
def test_an_emergency_number_behind_its_country_code_is_refused(country: str) -> None:
    code = phonenumbers.country_code_for_region(country)
    for number in emergency_numbers(country):
        assert refusal(f"+{code}{number}", "").reply.enhanced == "5.7.1"
        assert refusal(f"011{code}{number}", "US").reply.enhanced == "5.7.1"


def test_a_number_at_home_is_not_taken_for_a_code_behind_a_country_code() -> None:
    assert parse_number("20911", NumberPlan("TO")).number == "+67620911"  # Tonga has five digits; 20 is Egypt


@pytest.mark.parametrize("marked", ["9.1.1", "9-1-1", "91-1.", "9--11"])
def test_marks_do_not_hide_an_emergency_number(marked: str) -> None:
    assert refusal(marked, "US").reply.enhanced == "5.7.1"


@pytest.mark.parametrize(
    ("code", "country"),
    [("211", "US"), ("411", "CA"), ("988", "US"), ("118500", "GB"), ("101", "GB"), ("115", "DE"), ("3631", "FR")],
)
def test_service_codes_are_refused_in_their_country(code: str, country: str) -> None:
    assert refusal(code, country).reply.enhanced == "5.7.1"


@pytest.mark.parametrize(("code", "country"), [("12345", "US"), ("22505", "US"), ("123456", "US"), ("36315", "FR")])
def test_other_short_digits_are_simply_no_number(code: str, country: str) -> None:
    assert isinstance(refusal(code, country), BadNumberError)


@given(st.from_regex(r"\A[2-9]11[0-9]{7}\Z"))
def test_in_plan_one_no_number_begins_with_a_service_code(digits: str) -> None:
    assert refusal(f"+1{digits}", "").reply.enhanced in ("5.7.1", "5.1.3")


@pytest.mark.parametrize("kind", COSTLY)
def test_costly_numbers_of_every_country_are_refused(kind: int) -> None:
    numbers = [phonenumbers.example_number_for_type(country, kind) for country in COUNTRIES]
    known = [phonenumbers.format_number(one, PhoneNumberFormat.E164) for one in numbers if one is not None]

    assert len(known) > 5
    for number in known:
        assert refusal(number, "").reply.enhanced in ("5.7.1", "5.1.3")  # some are shorter than seven digits


@given(st.sampled_from(["+499001123456", "+39892123", "+33899123456", "+449098790123"]), st.data())
def test_digits_behind_a_premium_rate_number_do_not_make_it_another(number: str, data: st.DataObject) -> None:
    more = data.draw(st.text("0123456789", max_size=15 - len(number) + 1))

    assert refusal(number + more, "").reply.enhanced in ("5.7.1", "5.1.3")


@given(st.sampled_from(COUNTRIES))
def test_fixed_lines_and_freephone_are_not_taken_for_costly_ones(country: str) -> None:
    for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE):
        number = phonenumbers.example_number_for_type(country, kind)
        assume(number is not None and country not in ("AC", "IO", "TA"))
        full = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if len(full) > 7:  # the plus among them
            assert parse_number(full, NumberPlan("")).number == full
