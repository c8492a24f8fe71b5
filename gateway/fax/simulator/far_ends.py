"""What answers a simulated call: machines, people and tones.

What lives here: far ends as ends of a line, and the plan each is made from. What does not: which number reaches which
(`exchange`, `reserved`), the T.30 procedure of a fax machine (`t30.answerer`).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.fax.simulator.disturbances import Harmed
from gateway.fax.simulator.line import End
from gateway.fax.t30.answerer import Answerer
from gateway.fax.t30.capabilities import Capabilities
from gateway.fax.t30.options import EVERYTHING, PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.signals import CallProgress, LineSignal, Progress

DIALLING_MS = 3_500  # digits sent, and the network's delay before it rings
RING_MS = 6_000  # 2 s on, 4 s off
TONE_MS = 2_500  # heard long enough to be sure of it
SIT_MS = 1_000  # three tones
GREETING_MS = 1_200  # lifted, then hello
PATIENCE_MS = 15_000  # of a person who hears a calling tone


class Kind(StrEnum):
    """Far ends that a scenario can name."""

    FAX = "fax"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    VOICE = "voice"
    REORDER = "reorder"
    SIT_NO_CIRCUIT = "sit-no-circuit"
    SIT_REORDER = "sit-reorder"
    SIT_INTERCEPT = "sit-intercept"
    SIT_VACANT = "sit-vacant"
    ANNOUNCEMENT = "announcement"
    UNALLOCATED = "unallocated-number"
    DATA_MODEM = "data-modem"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class FarEndPlan:
    """What answers one dial. The machine's part is read only for a fax."""

    kind: Kind = Kind.FAX
    rings: int = 2
    station_id: str = ""
    capabilities: Capabilities = field(default=EVERYTHING)
    disturbances: tuple[Callable[[], Harmed], ...] = ()


class ScriptedEnd:
    """Says its signals at their times and leaves when the other end does, or after `leaves_after` ms."""

    def __init__(self, script: list[tuple[int, Progress]], leaves_after: int | None = None) -> None:
        self._script = deque((at, CallProgress(kind)) for at, kind in script)
        if leaves_after is not None:
            self._script.append((leaves_after, CallProgress(Progress.HANG_UP)))
        self._now = 0
        self.done = False

    @property
    def wake_in(self) -> int | None:
        """Milliseconds to the next signal."""
        return self._script[0][0] - self._now if self._script else None

    def deliver(self, signal: LineSignal) -> None:
        """Leave when the caller does; all else falls on deaf ears."""
        if signal == CallProgress(Progress.HANG_UP):
            self._script.clear()
            self.done = True

    def advance(self, milliseconds: int) -> list[LineSignal]:
        """What is due."""
        self._now += milliseconds
        sent: list[LineSignal] = []
        while self._script and self._script[0][0] <= self._now:
            sent.append(self._script.popleft()[1])
        if sent and sent[-1] == CallProgress(Progress.HANG_UP):
            self.done = True
        return sent


class FaxMachine:
    """Rings, answers, and receives as T.30 has it."""

    def __init__(self, rings: int, answerer: Answerer) -> None:
        self._ringing = ScriptedEnd([*_ringing(rings), (_answers_at(rings), Progress.ANSWERED)])
        self._answerer = answerer
        self._answered = False

    @property
    def done(self) -> bool:
        """True when it has left the line."""
        return self._answerer.done if self._answered else self._ringing.done

    @property
    def wake_in(self) -> int | None:
        """Milliseconds until it does something by itself."""
        return self._answerer.wake_in if self._answered else self._ringing.wake_in

    def deliver(self, signal: LineSignal) -> None:
        """Take a signal; before it has answered only a caller giving up counts."""
        (self._answerer if self._answered else self._ringing).deliver(signal)

    def advance(self, milliseconds: int) -> list[LineSignal]:
        """Let time pass; what it sent."""
        if self._answered:
            return self._answerer.advance(milliseconds)
        sent = self._ringing.advance(milliseconds)
        if CallProgress(Progress.ANSWERED) in sent:
            self._answered = True
            self._answerer.begin()
        return sent


def far_end(plan: FarEndPlan, page_received: Callable[[ReceivedPage], None]) -> End:
    """The end of the line that a plan describes."""
    if plan.kind is Kind.FAX:
        options = TerminalOptions(plan.capabilities, station_id=plan.station_id)
        return FaxMachine(plan.rings, Answerer(options, PageWatch(page_received=page_received)))
    if plan.kind is Kind.NO_ANSWER:
        return ScriptedEnd(_ringing(100))
    if plan.kind in _ANSWERED:
        return _answered_end(plan)
    progress = Progress(plan.kind.value)
    return ScriptedEnd([(DIALLING_MS + _HEARD_MS.get(plan.kind, SIT_MS), progress)])


def _answered_end(plan: FarEndPlan) -> ScriptedEnd:
    """A far end that lifts and is no fax."""
    answered = _answers_at(plan.rings)
    script = [*_ringing(plan.rings), (answered, Progress.ANSWERED)]
    if plan.kind is Kind.VOICE:
        return ScriptedEnd([*script, (answered + GREETING_MS, Progress.SPEECH)], answered + PATIENCE_MS)
    if plan.kind is Kind.DATA_MODEM:
        script.append((answered + TONE_MS, Progress.DATA_MODEM))
    return ScriptedEnd(script)


def _ringing(rings: int) -> list[tuple[int, Progress]]:
    return [(DIALLING_MS + ring * RING_MS, Progress.RINGING) for ring in range(rings)]


def _answers_at(rings: int) -> int:
    """Lifted in the pause after the last ring."""
    return DIALLING_MS + max(0, rings - 1) * RING_MS + 2_500


_ANSWERED = frozenset({Kind.VOICE, Kind.DATA_MODEM, Kind.SILENCE})
_HEARD_MS = {Kind.BUSY: TONE_MS, Kind.REORDER: TONE_MS, Kind.UNALLOCATED: 0, Kind.ANNOUNCEMENT: 8_000}
