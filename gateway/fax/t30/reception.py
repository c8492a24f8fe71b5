"""What an answerer gathers from the fast carrier: TCF, a page's octets, a block's frames; and its judgement of them.

What lives here: collecting and judging. What does not: when it is asked for and what is answered (`answerer`).
"""

import re
from dataclasses import dataclass

from gateway.fax.t4 import codec, stream
from gateway.fax.t4.page import Bitmap, CodedPage
from gateway.fax.t30 import agreement
from gateway.fax.t30.capabilities import Flag, Profile
from gateway.fax.t30.ecm import Block
from gateway.fax.t30.frames import Fcf, PartialPage

FAIR_FROM, BAD_ABOVE = 0.05, 0.15  # shares of bad rows: below MCF, between RTP, above RTN
ROW_SECONDS = 5.0  # a row without EOL for so long is no page (T.4 4.1.2)
LONGEST_PAGE = 1 << 24  # octets; 2.6 hours at the highest rate
MOST_FRAMES = 1 << 14  # of one block, sent anew or not: 40 minutes at the highest rate
EOL_OCTETS = 3  # that an EOL without fill touches at most
TCF_GOOD_SECONDS = 1.0  # of the 1.5 s sent, unbroken


@dataclass(frozen=True, slots=True)
class ReceivedPage:
    """A page as it came, and its rows.

    `number` counts from zero in this call; `last` is true when the sender has said that no other follows (EOP).
    """

    number: int
    page: CodedPage
    bitmap: Bitmap
    bad_rows: int
    last: bool = False


class Reception:
    """What has come under one profile since the last page ended."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.block = Block()
        self._image = bytearray()
        self._since_eol = 0  # octets
        self._frames = 0  # of the block in hand, good and bad
        self._accepted: tuple[int, int] | None = None  # page and block

    @property
    def with_ecm(self) -> bool:
        """True when the DCS settled error correction."""
        return Flag.ECM in self.profile

    def amount(self) -> str:
        """How much of the page, or of its block with ECM, has come, for the trace."""
        return f"{self.block.count} frames in hand" if self.with_ecm else f"{len(self._image)} octets"

    def begin_image(self) -> None:
        """A carrier begins: a TCF or a page without ECM starts anew."""
        self._image = bytearray()
        self._since_eol = 0

    def take_image(self, octets: bytes) -> None:
        """Octets outside HDLC."""
        self._image += octets

    def row_seconds(self, octets: int) -> float:
        """How long the row that is coming in lasts, to one piece, when so many octets are new (T.4 4.1.2)."""
        start = max(0, len(self._image) - octets - EOL_OCTETS)
        found = stream.EOL_IN_OCTETS.search(self._image, start)
        self._since_eol = 0 if found else self._since_eol + octets
        return self._since_eol * 8 / self.profile.modulation.rate

    @property
    def is_too_long(self) -> bool:
        """True for a page that has no end: memory has."""
        return len(self._image) > LONGEST_PAGE or self._frames > MOST_FRAMES

    def take_frame(self, octets: bytes, *, good: bool) -> None:
        """A frame of a block."""
        self._frames += 1
        if good:
            self.block.take(octets)

    def is_accepted(self, partial: PartialPage) -> bool:
        """True when the PPS names the block last accepted: its MCF was lost."""
        return self._accepted == (partial.page, partial.block)

    def forget_accepted(self) -> None:
        """A carrier after a block was accepted brings a new one, even of a sender that does not count its pages."""
        self._accepted = None

    def misses_frames(self, partial: PartialPage) -> bool:
        """True while the block that the PPS ends is not whole; the first PPS tells its size, unless more has come."""
        if self.block.size is None:
            self.block.size = max(partial.count, self.block.reach)
        self.block.forget_short(agreement.frame_octets_of(self.profile))
        return bool(self.block.missing())

    def accept_block(self, partial: PartialPage) -> None:
        """Add a whole block to the page."""
        self._image += self.block.octets()
        self.block = Block()
        self._frames = 0
        self._accepted = (partial.page, partial.block)

    def forget_page(self) -> None:
        """The page is answered; the next begins."""
        self._image = bytearray()
        self.block = Block()
        self._frames = 0

    def tcf_is_good(self) -> bool:
        """One unbroken second of zeros."""
        longest = max((len(zeros) for zeros in re.findall(b"\0+", bytes(self._image))), default=0)
        return longest * 8 >= TCF_GOOD_SECONDS * self.profile.modulation.rate

    def judge(self, number: int, *, last: bool = False) -> tuple[ReceivedPage, Fcf]:
        """The page decoded, and the answer to it."""
        coding = agreement.coding_of(self.profile)
        strip = stream.from_line(bytes(self._image), coding)
        width, resolution = agreement.width_of(self.profile), agreement.resolution_of(self.profile)
        bitmap, bad = codec.decode_counting(strip, coding, width, resolution)
        page = codec.encode(bitmap, coding) if bad else CodedPage(bitmap.shape, coding, strip)
        received = ReceivedPage(number, page, bitmap, bad, last)
        return received, quality(bitmap.shape.rows, bad)


def quality(rows: int, bad: int) -> Fcf:
    """MCF, RTP or RTN for a page of `rows` rows of which `bad` could not be decoded."""
    if rows == 0 or bad > BAD_ABOVE * rows:
        return Fcf.RTN
    return Fcf.RTP if bad and bad >= FAIR_FROM * rows else Fcf.MCF
