"""What can go wrong on a simulated line, as callables that a line is built with.

What lives here: lost, spoiled, turned and cut signals at chosen places. What does not: carrying signals (`line`), harm
by chance (`noise`, `outages`). Each is made for one call: it counts what it has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gateway.fax.simulator.line import Side
from gateway.fax.t30 import frames
from gateway.fax.t30.frames import Fcf, Frame
from gateway.fax.t30.signals import CallProgress, HdlcFrame, ImageOctets, LineSignal, Modulation, Progress, Training


class Harm(StrEnum):
    """What becomes of a signal."""

    LOSE = "lose"  # does not arrive
    SPOIL = "spoil"  # arrives with errors
    CUT = "cut"  # the line goes dead in its place
    LEAVE = "leave"  # arrives, and its sender hangs up
    TURN = "turn"  # arrives as another frame
    RETUNE = "retune"  # is sent on another modem


def name_of(signal: LineSignal) -> str:
    """What a script calls a signal: `training`, `image` (TCF and pages without ECM), or the frame's name.

    ECM frames are FCD and RCP; PPS is named with its command: PPS-NULL, PPS-MPS, PPS-EOM, PPS-EOP.
    """
    if isinstance(signal, Training):
        return "training"
    if isinstance(signal, ImageOctets):
        return "image"
    if not isinstance(signal, HdlcFrame):
        return ""
    try:
        frame = frames.decode(signal.octets)
        if frame.fcf is not Fcf.PPS:
            return frame.name
        return f"PPS-{frames.decode_partial_page(frame.fif).after.name}"
    except frames.FrameError:
        return ""


def spoiled(signal: LineSignal) -> LineSignal:
    """The signal with errors in it."""
    if isinstance(signal, HdlcFrame):
        return replace(signal, good=False)
    if isinstance(signal, ImageOctets):
        return replace(signal, octets=bytes(octet ^ 0x55 for octet in signal.octets))
    return signal


def retuned(signal: LineSignal) -> LineSignal:
    """The signal on another modem than it was sent on."""
    if isinstance(signal, ImageOctets | Training):
        other = Modulation.V29_9600 if signal.modulation is Modulation.V27_4800 else Modulation.V27_4800
        return replace(signal, modulation=other)
    return signal


@dataclass(slots=True)
class Harmed:
    """Harms the signals of one name that one side sends: from the `first`, counted from 1, as many as `count`.

    With `every` above 1 only each such signal is harmed, so that frames can be spoiled here and there. Nothing is
    counted until the caller has sent the command `after`, alone or in a PPS, nor before `from_ms` since dialling.
    `into` names the frame that a turned one becomes.
    """

    harm: Harm
    side: Side
    name: str
    first: int = 1
    count: int = 1
    every: int = 1
    after: str = ""
    from_ms: int = 0
    into: str = Fcf.DCN.name
    _seen: int = field(default=0, init=False)
    _waiting: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._waiting = bool(self.after)

    def __call__(self, side: Side, signal: LineSignal, at_ms: int) -> Sequence[LineSignal] | None:
        """See `line.Disturbance`."""
        name = name_of(signal)
        self._waiting = self._waiting and name not in (self.after, f"PPS-{self.after}")
        if self._waiting or at_ms < self.from_ms or side is not self.side or name != self.name:
            return (signal,)
        self._seen += 1
        place = self._seen - self.first
        if place < 0 or place % self.every or place // self.every >= self.count:
            return (signal,)
        return self._harmed(signal)

    def _harmed(self, signal: LineSignal) -> Sequence[LineSignal] | None:
        match self.harm:
            case Harm.CUT:
                return None
            case Harm.LOSE:
                return ()
            case Harm.LEAVE:
                return (signal, CallProgress(Progress.HANG_UP))
            case Harm.TURN:
                return (HdlcFrame(Frame(Fcf[self.into.replace("-", "_")]).encode()),)
            case Harm.SPOIL:
                return (spoiled(signal),)
            case Harm.RETUNE:
                return (retuned(signal),)
