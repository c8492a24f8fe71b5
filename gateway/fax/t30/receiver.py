"""The end that receives pages (T.30 clause 5.2, flow charts R and F).

What lives here: what the receiver does on each move. What does not: which move is made (`table`), collecting and
judging pages (`reception`), answering and polling (`terminal`), and what becomes of a page (the `page_received` it is
given, which returns only when the page is kept: MCF promises that).
"""

from gateway.fax.t30 import agreement, frames
from gateway.fax.t30.capabilities import Profile, decode_profile, decode_rate
from gateway.fax.t30.frames import Fcf, Frame, FrameError, PartialPage, X, decode_partial_page
from gateway.fax.t30.machine import FAR_END, US
from gateway.fax.t30.options import PageWatch, TerminalOptions
from gateway.fax.t30.reception import ROW_SECONDS, ReceivedPage, Reception
from gateway.fax.t30.signals import CarrierEnd, HdlcFrame, ImageOctets, LineSignal, Modulation, Training
from gateway.fax.t30.states import MOST_ANSWERS, Event, State
from gateway.fax.t30.station import Station


class Receiver(Station):
    """Receives a document, with error correction or without."""

    def __init__(self, start: State, options: TerminalOptions, watch: PageWatch) -> None:
        super().__init__(start, options, watch)
        self._reception = Reception(Profile(Modulation.V27_2400, frozenset()))
        self._answered: bytes | None = None  # the command last answered, until a carrier or a DCS comes
        self._answer = Frame(Fcf.NULL)
        self._judged: tuple[ReceivedPage, Fcf] | None = None
        self._identifying_since = 0
        self._busy_until = 0
        self._answers = 0  # since a block or a page was last kept

    # -- what events mean

    def _meaning(self, event: Event) -> Event:
        if event in _ASKING and self.state in _LISTENING and self._is_asked_for_ever():
            return Event.ENDLESS
        if event in _COMMANDS and self.state in _ANSWERING and self._is_repetition():
            return Event.REPEATED
        if event is Event.TIMEOUT and self.state is State.COMMAND:
            too_long = self.now - self._identifying_since >= self._timers.t1
            return Event.LAST_TIMEOUT if too_long else Event.TIMEOUT
        return self._meaning_of_command(event) if self.state in _RECEIVING else super()._meaning(event)

    def _is_asked_for_ever(self) -> bool:
        """True when answers lead nowhere, which a far end that counts its tries never lets come about."""
        return self._answers >= MOST_ANSWERS or self._reception.is_too_long

    def _meaning_of_tcf(self, *, good: bool) -> Event:
        """What DCS and TCF come to. A DCS that is refused is refused after its TCF: until then nobody listens."""
        required = self._options.required_password
        if required and not self._is_polling and self._told.get(Fcf.SID) != required:
            return Event.TCF_REFUSED
        if agreement.is_beyond_us(self._reception.profile):
            return Event.TCF_BEYOND
        return Event.TCF_GOOD if good else Event.TCF_BAD

    @property
    def _is_polling(self) -> bool:
        """True for the end that asked for the document it receives."""
        return not self._is_called

    def _meaning_of_command(self, event: Event) -> Event:
        if event is Event.PPS_NULL:
            return self._meaning_of_pps()
        if event is Event.EOR:
            return Event.EOR_DOCUMENT if self._frame.fif[:1] in _EOR_DOCUMENT else Event.EOR
        if event in (Event.MPS, Event.EOM, Event.EOP):
            return self._meaning_of_end(event)
        return event

    def _meaning_of_end(self, event: Event) -> Event:
        """The command after a page: a refused last page is sent again, and an operator is asked for where wanted."""
        last = event in (Event.EOP, Event.PPS_EOP)
        refused = self._judge(last=last) is Fcf.RTN
        if self._options.asks_operator and (refused or not last):
            return Event.PAGE_FOR_OPERATOR
        if refused and event not in (Event.MPS, Event.EOM):
            return Event.EOP_REFUSED if event is Event.EOP else Event.PPS_REFUSED
        return event

    def _is_repetition(self) -> bool:
        """True when the command was answered already and the answer was lost."""
        if self._answered == self._frame.encode():
            return True
        partial = self._partial_page()
        return partial is not None and self._reception.is_accepted(partial)

    def _partial_page(self) -> PartialPage | None:
        """The field of the PPS just heard; none when the frame is another or cannot be read."""
        if self._frame.fcf is not Fcf.PPS:
            return None
        try:
            return decode_partial_page(self._frame.fif)
        except FrameError:
            return None

    def _meaning_of_pps(self) -> Event:
        partial = self._partial_page()
        if partial is None:
            return Event.UNREADABLE
        if self._reception.misses_frames(partial):
            return Event.PPS_INCOMPLETE
        self.record.ecm_blocks += 1
        self.record.ecm_frames += self._reception.block.count
        self._reception.accept_block(partial)
        if partial.after is Fcf.NULL:
            return Event.PPS_NULL
        return self._meaning_of_end(_PPS_EVENTS.get(partial.after, Event.PPS_EOP))

    def _judge(self, *, last: bool) -> Fcf:
        self._judged = self._reception.judge(self.record.pages_received, last=last)
        received, answer = self._judged
        self.record.bad_rows += received.bad_rows
        return answer

    # -- phase B

    def expect_tcf(self) -> None:
        """Take the DCS as the profile of what follows."""
        self._reception = Reception(decode_profile(self._frame.fif))
        self.record.ecm = self._reception.with_ecm
        self.record.coding = agreement.coding_of(self._reception.profile)
        self._note_rate(self._reception.profile.modulation)
        self._answered = self._judged = None

    def send_cfr(self) -> None:
        """The training was good."""
        self._reply(Fcf.CFR)

    def send_ftt(self) -> None:
        """The training was not."""
        self._reply(Fcf.FTT)

    # -- phase C

    def _hear_training(self, signal: LineSignal) -> None:
        if isinstance(signal, Training) and self._is_ours(signal.modulation):
            if self.state is State.TRAINED or not self._reception.with_ecm:
                self._reception.begin_image()
            self._happen(Event.TRAINING)

    def _hear_image(self, signal: LineSignal) -> None:
        if isinstance(signal, ImageOctets) and self._is_ours(signal.modulation):
            self._reception.take_image(signal.octets)
            if self.state is State.MESSAGE and self._reception.row_seconds(len(signal.octets)) > ROW_SECONDS:
                self._happen(Event.ROW_TOO_LONG)
            elif self._reception.is_too_long:
                self._happen(Event.ENDLESS)

    def _hear_hdlc(self, signal: LineSignal) -> None:
        if not isinstance(signal, HdlcFrame):
            return
        if signal.modulation is Modulation.V21_300:
            super()._hear_hdlc(signal)
        elif self._is_ours(signal.modulation):
            self._reception.take_frame(signal.octets, good=signal.good)
            if self._reception.is_too_long:
                self._happen(Event.ENDLESS)

    def _hear_end(self, signal: LineSignal) -> None:
        if not isinstance(signal, CarrierEnd) or signal.modulation is Modulation.V21_300:
            return
        ours = self._is_ours(signal.modulation)
        if self.state is State.TRAINED:
            self._judge_tcf()
        elif ours:
            amount = f"{self._reception.amount()} at {signal.modulation}"
            self._note(FAR_END, f"page {self.record.pages_received + 1}, {amount}")
            self._happen(Event.CARRIER_END)

    def _judge_tcf(self) -> None:
        """Answer a TCF; one on another modem than DCS named trains nothing, and is as bad as noise."""
        good = self._reception.tcf_is_good()
        self._note(FAR_END, f"TCF {self._reception.profile.modulation}, {'good' if good else 'bad'}")
        self._reception.begin_image()
        self._happen(self._meaning_of_tcf(good=good))

    def _is_ours(self, modulation: Modulation) -> bool:
        """Our modem hears only the modulation settled; while it hears it, T2 counts from now.

        A carrier after an answer is new data: the next command is no repetition, even with the same octets.
        """
        if modulation is not self._reception.profile.modulation:
            return False
        self._answered = None
        self._reception.forget_accepted()
        if self._timer is not None:
            self._timer = self.now + self._timers.t2
        return True

    # -- phase D

    def judge_page(self) -> None:
        """Answer the end of a page by its bad rows; a page kept is handed over first."""
        if self._judged is None:
            return
        received, answer = self._judged
        if answer is not Fcf.RTN:
            self._watch.page_received(received)
            self.record.pages_received += 1
            self._answers = 0
            self._busy_until = self.now + (self._options.busy_ms if self._reception.with_ecm else 0)
        self._forget_page()
        self._reply(_WITH_OPERATOR.get(answer, answer) if self.state is State.OPERATOR else answer)

    def accept_block(self) -> None:
        """Answer a block that is whole: MCF, after the page is handed over if the block ends it."""
        if self._judged is None:
            self._answers = 0
            self._reply(Fcf.MCF)
        else:
            self.judge_page()

    def _forget_page(self) -> None:
        self._reception.forget_page()
        self._judged = None

    def ask_frames(self) -> None:
        """Ask for the frames of the block that are missing."""
        self.record.ecm_requests += 1
        self._reply(Fcf.PPR, frames.encode_map(self._reception.block.wanted()))

    def send_ctr(self) -> None:
        """Go on at the rate that CTC names; its field is the first octets of a DCS."""
        self._reception.profile = decode_rate(self._frame.fif, self._reception.profile)
        self._note_rate(self._reception.profile.modulation)
        self._reply(Fcf.CTR)

    def send_err(self) -> None:
        """The caller gives a block up: its page cannot be kept."""
        self._forget_page()
        self._reply(Fcf.ERR)

    def answer_again(self) -> None:
        """Say the last answer again, since it was lost; or for the first time, after RNR."""
        self._note(US, "again")
        self._answers += 1
        self._send(self._v21([self._ready_answer()]))

    def _ready_answer(self) -> Frame:
        """The answer, or RNR in its place while the last page keeps us busy (T.30 A.4.4.4)."""
        return self._answer if self.now >= self._busy_until else self._ours(Fcf.RNR)

    def _reply(self, fcf: Fcf, fif: bytes = b"") -> None:
        self._answer = self._ours(fcf, fif)
        self._answered = self._frame.encode()
        self._answers += 1
        self._send(self._v21([self._ready_answer()]))


