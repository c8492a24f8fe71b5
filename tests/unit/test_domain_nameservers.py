"""Addresses of DNS servers, as administrators write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.nameservers import parse_nameserver


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1", "127.0.0.1", 53),
        ("127.0.0.1:5353", "127.0.0.1", 5353),
        ("2001:db8::1", "2001:db8::1", 53),
        ("[2001:db8::1]", "2001:db8::1", 53),
        ("[::1]:5353", "::1", 5353),
        ("fe80::1%eth0", "fe80::1%eth0", 53),
    ],
)
def test_addresses_are_read_with_and_without_a_port(text: str, host: str, port: int) -> None:
    assert parse_nameserver(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "dns.example:53", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:5x", "[::1",
     "[::1]53", "[::1]5353", "127.0.0.1:٥٣", "1.2.3", "127.0.0.1:" + "9" * 5000],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_nameserver(text)


@given(st.ip_addresses(), st.integers(min_value=1, max_value=65535))
def test_what_is_written_is_read_back(address: object, port: int) -> None:
    text = f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"

    assert parse_nameserver(text) == (str(address), port)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        host, port = parse_nameserver(text)
    except ValueError:
        return
    assert host
    assert 0 < port < 65536
