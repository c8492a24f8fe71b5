"""The cover pages that ship: what they say, what they need, and that they are all described."""

import pytest

from coverpages.cover import Cover, shipped
from coverpages.fields import FIELDS
from coverpages.language import TemplateError
from tests.unit.test_cover_language import read

COVERS = sorted(shipped())
FULL = {name: f"value of {name}" for name in FIELDS}


def test_three_covers_ship() -> None:
    assert COVERS == ["business", "medical", "plain"]


@pytest.mark.parametrize("name", COVERS)
def test_a_cover_bears_its_name_and_says_what_it_is(name: str) -> None:
    cover = shipped()[name]

    assert (cover.name, cover.title, cover.paper) == (name, name.title(), "letter")
    assert cover.description.endswith(".")


@pytest.mark.parametrize("name", COVERS)
def test_a_cover_shows_every_field_that_it_asks_for(name: str) -> None:
    cover = shipped()[name]

    words = " ".join(read(cover.filled(FULL)).words)

    assert all(f"value of {field}" in words for field in cover.fields)


@pytest.mark.parametrize("name", COVERS)
def test_a_cover_has_what_a_fax_needs(name: str) -> None:
    needed = {"sender", "recipient_name", "recipient_number", "subject", "body", "pages", "date", "sender_phone"}

    assert needed <= set(shipped()[name].fields)


def test_the_medical_cover_says_that_it_is_confidential_and_whom_to_tell() -> None:
    words = " ".join(read(shipped()["medical"].filled({"sender_phone": "+1 212 555 0142"})).words)

    assert "CONFIDENTIAL" in words
    assert "If it reached you by mistake, tell the sender at\nonce" in words
    assert "phone +1 212 555 0142" in words


@pytest.mark.parametrize("name", COVERS)
def test_rows_without_values_are_left_out(name: str) -> None:
    words = read(shipped()[name].filled({"recipient_number": "+14155550100", "pages": "2"})).words

    assert not {"Reference", "Date", "Subject", "Our notes"} & set(words)
    assert not any("Phone" in word for word in words)
    assert "Fax +14155550100" in words


def test_a_cover_that_is_broken_says_so() -> None:
    with pytest.raises(TemplateError, match="line 1: unknown field 'x'"):
        Cover("gala", "Gala", "", "a4", "{{ x }}").filled({})
