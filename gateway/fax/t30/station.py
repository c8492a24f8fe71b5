"""What sender and receiver share: hearing signals, and sending V.21 frames.

What lives here: signals turned into events. What does not: walking the table (`machine`), what the moves do (`sender`,
`receiver`). The line is half-duplex: while a station sends frames or images it hears nothing but the call ending.
"""

from collections.abc import Callable, Iterable

from gateway.domain.call import Cause
from gateway.fax.t30 import durations, frames
from gateway.fax.t30.capabilities import Capabilities, Flag
from gateway.fax.t30.durations import Burst
from gateway.fax.t30.frames import Fcf, Frame, FrameError
from gateway.fax.t30.machine import FAR_END, US, Machine
from gateway.fax.t30.options import PageWatch, TerminalOptions
from gateway.fax.t30.signals import (
    CallProgress,
    CarrierEnd,
    Flags,
    HdlcFrame,
    ImageOctets,
    LineSignal,
    Modulation,
    Progress,
    Tone,
    ToneKind,
    Training,
)
from gateway.fax.t30.states import TRIES, WAITS, Event, State

_PROGRESS: dict[Progress, Event] = {kind: Event[kind.name] for kind in Progress}
_FRAME_EVENTS: dict[Fcf, Event] = {
    fcf: Event[fcf.name]
    for fcf in (Fcf.DIS, Fcf.DTC, Fcf.DCS, Fcf.CFR, Fcf.FTT, Fcf.CTR, Fcf.PIN, Fcf.RTN, Fcf.PPR, Fcf.RNR, Fcf.ERR,
                Fcf.CRP, Fcf.DCN, Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.CTC, Fcf.EOR, Fcf.RR)
} | {
    Fcf.MCF: Event.MCF_PAGE,
    Fcf.RTP: Event.RTP_PAGE,
    Fcf.PIP: Event.PIP_DOCUMENT,
    Fcf.PRI_MPS: Event.MPS,  # no operator stands by, so PRI-Q is answered like the command in it
    Fcf.PRI_EOM: Event.EOM,
    Fcf.PRI_EOP: Event.EOP,
    Fcf.EOS: Event.EOM,
    Fcf.PPS: Event.PPS_NULL,
}  # fmt: skip


