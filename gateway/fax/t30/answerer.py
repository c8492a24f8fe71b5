"""The called station: receives pages (T.30 clause 5.2, flow charts R and F).

What lives here: what the answerer does on each move. What does not: which move is made (`table`), and what becomes of
a page (the `page_received` it is given, which returns only when the page is kept: MCF promises that).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.fax.t4 import codec, stream
from gateway.fax.t4.page import Bitmap, CodedPage
from gateway.fax.t30 import agreement, durations, frames
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, Profile, ScanTime, Widths, decode_profile
from gateway.fax.t30.ecm import Block
from gateway.fax.t30.frames import Fcf, Frame, FrameError, PartialPage, decode_partial_page
from gateway.fax.t30.signals import CarrierEnd, HdlcFrame, ImageOctets, LineSignal, Modulation, Training
from gateway.fax.t30.states import T1_MS, Event, State
from gateway.fax.t30.station import FAR_END, US, Station
from gateway.fax.t30.table import ANSWERER

FAIR_ABOVE, BAD_ABOVE = 0.05, 0.15  # shares of bad rows: below MCF, between RTP, above RTN
TCF_GOOD_SECONDS = 1.0  # of the 1.5 s sent, unbroken
EVERYTHING = Capabilities(
    frozenset({Flag.RECEIVE, Flag.FINE, Flag.SUPERFINE, Flag.MR, Flag.MMR, Flag.ECM, Flag.SUB}),
    Modems.V27_V29_V17,
    Widths.A3,
    Lengths.UNLIMITED,
    ScanTime.MS0,
)


@dataclass(frozen=True, slots=True)
class ReceivedPage:
    """A page as it came, and its rows; `number` counts from zero in this call."""

    number: int
    page: CodedPage
    bitmap: Bitmap
    bad_rows: int


@dataclass(frozen=True, slots=True)
class AnswererOptions:
    """What an answering station offers and calls itself."""

    capabilities: Capabilities = EVERYTHING
    station_id: str = ""


class Answerer(Station):
    """One answered call. `begin` starts it."""

    def __init__(self, options: AnswererOptions, page_received: Callable[[ReceivedPage], None]) -> None:
        super().__init__(ANSWERER, State.CALLED)
        self._options = options
        self._page_received = page_received
        self._profile = Profile(Modulation.V27_2400, frozenset())
        self._image = bytearray()
        self._block = Block()
        self._block_name: tuple[int, int] | None = None  # page and block last accepted
        self._answered: bytes | None = None  # the command last answered, until a carrier or DCS comes
        self._answer = Frame(Fcf.NULL)
        self._judged: tuple[ReceivedPage, Fcf] | None = None
        self._identified_at: int | None = None

    def begin(self) -> None:
        """The call is answered now."""
        self.record.answered_ms = self.now
        self._happen(Event.BEGIN)

    # -- what events mean

    def _meaning(self, event: Event) -> Event:
        if event in _COMMANDS and self._is_repetition():
            return Event.REPEATED
        if event in (Event.MPS, Event.EOM, Event.EOP):
            return self._meaning_of_page_end(event)
        if event is Event.PPS_NULL:
            return self._meaning_of_pps()
        if event is Event.TIMEOUT and self.state is State.COMMAND:
            too_long = self.now - (self._identified_at or 0) >= T1_MS
            return Event.LAST_TIMEOUT if too_long else Event.TIMEOUT
        return event

    def _is_repetition(self) -> bool:
        """True when the command was answered already and the answer was lost."""
        if self.state is State.COMMAND:
            return False
        return self._answered == self._frame.encode() or self._names_accepted_block()

    def _names_accepted_block(self) -> bool:
        if self._frame.fcf is not Fcf.PPS or self._block_name is None:
            return False
        try:
            partial = decode_partial_page(self._frame.fif)
        except FrameError:
            return False
        return (partial.page, partial.block) == self._block_name

    def _meaning_of_page_end(self, event: Event) -> Event:
        if self.state not in (State.MESSAGE, State.AFTER_MESSAGE):
            return event
        answer = self._judge()
        return Event.EOP_REFUSED if event is Event.EOP and answer is Fcf.RTN else event

    def _meaning_of_pps(self) -> Event:
        try:
            partial = decode_partial_page(self._frame.fif)
        except FrameError:
            return Event.UNREADABLE
        if self._block.size is None:
            self._block.size = partial.count
        if self._block.missing():
            return Event.PPS_INCOMPLETE
        return self._meaning_of_whole_block(partial)

    def _meaning_of_whole_block(self, partial: PartialPage) -> Event:
        self._image += self._block.octets()
        self._block = Block()
        self._block_name = (partial.page, partial.block)
        if partial.after is Fcf.NULL:
            return Event.PPS_NULL
        if self._judge() is Fcf.RTN:
            return Event.PPS_REFUSED
        return _PPS_EVENTS.get(partial.after, Event.PPS_EOP)

    # -- phase B

    def answer(self) -> None:
        """CED, then the first DIS."""
        self._identified_at = self.now
        self._note(US, "CED")
        self._send(durations.joined(durations.answer_tone(), self._identification()))

    def send_dis(self) -> None:
        """Identify again."""
        if self._identified_at is None or self._answered is not None:
            self._identified_at = self.now
        self._answered = None
        self._send(self._identification())

    def _identification(self) -> durations.Burst:
        """CSI and DIS (T.30 5.2.2)."""
        sent = []
        if self._options.station_id:
            sent.append(Frame(Fcf.CSI, frames.encode_identifier(self._options.station_id)))
        sent.append(Frame(Fcf.DIS, self._options.capabilities.encode()))
        return self._v21(sent)

    def expect_tcf(self) -> None:
        """Take the DCS as the profile of what follows."""
        self._profile = decode_profile(self._frame.fif)
        self.record.ecm = Flag.ECM in self._profile
        self.record.coding = agreement.coding_of(self._profile)
        self._note_rate()
        self._forget_page()
        self._answered = self._block_name = None

    def _note_rate(self) -> None:
        self.record.rate = self._profile.modulation.rate
        self.record.rate_steps.append(self.record.rate)

    def send_cfr(self) -> None:
        """The training was good."""
        self._reply(Fcf.CFR)

    def send_ftt(self) -> None:
        """The training was not."""
        self._reply(Fcf.FTT)

    # -- phase C

    def _hear_training(self, signal: LineSignal) -> None:
        if not isinstance(signal, Training) or signal.modulation is not self._profile.modulation:
            return
        self._answered = None
        self._extend_carrier()
        self._image_begins()
        self._happen(Event.TRAINING)

    def _image_begins(self) -> None:
        """A non-ECM page or a TCF starts anew with each carrier; ECM blocks go on."""
        if Flag.ECM not in self._profile or self.state is State.TRAINED:
            self._image = bytearray()

    def _hear_image(self, signal: LineSignal) -> None:
        if isinstance(signal, ImageOctets) and signal.modulation is self._profile.modulation:
            self._image += signal.octets
            self._extend_carrier()

    def _hear_hdlc(self, signal: LineSignal) -> None:
        if not isinstance(signal, HdlcFrame):
            return
        if signal.modulation is Modulation.V21_300:
            super()._hear_hdlc(signal)
        elif signal.good and signal.modulation is self._profile.modulation:
            self._block.take(signal.octets)
            self._extend_carrier()

    def _extend_carrier(self) -> None:
        """The carrier is there: T2 counts from now."""
        self._extend_timer(_CARRIER_MS)

    def _hear_end(self, signal: LineSignal) -> None:
        if not isinstance(signal, CarrierEnd) or signal.modulation is not self._profile.modulation:
            return
        if self.state is not State.TRAINED:
            self._happen(Event.CARRIER_END)
            return
        good = self._tcf_is_good()
        self._note(FAR_END, f"TCF {self._profile.modulation}, {'good' if good else 'bad'}")
        self._image = bytearray()
        self._happen(Event.TCF_GOOD if good else Event.TCF_BAD)

    def _tcf_is_good(self) -> bool:
        """One unbroken second of zeros."""
        longest = max((len(zeros) for zeros in re.findall(b"\0+", bytes(self._image))), default=0)
        return longest * 8 >= TCF_GOOD_SECONDS * self._profile.modulation.rate

    # -- phase D

    def _judge(self) -> Fcf:
        """Decode what came and choose the answer to it."""
        coding = agreement.coding_of(self._profile)
        width = agreement.PELS[self._profile.width]
        strip = stream.from_line(bytes(self._image), coding)
        bitmap, bad = codec.decode_counting(strip, coding, width, agreement.resolution_of(self._profile))
        number = self.record.pages_confirmed
        received = ReceivedPage(number, CodedPage(bitmap.shape, coding, strip), bitmap, bad)
        self.record.bad_rows += bad
        answer = quality(bitmap.shape.rows, bad)
        self._judged = (received, answer)
        return answer

    def judge_page(self) -> None:
        """Answer the end of a page by its bad rows; a page kept is handed over first."""
        if self._judged is None:
            return
        received, answer = self._judged
        if answer is not Fcf.RTN:
            self._page_received(received)
            self.record.pages_confirmed += 1
        self._forget_page()
        self._reply(answer)

    def accept_block(self) -> None:
        """Answer a block that is whole: MCF, after the page is handed over if the block ends it."""
        if self._judged is None:
            self._reply(Fcf.MCF)
        else:
            self.judge_page()

    def _forget_page(self) -> None:
        self._image = bytearray()
        self._block = Block()
        self._judged = None

    def ask_frames(self) -> None:
        """Ask for the frames of the block that are missing."""
        self._reply(Fcf.PPR, frames.encode_map(self._block.wanted()))

    def send_ctr(self) -> None:
        """Go on at the rate that CTC names; its field is the first octets of a DCS."""
        changed = decode_profile(self._frame.fif + self._profile.encode()[2:])
        self._profile = changed
        self._note_rate()
        self._reply(Fcf.CTR)

    def send_err(self) -> None:
        """The caller gives a block up: its page cannot be kept."""
        self._forget_page()
        self._reply(Fcf.ERR)

    def answer_again(self) -> None:
        """Say the last answer again: it was lost."""
        self._note(US, "again")
        self._send(self._v21([self._answer]))

    def _reply(self, fcf: Fcf, fif: bytes = b"") -> None:
        self._answer = Frame(fcf, fif)
        self._answered = self._frame.encode()
        self._send(self._v21([self._answer]))


def quality(rows: int, bad: int) -> Fcf:
    """MCF, RTP or RTN for a page of `rows` rows of which `bad` could not be decoded."""
    if rows == 0 or bad > BAD_ABOVE * rows:
        return Fcf.RTN
    return Fcf.RTP if bad >= FAIR_ABOVE * rows else Fcf.MCF


_CARRIER_MS = 6_000
_COMMANDS = frozenset({Event.MPS, Event.EOM, Event.EOP, Event.PPS_NULL, Event.CTC, Event.EOR})
_PPS_EVENTS = {Fcf.MPS: Event.PPS_MPS, Fcf.EOM: Event.PPS_EOM, Fcf.EOP: Event.PPS_EOP,
               Fcf.PRI_MPS: Event.PPS_MPS, Fcf.PRI_EOM: Event.PPS_EOM, Fcf.PRI_EOP: Event.PPS_EOP}  # fmt: skip
