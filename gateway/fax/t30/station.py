"""What caller and answerer share: hearing signals, and sending V.21 frames.

What lives here: signals turned into events. What does not: walking the table (`machine`), what the moves do (`caller`,
`answerer`). The line is half-duplex: while a station sends frames or images it hears nothing but the call ending.
"""

from collections.abc import Callable, Iterable

from gateway.domain.call import Cause
from gateway.fax.t30 import durations, frames
from gateway.fax.t30.durations import Burst
from gateway.fax.t30.frames import Fcf, Frame, FrameError
from gateway.fax.t30.machine import FAR_END, US, Machine
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
    Training,
)
from gateway.fax.t30.states import Event, State
from gateway.fax.t30.table import Table

_PROGRESS: dict[Progress, Event] = {kind: Event[kind.name] for kind in Progress}
_FRAME_EVENTS: dict[Fcf, Event] = {
    fcf: Event[fcf.name]
    for fcf in (Fcf.DIS, Fcf.DTC, Fcf.DCS, Fcf.CFR, Fcf.FTT, Fcf.CTR, Fcf.RTN, Fcf.PPR, Fcf.RNR, Fcf.ERR, Fcf.CRP,
                Fcf.DCN, Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.CTC, Fcf.EOR, Fcf.RR)
} | {
    Fcf.MCF: Event.MCF_PAGE,
    Fcf.RTP: Event.RTP_PAGE,
    Fcf.PIP: Event.MCF_PAGE,  # T3: carry on without an operator
    Fcf.PIN: Event.RTN,
    Fcf.PRI_MPS: Event.MPS,
    Fcf.PRI_EOM: Event.EOM,
    Fcf.PRI_EOP: Event.EOP,
    Fcf.PPS: Event.PPS_NULL,
}  # fmt: skip


class Station(Machine):
    """One end of a call. `deliver` what arrives, `advance` time, send on what comes out, until `done`."""

    def __init__(self, table: Table, start: State) -> None:
        super().__init__(table, start)
        self._frame = Frame(Fcf.NULL)
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

    def send_dcn(self) -> None:
        """Disconnect (T.30 5.3.6.1.8)."""
        self._send(self._v21([Frame(Fcf.DCN, x=self._heard_dis)]))

    # -- listening

    def _hear_progress(self, kind: Progress) -> None:
        self._note(FAR_END, kind.value)
        if kind is Progress.ANSWERED:
            self.record.answered_ms = self.now
        self._happen(_PROGRESS[kind])

    def _hear_tone(self, signal: LineSignal) -> None:
        if isinstance(signal, Tone):
            self._note(FAR_END, signal.kind.value)
            self._happen(Event.TONE)

    def _hear_flags(self, _signal: LineSignal) -> None:
        self._happen(Event.FLAGS)
        self._await_frame()

    def _hear_hdlc(self, signal: LineSignal) -> None:
        if isinstance(signal, HdlcFrame) and signal.modulation is Modulation.V21_300:
            self._await_frame()
            self._hear_frame(signal)

    def _hear_frame(self, signal: HdlcFrame) -> None:
        """Read a V.21 frame; one with a bad FCS or an unknown field is as if it had not come."""
        if not signal.good:
            self._note(FAR_END, "frame with errors")
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

    def _hear_identifier(self, frame: Frame) -> None:
        text = frames.decode_identifier(frame.fif)
        if frame.fcf in (Fcf.CSI, Fcf.TSI, Fcf.CIG):
            self.record.remote_id = text
        elif frame.fcf is Fcf.SUB:
            self.record.remote_sub_address = text

    def _hear_image(self, signal: LineSignal) -> None:
        """Hook: octets on the fast carrier."""

    def _hear_training(self, signal: LineSignal) -> None:
        """Hook: a fast carrier begins."""

    def _hear_end(self, signal: LineSignal) -> None:
        """Hook: a carrier ends."""


def _described(frame: Frame) -> str:
    """A frame as the trace names it."""
    if frame.fcf in frames.IDENTIFIERS:
        return f"{frame.name} {frames.decode_identifier(frame.fif)}".rstrip()
    return f"{frame.name} {frame.fif.hex(' ')}".rstrip()
