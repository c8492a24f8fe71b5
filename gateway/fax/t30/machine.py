"""One end of a call as a machine: a state, a timer, an outbox, and the table it walks.

What lives here: time, sending, and finding the move for an event. What does not: what is heard (`station`), what the
moves do (`sender`, `receiver`), and any clock, thread or socket: time is what `advance` is told.
"""

from collections import deque
from collections.abc import Callable, Sequence

from gateway.domain.call import Cause, Phase
from gateway.fax.t30.durations import Burst
from gateway.fax.t30.moves import Move, Verb
from gateway.fax.t30.record import CallRecord
from gateway.fax.t30.signals import CallProgress, CarrierEnd, LineSignal, Progress
from gateway.fax.t30.states import FRAME_MS, PATIENCE_MS, PHASES, TRIES, WAITS, Event, State, Timers
from gateway.fax.t30.table import find

US, FAR_END = "us", "far end"
_VERBS = tuple((verb, verb.value) for verb in Verb)


class Machine:
    """Walks the table of moves; each verb of the table is a method of the class built on this one."""

    def __init__(self, start: State, timers: Timers) -> None:
        self.state = start
        self.now = 0
        self.record = CallRecord()
        self._timers = timers
        self._verbs: dict[Verb, Callable[[], None]] = {verb: getattr(self, name) for verb, name in _VERBS}
        self._outbox: deque[tuple[int, LineSignal]] = deque()
        self._sending = False
        self._timer: int | None = None
        self._latest: int | None = None  # as far as arriving frames may put the timer off
        self._tries = 0
        self._phase_began = 0
        self._set_timer()

    @property
    def done(self) -> bool:
        """True when the call is over and nothing is left to send."""
        return self.state is State.END and not self._outbox

    @property
    def wake_in(self) -> int | None:
        """Milliseconds until `advance` has something to do; none when only a signal can change anything."""
        moment = self._next_moment()
        if moment is None:
            return None
        return moment - self.now if moment > self.now else 0

    @property
    def outgoing(self) -> Sequence[tuple[int, LineSignal]]:
        """What is still to be sent, each with the moment, on `now`'s scale, when it will be out; not to be changed."""
        return self._outbox

    def advance(self, milliseconds: int) -> list[LineSignal]:
        """Let time pass; what was sent meanwhile, in order."""
        end = self.now + milliseconds
        sent: list[LineSignal] = []
        while (moment := self._next_moment()) is not None and moment <= end:
            if moment > self.now:
                self.now = moment
            self._step(sent)
        self.now = end
        return sent

    # -- time

    def _next_moment(self) -> int | None:
        if not self._outbox:
            return self._timer
        first, timer = self._outbox[0][0], self._timer
        return first if timer is None or first < timer else timer

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
        timer = WAITS.get(self.state)
        self._timer = None if timer is None else self.now + self._timers.milliseconds(timer)
        self._latest = None if self._timer is None else self._timer + PATIENCE_MS

    def _await_frame(self) -> None:
        """Something is arriving: wait for its end, but not for ever for one signal after another (T.30 5.4.2).

        T2 and T4 start anew with what is heard; T1 is only long enough for the frame.
        """
        if self._timer is not None and self._latest is not None:
            waited = WAITS.get(self.state)
            longer = FRAME_MS if waited is None else min(self._timers.milliseconds(waited), self._timers.t2)
            self._timer = max(self._timer, min(self.now + longer, self._latest))

    # -- walking the table

    def _happen(self, event: Event) -> None:
        """Find the move for an event and make it; an event without one is ignored."""
        if self.state is State.END:
            return
        event = self._meaning(event)
        move = find(self.state, event)
        if move is not None and move.verb is Verb.REPEAT and self._tries >= TRIES:
            move = find(self.state, Event.LAST_TIMEOUT)
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
        if move.to is not None and not self._sending:
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

    def _note(self, sender: str, text: str) -> None:
        self.record.note(self.now, sender, text)

    # -- verbs of every table

    def nothing(self) -> None:
        """The move is all there is."""

    def listen(self) -> None:
        """Stop any tone and wait."""
        self._outbox.clear()

    def hang_up(self) -> None:
        """Leave the line."""
        self.record.ended_ms = self.now
        self.record.phase_ms[PHASES[self.state]] += self.now - self._phase_began
        self._note(US, "hangs up")
        self._outbox = deque([(self.now, CallProgress(Progress.HANG_UP))])
        self._sending = True
        self._timer = None
