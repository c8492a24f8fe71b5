"""Information fields with a structure of their own: non-standard facilities and Internet addresses.

What lives here: the fields of NSF, NSC and NSS, and of CSA, TSA, CIA, IRA and ISP. What does not: the frames, and the
fields of twenty digits (`frames`). Octets are in the order sent, first bit leftmost.
"""

from dataclasses import dataclass
from enum import IntEnum

from gateway.fax.t30.frames import FrameError
from gateway.fax.t30.hdlc import reversed_octets

EXTENDED_COUNTRY = b"\xff"  # the country's code is in the next octet (T.35)
PROVIDER_OCTETS = 2
ADDRESS_LENGTH = 77
_ADDRESS_HEAD = 3
_MORE = 0x80
_KIND = 0x0F


@dataclass(frozen=True, slots=True)
class NonStandard:
    """The field of NSF, NSC or NSS: T.35's country and provider codes, then what the provider likes.

    `country` is one octet, or two from FF, the most significant bit sent first (T.30 5.3.6.2.7): B5 is the United
    States. Many machines send it, and the rest, the other way round. `provider` is one or two octets.
    """

    country: bytes
    provider: bytes
    rest: bytes = b""

    def encode(self) -> bytes:
        """The octets. Raises FrameError when the codes have not the lengths that a reader will take them for."""
        length = 1 + self.country.startswith(EXTENDED_COUNTRY)
        whole = len(self.provider) == PROVIDER_OCTETS or (len(self.provider) == 1 and not self.rest)
        if len(self.country) != length or not whole:
            raise FrameError("non-standard facilities need a country and a provider")
        return self.country + self.provider + self.rest


def decode_nonstandard(fif: bytes) -> NonStandard:
    """Read the field of NSF, NSC or NSS. Raises FrameError when it has no country or no provider."""
    length = 1 + fif.startswith(EXTENDED_COUNTRY)
    if len(fif) <= length:
        raise FrameError("non-standard facilities without a provider")
    end = length + PROVIDER_OCTETS
    return NonStandard(fif[:length], fif[length:end], fif[end:])


class AddressKind(IntEnum):
    """What an Internet address is."""

    MAIL = 1
    URL = 2
    IPV4 = 3
    IPV6 = 4
    PHONE = 5


@dataclass(frozen=True, slots=True)
class InternetAddress:
    """The field of CSA, TSA, CIA, IRA or ISP (T.30 5.3.6.2.12): an address, or a piece of one.

    `number` counts the pieces from 0 to 127; `more` says that another follows. A piece has at most 77 characters.
    """

    kind: AddressKind
    text: str
    number: int = 0
    more: bool = False

    def encode(self) -> bytes:
        """The octets, each least significant bit first. Raises FrameError on what does not fit."""
        if not self.text.isascii() or len(self.text) > ADDRESS_LENGTH or not 0 <= self.number < _MORE:
            raise FrameError("an Internet address is at most 77 ASCII characters, numbered to 127")
        head = bytes((self.number | self.more * _MORE, self.kind, len(self.text)))
        return reversed_octets(head + self.text.encode("ascii"))


def decode_address(fif: bytes) -> InternetAddress:
    """Read an Internet address; octets behind its length are not read.

    Raises FrameError when it is short, of an unknown kind or no ASCII.
    """
    octets = reversed_octets(fif)
    if len(octets) < _ADDRESS_HEAD or octets[1] & _KIND not in list(AddressKind):
        raise FrameError("no Internet address of a known kind")
    length = octets[2] & ~_MORE
    text = octets[_ADDRESS_HEAD : _ADDRESS_HEAD + length]
    if len(text) < length or length > ADDRESS_LENGTH or not text.isascii():
        raise FrameError("an Internet address cut short, too long or no ASCII")
    return InternetAddress(
        AddressKind(octets[1] & _KIND), text.decode("ascii"), octets[0] & ~_MORE, bool(octets[0] & _MORE)
    )
