"""One simulated call, from dialling to the report of it: for the transport, and at once for commands and tests.

What lives here: joining our station, a line and a far end, in both directions. What does not: clocks, the store, what
far ends received in former calls (`transport`, `received`), and calls to our own numbers (`calls_in`).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Lock

from gateway.domain.call import CallReport, Cause
from gateway.domain.errors import GatewayError
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.far_ends import FaxMachine, far_end
from gateway.fax.simulator.line import DAY_MS, Disturbance, End, Line
from gateway.fax.simulator.our_line import OurLine
from gateway.fax.simulator.plans import FarEndPlan, LinePlan
from gateway.fax.t4 import classf
from gateway.fax.t4.classf import PageFile, PageFileError
from gateway.fax.t30.frames import FrameError
from gateway.fax.t30.options import PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.record import CallRecord
from gateway.fax.t30.states import STANDARD
from gateway.fax.t30.terminal import Answerer, Caller
from gateway.fax.transport import CallOrder

Keep = Callable[[ReceivedPage], None]


class SimulatedCall:
    """A call, run in slices of its own time, by one thread at a time; where it `comes_in`, `close` must follow.

    `caller` is ours, or with `ours` perhaps a far end that calls our line.
    """

    def __init__(
        self,
        caller: Caller,
        line: Line,
        cancelled: Callable[[], bool] = lambda: False,
        ours: OurLine | None = None,
    ) -> None:
        self._caller = caller
        self._line = line
        self._cancelled = cancelled
        self._ours = ours
        self._over = False
        self._turn = Lock()

    @property
    def record(self) -> CallRecord:
        """The facts so far, of the caller's end."""
        return self._caller.record

    @property
    def is_joined(self) -> bool:
        """Whether our answering end is in it, which must be told when nobody follows the call any more."""
        return self._ours is not None

    @property
    def now(self) -> int:
        """Milliseconds since dialling."""
        return self._line.now

    @property
    def comes_in(self) -> bool:
        """Whether our own line is called, so that somebody waits for `close`."""
        return self._ours is not None

    def run_for(self, milliseconds: int | None) -> bool:
        """Run on for so long, or to the end; whether the call is over. A fault of our own ends it as a local error.

        Raises RuntimeError when the call has no end within a day: its ends would wait for ever.
        """
        with self._turn:
            self._over = self._over or self._run_for(milliseconds)
            return self._over

    def close(self) -> None:
        """Nobody follows the call any more: our answering end, if there is one, leaves and tells its switchboard.

        Waits for the slice that another thread is in, which ends soon then.
        """
        if self._ours is None:
            return
        if not self._over:
            self._ours.leave()
        with self._turn:
            self._over = True
            self._ours.close()

    def _run_for(self, milliseconds: int | None) -> bool:
        moment = DAY_MS if milliseconds is None else self.now + milliseconds
        try:
            over = self._line.run_until(moment, self._each_second)
        except (GatewayError, FrameError) as fault:
            self._caller.abandon(str(fault))
            return True
        if not over and self.now >= DAY_MS:
            raise RuntimeError("a simulated call does not end")
        return over

    def _each_second(self) -> None:
        if self._cancelled():
            self._caller.cancel()
        if self._ours is not None:
            self._ours.heed()


def call_to(
    order: CallOrder, plan: FarEndPlan, chance: Random, watch: PageWatch, keep: Keep, *, poll: bool = False
) -> tuple[Caller, Line]:
    """Our caller, and its line to the far end that a plan describes. Raises PageFileError."""
    caller = our_caller(order, watch, poll=poll)
    return caller, line_to(plan, chance, caller, far_end(plan, keep))


def our_caller(order: CallOrder, watch: PageWatch, *, poll: bool = False) -> Caller:
    """Our calling end. Raises PageFileError."""
    pages = PageFile(order.pages)
    if not 0 <= order.first_page < len(pages):
        raise PageFileError(f"{order.pages.name} has {len(pages)} pages: there is no page {order.first_page + 1}")
    return Caller(pages, replace(_options(order), poll=poll), watch)


def line_to(plan: FarEndPlan, chance: Random, caller: End, called: End) -> Line:
    """The line between two ends, with all that a plan does to it."""
    disturbances: list[Disturbance] = [*(make() for make in plan.disturbances), *plan.line.disturbances(chance)]
    return Line(caller, called, disturbances, plan.line.delay_ms, plan.late_ms, plan.line.echo_ms)


def never_dialled(fault: GatewayError) -> CallRecord:
    """The record of a call whose pages cannot be sent."""
    record = CallRecord(cause=Cause.LOCAL_ERROR)
    record.note(0, "us", fault.text)
    return record


def simulate_call(
    exchange: Exchange,
    order: CallOrder,
    *,
    dial: int = 0,
    seed: int = 0,
    received: Path | None = None,
    polled: Path | None = None,
) -> CallReport:
    """Place a call to what the exchange has for a dial of the number, counted from zero, and run it at once.

    `received` is a class F TIFF that the far end writes its pages to, replacing what was there. With `polled` we ask
    for the far end's document after our own, and write it there. The same exchange, order and seed give the same trace.
    A call that fails is a report, not an exception.
    """
    plan = exchange.plan(order.destination, dial)
    chance = Exchange(exchange.scenario, seed).chance(order.destination, dial)
    began = datetime.now(UTC)
    try:
        watch = PageWatch(page_received=_writing(polled))
        caller, line = call_to(order, plan, chance, watch, _writing(received), poll=polled is not None)
    except PageFileError as fault:
        return never_dialled(fault).report(order.call_uid, began)
    call = SimulatedCall(caller, line)
    call.run_for(None)
    return call.record.report(order.call_uid, began)


def simulate_answer(
    pages: Path,
    out: Path,
    *,
    far_end: FarEndPlan | None = None,
    seed: int = 0,
    station_id: str = "",
    started: datetime | None = None,
) -> CallReport:
    """A far end calls us with the pages of a class F TIFF; our answerer writes `out`, replacing what was there.

    `far_end` says what calls, on what line; a modern machine if not given. `station_id` is ours. The report is that of
    our end. Raises PageFileError when `pages` cannot be sent.
    """
    plan = far_end or FarEndPlan()
    answerer = Answerer(TerminalOptions(station_id=station_id), PageWatch(page_received=_writing(out)))
    caller = Caller(PageFile(pages), plan.options, PageWatch())
    line_to(plan, Random(f"{seed}"), caller, FaxMachine(answerer, LinePlan(), rings=1)).run()
    return answerer.record.report("simulated", started or datetime.now(UTC))


def _options(order: CallOrder) -> TerminalOptions:
    """What our caller is told."""
    return TerminalOptions(
        first_page=order.first_page,
        station_id=order.station_id,
        sub_address=order.sub_address,
        ecm=order.ecm,
        max_rate=order.max_rate,
        timers=replace(STANDARD, t1=order.tone_wait // timedelta(milliseconds=1)),
    )


def _writing(path: Path | None) -> Keep:
    """What an end does with its pages: add them to a new file, or forget them."""
    if path is not None:
        path.unlink(missing_ok=True)

    def keep(received: ReceivedPage) -> None:
        if path is not None:
            classf.append_page(path, received.page, received.number)

    return keep
