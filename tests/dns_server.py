"""A DNS server on 127.0.0.1, UDP and TCP, that answers from a mapping of names and misbehaves when told to.

Zones are written as `{"example.com": [("TXT", "v=spf1 mx -all"), ("MX", "10 mail.example.com")], ...}`. Names are taken
letter for letter, no escapes; the text of a TXT record too (a list of texts makes a record of several strings). It
follows CNAMEs as a recursor does. A name that only has names below it is empty; every other one that
is not there does not exist.
"""

import struct
import threading
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from socketserver import BaseRequestHandler, ThreadingTCPServer, ThreadingUDPServer
from types import TracebackType

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

Text = str | bytes | Sequence[str | bytes]
Zones = Mapping[str, Sequence[tuple[str, Text]]]
LONGEST_STRING = 255


class Manner(StrEnum):
    """How questions are answered; HONEST, unless told otherwise."""

    HONEST = "honest"
    SILENT = "silent"
    SLOW = "slow"  # after `delay` seconds, or when the server stops
    SERVFAIL = "servfail"
    REFUSED = "refused"
    NO_EDNS = "no-edns"  # FORMERR to questions with EDNS, as old servers say
    TRUNCATED = "truncated"  # everything over UDP is cut, so that TCP is used
    TRUNCATED_FOR_GOOD = "truncated-for-good"  # and TCP is closed at once
    WRONG_ID = "wrong-id"
    WRONG_QUESTION = "wrong-question"
    GARBAGE = "garbage"
    LIAR_FIRST = "liar-first"  # an answer with a wrong id, then the honest one
    LONE_CNAMES = "lone-cnames"  # does not follow CNAMEs, as a server that is only authoritative


