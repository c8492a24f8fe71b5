"""Aligned packed encoding rules: bits into octets and out of them (X.691).

What lives here: the few forms that T.38 needs: whole numbers of fixed width, length determinants, open types. What does
not: what they mean (`ifp`, `udptl`). Padding bits are zeros: encoders must write them so (X.691 10.5.7), and what has
others was read at the wrong place.
"""

LONGEST = 16383  # octets of an open type; longer ones come in fragments (X.691 10.9.3.8), which no fax packet needs


class PerError(ValueError):
    """Octets that end too early or cannot be what they are read as."""


class Reader:
    """Takes bits and octets from the front of a string of octets. Every method raises PerError at its end."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._bit = 0

    def number(self, bits: int) -> int:
        """A whole number of at most 16 bits, most significant first."""
        end = self._bit + bits
        if end > 8 * len(self._octets):
            raise PerError("the octets end too early")
        window = int.from_bytes(self._octets[self._bit >> 3 : (end + 7) >> 3], "big")
        self._bit = end
        return window >> (-end & 7) & ((1 << bits) - 1)

    def align(self) -> None:
        """Go on to the next octet."""
        if self._bit & 7 and self.number(-self._bit & 7):
            raise PerError("padding bits that are not zero")

    def octets(self, count: int) -> bytes:
        """Whole octets; padding before them is skipped."""
        self.align()
        first = self._bit >> 3
        taken = self._octets[first : first + count]
        if len(taken) < count:
            raise PerError(f"{count} octets announced, {len(taken)} there")
        self._bit += 8 * count
        return taken

    def length(self) -> int:
        """A length determinant: one octet below 128, two below 16384 (X.691 10.9.3)."""
        self.align()
        place = self._bit >> 3
        if place < len(self._octets) and self._octets[place] < 0x80:
            self._bit += 8
            return self._octets[place]
        if self.number(8) >= 0xC0:
            raise PerError("a length in fragments")
        return (self._octets[place] & 0x3F) << 8 | self.number(8)

    def open_type(self) -> bytes:
        """Octets behind their length."""
        return self.octets(self.length())

    def rest(self) -> bytes:
        """The octets not read yet; padding before them is skipped."""
        self.align()
        return self._octets[self._bit >> 3 :]


class Writer:
    """Puts bits and octets one behind the other."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._part = 0  # bits of an octet not yet whole
        self._bits = 0

    def number(self, number: int, bits: int) -> None:
        """A whole number of fixed width, most significant bit first."""
        part = self._part << bits | number
        count = self._bits + bits
        whole, self._bits = divmod(count, 8)
        self._octets += (part >> self._bits).to_bytes(whole, "big")
        self._part = part & ((1 << self._bits) - 1)

    def align(self) -> None:
        """Complete the octet with zeros."""
        if self._bits:
            self.number(0, -self._bits & 7)

    def octets(self, octets: bytes) -> None:
        """Whole octets."""
        self.align()
        self._octets += octets

    def written(self) -> bytes:
        """All of it, completed to whole octets."""
        self.align()
        return bytes(self._octets)


def length(count: int) -> bytes:
    """A length determinant. Raises PerError for what would need fragments."""
    if count > LONGEST:
        raise PerError(f"{count} octets are too many for one packet")
    return bytes((count,)) if count < 0x80 else (0x8000 | count).to_bytes(2, "big")


def open_type(octets: bytes) -> bytes:
    """Octets behind their length. Raises PerError."""
    return length(len(octets)) + octets
