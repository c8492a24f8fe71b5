"""The address of a DNS server, as an administrator writes it.

What lives here: reading one. What does not: asking it (`gateway.mail.proof.dns`).
"""

from ipaddress import ip_address

DNS_PORT = 53


def parse_nameserver(text: str) -> tuple[str, int]:
    """Host and port of `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`.

    Raises:
        ValueError: it is no IP address, or the port is none. A name will not do: who would look it up?
    """
    host, port = text, ""
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise ValueError(f"{text!r} is no address of a DNS server")
        port = port[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    ip_address(host)
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        raise ValueError(f"{text!r} has no port from 1 to 65535")
    return host, int(port or DNS_PORT)
