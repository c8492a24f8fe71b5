"""A stream of packets over datagrams that get lost, doubled and overtaken (T.38 9.1).

What lives here: one direction's sender and receiver. What does not: the octets of a datagram (`udptl`), and sockets.
"""

from collections import deque
from dataclasses import dataclass

from gateway.fax.t38 import udptl
from gateway.fax.t38.udptl import SEQUENCES, Datagram, Parity, UdptlError

_KEPT = 64  # packets that parity may reach back to
_FLOCK = 12  # packets that leave at one moment, at most: ends and no-signal, repeated
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
        reach = max(control, image) + _FLOCK if parity is None else parity[0] * parity[1]
        self._before: deque[bytes] = deque(maxlen=reach)  # newest first

    def datagram(self, packet: bytes, *, control: bool, together: int = 0) -> bytes:
        """The next datagram. Raises UdptlError when the packet alone is too long for one.

        `together` is how many leave just before it: networks let such a flock overtake one another, so a control packet
        brings those along, too.
        """
        before = self._control + together if control and self._control else self._control if control else self._image
        recovery = self._recovery(before)
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
    """Puts a stream together again: packets in order, `Lost` where some are missing.

    What comes behind a gap waits `hold_ms` for what may only have been overtaken.
    """

    def __init__(self, hold_ms: int = 0) -> None:
        self.lost = self.late = self.recovered = 0
        self._hold_ms = hold_ms
        self._expected: int | None = None  # counts on where sequence numbers begin again
        self._late_in_a_row = 0
        self._come: dict[int, tuple[int, bytes]] = {}  # behind a gap: when, and what
        self._kept: dict[int, bytes] = {}

    @property
    def next_due(self) -> int | None:
        """When what waits behind a gap has waited long enough."""
        return self._come[min(self._come)][0] + self._hold_ms if self._come else None

    def take(self, octets: bytes, now: int = 0) -> list[bytes | Lost]:
        """What a datagram brings; nothing when it is late or doubled. Raises UdptlError for octets that are none."""
        datagram = udptl.decode(octets)
        expected = self._expected_before(datagram)
        ahead = (datagram.sequence - expected) % SEQUENCES
        if ahead >= SEQUENCES // 2:
            self.late += 1
            self._late_in_a_row += 1
            return []
        number = expected + ahead
        self._late_in_a_row = 0
        if not ahead and not self._come:
            self._remember(number, datagram.primary)
            self._expected = number + 1
            return [datagram.primary] if datagram.primary else []
        self.late += number in self._come
        self._keep(number, datagram.primary, now)
        self._recover(datagram, number, now)
        return self._in_order() + self.overdue(now)

    def overdue(self, now: int) -> list[bytes | Lost]:
        """What has waited for others long enough; those are lost."""
        arrived: list[bytes | Lost] = []
        while self._expected is not None and self.next_due is not None and self.next_due <= now:
            gap = min(self._come) - self._expected
            self.lost += gap
            self._expected += gap
            arrived += [Lost(gap), *self._in_order()]
        return arrived

    def _expected_before(self, datagram: Datagram) -> int:
        """The number due; the first datagram of a count, and those it brings along, are always due."""
        if self._expected is None or self._late_in_a_row >= _LATE_IN_A_ROW:
            before = 0 if isinstance(datagram.recovery, Parity) else len(datagram.recovery)
            self._expected = datagram.sequence - min(before, datagram.sequence)
            self._kept.clear()
            self._come.clear()
        return self._expected

    def _in_order(self) -> list[bytes | Lost]:
        """The packets that wait for none before them; an empty one says nothing."""
        arrived: list[bytes | Lost] = []
        while self._expected in self._come:
            packet = self._come.pop(self._expected)[1]
            self._expected += 1
            arrived += [packet] if packet else []
        return arrived

    def _recover(self, datagram: Datagram, number: int, now: int) -> None:
        """Take what a datagram says of packets that have not come."""
        first = number if self._expected is None else self._expected
        if all(before in self._come for before in range(first, number)):
            return
        for back, packet in self._found(datagram, number).items():
            if packet and number - back >= first and number - back not in self._come:
                self.recovered += 1
                self._keep(number - back, packet, now)

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

    def _keep(self, number: int, packet: bytes, now: int) -> None:
        self._come.setdefault(number, (now, packet))
        self._remember(number, packet)

    def _remember(self, number: int, packet: bytes) -> None:
        """Keep a packet for parity that comes later."""
        self._kept[number] = packet
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
