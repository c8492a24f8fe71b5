"""Recipient addresses and numbers: the grammar, number plans, refusals, and the awkward cases."""

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.addresses import (
    Destination,
    FaxAddress,
    NumberPlan,
    distinct,
    format_fax_address,
    parse_fax_address,
    parse_number,
    repeated_numbers,
)
from gateway.domain.errors import BadDirectiveError, BadNumberError, GatewayError, RefusedError
from gateway.mail.smtp_syntax import MAX_ADDRESS, parse_rcpt

DOMAINS = frozenset({"fax.example", "fax.acme.example"})
US = NumberPlan()
US_202 = NumberPlan("US", "202")
DE = NumberPlan("DE")
NOWHERE = NumberPlan("")
ATEXT = "abcXYZ019!#$%&'*+-=?^`{|}~. "
WASHINGTON = Destination("+12025550123")


def parsed(local: str, plan: NumberPlan = US) -> FaxAddress:
    return parse_fax_address(f"{local}@fax.example", DOMAINS, plan)


@pytest.mark.parametrize("domain", ["fax.bücher.example", "FAX.Bücher.example", "fax.xn--bcher-kva.example"])
def test_a_domain_of_ours_may_be_written_in_either_spelling(domain: str) -> None:
    ours = frozenset({"fax.xn--bcher-kva.example"})

    assert parse_fax_address(f"+12025550123@{domain}", ours, US).destination == WASHINGTON
    with pytest.raises(BadNumberError, match=r"@fax\.xn--bcher-kva\.example"):
        parse_fax_address(f"12@{domain}", ours, US)


@pytest.mark.parametrize(
    ("text", "plan", "number"),
    [
        ("+12025550123", NOWHERE, "+12025550123"),
        ("12025550123", US, "+12025550123"),
        ("2025550123", US, "+12025550123"),
        ("202-555.0123", US, "+12025550123"),
        ("+1.202-555.0123", DE, "+12025550123"),
        ("5550123", US_202, "+12025550123"),
        ("4165550123", NumberPlan("CA"), "+14165550123"),
        ("0114930123456", US, "+4930123456"),
        ("00493012345678", DE, "+493012345678"),
        ("+442079460123", US, "+442079460123"),
        ("+390612345678", US, "+390612345678"),  # Italy keeps its zero
        ("+4402079460123", US, "+442079460123"),  # the trunk zero that letterheads put in brackets
    ],
)
def test_number_is_read_by_the_senders_plan(text: str, plan: NumberPlan, number: str) -> None:
    assert parse_number(text, plan) == Destination(number)


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("5550123", US),  # seven digits need an area code
        ("2025550123", DE),  # ten digits mean something in +1 only
        ("2025550123", NOWHERE),
        ("00493012345678", US),  # 00 is not the American exit code
        ("01100", US),
        ("+", US),
        ("", US),
        ("--", US),
        ("+123456", US),  # fewer than 7
        ("+1234567890123456", US),  # more than 15
        ("+999123456789", US),  # no such country
        ("+9800000", US),  # fewer than 7 without its trunk zero
        ("+43000000", US),  # zeros only
        ("+8781012345678", US),  # personal numbers have no line
        ("+878101234567890", US),
        ("+8881234567890", US),
        ("+88812345678", US),
        ("+11025550123", US),  # an area code begins with 2 to 9
        ("+10125550123", US),
        ("+12021550123", US),  # and so does an exchange
        ("2020550123", US),
        ("1550123", US_202),
        ("+1202555", US),  # too short for its country
        ("+1+2025550123", US),
        ("202 555 0123", US),
        ("(202)5550123", US),
        ("1800FLOWERS", US),
        ("12025550123p5", US),
        ("12025550123w5", US),
        ("12025550123,5", US),
        ("12025550123;ext=4", US),
        ("*67", US),
        ("12025550123\n", US),
        ("٢٠٢٥٥٥٠١٢٣", US),  # Arabic-Indic digits are not folded
        ("\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff12\uff13", US),  # nor full-width ones
    ],
)
def test_what_is_no_number_is_refused_and_the_form_is_named(text: str, plan: NumberPlan) -> None:
    with pytest.raises(BadNumberError, match=re.escape("+")) as caught:
        parse_number(text, plan)

    assert caught.value.reply.code == 550
    assert caught.value.reply.enhanced == "5.1.3"
    assert str(caught.value.reply).isascii()


