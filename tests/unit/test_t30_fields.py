"""Non-standard facilities and Internet addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t30 import fields
from gateway.fax.t30.fields import AddressKind, InternetAddress, NonStandard
from gateway.fax.t30.frames import FrameError
from gateway.fax.t30.hdlc import reversed_octets

HYLAFAX = "ad 00 55 48 79 6c 61 46 41 58 20 28 74 6d 29 20 56 65 72 73 69 6f 6e 20 36 2e 30 2e 33"  # as logged

countries = st.one_of(
    st.integers(0, 0xFE).map(lambda code: bytes((code,))), st.integers(0, 0xFF).map(lambda code: bytes((0xFF, code)))
)
nonstandards = st.one_of(
    st.builds(NonStandard, countries, st.binary(min_size=2, max_size=2), st.binary(max_size=60)),
    st.builds(NonStandard, countries, st.binary(min_size=1, max_size=1)),
)
addresses = st.builds(
    InternetAddress,
    st.sampled_from(AddressKind),
    st.text(st.characters(max_codepoint=127), max_size=77),
    st.integers(0, 127),
    st.booleans(),
)


@given(nonstandards)
def test_nonstandard_facilities_are_read_as_they_were_written(nonstandard: NonStandard) -> None:
    assert fields.decode_nonstandard(nonstandard.encode()) == nonstandard


@given(st.binary(max_size=60))
def test_nonstandard_facilities_of_any_octets_are_kept_or_refused(fif: bytes) -> None:
    try:
        nonstandard = fields.decode_nonstandard(fif)
    except FrameError:
        assert len(fif) < 2 or fif[0] == 0xFF
        return
    assert nonstandard.encode() == fif


def test_the_country_of_a_captured_nsf() -> None:
    nonstandard = fields.decode_nonstandard(reversed_octets(bytes.fromhex(HYLAFAX)))

    assert nonstandard.country == b"\xb5"  # the United States
    assert reversed_octets(nonstandard.provider) == b"\x00\x55"
    assert reversed_octets(nonstandard.rest) == b"HylaFAX (tm) Version 6.0.3"


def test_a_country_may_have_two_octets() -> None:
    nonstandard = fields.decode_nonstandard(bytes.fromhex("ff 07 01 02 03"))

    assert nonstandard == NonStandard(b"\xff\x07", b"\x01\x02", b"\x03")


@pytest.mark.parametrize("fif", ["", "b5", "ff", "ff 01"])
def test_nonstandard_facilities_without_a_provider_are_refused(fif: str) -> None:
    with pytest.raises(FrameError):
        fields.decode_nonstandard(bytes.fromhex(fif))


@pytest.mark.parametrize(
    "nonstandard",
    [
        NonStandard(b"", b"\x00\x01"),
        NonStandard(b"\xff", b"\x00\x01"),
        NonStandard(b"\xb5\x00", b"\x00\x01"),
        NonStandard(b"\xb5", b""),
        NonStandard(b"\xb5", b"\x00", b"rest"),
    ],
)
def test_codes_that_would_be_read_otherwise_are_not_written(nonstandard: NonStandard) -> None:
    with pytest.raises(FrameError):
        nonstandard.encode()


@given(addresses)
def test_an_internet_address_is_read_as_it_was_written(address: InternetAddress) -> None:
    assert fields.decode_address(address.encode()) == address


@given(st.binary(max_size=90))
def test_an_internet_address_of_any_octets_is_one_or_refused(fif: bytes) -> None:
    try:
        address = fields.decode_address(fif)
    except FrameError:
        return
    assert fields.decode_address(address.encode()) == address


def test_an_internet_address_goes_least_significant_bit_first() -> None:
    fif = InternetAddress(AddressKind.URL, "ssl://a", number=1, more=True).encode()

    assert reversed_octets(fif) == b"\x81\x02\x07ssl://a"


@pytest.mark.parametrize(
    "sent", [b"", b"\0\1", b"\0\0\1a", b"\0\6\1a", b"\0\1\2a", b"\0\1\1\xe9", b"\0\1\x4e" + b"a" * 78]
)
def test_what_is_no_internet_address_is_refused(sent: bytes) -> None:
    with pytest.raises(FrameError):
        fields.decode_address(reversed_octets(sent))


def test_octets_behind_an_internet_address_are_not_read() -> None:
    assert fields.decode_address(reversed_octets(b"\0\1\1abc")).text == "a"


@pytest.mark.parametrize(
    "address",
    [
        InternetAddress(AddressKind.MAIL, "a" * 78),
        InternetAddress(AddressKind.MAIL, "é"),
        InternetAddress(AddressKind.MAIL, "a", number=128),
    ],
)
def test_an_internet_address_that_does_not_fit_is_not_written(address: InternetAddress) -> None:
    with pytest.raises(FrameError):
        address.encode()
