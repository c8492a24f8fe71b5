"""The called station: receives pages (T.30 clause 5.2, flow charts R and F).

What lives here: what the answerer does on each move. What does not: which move is made (`table`), collecting and
judging pages (`reception`), and what becomes of a page (the `page_received` it is given, which returns only when the
page is kept: MCF promises that).
"""

from gateway.fax.t30 import agreement, durations, frames
from gateway.fax.t30.capabilities import Profile, decode_profile
from gateway.fax.t30.frames import Fcf, Frame, FrameError, PartialPage, decode_partial_page
from gateway.fax.t30.machine import FAR_END, US
from gateway.fax.t30.options import PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage, Reception
from gateway.fax.t30.signals import CarrierEnd, HdlcFrame, ImageOctets, LineSignal, Modulation, Training
from gateway.fax.t30.states import T1_MS, T2_MS, Event, State
from gateway.fax.t30.station import Station
from gateway.fax.t30.table import ANSWERER


class Answerer(Station):
    """One answered call. `begin` starts it."""

    def __init__(self, options: TerminalOptions, watch: PageWatch) -> None:
        super().__init__(ANSWERER, State.CALLED)
        self._options = options
        self._watch = watch
        self._reception = Reception(Profile(Modulation.V27_2400, frozenset()))
        self._answered: bytes | None = None  # the command last answered, until a carrier or a DCS comes
        self._answer = Frame(Fcf.NULL)
        self._judged: tuple[ReceivedPage, Fcf] | None = None
        self._identifying_since = 0

    def begin(self) -> None:
        """The call is answered now."""
        self.record.answered_ms = self.now
        self._happen(Event.BEGIN)

    # -- what events mean

    def _meaning(self, event: Event) -> Event:
        if event in _COMMANDS and self._is_repetition():
            return Event.REPEATED
        if event is Event.TIMEOUT and self.state is State.COMMAND:
            too_long = self.now - self._identifying_since >= T1_MS
            return Event.LAST_TIMEOUT if too_long else Event.TIMEOUT
        if self.state not in (State.MESSAGE, State.AFTER_MESSAGE):
            return event
        if event is Event.PPS_NULL:
            return self._meaning_of_pps()
        if event in (Event.MPS, Event.EOM, Event.EOP):
            refused = self._judge() is Fcf.RTN
            return Event.EOP_REFUSED if refused and event is Event.EOP else event
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
        self._reception.accept_block(partial)
        if partial.after is Fcf.NULL:
            return Event.PPS_NULL
        return Event.PPS_REFUSED if self._judge() is Fcf.RTN else _PPS_EVENTS.get(partial.after, Event.PPS_EOP)

    def _judge(self) -> Fcf:
        self._judged = self._reception.judge(self.record.pages_confirmed)
        received, answer = self._judged
        self.record.bad_rows += received.bad_rows
        return answer

    # -- phase B

    def answer(self) -> None:
        """CED, then the first DIS."""
        self._identifying_since = self.now
        self._note(US, "CED")
        self._send(durations.joined(durations.answer_tone(), self._identification()))

    def send_dis(self) -> None:
        """Identify again; T1 counts anew once a command was answered."""
        if self._answered is not None:
            self._identifying_since = self.now
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
        self._reception = Reception(decode_profile(self._frame.fif))
        self.record.ecm = self._reception.with_ecm
        self.record.coding = agreement.coding_of(self._reception.profile)
        self._note_rate()
        self._answered = self._judged = None

    def _note_rate(self) -> None:
        self.record.rate = self._reception.profile.modulation.rate
        self.record.rate_steps.append(self.record.rate)

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

    def _hear_hdlc(self, signal: LineSignal) -> None:
        if not isinstance(signal, HdlcFrame):
            return
        if signal.modulation is Modulation.V21_300:
            super()._hear_hdlc(signal)
        elif self._is_ours(signal.modulation) and signal.good:
            self._reception.block.take(signal.octets)

    def _hear_end(self, signal: LineSignal) -> None:
        if not isinstance(signal, CarrierEnd) or not self._is_ours(signal.modulation):
            return
        if self.state is not State.TRAINED:
            self._happen(Event.CARRIER_END)
            return
        good = self._reception.tcf_is_good()
        self._note(FAR_END, f"TCF {self._reception.profile.modulation}, {'good' if good else 'bad'}")
        self._reception.begin_image()
        self._happen(Event.TCF_GOOD if good else Event.TCF_BAD)

    def _is_ours(self, modulation: Modulation) -> bool:
        """Our modem hears only the modulation settled; while it hears it, T2 counts from now.

        A carrier after an answer is new data: the next command is no repetition, even with the same octets.
        """
        if modulation is not self._reception.profile.modulation:
            return False
        self._answered = None
        if self._timer is not None:
            self._timer = self.now + T2_MS
        return True

    # -- phase D

    def judge_page(self) -> None:
        """Answer the end of a page by its bad rows; a page kept is handed over first."""
        if self._judged is None:
            return
        received, answer = self._judged
        if answer is not Fcf.RTN:
            self._watch.page_received(received)
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
        self._reception.forget_page()
        self._judged = None

    def ask_frames(self) -> None:
        """Ask for the frames of the block that are missing."""
        self._reply(Fcf.PPR, frames.encode_map(self._reception.block.wanted()))

    def send_ctr(self) -> None:
        """Go on at the rate that CTC names; its field is the first octets of a DCS."""
        self._reception.profile = decode_profile(self._frame.fif[:2] + self._reception.profile.encode()[2:])
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


_COMMANDS = frozenset({Event.MPS, Event.EOM, Event.EOP, Event.PPS_NULL, Event.CTC, Event.EOR})
_PPS_EVENTS = {Fcf.MPS: Event.PPS_MPS, Fcf.EOM: Event.PPS_EOM, Fcf.EOP: Event.PPS_EOP,
               Fcf.PRI_MPS: Event.PPS_MPS, Fcf.PRI_EOM: Event.PPS_EOM, Fcf.PRI_EOP: Event.PPS_EOP}  # fmt: skip
