"""The duplicate key: the same mail delivered again is known, another mail is not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.submission import HeaderFacts, duplicate_key, mail_key

FACTS = HeaderFacts(
    from_addresses=("amelia.ross@acme.example",),
    subject="Lease",
    message_id="<1@acme.example>",
    auto_submitted="",
    precedence="",
    is_list=False,
    is_report=False,
    received_count=2,
    body_digest="d1",
)
NUMBERS = ("+12025550123", "+12025550124")
SENDER = "amelia.ross@acme.example"
KEY = duplicate_key(FACTS, SENDER, NUMBERS)


def test_the_same_mail_by_another_way_has_the_same_key() -> None:
    again = replace(FACTS, received_count=5, subject="Fwd by a relay")

    assert duplicate_key(again, SENDER.upper(), NUMBERS[::-1]) == KEY


@pytest.mark.parametrize(
    ("facts", "sender", "numbers"),
    [
        (replace(FACTS, message_id="<2@acme.example>"), SENDER, NUMBERS),
        (replace(FACTS, body_digest="d2"), SENDER, NUMBERS),
        (FACTS, "ben.ortiz@acme.example", NUMBERS),
        (FACTS, SENDER, NUMBERS[:1]),
        (FACTS, SENDER, ()),
    ],
)
def test_another_mail_has_another_key(facts: HeaderFacts, sender: str, numbers: tuple[str, ...]) -> None:
    assert duplicate_key(facts, sender, numbers) != KEY


def test_the_same_mail_is_known_whoever_it_goes_to() -> None:
    key = mail_key(FACTS, SENDER)

    assert key == mail_key(replace(FACTS, received_count=5), SENDER.upper())
    assert key not in {mail_key(replace(FACTS, body_digest="d2"), SENDER), mail_key(FACTS, "ben.ortiz@acme.example")}
    assert key is not None
    assert 0 <= key < 2**63


@given(st.text(), st.text(), st.lists(st.from_regex(r"\A\+[0-9]{7,15}\Z"), max_size=4))
def test_any_header_gives_a_key_of_64_hexadecimal_digits(message_id: str, sender: str, numbers: list[str]) -> None:
    surrogates_too = replace(FACTS, message_id=message_id + "\udc80")

    key = duplicate_key(surrogates_too, sender, tuple(numbers))

    assert len(bytes.fromhex(key)) == 32


NAMELESS = replace(FACTS, message_id="", date="Mon, 2 Mar 2026 10:00:00 -0500")


def test_without_a_message_id_the_date_and_the_subject_tell_mails_apart() -> None:
    key = duplicate_key(NAMELESS, SENDER, NUMBERS)

    assert key == duplicate_key(replace(NAMELESS, received_count=9), SENDER, NUMBERS)
    assert key != duplicate_key(replace(NAMELESS, subject="Other"), SENDER, NUMBERS)
    assert key != duplicate_key(replace(NAMELESS, date="Tue, 3 Mar 2026 10:00:00 -0500"), SENDER, NUMBERS)


def test_a_mail_without_message_id_and_date_has_no_key() -> None:
    assert duplicate_key(replace(NAMELESS, date=""), SENDER, NUMBERS) == ""
    assert mail_key(replace(NAMELESS, date=""), SENDER) is None