@pytest.mark.parametrize("text", ["911", "112", "999", "000", "110", "1911", "+1911", "+112", "411", "9-1-1", "1.1.2"])
def test_emergency_and_service_numbers_are_refused_as_not_permitted(text: str) -> None:
    with pytest.raises(RefusedError, match="not permitted") as caught:
        parse_number(text, US)

    assert caught.value.reply.enhanced == "5.7.1"


@pytest.mark.parametrize("country", ["US", "GB", "DE", "AU", "JP", ""])
def test_common_emergency_numbers_are_refused_whatever_the_home_country(country: str) -> None:
    for text in ("911", "112", "999", "110"):
        with pytest.raises(RefusedError, match="not permitted"):
            parse_number(text, NumberPlan(country))


@pytest.mark.parametrize(
    "text",
    ["+449098790123", "+19005551234", "9005550123", "+12029761234", "2029760123", "+979123456789", "011979123456789"],
)
def test_premium_rate_numbers_are_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="premium"):
        parse_number(text, US)


@pytest.mark.parametrize(
    "text",
    [
        "+881612345678",
        "+8811234567",
        "+88212345678",
        "+883510012345678",
        "+870773111632",
        "+80812345678",
        "011870773111632",
    ],
)
def test_numbers_of_satellites_and_of_no_country_are_refused_as_not_permitted(text: str) -> None:
    with pytest.raises(RefusedError, match="not permitted") as caught:
        parse_number(text, US)

    assert caught.value.reply.enhanced == "5.7.1"


@pytest.mark.parametrize("last", range(100, 200))
def test_the_reserved_numbers_are_taken_under_any_area_code(last: int) -> None:
    for area in ("202", "312", "416", "789"):
        assert parse_number(f"+1{area}5550{last}", NOWHERE).number == f"+1{area}5550{last}"


@given(st.from_regex(r"\A[0-9]{10}\Z"))
def test_every_american_number_taken_is_nxx_nxx_and_not_premium(digits: str) -> None:
    number = _outcome("+1" + digits)

    if number.startswith("+1"):
        assert digits[0] in "23456789"
        assert digits[3] in "23456789"
        assert digits[:3] != "900"
        assert digits[3:6] != "976"


@pytest.mark.parametrize(
    ("local", "address"),
    [
        ("12025550123", FaxAddress(WASHINGTON)),
        ("FAX=+1.202.555.0123", FaxAddress(WASHINGTON)),
        ("fax=+12025550123/t33s=12*#", FaxAddress(WASHINGTON, sub_address="12*#")),
        ('"12025550123"', FaxAddress(WASHINGTON)),
        ('"1\\2025550123"', FaxAddress(WASHINGTON)),
        ('"12025550123/to=Ann B"', FaxAddress(WASHINGTON, name="Ann B")),
        ("12025550123/to=Jo_Ann/co=A&B", FaxAddress(WASHINGTON, name="Jo Ann", company="A&B")),
        ("12025550123/ATTN=Jo/FR=Max", FaxAddress(WASHINGTON, name="Jo", sender="Max")),
        ("12025550123/to=a=b", FaxAddress(WASHINGTON, name="a=b")),
        ("12025550123/ATTN=a/to=a", FaxAddress(WASHINGTON, name="a")),
        ("12025550123/cp=OFF", FaxAddress(WASHINGTON, cover="off")),
        ("12025550123/CP=on", FaxAddress(WASHINGTON, cover="on")),
        ("12025550123/cp=Blue", FaxAddress(WASHINGTON, cover="Blue")),
    ],
)
def test_local_part_is_taken_apart(local: str, address: FaxAddress) -> None:
    assert parsed(local) == address


