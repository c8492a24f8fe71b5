"""One question to one DNS server: over UDP, and over TCP when the answer is too long for it.

What lives here: sockets, and telling the answer from packets that only look like it. What does not: which server to
ask, how often, and what to remember (`dns`).
"""

import time
from socket import AF_INET, AF_INET6, SOCK_DGRAM, socket

import dns.exception
import dns.flags
import dns.message
import dns.query

Server = tuple[str, int]

_LARGEST_PACKET = 65535  # octets
_HEADER = 12


def ask(server: Server, query: dns.message.QueryMessage, seconds: float) -> dns.message.Message:
    """The server's answer, whole. Each question leaves from a port of its own (RFC 5452 9.2).

    Raises:
        TimeoutError, dns.exception.Timeout: no answer in so many seconds.
        OSError, EOFError, dns.exception.DNSException: nobody listens, or what came over TCP is no answer.
    """
    end = time.monotonic() + seconds
    host, port = server
    with socket(AF_INET6 if ":" in host else AF_INET, SOCK_DGRAM) as line:
        line.connect(server)  # packets from elsewhere do not reach us, and a port where nobody listens tells us so
        line.send(query.to_wire())
        while (left := end - time.monotonic()) > 0:
            line.settimeout(left)
            response = _answer(line.recv(_LARGEST_PACKET), query)
            if response is not None and response.flags & dns.flags.TC:
                return _whole(dns.query.tcp(query, host, max(end - time.monotonic(), 0.001), port))
            if response is not None:
                return response
    raise TimeoutError


def _answer(wire: bytes, query: dns.message.QueryMessage) -> dns.message.Message | None:
    """The packet as an answer to our question, of one that was cut the question alone.

    None for a packet with another id or another question, or broken: it may be forged, and the true one still to come.
    """
    if len(wire) < _HEADER or int.from_bytes(wire[:2]) != query.id:
        return None
    cut = bool(int.from_bytes(wire[2:4]) & dns.flags.TC)
    try:
        response = dns.message.from_wire(wire, ignore_trailing=True, question_only=cut)
    except dns.exception.DNSException:
        return None
    return response if query.is_response(response) else None


def _whole(response: dns.message.Message) -> dns.message.Message:
    if response.flags & dns.flags.TC:
        raise OSError("an answer too long for TCP")
    return response