class DnsServer:
    """Runs between `with` and its end. `address` is what `dns.nameservers` of the settings takes.

    `manners` are by name, or by (name, kind); "" stands for every name. `asked` are the questions that came, in
    order, as "TXT example.com" in lower case, those over TCP with "/tcp" at the end.
    """

    def __init__(self, zones: Zones, *, ttl: int = 300, delay: float = 0.5) -> None:
        self.zones = {name.lower().rstrip("."): list(records) for name, records in zones.items()}
        self.manners: dict[str | tuple[str, str], Manner] = {}
        self.asked: list[str] = []
        self.ttl = ttl
        self.delay = delay
        self.stopping = threading.Event()
        self._udp, self._tcp = _bound(self)
        self._threads = [threading.Thread(target=one.serve_forever, args=(0.02,)) for one in (self._udp, self._tcp)]

    @property
    def address(self) -> str:
        host, port = self._udp.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> "DnsServer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stopping.set()
        for server, thread in zip((self._udp, self._tcp), self._threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()

    def put(self, name: str, *records: tuple[str, Text]) -> None:
        """Replace the records of a name."""
        self.zones[name.lower()] = list(records)

    def forget(self) -> None:
        """Know no name, behave honestly, as if never asked."""
        for kept in (self.zones, self.manners, self.asked):
            kept.clear()

    def behave(self, manner: Manner, name: str = "", kind: str = "") -> None:
        self.manners[(name.lower(), kind) if kind else name.lower()] = manner

    def answers(self, wire: bytes, over_tcp: bool) -> Iterable[bytes]:
        """What is sent back for one packet, in order."""
        query = dns.message.from_wire(wire)
        name, kind = _written(query.question[0].name), dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append(f"{kind} {name}" + ("/tcp" if over_tcp else ""))
        manner = self._manner(name, kind)
        if manner is Manner.SLOW:
            self.stopping.wait(self.delay)
        if manner is Manner.SILENT or (manner is Manner.TRUNCATED_FOR_GOOD and over_tcp):
            return []
        if manner is Manner.GARBAGE:
            return [wire[:2] + b"\xff" * 30]
        response = self._response(query, name, kind, manner)
        return _as_told(response, manner, _room(query, over_tcp))

    def _manner(self, name: str, kind: str) -> Manner:
        for key in ((name, kind), name, ("", kind), ""):
            if key in self.manners:
                return self.manners[key]
        return Manner.HONEST

    def _response(self, query: dns.message.Message, name: str, kind: str, manner: Manner) -> dns.message.Message:
        response = dns.message.make_response(query, recursion_available=True)
        failures = {Manner.SERVFAIL: dns.rcode.SERVFAIL, Manner.REFUSED: dns.rcode.REFUSED}
        if manner is Manner.NO_EDNS and query.edns >= 0:
            response = dns.message.make_response(dns.message.make_query(name, kind, id=query.id, use_edns=False))
            failures[manner] = dns.rcode.FORMERR
        if manner in failures:
            response.set_rcode(failures[manner])
            return response
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            owner = _name(name)
            self._add(response, owner, [record for record in self.zones.get(name, ()) if record[0] == kind])
            aliases = [record for record in self.zones.get(name, ()) if record[0] == "CNAME" != kind]
            self._add(response, owner, aliases)
            if aliases and manner is not Manner.LONE_CNAMES:
                name = str(aliases[0][1]).lower().rstrip(".")
        if not self._exists(name):
            response.set_rcode(dns.rcode.NXDOMAIN)
        if not response.answer or not any(rrset.rdtype.name == kind for rrset in response.answer):
            self._add_soa(response)
        return response

    def _exists(self, name: str) -> bool:
        return any(known == name or known.endswith("." + name) for known in self.zones)

    def _add(self, response: dns.message.Message, owner: dns.name.Name, records: Sequence[tuple[str, Text]]) -> None:
        if records:
            made = [_record(kind, text) for kind, text in records]
            response.answer.append(dns.rrset.from_rdata_list(owner, self.ttl, made))

    def _add_soa(self, response: dns.message.Message) -> None:
        soa = f"ns.invalid. host.invalid. 1 3600 600 86400 {self.ttl}"
        response.authority.append(dns.rrset.from_text(dns.name.root, self.ttl, "IN", "SOA", soa))


def _written(name: dns.name.Name) -> str:
    return b".".join(name.labels[:-1]).decode("latin-1").lower()


def _name(text: str) -> dns.name.Name:
    labels = [label.encode("latin-1") for label in text.rstrip(".").split(".") if label]
    return dns.name.Name([*labels, b""])


def _record(kind: str, text: Text) -> dns.rdata.Rdata:
    """A record from its text, taken letter for letter where a zone file would read escapes."""
    if kind == "TXT":
        texts = [text] if isinstance(text, str | bytes) else list(text)
        return TXT(dns.rdataclass.IN, dns.rdatatype.TXT, [part for one in texts for part in _strings(one)])
    words = str(text).split(" ") if kind == "MX" else [str(text)]
    if kind in ("MX", "PTR", "CNAME"):
        words[-1] = _name(words[-1]).to_text()
    return dns.rdata.from_text("IN", kind, " ".join(words))


def _strings(text: str | bytes) -> list[bytes]:
    octets = text.encode("utf-8") if isinstance(text, str) else text
    return [octets[at : at + LONGEST_STRING] for at in range(0, len(octets) or 1, LONGEST_STRING)]


def _room(query: dns.message.Message, over_tcp: bool) -> int:
    if over_tcp:
        return 65535
    return max(query.payload, 512) if query.edns >= 0 else 512


def _as_told(response: dns.message.Message, manner: Manner, room: int) -> list[bytes]:
    """The response on the wire, cut to the room there is, and what the manner makes of it."""
    try:
        wire = response.to_wire(max_size=room, prefer_truncation=True)
    except dns.exception.TooBig:  # not even over TCP
        response.answer.clear()
        response.set_rcode(dns.rcode.SERVFAIL)
        wire = response.to_wire()
    if manner in (Manner.TRUNCATED, Manner.TRUNCATED_FOR_GOOD) and room < 65535:
        response.answer.clear()
        response.flags |= dns.flags.TC
        wire = response.to_wire()
    if manner is Manner.WRONG_ID:
        return [_other_id(wire)]
    if manner is Manner.LIAR_FIRST:
        return [_other_id(wire), wire]
    if manner is Manner.WRONG_QUESTION:
        return [wire[:13] + b"#" + wire[14:]]
    return [wire]


def _other_id(wire: bytes) -> bytes:
    return bytes([wire[0] ^ 0xFF]) + wire[1:]


class _UdpServer(ThreadingUDPServer):
    daemon_threads = True
    block_on_close = True
    allow_reuse_address = False
    max_packet_size = 65535
    zones_of: DnsServer


class _TcpServer(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64
    zones_of: DnsServer


class _UdpQuestion(BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _UdpServer)
        wire, socket_ = self.request
        for answer in self.server.zones_of.answers(wire, over_tcp=False):
            socket_.sendto(answer, self.client_address)


class _TcpQuestion(BaseRequestHandler):
    """One question a connection; a client that leaves in the middle is let go."""

    def handle(self) -> None:
        assert isinstance(self.server, _TcpServer)
        self.request.settimeout(2)
        try:
            (length,) = struct.unpack("!H", self._octets(2))
            for answer in self.server.zones_of.answers(self._octets(length), over_tcp=True):
                self.request.sendall(struct.pack("!H", len(answer)) + answer)
        except OSError:
            return

    def _octets(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            more = self.request.recv(count - len(octets))
            if not more:
                raise ConnectionResetError("the client left")
            octets += more
        return octets


def _bound(owner: DnsServer) -> tuple[_UdpServer, _TcpServer]:
    """Both servers, on one port that is free for both."""
    for _ in range(50):
        udp = _UdpServer(("127.0.0.1", 0), _UdpQuestion)
        try:
            tcp = _TcpServer(udp.server_address[:2], _TcpQuestion)  # type: ignore[arg-type]  # AF_INET: host, port
        except OSError:
            udp.server_close()
            continue
        udp.zones_of = tcp.zones_of = owner
        return udp, tcp
    raise OSError("no port is free for both UDP and TCP")
