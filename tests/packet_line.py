"""A line of packets between two T.38 ends, on a virtual clock: delay, jitter, and datagrams lost, by a seeded chance.

What lives here: the line, and the wrapping of raw IFP packets in UDPTL datagrams. What does not: its ends
(`spandsp_peer`, `gateway.fax.t38.endpoint`).
"""

import heapq
import random
from dataclasses import dataclass
from typing import Protocol

from gateway.fax.t38.sequence import Lost, Receiver, Sender
from tests.spandsp_peer import Peer

Way = list[tuple[int, int, bytes]]
"""What is under way in one direction, as a heap: when it arrives, the how manyth it is, the packet."""

STEP_MS = 20
LONGEST_MS = 4 * 3_600_000
HANG_UP_MS = 30_000  # so long after one end has left, the other is told, as the network would


class PacketEnd(Protocol):
    """One end of a T.38 call."""

    @property
    def done(self) -> bool: ...

    def deliver(self, packet: bytes) -> None:
        """A packet has arrived, now."""
        ...

    def advance(self, milliseconds: int) -> list[bytes]:
        """Time has passed; the packets sent meanwhile."""
        ...

    def terminate(self) -> None:
        """The line is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the line does to packets, each way alike."""

    loss: float = 0.0  # the part of packets that never arrive
    delay_ms: int = 0
    jitter_ms: int = 0  # each packet takes up to so much longer, and so may be overtaken
    seed: int = 1
    cut_at_ms: int | None = None  # both ends are hung up then


@dataclass(slots=True)
class PacketLine:
    """Runs a call between two ends; `now_ms`, `sent` and `lost` tell of it afterwards."""

    caller: PacketEnd
    answerer: PacketEnd
    conditions: Conditions = Conditions()
    now_ms: int = 0
    sent: int = 0
    lost: int = 0

    def run(self) -> None:
        """Carry packets until both ends are done. Raises TimeoutError when neither is after four hours."""
        chance = random.Random(self.conditions.seed)
        ends = (self.caller, self.answerer)
        under_way: list[Way] = [[], []]
        over_at = self.conditions.cut_at_ms
        while not (self.caller.done and self.answerer.done) and self.now_ms < (over_at or LONGEST_MS):
            self.now_ms += STEP_MS
            for end, far_end, way in zip(ends, reversed(ends), under_way, strict=True):
                self._send(end, way, chance)
                self._arrive(far_end, way)
            if over_at is None and (self.caller.done or self.answerer.done):
                over_at = self.now_ms + HANG_UP_MS
        if over_at is None:
            raise TimeoutError("neither end has left")
        for end in ends:
            if not end.done:
                end.terminate()

    def _send(self, end: PacketEnd, way: Way, chance: random.Random) -> None:
        conditions = self.conditions
        for packet in end.advance(STEP_MS):
            self.sent += 1
            if conditions.loss and chance.random() < conditions.loss:
                self.lost += 1
                continue
            late = chance.randint(0, conditions.jitter_ms) if conditions.jitter_ms else 0
            heapq.heappush(way, (self.now_ms + conditions.delay_ms + late, self.sent, packet))

    def _arrive(self, end: PacketEnd, way: Way) -> None:
        while way and way[0][0] <= self.now_ms:
            end.deliver(heapq.heappop(way)[2])


class OverUdptl:
    """A peer of raw packets, its packets in UDPTL with redundancy: `control` and `image` packets go again with each."""

    def __init__(self, peer: Peer, control: int = 3, image: int = 1) -> None:
        self.peer = peer
        self._sender, self._receiver = Sender(control, image), Receiver()

    @property
    def done(self) -> bool:
        return self.peer.done

    def deliver(self, packet: bytes) -> None:
        """A datagram has arrived, now."""
        for arrived in self._receiver.take(packet):
            if isinstance(arrived, Lost):
                self.peer.lose(arrived.count)
            else:
                self.peer.deliver(arrived)

    def advance(self, milliseconds: int) -> list[bytes]:
        """Time has passed; the datagrams sent meanwhile."""
        return [
            self._sender.datagram(packet, control=not _is_image(packet)) for packet in self.peer.advance(milliseconds)
        ]

    def terminate(self) -> None:
        """The line is gone."""
        self.peer.terminate()


def _is_image(packet: bytes) -> bool:
    """Whether a packet holds fields of another carrier than V.21: above C0 of all first octets."""
    return packet[0] > 0xC0
