"""A stream of packets over datagrams that get lost, doubled and overtaken (T.38 9.1).

What lives here: one direction's sender and receiver. What does not: the octets of a datagram (`udptl`), and sockets.
"""

from collections import deque
from dataclasses import dataclass

from gateway.fax.t38 import udptl
from gateway.fax.t38.udptl import SEQUENCES, Datagram, Parity, UdptlError

_KEPT = 64  # packets that parity may reach back to
_LATE_IN_A_ROW = 32  # so many late ones are no stragglers: the sender has begun to count anew


@dataclass(frozen=True, slots=True)
class Lost:
    """So many packets are missing here, and will not come."""

    count: int


class Sender:
    """Numbers packets and adds those before them, or their parity.

    `control` and `image` are how many packets before it go with a packet of each sort; as many as fit into
    `max_datagram` octets (SDP: T38FaxMaxDatagram). With `parity` = (span, entries) each packet has parity instead.
    """

    def __init__(
        self, control: int = 3, image: int = 1, *, max_datagram: int = 400, parity: tuple[int, int] | None = None
    ) -> None:
        self._control, self._image = control, image
        self._max_datagram = max_datagram
        self._parity = parity
        self._sequence = 0
        reach = max(control, image) if parity is None else parity[0] * parity[1]
        self._before: deque[bytes] = deque(maxlen=reach)  # newest first

    def datagram(self, packet: bytes, *, control: bool) -> bytes:
        """The next datagram. Raises UdptlError when the packet alone is too long for one."""
        recovery = self._recovery(self._control if control else self._image)
        octets = udptl.encode(Datagram(self._sequence, packet, recovery))
        while len(octets) > self._max_datagram and recovery:
            recovery = () if isinstance(recovery, Parity) else recovery[:-1]
            octets = udptl.encode(Datagram(self._sequence, packet, recovery))
        if len(octets) > self._max_datagram:
            raise UdptlError(f"a datagram of {len(octets)} octets, {self._max_datagram} are allowed")
        self._before.appendleft(packet)
        self._sequence = (self._sequence + 1) % SEQUENCES
        return octets

    def _recovery(self, count: int) -> tuple[bytes, ...] | Parity:
        if self._parity is None:
            return tuple(self._before)[:count]
        span, entries = self._parity
        if not self._before:
            return ()
        newest_first = list(self._before)
        classes = [newest_first[entries - 1 - entry :: entries][:span] for entry in range(entries)]
        return Parity(span, tuple(udptl.exclusive_or(packets) for packets in classes))


class Receiver:
    """Puts a stream together again: packets in order, `Lost` where some are missing."""

    def __init__(self) -> None:
        self.lost = self.late = self.recovered = 0
        self._expected: int | None = None  # counts on where sequence numbers begin again
        self._late_in_a_row = 0
        self._kept: dict[int, bytes] = {}

    def take(self, octets: bytes) -> list[bytes | Lost]:
        """What a datagram brings; nothing when it is late or doubled. Raises UdptlError for octets that are none."""
        datagram = udptl.decode(octets)
        expected = self._expected_before(datagram)
        missing = (datagram.sequence - expected) % SEQUENCES
        if missing >= SEQUENCES // 2:
            self.late += 1
            self._late_in_a_row += 1
            return []
        number = expected + missing
        arrived = self._recover(datagram, number, missing)
        self._keep(number, datagram.primary)
        self._expected = number + 1
        self._late_in_a_row = 0
        return [*arrived, datagram.primary] if datagram.primary else arrived

    def _expected_before(self, datagram: Datagram) -> int:
        """The number due; the first datagram of a count, and those it brings along, are always due."""
        if self._expected is None or self._late_in_a_row >= _LATE_IN_A_ROW:
            before = 0 if isinstance(datagram.recovery, Parity) else len(datagram.recovery)
            self._expected = datagram.sequence - min(before, datagram.sequence)
            self._kept.clear()
        return self._expected

    def _recover(self, datagram: Datagram, number: int, missing: int) -> list[bytes | Lost]:
        """The packets missing before a datagram, as far as it brings them."""
        found = self._found(datagram, number) if missing else {}
        gap = max(0, missing - max(found, default=0))
        arrived: list[bytes | Lost] = [Lost(gap)] * (gap > 0)
        for back in range(missing - gap, 0, -1):
            packet = found.get(back)
            if packet:
                self._keep(number - back, packet)
                self.recovered += 1
            arrived.append(packet or Lost(1))
        self.lost += sum(each.count for each in arrived if isinstance(each, Lost))
        return arrived

    def _found(self, datagram: Datagram, number: int) -> dict[int, bytes]:
        """What a datagram says of the packets before it, by how far back they stand."""
        if isinstance(datagram.recovery, Parity):
            return self._repaired(datagram.recovery, number)
        return dict(enumerate(datagram.recovery, 1))

    def _repaired(self, parity: Parity, number: int) -> dict[int, bytes]:
        """Each entry gives back one packet when the others it stands for are there."""
        repaired = {}
        count = len(parity.entries)
        reach = count * parity.span
        for entry, octets in enumerate(parity.entries if reach <= _KEPT else ()):
            known = {back: self._known(number - back) for back in range(count - entry, reach + 1, count)}
            unknown = [back for back, packet in known.items() if packet is None]
            if len(unknown) == 1:
                repaired[unknown[0]] = udptl.exclusive_or([octets, *(packet for packet in known.values() if packet)])
        return repaired

    def _known(self, number: int) -> bytes | None:
        """A packet that came; an empty one for a number before any, which senders take for the start of parity."""
        return self._kept.get(number, b"" if number < 0 else None)

    def _keep(self, number: int, packet: bytes) -> None:
        self._kept[number] = packet
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
