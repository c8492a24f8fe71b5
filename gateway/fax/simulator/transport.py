"""The simulator as a transport: calls placed in memory, in threads, on the simulator's clock.

What lives here: calls side by side, each from order to report, whole or slice by slice. What does not: the line and its
far ends (`calls`), and anything of jobs.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from gateway.domain.call import CallReport
from gateway.domain.clock import Clock
from gateway.domain.errors import UnavailableError
from gateway.fax.simulator.calls import SimulatedCall, call_to, never_dialled
from gateway.fax.simulator.calls_in import FarCall, call_in, loop
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.received import ReceivedFaxes
from gateway.fax.t4.classf import PageFileError
from gateway.fax.t30.options import PageWatch
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.transport import CallOrder, CallWatch, Switchboard


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
    """Places calls to the exchange's far ends; what they receive is kept under `received_dir`.

    With a switchboard, calls to numbers of ours ring at our own lines, and far ends can call those.
    """

    def __init__(
        self, exchange: Exchange, clock: CallClock, received_dir: Path, switchboard: Switchboard | None = None
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._received = ReceivedFaxes(received_dir)
        self._switchboard = switchboard

    async def place(self, order: CallOrder, watch: CallWatch) -> CallReport:
        """Place the call; the clock has reached its end when this returns.

        A call cancelled from outside (`asyncio.CancelledError`) goes no further than the slice it is in.
        """
        return await self._run(order.call_uid, lambda started: self._dial(order, watch, started))

    async def call_in(self, call: FarCall) -> CallReport:
        """Let a far end call a number of ours; the report is that of its end, as the far end sees the call.

        Raises:
            GatewayError: the far end is unknown, or there is no switchboard.
        """
        return await self._run(call.call_uid, lambda started: self._ring(call, started))

    async def _run(self, call_uid: str, join: Callable[[datetime], SimulatedCall]) -> CallReport:
        started = self._clock.now()
        try:
            with self._clock.running():
                call, over = await asyncio.to_thread(self._begun, join, started)
        except PageFileError as fault:
            return never_dialled(fault).report(call_uid, started)
        try:
            while not over:
                if call.now:
                    await self._clock.sleep_until(started + timedelta(milliseconds=call.now))
                with self._clock.running():
                    over = await asyncio.to_thread(call.run_for, self._clock.slice_ms)
            report = call.record.report(call_uid, started)
            await self._clock.sleep_until(report.ended)
            return report
        finally:
            if call.is_joined:
                await asyncio.to_thread(call.close)

    def _begun(self, join: Callable[[datetime], SimulatedCall], started: datetime) -> tuple[SimulatedCall, bool]:
        """A call, and whether it is over: one that nobody need close is past its first slice, for threads are dear."""
        call = join(started)
        return call, not call.is_joined and call.run_for(self._clock.slice_ms)

    def _dial(self, order: CallOrder, watch: CallWatch, started: datetime) -> SimulatedCall:
        """Join the ends and count the dial. Raises PageFileError before it is counted."""
        dial = self._received.dialled(order.destination)
        if self._switchboard is not None and self._switchboard.is_ours(order.destination):
            call = loop(self._exchange, self._switchboard, order, watch, dial, started)
        else:
            call = self._call_out(order, watch, dial, started)
        self._received.count_dial(order.destination, order.call_uid, started)
        return call

    def _call_out(self, order: CallOrder, watch: CallWatch, dial: int, started: datetime) -> SimulatedCall:
        def keep(page: ReceivedPage) -> None:
            at = started + timedelta(milliseconds=line.now)
            self._received.keep(order.destination, order.call_uid, page, at)

        chance = self._exchange.chance(order.destination, dial)
        told = PageWatch(watch.page_confirmed, watch.last_page_sent)
        caller, line = call_to(order, self._exchange.plan(order.destination, dial), chance, told, keep)
        return SimulatedCall(caller, line, watch.cancelled)

    def _ring(self, call: FarCall, started: datetime) -> SimulatedCall:
        if self._switchboard is None:
            raise UnavailableError("calls that come in are answered where a process has the role inbound")
        return call_in(self._exchange, self._switchboard, call, started)
