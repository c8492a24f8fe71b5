"""Error correction mode: pages as blocks of numbered frames, and blocks put together again (T.30 Annex A).

What lives here: the frames on the fast carrier and their bookkeeping. What does not: when they are sent and asked for
(`caller`, `answerer`).
"""

from gateway.fax.t30.frames import ADDRESS, FRAMES_PER_BLOCK, NOT_FINAL, Fcf
from gateway.fax.t30.hdlc import reversed_octets

FRAME_OCTETS = 256
SMALL_FRAME_OCTETS = 64
RCP = bytes((ADDRESS, NOT_FINAL, Fcf.RCP))
RCPS = [RCP] * 3  # sent three times so that one gets through (T.30 A.3.5)

_HEAD = bytes((ADDRESS, NOT_FINAL, Fcf.FCD))
_HEADS = [_HEAD + reversed_octets(bytes((number,))) for number in range(FRAMES_PER_BLOCK)]
_NUMBER = reversed_octets(bytes(range(256)))


def blocks(octets: bytes, frame_octets: int = FRAME_OCTETS) -> list[list[bytes]]:
    """A page as blocks of at most 256 FCD frames, the last frame completed with zeros (T.30 A.3.6)."""
    count = max(1, -(-len(octets) // frame_octets))
    padded = octets.ljust(count * frame_octets, b"\0")
    pieces = [padded[first : first + frame_octets] for first in range(0, len(padded), frame_octets)]
    return [
        [head + piece for head, piece in zip(_HEADS, pieces[first:], strict=False)]
        for first in range(0, count, FRAMES_PER_BLOCK)
    ]


class Block:
    """The frames of one block as they arrive, in any order, some more than once."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}
        self.size: int | None = None  # frames in all, known from the first PPS

    def take(self, octets: bytes) -> None:
        """Keep the data of an FCD frame; anything else, RCP too, carries none."""
        if len(octets) > len(_HEAD) and octets.startswith(_HEAD):
            self._pieces[_NUMBER[octets[3]]] = octets[4:]

    @property
    def count(self) -> int:
        """The frames that have come, each once."""
        return len(self._pieces)

    @property
    def reach(self) -> int:
        """One more than the highest frame number that has come."""
        return max(self._pieces, default=-1) + 1

    def missing(self) -> frozenset[int]:
        """The frames still to come."""
        return frozenset(number for number in range(self.size or 0) if number not in self._pieces)

    def wanted(self) -> frozenset[int]:
        """The frames to ask for in PPR: those missing, and every place past the last frame (T.30 A.4.4.3)."""
        return self.missing() | frozenset(range(self.size or 0, FRAMES_PER_BLOCK))

    def forget_short(self, frame_octets: int) -> None:
        """Drop frames that lost octets and nothing told of it (T.38 without numbers); the last may be short."""
        last = (self.size or 0) - 1
        for number in [n for n, piece in self._pieces.items() if len(piece) != frame_octets and n != last]:
            del self._pieces[number]

    def octets(self) -> bytes:
        """The data of a block that misses nothing."""
        return b"".join(self._pieces[number] for number in range(self.size or 0))
