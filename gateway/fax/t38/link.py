"""Packets to octets and back, bare or in datagrams, for one call.

What lives here: the two framings of an endpoint. What does not: what the packets mean (`outgoing`, `incoming`).
"""

from typing import Protocol

from gateway.fax.t38 import ifp
from gateway.fax.t38.ifp import IfpError
from gateway.fax.t38.packets import Carrier, Indicator, Packet
from gateway.fax.t38.sequence import Lost, Receiver, Sender
from gateway.fax.t38.udptl import UdptlError
from gateway.fax.t38.versions import PacketReader


class Link(Protocol):
    """A framing."""

    def pack(self, packet: Packet) -> bytes:
        """The octets of a packet to send."""
        ...

    def unpack(self, octets: bytes) -> list[Packet | Lost]:
        """The packets in octets that came, and where some are missing. Hostile octets are as if lost."""
        ...


class BareLink:
    """Octets are one IFP packet each, on a way that loses none, such as TPKT over TCP."""

    def __init__(self, reader: PacketReader) -> None:
        self._reader = reader
        self._packed: Packet | None = None

    def pack(self, packet: Packet) -> bytes:
        """One IFP packet."""
        if packet is Indicator.V21_PREAMBLE and packet is not self._packed:
            self._reader.begin_burst()
        self._packed = packet
        return ifp.encode(packet, self._reader.version)

    def unpack(self, octets: bytes) -> list[Packet | Lost]:
        """One IFP packet."""
        try:
            return [self._reader.decode(octets)]
        except IfpError:
            return [self.lost(1)]

    def lost(self, count: int) -> Lost:
        """So many packets cannot be had."""
        self._reader.lose()
        return Lost(count)


class DatagramLink:
    """Octets are UDPTL datagrams."""

    def __init__(self, reader: PacketReader, sender: Sender) -> None:
        self._bare = BareLink(reader)
        self._sender = sender
        self._receiver = Receiver()

    def pack(self, packet: Packet) -> bytes:
        """One datagram; what is said on V.21, and beginnings and ends, are control."""
        control = isinstance(packet, Indicator) or packet.carrier is Carrier.V21 or packet.ends_signal
        return self._sender.datagram(self._bare.pack(packet), control=control)

    def unpack(self, octets: bytes) -> list[Packet | Lost]:
        """What a datagram brings; nothing when it is none."""
        try:
            arrived = self._receiver.take(octets)
        except UdptlError:
            return []
        packets: list[Packet | Lost] = []
        for each in arrived:
            packets += [self._bare.lost(each.count)] if isinstance(each, Lost) else self._bare.unpack(each)
        return packets
