"""What caller and answerer share: time, sending, listening, and walking the table.

What lives here: one end of a call as a machine driven by `deliver` and `advance`. What does not: what the moves do
(`caller`, `answerer`), and any clock, thread or socket: time is what `advance` is told.

The line is half-duplex: while a station sends frames or images it hears nothing but the call ending.
"""

from collections import deque
from collections.abc import Callable, Iterable

from gateway.domain.call import Cause, Phase
from gateway.fax.t30 import durations, frames
from gateway.fax.t30.durations import Burst
from gateway.fax.t30.frames import Fcf, Frame, FrameError
from gateway.fax.t30.record import CallRecord
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
from gateway.fax.t30.states import FRAME_MS, PHASES, TRIES, WAITS, Event, State
from gateway.fax.t30.table import Move, Table, Verb, find

US, FAR_END = "us", "far end"
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


class Station:
    """One end of a call. `deliver` what arrives, `advance` time, send on what comes out, until `done`."""

    def __init__(self, table: Table, start: State) -> None:
        self.state = start
        self.now = 0
        self.record = CallRecord()
        self._table = table
        self._verbs: dict[Verb, Callable[[], None]] = {
            move.verb: getattr(self, move.verb.value) for move in table.values()
        }
        self._outbox: deque[tuple[int, LineSignal]] = deque()
        self._sending = False
        self._timer: int | None = None
        self._tries = 0
        self._phase_began = 0
        self._frame = Frame(Fcf.NULL)
        self._set_timer()
        self._hearers: dict[type, Callable[[LineSignal], None]] = {
            HdlcFrame: self._hear_hdlc,
            ImageOctets: self._hear_image,
            Training: self._hear_training,
            CarrierEnd: self._hear_end,
            Flags: self._hear_flags,
            Tone: self._hear_tone,
        }

    @property
    def done(self) -> bool:
        """True when the call is over and nothing is left to send."""
        return self.state is State.END and not self._outbox

    @property
    def wake_in(self) -> int | None:
        """Milliseconds until `advance` has something to do; none when only a signal can change anything."""
        moment = self._next_moment()
        return None if moment is None else max(0, moment - self.now)

    def deliver(self, signal: LineSignal) -> None:
        """Take one signal from the line, now."""
        if isinstance(signal, CallProgress):
            self._hear_progress(signal.kind)
        elif not self._sending and self.state is not State.END:
            self._hearers[type(signal)](signal)

    def advance(self, milliseconds: int) -> list[LineSignal]:
        """Let time pass; what was sent meanwhile, in order."""
        end = self.now + milliseconds
        sent: list[LineSignal] = []
        while (moment := self._next_moment()) is not None and moment <= end:
            self.now = max(self.now, moment)
            self._step(sent)
        self.now = end
        return sent

    def cancel(self) -> None:
        """End the call from this side, politely."""
        self._happen(Event.CANCEL)

    def abandon(self, why: str) -> None:
        """Leave at once because of a fault on our own side, such as a page that cannot be read."""
        self._note(US, why)
        self._settle_cause(Cause.LOCAL_ERROR)
        self.hang_up()
        self.state = State.END

    # -- time

    def _next_moment(self) -> int | None:
        if not self._outbox:
            return self._timer
        first = self._outbox[0][0]
        return first if self._timer is None else min(first, self._timer)

    def _step(self, sent: list[LineSignal]) -> None:
        """Do what is due now: send, or let the timer run out."""
        outbox = self._outbox
        if outbox and outbox[0][0] <= self.now:
            sent.append(outbox.popleft()[1])
            if not outbox and self._sending:
                self._all_sent()
        else:
            self._timer = None
            self._happen(Event.TIMEOUT)

    def _all_sent(self) -> None:
        self._sending = False
        self._set_timer()
        self._note_sent()
        self._happen(Event.SENT)

    def _set_timer(self) -> None:
        wait = WAITS.get(self.state)
        self._timer = None if wait is None else self.now + wait.milliseconds

    def _extend_timer(self, milliseconds: int = FRAME_MS) -> None:
        """Wait at least this much longer: something is arriving."""
        if self._timer is not None:
            self._timer = max(self._timer, self.now + milliseconds)

    # -- walking the table

    def _happen(self, event: Event) -> None:
        """Find the move for an event and make it; an event without one is ignored."""
        if self.state is State.END:
            return
        event = self._meaning(event)
        move = find(self._table, self.state, event)
        if move is not None and move.verb is Verb.REPEAT and self._tries >= TRIES:
            move = find(self._table, self.state, Event.LAST_TIMEOUT)
        if move is not None:
            self._make(move)
        elif event is Event.TIMEOUT:
            self._set_timer()

    def _make(self, move: Move) -> None:
        if move.cause is not None:
            self._settle_cause(move.cause)
        if move.to is not None:
            self._enter(move.to)
        self._verbs[move.verb]()
        if not self._sending:
            self._set_timer()

    def _enter(self, state: State) -> None:
        if PHASES[state] is not PHASES[self.state]:
            self.record.phase_ms[PHASES[self.state]] += self.now - self._phase_began
            self._phase_began = self.now
        self.state = state

    def _settle_cause(self, cause: Cause) -> None:
        """The first cause of an ending holds, with the phase it came in."""
        if self.record.cause is None:
            self.record.cause = cause
            self.record.phase = Phase.RELEASE if cause is Cause.DONE else PHASES[self.state]

    def _meaning(self, event: Event) -> Event:
        """The event as the table names it, by what was counted and agreed; called once for each event."""
        return event

    def _note_sent(self) -> None:
        """Hook: a burst is out."""

    # -- sending

    def _send(self, burst: Burst) -> None:
        """Send a burst from now on, deaf until it is out; a carrier that is up is ended first."""
        if self._sending and isinstance(end := self._outbox[-1][1], CarrierEnd):
            burst = [(0, end), *burst]
        self._outbox = deque((self.now + offset, signal) for offset, signal in burst)
        self._sending = True
        self._timer = None

    def _v21(self, sent: Iterable[Frame]) -> Burst:
        """A burst of V.21 frames, each noted in the trace; all but the last say that more follow."""
        listed = list(sent)
        for frame in listed:
            self._note(US, _described(frame))
        octets = [Frame(frame.fcf, frame.fif, frame is listed[-1], frame.x).encode() for frame in listed]
        return durations.v21(octets)

    def _note(self, sender: str, text: str) -> None:
        self.record.note(self.now, sender, text)

    # -- verbs that both ends know

    def nothing(self) -> None:
        """The move is all there is."""

    def listen(self) -> None:
        """Stop any tone and wait."""
        self._outbox.clear()

    def send_dcn(self) -> None:
        """Disconnect (T.30 5.3.6.1.8)."""
        self._send(self._v21([Frame(Fcf.DCN, x=self._heard_dis)]))

    def hang_up(self) -> None:
        """Leave the line."""
        self.record.ended_ms = self.now
        self.record.phase_ms[PHASES[self.state]] += self.now - self._phase_began
        self._note(US, "hangs up")
        self._outbox = deque([(self.now, CallProgress(Progress.HANG_UP))])
        self._sending = True
        self._timer = None

    # -- listening

    _heard_dis = False

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
        self._extend_timer()

    def _hear_hdlc(self, signal: LineSignal) -> None:
        if isinstance(signal, HdlcFrame) and signal.modulation is Modulation.V21_300:
            self._extend_timer()
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
