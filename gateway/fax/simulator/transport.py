"""The simulator as a transport: calls placed in memory, in a thread each, on the simulator's clock.

What lives here: one call from order to report. What does not: the line and its far ends, and anything of jobs.
"""

import asyncio
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from gateway.domain.call import CallReport, Cause
from gateway.domain.clock import Clock
from gateway.domain.errors import GatewayError
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.far_ends import far_end
from gateway.fax.simulator.line import Line
from gateway.fax.simulator.received import ReceivedFaxes
from gateway.fax.t4.classf import PageFile, PageFileError
from gateway.fax.t30.frames import FrameError
from gateway.fax.t30.options import PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.record import CallRecord
from gateway.fax.t30.terminal import Caller
from gateway.fax.transport import CallOrder, CallWatch


class CallClock(Clock, Protocol):
    """A clock that lets calls overlap: it stands while one is worked out, then goes from end to end."""

    def running(self) -> AbstractContextManager[None]:
        """Inside the block a call is worked out whose end is not known yet."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the clock has reached `moment`."""
        ...


class SimulatorTransport:
    """Places calls to the exchange's far ends; what they receive is kept under `received_dir`."""

    def __init__(self, exchange: Exchange, clock: CallClock, received_dir: Path) -> None:
        self._exchange = exchange
        self._clock = clock
        self._received = ReceivedFaxes(received_dir)

    async def place(self, order: CallOrder, watch: CallWatch) -> CallReport:
        """Place the call; the clock has reached its end when this returns."""
        with self._clock.running():
            report = await asyncio.to_thread(self._place, order, watch)
        await self._clock.sleep_until(report.ended)
        return report

    def _place(self, order: CallOrder, watch: CallWatch) -> CallReport:
        started = self._clock.now()
        return self._call(order, watch, started).report(order.call_uid, started)

    def _call(self, order: CallOrder, watch: CallWatch, started: datetime) -> CallRecord:
        """Dial and run the call to its end; a fault of our own ends it as a local error."""
        try:
            caller = Caller(_pages(order), _options(order), PageWatch(watch.page_confirmed, watch.last_page_sent))
        except GatewayError as fault:
            return _never_dialled(fault)
        try:
            self._run(order, caller, watch, started)
        except (GatewayError, FrameError) as fault:
            caller.abandon(str(fault))
        return caller.record

    def _run(self, order: CallOrder, caller: Caller, watch: CallWatch, started: datetime) -> None:
        dial = self._received.count_dial(order.destination, order.call_uid, started)
        plan = self._exchange.plan(order.destination, dial)

        def keep(page: ReceivedPage) -> None:
            at = started + timedelta(milliseconds=line.now)
            self._received.keep(order.destination, order.call_uid, page, at)

        def cancel_if_asked() -> None:
            if watch.cancelled():
                caller.cancel()

        disturbances = [make() for make in plan.disturbances]
        line = Line(caller, far_end(plan, keep), disturbances)
        line.run(cancel_if_asked)


def _pages(order: CallOrder) -> PageFile:
    """The document to send. Raises PageFileError when the call would begin behind its last page."""
    pages = PageFile(order.pages)
    if not 0 <= order.first_page < len(pages):
        raise PageFileError(f"{order.pages.name} has {len(pages)} pages: there is no page {order.first_page + 1}")
    return pages


def _options(order: CallOrder) -> TerminalOptions:
    return TerminalOptions(
        first_page=order.first_page,
        station_id=order.station_id,
        sub_address=order.sub_address,
        ecm=order.ecm,
        max_rate=order.max_rate,
    )


def _never_dialled(fault: GatewayError) -> CallRecord:
    """The record of a call whose pages cannot be sent."""
    record = CallRecord(cause=Cause.LOCAL_ERROR)
    record.note(0, "us", fault.text)
    return record
