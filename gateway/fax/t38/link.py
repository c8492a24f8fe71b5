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

    def pack(self, packets: list[Packet]) -> list[bytes]:
        """The octets of packets that leave at one moment."""
        ...

    @property
    def next_due(self) -> int | None:
        """When `overdue` has something to give."""
        ...

    def unpack(self, octets: bytes, now: int) -> list[Packet | Lost]:
        """The packets in octets that came, and where some are missing. Hostile octets are as if lost."""
        ...

    def overdue(self, now: int) -> list[Packet | Lost]:
        """What came and has waited long enough for what should have come before."""
        ...


class BareLink:
    """Octets are one IFP packet each, on a way that loses none, such as TPKT over TCP."""

    next_due = None

    def __init__(self, reader: PacketReader) -> None:
        self._reader = reader
        self._packed: Packet | None = None

    def pack(self, packets: list[Packet]) -> list[bytes]:
        """An IFP packet each."""
        return [self.bare(packet) for packet in packets]

    def bare(self, packet: Packet) -> bytes:
        """One IFP packet."""
        if packet is Indicator.V21_PREAMBLE and packet is not self._packed:
            self._reader.begin_burst()
        self._packed = packet
        return ifp.encode(packet, self._reader.version)

    def unpack(self, octets: bytes, now: int) -> list[Packet | Lost]:  # noqa: ARG002 - nothing waits on a way in order
        """One IFP packet."""
        try:
            return [self._reader.decode(octets)]
        except IfpError:
            return [self.lost(1)]

    def overdue(self, now: int) -> list[Packet | Lost]:  # noqa: ARG002 - nothing waits on a way in order
        """Nothing."""
        return []

    def lost(self, count: int) -> Lost:
        """So many packets cannot be had."""
        self._reader.lose()
        return Lost(count)


class DatagramLink:
    """Octets are UDPTL datagrams."""

    def __init__(self, reader: PacketReader, sender: Sender, receiver: Receiver) -> None:
        self._bare = BareLink(reader)
        self._sender = sender
        self._receiver = receiver

    def pack(self, packets: list[Packet]) -> list[bytes]:
        """A datagram each; what is said on V.21, and beginnings and ends, are control."""
        return [
            self._sender.datagram(self._bare.bare(packet), control=_is_control(packet), together=number)
            for number, packet in enumerate(packets)
        ]

    @property
    def next_due(self) -> int | None:
        """When what waits behind a gap has waited long enough."""
        return self._receiver.next_due

    def unpack(self, octets: bytes, now: int) -> list[Packet | Lost]:
        """What a datagram brings; nothing when it is none."""
        try:
            return self._read(self._receiver.take(octets, now), now)
        except UdptlError:
            return []

    def overdue(self, now: int) -> list[Packet | Lost]:
        """What has waited behind a gap long enough."""
        return self._read(self._receiver.overdue(now), now)

    def _read(self, arrived: list[bytes | Lost], now: int) -> list[Packet | Lost]:
        packets: list[Packet | Lost] = []
        for each in arrived:
            packets += [self._bare.lost(each.count)] if isinstance(each, Lost) else self._bare.unpack(each, now)
        return packets


def _is_control(packet: Packet) -> bool:
    return isinstance(packet, Indicator) or packet.carrier is Carrier.V21 or packet.ends_signal
