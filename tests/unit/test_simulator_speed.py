"""Calls at a set speed take their time, let the loop go on, and can be broken off."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.call import Cause, Coding
from gateway.fax.simulator.clock import PacedClock
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.transport import SimulatorTransport
from gateway.fax.t4 import classf, codec
from gateway.fax.transport import CallOrder, CallWatch
from gateway.parts import build_clock
from gateway.store.shared_time import Anchor
from tests.fax_calls import text_bitmap
from tests.filled_store import WALL, opened

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
FAX, BUSY, NOBODY = "+12025550100", "+12025550101", "+12025550103"


class LoopWall:
    """A wall clock that goes with the event loop, from noon on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self._loop.time() - self._began)


class Office:
    """A transport at a speed, and a fax of one page."""

    def __init__(self, folder: Path, speed: float) -> None:
        self.pages = folder / "fax.tif"
        classf.write_pages(self.pages, [codec.encode(text_bitmap(rows=60), Coding.MMR)])
        self.clock = PacedClock(LoopWall(), speed)
        self.transport = SimulatorTransport(Exchange.load(), self.clock, folder / "received")
        self.asked: list[datetime] = []

    def order(self, number: str) -> CallOrder:
        return CallOrder("c1", number, self.pages)

    def watch(self, *, cancel_after: int = 10**6) -> CallWatch:
        def cancelled() -> bool:
            self.asked.append(self.clock.now())
            return len(self.asked) > cancel_after

        return CallWatch(lambda _index: None, cancelled, lambda: None)


def test_the_gateways_clock_has_the_speed_of_the_settings(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        leaping, paced = build_clock(db), build_clock(db, Anchor(WALL, WALL, speed=10))

    assert leaping.slice_ms is None
    assert paced.slice_ms == 2_000


async def test_a_call_is_over_when_the_clock_says_so(tmp_path: Path) -> None:
    office = Office(tmp_path, speed=100)

    report = await office.transport.place(office.order(BUSY), office.watch())

    assert report.cause is Cause.BUSY
    assert report.ended <= office.clock.now() < report.ended + timedelta(seconds=30)


async def test_a_fax_goes_through_at_a_speed_as_it_does_at_once(tmp_path: Path) -> None:
    office = Office(tmp_path, speed=200)

    report = await office.transport.place(office.order(FAX), office.watch())

    assert (report.cause, report.pages_confirmed) == (Cause.DONE, 1)
    assert report.duration < timedelta(seconds=60)


async def test_the_call_is_never_further_than_a_slice_ahead_of_the_clock(tmp_path: Path) -> None:
    office = Office(tmp_path, speed=100)
    office_slice = timedelta(milliseconds=office.clock.slice_ms)

    await office.transport.place(office.order(NOBODY), office.watch())

    due = [START + timedelta(seconds=second) for second in range(1, len(office.asked) + 1)]
    assert len(due) >= 59
    assert all(asked + office_slice >= moment for asked, moment in zip(office.asked, due, strict=True))


async def test_the_loop_goes_on_while_a_call_takes_its_time(tmp_path: Path) -> None:
    office = Office(tmp_path, speed=100)
    call = asyncio.create_task(office.transport.place(office.order(BUSY), office.watch()))

    turns = 0
    while not call.done():
        turns += 1
        await asyncio.sleep(0.002)

    assert turns > 5


async def test_a_call_asked_to_end_hangs_up_then_and_not_later(tmp_path: Path) -> None:
    office = Office(tmp_path, speed=100)

    report = await office.transport.place(office.order(NOBODY), office.watch(cancel_after=4))

    assert report.cause is Cause.CANCELLED
    assert report.duration < timedelta(seconds=10)


async def test_a_call_whose_task_is_cancelled_goes_no_further(tmp_path: Path) -> None:
    office = Office(tmp_path, speed=1)
    call = asyncio.create_task(office.transport.place(office.order(FAX), office.watch()))
    await asyncio.sleep(0.05)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert len(office.asked) <= 1
