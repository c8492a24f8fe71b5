"""Addresses of clients: one form to compare, one neighborhood to count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.peers import neighborhood, plain_address


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("somewhere", "somewhere"),
    ],
)
def test_addresses_are_compared_in_one_form(text: str, plain: str) -> None:
    assert plain_address(text) == plain


@given(st.ip_addresses(v=4).map(str))
def test_an_ipv4_address_is_counted_for_itself(peer: str) -> None:
    assert neighborhood(peer) == peer


@given(st.ip_addresses(v=6, network="2001:db8:1:2::/64").map(str))
def test_a_site_of_ipv6_addresses_is_counted_as_one(peer: str) -> None:
    assert neighborhood(peer) == "2001:db8:1:2::/64"


def test_two_sites_are_two() -> None:
    assert neighborhood("2001:db8::1") != neighborhood("2001:db8:0:1::1")
