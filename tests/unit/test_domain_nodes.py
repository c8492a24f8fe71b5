"""Names and mail addresses of the tree, and how a user is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import UsageError
from gateway.domain.nodes import User, checked_address, checked_name


def test_a_name_is_trimmed_and_its_spaces_joined() -> None:
    assert checked_name("  Acme \t Legal ", "the name") == "Acme Legal"
    assert checked_name("Ärzte & Söhne", "the name") == "Ärzte & Söhne"


@pytest.mark.parametrize("name", ["", "  ", "a/b", "x" * 81, "a\0b", "a\x1bb", "a\u202eb"])
def test_a_name_that_cannot_stand_in_a_path_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="the company's name must have 1 to 80"):
        checked_name(name, "the company's name")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("amelia.ross@acme.example", "amelia.ross@acme.example"),
        (" Amelia.Ross@ACME.Example ", "amelia.ross@acme.example"),
        ("o'neil+fax@sub.acme.example", "o'neil+fax@sub.acme.example"),
        ("jörg@Müller.example", "jörg@xn--mller-kva.example"),
        ("jörg@xn--mller-kva.example", "jörg@xn--mller-kva.example"),
        ("a@b", "a@b"),
    ],
)
def test_an_address_is_kept_as_it_is_compared(address: str, kept: str) -> None:
    assert checked_address(address) == kept


@pytest.mark.parametrize(
    "address",
    [
        "",
        "amelia",
        "@acme.example",
        "amelia@",
        "a b@acme.example",
        "a@b@c",
        "a..b@c.example",
        ".a@c.example",
        "a.@c.example",
        "Amelia <a@c.example>",
        "a@c.example, b@c.example",
        '"a"@c.example',
        "a@c.example\r\nBcc: b@c.example",
        "a\0@c.example",
        "x" * 250 + "@c.example",
    ],
)
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is not a mail address"):
        checked_address(address)


@given(st.text())
def test_checking_an_address_twice_changes_nothing(text: str) -> None:
    try:
        once = checked_address(text)
    except UsageError:
        return
    assert checked_address(once) == once
    assert not set(once) & set(' \r\n\t<>,;"')


def user(first: str, last: str) -> User:
    return User(1, "amelia", first, last, "Acme/Legal/amelia", 2, "Acme", ("amelia@acme.example",))


def test_full_name_is_first_and_last_name() -> None:
    assert user("Amelia", "Ross").full_name == "Amelia Ross"
    assert user("", "Ross").full_name == "Ross"
    assert user("Amelia", "").full_name == "Amelia"


def test_a_user_needs_no_fax_number_and_no_contact_details() -> None:
    plain = user("Amelia", "Ross")

    assert plain.fax_number == ""
    assert plain.contact.city == ""
    assert plain.custom == ("", "", "", "")
