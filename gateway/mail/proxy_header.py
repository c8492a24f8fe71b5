"""The PROXY protocol, versions 1 and 2: a balancer announces whose connection it passes on.

What lives here: reading the header. What does not: which balancers are believed (`front_door`). Source: HAProxy's
`proxy-protocol.txt`, sections 2.1 and 2.2.
"""

import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_address

from gateway.mail.peers import plain_address

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"  # of version 2
MAX_LINE = 107  # octets of a version 1 header with its CRLF
MAX_BLOCK = 4096  # octets behind the version 2 header: addresses, and extensions that nobody here reads
_VERSION_2, _LOCAL, _PROXY = 0x20, 0, 1
_TCP4, _TCP6 = 0x11, 0x21


class ProxyHeaderError(Exception):
    """What came is no PROXY header."""


async def read_proxy_header(reader: asyncio.StreamReader) -> str | None:
    """The client's IP address that a header announces; None when it speaks of no client (a check of health).

    Nothing behind the header is taken from `reader`.

    Raises:
        ProxyHeaderError: no header, or a malformed one.
        EOFError: the connection ended in it.
    """
    start = await reader.readexactly(len(SIGNATURE))
    if start == SIGNATURE:
        return await _version_2(reader)
    if start.startswith(b"PROXY "):
        return await _version_1(start, reader)
    raise ProxyHeaderError


async def _version_1(start: bytes, reader: asyncio.StreamReader) -> str | None:
    line = start
    while not line.endswith(b"\r\n"):
        if len(line) >= MAX_LINE:
            raise ProxyHeaderError
        line += await reader.readexactly(1)
    try:
        words = line.decode("ascii").removesuffix("\r\n").split(" ")
        if words[1] == "UNKNOWN":
            return None
        kind = {"TCP4": IPv4Address, "TCP6": IPv6Address}[words[1]]
        source, _, *ports = kind(words[2]), kind(words[3]), words[4], words[5]
    except (ValueError, LookupError):
        raise ProxyHeaderError from None
    if len(words) != 6 or not all(port.isdigit() and int(port) < 65536 for port in ports):
        raise ProxyHeaderError
    return plain_address(str(source))


async def _version_2(reader: asyncio.StreamReader) -> str | None:
    version_command, family, high, low = await reader.readexactly(4)
    length = high << 8 | low
    if version_command not in (_VERSION_2 | _LOCAL, _VERSION_2 | _PROXY) or length > MAX_BLOCK:
        raise ProxyHeaderError
    block = await reader.readexactly(length)
    octets = {_TCP4: 4, _TCP6: 16}.get(family)
    if version_command == _VERSION_2 | _LOCAL or octets is None:
        return None
    if length < 2 * octets + 4:
        raise ProxyHeaderError
    return plain_address(str(ip_address(block[:octets])))
