"""Our own end of a call that comes in: it rings, the switchboard decides, and our machine answers as T.30 has it.

What lives here: one end of a simulated line, and what it tells the switchboard. What does not: the other end and the
line between (`calls_in`), who is called and what becomes of the pages (the `Switchboard`), the procedure (`t30`).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.domain.errors import GatewayError
from gateway.fax.simulator.far_ends import TONE_MS, FaxMachine, ScriptedEnd, ringing
from gateway.fax.simulator.plans import LinePlan
from gateway.fax.t30.capabilities import Flag
from gateway.fax.t30.frames import FrameError
from gateway.fax.t30.options import EVERYTHING, PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.signals import CallProgress, LineSignal, Progress
from gateway.fax.t30.terminal import Answerer
from gateway.fax.transport import Answered, IncomingCall, NotAnswered, Reached, Refused, Switchboard

T = TypeVar("T")
MOST_RINGS = 1_000  # a caller gives up long before
BROKEN_OFF = "the call was broken off on our side"


class OurLine:
    """The called end of a call to a number of ours. `close` must follow, whatever happens, once nobody drives it.

    `line` says when it rings and how; the call is answered after so many `rings`. `dialled` is the moment, on the
    gateway's clock, when the caller began to dial.
    """

    def __init__(
        self, switchboard: Switchboard, call: IncomingCall, line: LinePlan, rings: int, dialled: datetime
    ) -> None:
        self._switchboard = switchboard
        self._call = call
        self._line = line
        self._rings = rings
        self._rang = dialled + timedelta(milliseconds=line.dialled_ms)
        self._now = 0
        self._end: ScriptedEnd | FaxMachine = ScriptedEnd([])  # it has not rung yet
        self._has_rung = False
        self._answered: Answered | None = None
        self._answerer: Answerer | None = None
        self._leaving = False

    @property
    def done(self) -> bool:
        """True when this end has left."""
        return self._end.done

    @property
    def wake_in(self) -> int | None:
        """Milliseconds until it does something by itself."""
        if self._has_rung or self._end.done:
            return self._end.wake_in
        return self._line.dialled_ms - self._now

    def deliver(self, signal: LineSignal) -> None:
        """Take a signal; a page that it ends is kept before this returns."""
        self._guarded(lambda: self._end.deliver(signal))

    def advance(self, milliseconds: int) -> list[LineSignal]:
        """Let time pass; what it sent."""
        self._now += milliseconds
        if self._has_rung or self._end.done:
            return self._guarded(lambda: self._end.advance(milliseconds)) or []
        if self._now < self._line.dialled_ms:
            return []
        self._has_rung = True
        self._end = self._ring()
        return self._end.advance(self._now)

    def heed(self) -> None:
        """Leave the call if whoever owns it wants that; asked once a second."""
        if self._answered is None or self._answerer is None or self._answerer.done:
            return
        if self._leaving:
            self._answerer.abandon(BROKEN_OFF)
        elif self._answered.hang_up():
            self._answerer.cancel()

    def leave(self) -> None:
        """Leave within a second; any thread may say so."""
        self._leaving = True

    def close(self) -> None:
        """Tell the switchboard that an answered call is over, once; without an end of its own the caller has left.

        Raises:
            GatewayError: what the switchboard raises.
        """
        answered, self._answered = self._answered, None
        if answered is None or self._answerer is None:
            return
        if self._leaving and not self._answerer.done:
            self._answerer.abandon(BROKEN_OFF)
        self._answerer.deliver(CallProgress(Progress.HANG_UP))  # not heard by who has left
        answered.ended(self._answerer.record.report(self._call.call_uid, self._rang), self._reached(self._answerer))

    def _ring(self) -> ScriptedEnd | FaxMachine:
        """What the caller hears, and gets; where nobody can decide it hears that no circuit is free."""
        try:
            decision = self._switchboard.ring(replace(self._call, rang=self._rang))
        except GatewayError:
            return self._tone(Progress.REORDER)
        match decision:
            case Refused():
                return self._tone(Progress.BUSY)
            case NotAnswered():
                return ScriptedEnd(ringing(self._line, MOST_RINGS))
            case Answered():
                return self._answer(decision)

    def _tone(self, tone: Progress) -> ScriptedEnd:
        return ScriptedEnd([(self._line.dialled_ms + TONE_MS, tone)])

    def _answer(self, answered: Answered) -> FaxMachine:
        """Our machine. Its record begins with the first ring, as does the report of the call."""

        def keep(page: ReceivedPage) -> None:
            answered.page_received(page, self._reached(answerer))

        flags = EVERYTHING.flags if answered.accepts_sub_address else EVERYTHING.flags - {Flag.SUB}
        options = TerminalOptions(EVERYTHING.with_flags(flags), station_id=answered.station_id)
        answerer = Answerer(options, PageWatch(page_received=keep))
        machine = FaxMachine(answerer, self._line, self._rings)
        answerer.advance(machine.begins_at - self._line.dialled_ms)
        self._answered, self._answerer = answered, answerer
        return machine

    def _guarded(self, act: Callable[[], T]) -> T | None:
        """A fault of ours, such as a page that cannot be kept, ends the call for both: no page is confirmed then."""
        try:
            return act()
        except (GatewayError, FrameError) as fault:
            if self._answerer is None:
                raise
            self._answerer.abandon(type(fault).__name__)
            return None

    def _reached(self, answerer: Answerer) -> Reached:
        at = self._rang + timedelta(milliseconds=self._now - self._line.dialled_ms)
        return Reached(answerer.record.remote_id, answerer.record.remote_sub_address, at)