def test_domain_is_compared_without_case_and_others_are_not_served() -> None:
    assert parse_fax_address("12025550123@FAX.Acme.EXAMPLE", DOMAINS, US).destination == WASHINGTON
    for other in ("12025550123@example", "12025550123", "12025550123@[127.0.0.1]", "12025550123@fax.example."):
        with pytest.raises(RefusedError, match="does not serve"):
            parse_fax_address(other, DOMAINS, US)


@pytest.mark.parametrize(
    "local",
    ["", "FAX=2025550123", "FAX=", '"12025550123', '"1 202"', '""', "a@b", '"1"2', '"12025550123\r\nX"', "mailto"],
)
def test_bad_local_part_is_a_bad_number_that_names_the_form(local: str) -> None:
    with pytest.raises(BadNumberError, match=r"@fax\.example"):
        parsed(local)


@pytest.mark.parametrize(
    "parameters",
    [
        "/",
        "/xx=1",
        "/to",
        "/to=",
        "/to=" + "x" * 65,
        "/to=Jörg",
        "/T33S=",
        "/T33S=" + "1" * 21,
        "/T33S=12a",
        "/T33S=٣",
        "/ATTN=a/to=b",
        "/t33s=5/T33S=6",
        "/cp=a/b",
        "/cp=",
    ],
)
def test_unknown_or_bad_parameter_is_refused(parameters: str) -> None:
    with pytest.raises(BadDirectiveError) as caught:
        parsed("12025550123" + parameters)

    assert caught.value.reply.enhanced == "5.5.4"
    assert str(caught.value.reply).isascii()


def test_the_number_is_judged_before_the_parameters() -> None:
    with pytest.raises(BadNumberError):
        parsed("12/xx=1")


def test_masked_number_shows_country_and_last_two_digits_only() -> None:
    assert WASHINGTON.masked() == "+12*******23"
    assert Destination("+1234567").masked() == "+12***67"


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_a_clear_refusal(local: str) -> None:
    with suppress(GatewayError):
        address = parsed(local)
        assert re.fullmatch(r"\+[0-9]{7,15}", address.destination.number, re.ASCII)
        return
    with pytest.raises(GatewayError) as caught:
        parsed(local)
    assert caught.value.reply.code == 550
    assert str(caught.value.reply).isascii()
    assert "\n" not in caught.value.text


@given(st.from_regex(r"\A[2-9][0-9]{9}\Z"), st.lists(st.tuples(st.integers(1, 9), st.sampled_from("-."))))
def test_punctuation_never_changes_the_number(digits: str, marks: list[tuple[int, str]]) -> None:
    dotted = digits
    for place, mark in marks:
        dotted = dotted[:place] + mark + dotted[place:]

    assert _outcome(dotted) == _outcome(digits)


@given(st.from_regex(r"\A[2-9][0-9]{9}\Z"))
def test_every_form_of_an_american_number_is_the_same_destination(digits: str) -> None:
    forms = {_outcome(form) for form in (digits, "1" + digits, "+1" + digits, "0111" + digits)}

    assert len(forms) == 1


@given(st.from_regex(r"\A\+[0-9]{7,15}\Z"))
def test_a_number_in_plus_form_reads_the_same_under_every_plan_and_twice(text: str) -> None:
    outcome = _outcome(text)

    assert outcome == _outcome(text, DE) == _outcome(text, US_202)
    if outcome.startswith("+"):
        assert _outcome(outcome) == outcome


@given(st.text("0123456789*#", min_size=1, max_size=20))
def test_every_sub_address_of_twenty_signs_is_kept(text: str) -> None:
    assert parsed(f"12025550123/T33S={text}").sub_address == text


