"""What answers a simulated call: machines, people and tones.

What lives here: far ends as ends of a line. What does not: the plans they are made from (`plans`), which number reaches
which (`exchange`), the T.30 procedure of a fax machine (`t30`).
"""

from collections import deque
from collections.abc import Callable

from gateway.domain.errors import GatewayError
from gateway.fax.simulator.line import End
from gateway.fax.simulator.plans import FarEndPlan, Kind, LinePlan
from gateway.fax.t4.classf import PageFile
from gateway.fax.t30.options import PageWatch
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.signals import CallProgress, LineSignal, Progress
from gateway.fax.t30.terminal import Answerer

TONE_MS = 2_500  # heard long enough to be sure of it
SIT_MS = 1_000  # three tones
RECORDING_MS = 8_000  # an announcement, twice
GREETING_MS = 1_200  # lifted, then hello
PATIENCE_MS = 15_000  # of a person who hears a calling tone
MESSAGE_MS = 12_000  # of a voice mailbox, then its beep
MAILBOX_MS = 40_000  # it hangs up when nobody speaks
Script = list[tuple[int, Progress]]


class ScriptedEnd:
    """Says its signals at their times and leaves when the other end does, or when it hangs up."""

    def __init__(self, script: Script) -> None:
        self._script = deque((at, CallProgress(kind)) for at, kind in script)
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
    """Rings, is answered, and receives as T.30 has it; `speech_ms` after the answer when a person starts it."""

    def __init__(self, answerer: Answerer, line: LinePlan, rings: int, speech_ms: int = 0) -> None:
        script = _answered(line, rings)
        lifted = script[-1][0]
        if speech_ms:
            script.append((lifted + min(GREETING_MS, speech_ms), Progress.SPEECH))
        self._before = ScriptedEnd(script)
        self.begins_at = lifted + speech_ms  # in ms since dialling
        self._answerer = answerer
        self._now = 0
        self._begun = False

    @property
    def done(self) -> bool:
        """True when it has left the line."""
        return self._answerer.done if self._begun else self._before.done

    @property
    def wake_in(self) -> int | None:
        """Milliseconds until it does something by itself."""
        if self._begun:
            return self._answerer.wake_in
        if self._before.done:
            return None
        wake = self._before.wake_in
        return self.begins_at - self._now if wake is None else wake

    def deliver(self, signal: LineSignal) -> None:
        """Take a signal; before the machine has begun only a caller giving up counts."""
        (self._answerer if self._begun else self._before).deliver(signal)

    def advance(self, milliseconds: int) -> list[LineSignal]:
        """Let time pass; what it sent."""
        self._now += milliseconds
        if self._begun:
            return self._answerer.advance(milliseconds)
        sent = self._before.advance(milliseconds)
        if self._now >= self.begins_at and not self._before.done:
            self._begun = True
            self._answerer.begin()
        return sent


class TrunkFaultError(GatewayError):
    """Our own side of a line failed."""


class BrokenTrunk:
    """Fails as soon as the number is dialled, as a trunk does whose equipment is out of order."""

    done = False

    def __init__(self, dial_ms: int) -> None:
        self.wake_in: int | None = dial_ms

    def deliver(self, signal: LineSignal) -> None:
        """Nobody hears it."""

    def advance(self, milliseconds: int) -> list[LineSignal]:
        """Let time pass. Raises TrunkFaultError when the number is dialled."""
        self.wake_in = (self.wake_in or 0) - milliseconds
        if self.wake_in <= 0:
            raise TrunkFaultError("the trunk is out of order")
        return []


def far_end(plan: FarEndPlan, page_received: Callable[[ReceivedPage], None]) -> End:
    """The end of the line that a plan describes. Raises PageFileError when its document is no class F TIFF."""
    if plan.kind is Kind.FAX:
        document = PageFile(plan.document) if plan.document else None
        answerer = Answerer(plan.options, PageWatch(page_received=page_received), document)
        return FaxMachine(answerer, plan.line, plan.rings, plan.speech_ms)
    if plan.kind is Kind.TRUNK_FAULT:
        return BrokenTrunk(plan.line.dial_ms)
    if plan.kind is Kind.NO_ANSWER:
        return ScriptedEnd(ringing(plan.line, 1_000))
    if plan.kind in _LIFTED:
        script = _answered(plan.line, plan.rings)
        return ScriptedEnd([*script, *_after(script[-1][0], _LIFTED[plan.kind])])
    return ScriptedEnd(_after(plan.line.dialled_ms, _REFUSED[plan.kind]))


def ringing(line: LinePlan, rings: int) -> Script:
    """So many rings, from when the number was dialled."""
    return [(line.dialled_ms + ring * line.ring_cycle_ms, Progress.RINGING) for ring in range(rings)]


def _answered(line: LinePlan, rings: int) -> Script:
    """Lifted in the pause after the last ring."""
    lifted = line.dialled_ms + max(0, rings - 1) * line.ring_cycle_ms + line.ring_ms + 500
    return [*ringing(line, rings), (lifted, Progress.ANSWERED)]


def _after(moment: int, script: Script) -> Script:
    return [(moment + at, progress) for at, progress in script]


# What is heard after the answer.
_LIFTED: dict[Kind, Script] = {
    Kind.VOICE: [(GREETING_MS, Progress.SPEECH), (PATIENCE_MS, Progress.HANG_UP)],
    Kind.VOICEMAIL: [
        (GREETING_MS, Progress.SPEECH),
        (MESSAGE_MS, Progress.SPEECH),
        (MAILBOX_MS, Progress.HANG_UP),
    ],
    Kind.DATA_MODEM: [(TONE_MS, Progress.DATA_MODEM)],
    Kind.SILENCE: [],
}
# What is heard in place of ringing. The special tones go before a recording that says the same in words.
_REFUSED: dict[Kind, Script] = {
    Kind.BUSY: [(TONE_MS, Progress.BUSY)],
    Kind.REORDER: [(TONE_MS, Progress.REORDER)],
    Kind.ANNOUNCEMENT: [(RECORDING_MS, Progress.ANNOUNCEMENT)],
    Kind.UNALLOCATED: [(0, Progress.UNALLOCATED)],
} | {
    kind: [
        (SIT_MS, Progress(kind.value)),
        (SIT_MS + RECORDING_MS, Progress.ANNOUNCEMENT),
        (SIT_MS + 2 * RECORDING_MS, Progress.HANG_UP),
    ]
    for kind in (Kind.SIT_NO_CIRCUIT, Kind.SIT_REORDER, Kind.SIT_INTERCEPT, Kind.SIT_VACANT)
}
