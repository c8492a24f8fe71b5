"""The simulator as a transport: calls placed in memory, in threads, on the simulator's clock.

What lives here: calls side by side, each from order to report, whole or slice by slice. What does not: the line and its
far ends (`calls`), and anything of jobs.
"""

import asyncio
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from gateway.domain.call import CallReport
from gateway.domain.clock import Clock
from gateway.fax.simulator.calls import SimulatedCall, call_to, never_dialled
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.received import ReceivedFaxes
from gateway.fax.t4.classf import PageFileError
from gateway.fax.t30.options import PageWatch
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.transport import CallOrder, CallWatch


class CallClock(Clock, Protocol):
    """A clock that calls live by."""

    @property
    def slice_ms(self) -> int | None:
        """How much of a call is worked out ahead of the clock; none: all of it."""
        ...

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
        """Place the call; the clock has reached its end when this returns.

        A call cancelled from outside (`asyncio.CancelledError`) goes no further than the slice it is in.
        """
        started = self._clock.now()
        with self._clock.running():
            report = await self._call(order, watch, started)
        await self._clock.sleep_until(report.ended)
        return report

    async def _call(self, order: CallOrder, watch: CallWatch, started: datetime) -> CallReport:
        try:
            call = await asyncio.to_thread(self._dial, order, watch, started)
        except PageFileError as fault:
            return never_dialled(fault).report(order.call_uid, started)
        while not await asyncio.to_thread(call.run_for, self._clock.slice_ms):
            await self._clock.sleep_until(started + timedelta(milliseconds=call.now))
        return call.record.report(order.call_uid, started)

    def _dial(self, order: CallOrder, watch: CallWatch, started: datetime) -> SimulatedCall:
        """Join the ends and count the dial. Raises PageFileError before it is counted."""

        def keep(page: ReceivedPage) -> None:
            at = started + timedelta(milliseconds=line.now)
            self._received.keep(order.destination, order.call_uid, page, at)

        dial = self._received.dialled(order.destination)
        chance = self._exchange.chance(order.destination, dial)
        told = PageWatch(watch.page_confirmed, watch.last_page_sent)
        caller, line = call_to(order, self._exchange.plan(order.destination, dial), chance, told, keep)
        self._received.count_dial(order.destination, order.call_uid, started)
        return SimulatedCall(caller, line, watch.cancelled)