TEXTS = st.text(ATEXT, min_size=1, max_size=60).map(lambda text: " ".join(text.split())).filter(bool)
GIVEN = st.just("") | TEXTS
ADDRESSES = st.builds(
    FaxAddress,
    st.sampled_from([WASHINGTON, Destination("+493012345678"), Destination("+390612345678"), Destination("+6837012")]),
    st.just("") | st.from_regex(r"\A[0-9*#]{1,20}\Z"),
    GIVEN,
    GIVEN,
    GIVEN,
    st.sampled_from(["", "on", "off"]) | TEXTS.filter(lambda text: text.lower() not in ("on", "off")),
)


@given(ADDRESSES, st.sampled_from([US, DE, NOWHERE]))
def test_an_address_that_was_written_is_read_as_the_same(address: FaxAddress, plan: NumberPlan) -> None:
    written = format_fax_address(address, "fax.example")

    assert parse_fax_address(written, DOMAINS, plan) == address
    if len(written) <= MAX_ADDRESS:
        assert parse_rcpt(f"TO:<{written}>") == written


@given(ADDRESSES)
def test_every_spelling_of_a_written_address_is_read_as_the_same(address: FaxAddress) -> None:
    local = format_fax_address(address, "fax.example").removesuffix("@fax.example").strip('"')

    for spelling in (local, f"FAX={local}", f"/fax={local}/", f'"{local.replace("_", " ")}"'):
        assert parsed(spelling) == address


@pytest.mark.parametrize(
    ("address", "written"),
    [
        (FaxAddress(WASHINGTON), "+12025550123@fax.example"),
        (FaxAddress(WASHINGTON, "12*#", "Ann B", "Max", "Acme", "off"),
         "+12025550123/T33S=12*#/to=Ann_B/fr=Max/co=Acme/cp=off@fax.example"),
        (FaxAddress(WASHINGTON, name="Ann."), '"+12025550123/to=Ann."@fax.example'),
    ],
)  # fmt: skip
def test_an_address_is_written_so_that_servers_take_it(address: FaxAddress, written: str) -> None:
    assert format_fax_address(address, "fax.example") == written


@given(st.lists(ADDRESSES, max_size=6))
def test_a_number_has_one_address_and_the_first_one_wins(addresses: list[FaxAddress]) -> None:
    once = distinct(addresses)

    assert len({one.line for one in once}) == len(once)
    assert {one.line for one in once} == {one.line for one in addresses}
    assert all(one == next(first for first in addresses if first.line == one.line) for one in once)
    assert len(addresses) - len(once) >= len(repeated_numbers(addresses))


def test_another_sub_address_at_the_same_number_is_another_recipient() -> None:
    plain, one, two = (FaxAddress(WASHINGTON, sub_address) for sub_address in ("", "1", "2"))

    assert distinct([one, two, plain, replace(two, name="Ann")]) == (one, two, plain)
    assert repeated_numbers([one, two, plain]) == []
    assert repeated_numbers([one, two, one, two]) == [str(WASHINGTON)]


@given(st.text(max_size=600))
def test_a_refusal_is_one_line_of_ascii_that_a_reply_has_room_for(text: str) -> None:
    for address in (text, f"{text}@fax.example", f"12025550123/{text}@fax.example", f"12025550123@{text}"):
        with suppress(GatewayError):
            parse_fax_address(address, DOMAINS, US)
            continue
        with pytest.raises(GatewayError) as caught:
            parse_fax_address(address, DOMAINS, US)
        assert re.fullmatch(r"550 5\.(1\.3|7\.1|5\.4) [ -~]{1,460}", str(caught.value.reply))


def _outcome(text: str, plan: NumberPlan = US) -> str:
    """The destination, or the kind of refusal: its words quote the text."""
    try:
        return parse_number(text, plan).number
    except GatewayError as error:
        return type(error).__name__