class Station(Machine):
    """One end of a call. `deliver` what arrives, `advance` time, send on what comes out, until `done`."""

    def __init__(self, start: State, options: TerminalOptions, watch: PageWatch) -> None:
        super().__init__(start, options.timers)
        self._options = options
        self._watch = watch
        self._frame = Frame(Fcf.NULL)
        self._told: dict[Fcf, str] = {}  # identifiers, addresses and passwords of the burst that is coming in
        self._asked_again = 0
        self._said: frozenset[bytes] = frozenset()  # the V.21 frames of our last burst: heard again, they are an echo
        self._heard_dis = False
        self._hearers: dict[type, Callable[[LineSignal], None]] = {
            HdlcFrame: self._hear_hdlc,
            ImageOctets: self._hear_image,
            Training: self._hear_training,
            CarrierEnd: self._hear_end,
            Flags: self._hear_flags,
            Tone: self._hear_tone,
        }

    def deliver(self, signal: LineSignal) -> None:
        """Take one signal from the line, now."""
        if isinstance(signal, CallProgress):
            self._hear_progress(signal.kind)
        elif not self._sending and self.state is not State.END:
            self._hearers[type(signal)](signal)

    def cancel(self) -> None:
        """End the call from this side, politely; asked again each second until the call is over."""
        self._happen(Event.CANCEL)

    def abandon(self, why: str) -> None:
        """Leave at once because of a fault on our own side, such as a page that cannot be read."""
        self._note(US, why)
        self._settle_cause(Cause.LOCAL_ERROR)
        self.hang_up()
        self.state = State.END

    # -- sending

    def _v21(self, sent: Iterable[Frame]) -> Burst:
        """A burst of V.21 frames, each noted in the trace; all but the last say that more follow."""
        listed = list(sent)
        for frame in listed:
            self._note(US, _described(frame))
        octets = [Frame(frame.fcf, frame.fif, frame is listed[-1], frame.x).encode() for frame in listed]
        return durations.v21(octets)

    def _ours(self, fcf: Fcf, fif: bytes = b"") -> Frame:
        """A frame from us. X is set by who has heard a DIS, clear from who was answered his own (T.30 5.3.6.1)."""
        return Frame(fcf, fif, x=self._heard_dis)

    def _send(self, burst: Burst) -> None:
        self._said = frozenset(
            signal.octets
            for _, signal in burst
            if isinstance(signal, HdlcFrame) and signal.modulation is Modulation.V21_300
        )
        super()._send(burst)

    def send_dcn(self) -> None:
        """Disconnect (T.30 5.3.6.1.8)."""
        self._send(self._v21([self._ours(Fcf.DCN)]))

    def _note_rate(self, modulation: Modulation) -> None:
        self.record.rate = modulation.rate
        self.record.rate_steps.append(modulation.rate)

    # -- listening

    def _hear_progress(self, kind: Progress) -> None:
        self._note(FAR_END, kind.value)
        if kind is Progress.ANSWERED:
            self.record.answered_ms = self.now
        self._happen(_PROGRESS[kind])

    def _hear_tone(self, signal: LineSignal) -> None:
        if isinstance(signal, Tone):
            self._note(FAR_END, signal.kind.value)
            if signal.kind is ToneKind.CED:  # CNG is another caller's, or our own come back
                self._happen(Event.TONE)

    def _hear_flags(self, _signal: LineSignal) -> None:
        self._told = {}
        self._happen(Event.FLAGS)
        self._await_frame()

    def _hear_hdlc(self, signal: LineSignal) -> None:
        if isinstance(signal, HdlcFrame) and signal.modulation is Modulation.V21_300:
            if self.state in (State.ANSWERED, State.SPEECH):
                self._happen(Event.FLAGS)  # the packet that said so was lost
            self._await_frame()
            self._hear_frame(signal)

    def _hear_frame(self, signal: HdlcFrame) -> None:
        """Read a V.21 frame; one with a bad FCS or an unknown field is as if it had not come."""
        if signal.octets in self._said:
            return
        if not signal.good:
            self._note(FAR_END, "frame with errors")
            self._ask_again()
            return
        try:
            frame = frames.decode(signal.octets)
        except FrameError as fault:
            self._note(FAR_END, str(fault))
            return
        self._note(FAR_END, _described(frame))
        if frame.fcf in frames.IDENTIFIERS:
            self._hear_identifier(frame)
        elif frame.fcf in _FRAME_EVENTS:
            self._frame = frame
            self._happen(_FRAME_EVENTS[frame.fcf])

    def _ask_again(self) -> None:
        """Ask for a damaged frame with CRP, if that is wanted; a few times in one state, lest two ends ask for ever.

        Not for a DCS: its sender goes on to train, and hears nothing.
        """
        heard = self.state in WAITS and self.state not in (State.COMMAND, State.POLL)
        if self._options.asks_repetition and heard and self._asked_again < TRIES:
            self._asked_again += 1
            self._send(self._v21([self._ours(Fcf.CRP)]))

    def _enter(self, state: State) -> None:
        if state is not self.state:
            self._asked_again = 0
        super()._enter(state)

    def _hear_identifier(self, frame: Frame) -> None:
        text = frames.decode_identifier(frame.fif)
        self._told[frame.fcf] = text
        echo = frame.fcf is Fcf.TSI and self.state is State.TRAIN  # we have just sent ours
        if frame.fcf in self._remote_names and not echo:
            self.record.remote_id = text
        elif frame.fcf is Fcf.SUB:
            self.record.remote_sub_address = text

    @property
    def _remote_names(self) -> frozenset[Fcf]:
        """The identifiers that only the far end can have sent: others are our own, come back as an echo."""
        return _CALLERS_NAMES if self._is_called else _CALLED_NAMES

    @property
    def _is_called(self) -> bool:
        """True for the end that answered the call."""
        return False

    def _addresses(self, offered: Capabilities, wanted: dict[Fcf, str]) -> list[Frame]:
        """Identifier frames for those texts that are set, where the far end has said that it reads them."""
        return [
            self._ours(fcf, frames.encode_identifier(text, fcf))
            for fcf, text in wanted.items()
            if text and (fcf not in NEEDED or NEEDED[fcf] in offered)
        ]

    def _hear_image(self, signal: LineSignal) -> None:
        """Hook: octets on the fast carrier."""

    def _hear_training(self, signal: LineSignal) -> None:
        """Hook: a fast carrier begins."""

    def _hear_end(self, signal: LineSignal) -> None:
        """Hook: a carrier ends."""


_CALLERS_NAMES = frozenset({Fcf.TSI, Fcf.CIG})
_CALLED_NAMES = frozenset({Fcf.CSI, Fcf.TSI})
# The bit of DIS by which a far end says that it reads a frame, and of DCS or DTC that says it went before.
NEEDED: dict[Fcf, Flag] = {
    Fcf.SUB: Flag.SUB,
    Fcf.SID: Flag.PWD,
    Fcf.PWD: Flag.PWD,
    Fcf.SEP: Flag.SELECTIVE_POLLING,
    Fcf.PSA: Flag.POLLED_SUBADDRESS,
}


def _described(frame: Frame) -> str:
    """A frame as the trace names it."""
    if frame.fcf in frames.IDENTIFIERS:
        return f"{frame.name} {frames.decode_identifier(frame.fif)}".rstrip()
    return f"{frame.name} {frame.fif.hex(' ')}".rstrip()
