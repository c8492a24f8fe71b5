"""The PROXY protocol: what is announced, and that nothing else is believed."""

import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.proxy_header import SIGNATURE, ProxyHeaderError, read_proxy_header

PORTS = st.integers(0, 65535)


def announced(octets: bytes) -> tuple[str | None, bytes]:
    """The address, and what is left behind the header."""

    async def read() -> tuple[str | None, bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(octets)
        reader.feed_eof()
        return await read_proxy_header(reader), await reader.read()

    return asyncio.run(read())


def version_2(command: int, family: int, block: bytes) -> bytes:
    return SIGNATURE + bytes([0x20 | command, family]) + len(block).to_bytes(2, "big") + block


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), PORTS, PORTS)
def test_an_ipv4_client_is_read_from_both_versions(client: IPv4Address, us: IPv4Address, one: int, other: int) -> None:
    line = f"PROXY TCP4 {client} {us} {one} {other}\r\n".encode()
    block = client.packed + us.packed + one.to_bytes(2, "big") + other.to_bytes(2, "big")

    assert announced(line + b"EHLO c\r\n") == (str(client), b"EHLO c\r\n")
    assert announced(version_2(1, 0x11, block) + b"EHLO c\r\n") == (str(client), b"EHLO c\r\n")


@given(st.ip_addresses(v=6), st.ip_addresses(v=6), st.binary(max_size=50))
def test_an_ipv6_client_is_read_from_both_versions(client: IPv6Address, us: IPv6Address, extensions: bytes) -> None:
    expected = str(client.ipv4_mapped or client)
    line = f"PROXY TCP6 {client} {us} 1 25\r\n".encode()
    block = client.packed + us.packed + b"\0\1\0\x19" + extensions

    assert announced(line) == (expected, b"")
    assert announced(version_2(1, 0x21, block)) == (expected, b"")


@pytest.mark.parametrize(
    "header", [b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN ff:: 1 x y\r\n", version_2(0, 0, b""), version_2(1, 0x31, b"/x")]
)
def test_who_speaks_of_no_client_announces_none(header: bytes) -> None:
    assert announced(header + b"QUIT\r\n") == (None, b"QUIT\r\n")


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO client.example\r\n",
        b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        b"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 -1 25\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 1 25\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.2 1 25\r\n",
        b"PROXY UDP4 192.0.2.1 192.0.2.2 1 25\r\n",
        b"PROXY TCP4 192.0.2.1\0 192.0.2.2 1 25\r\n",
        b"PROXY TCP4 \xb9\xb2.0.2.1 192.0.2.2 1 25\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\n" + b"x" * 100,
        b"PROXY TCP4 " + b"x" * 200,
        version_2(2, 0x11, bytes(12)),
        SIGNATURE + b"\x11\x11\0\x0c" + bytes(12),
        version_2(1, 0x11, bytes(11)),
        version_2(1, 0x21, bytes(12)),
        version_2(1, 0x11, bytes(4097)),
    ],
)
def test_what_is_malformed_is_no_header(header: bytes) -> None:
    with pytest.raises(ProxyHeaderError):
        announced(header)


@pytest.mark.parametrize(
    "header", [b"", b"PROXY", b"PROXY TCP4 192.0.2.1", SIGNATURE, SIGNATURE + b"\x21\x11\0\x0cabc"]
)
def test_who_leaves_in_the_middle_announced_nothing(header: bytes) -> None:
    with pytest.raises(EOFError):
        announced(header)


@given(st.binary(max_size=120))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        address, _ = announced(octets)
    except (ProxyHeaderError, EOFError):
        return
    assert address is None or ip_address(address)
