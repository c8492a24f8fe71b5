"""How the pages of a fax are shared out among mails, so that none is larger than the relay takes (RFC 1870, SIZE).

What lives here: arithmetic. What does not: what a page weighs (`gateway.received_mails`), the relay's word
(`gateway.mail.relay`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

_LINE_OCTETS, _LINE_CHARACTERS = 57, 78  # of base64 with its line end (RFC 2045 6.8)


@dataclass(frozen=True, slots=True)
class Share:
    """The pages of one mail: the first, counted from 0, and how many. `fits` is false for one that fits in no mail."""

    first: int
    count: int
    fits: bool = True


def mailed_octets(octets: int) -> int:
    """How many octets a file has in base64."""
    return -(-octets // _LINE_OCTETS) * _LINE_CHARACTERS


def share_out(weights: Sequence[int], room: int | None) -> list[Share]:
    """The pages in their order, as many in each mail as fit; a page that weighs more than `room` has a mail of its own.

    Args:
        weights: octets that each page takes in a mail.
        room: octets for the pages of one mail; None: as many as there are.
    """
    if room is None:
        return [Share(0, len(weights))]
    shares: list[Share] = []
    first = weight = 0
    for page, octets in enumerate(weights):
        if page > first and weight + octets > room:
            shares.append(Share(first, page - first, weight <= room))
            first, weight = page, 0
        weight += octets
    return [*shares, Share(first, len(weights) - first, weight <= room)]