_COMMANDS = frozenset({Event.MPS, Event.EOM, Event.EOP, Event.PPS_NULL, Event.CTC, Event.EOR})
_ASKING = _COMMANDS | {Event.DCS, Event.RR, Event.CRP}
_PPS_EVENTS = {
    Fcf.MPS: Event.PPS_MPS,
    Fcf.EOM: Event.PPS_EOM,
    Fcf.EOS: Event.PPS_EOM,
    Fcf.EOP: Event.PPS_EOP,
    Fcf.PRI_MPS: Event.PPS_MPS,
    Fcf.PRI_EOM: Event.PPS_EOM,
    Fcf.PRI_EOP: Event.PPS_EOP,
}
_RECEIVING = frozenset({State.MESSAGE, State.AFTER_MESSAGE})
_ANSWERING = _RECEIVING | {State.COMMAND, State.AFTER_DOCUMENT, State.AFTER_LAST, State.OPERATOR}
_LISTENING = _ANSWERING | {State.TRAINED}
_EOR_DOCUMENT = frozenset(bytes((fcf | x,)) for fcf in (Fcf.EOM, Fcf.PRI_EOM, Fcf.EOS) for x in (0, X))
_WITH_OPERATOR = {Fcf.MCF: Fcf.PIP, Fcf.RTP: Fcf.PIP, Fcf.RTN: Fcf.PIN}
