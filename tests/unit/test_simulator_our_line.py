"""Calls to our own numbers on the simulated line: what the switchboard is asked and told, and what the caller hears."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.call import CallReport, Cause, Coding, Phase
from gateway.domain.errors import NotFoundError, RefusedError, UnavailableError
from gateway.fax.simulator.calls_in import FarCall
from gateway.fax.simulator.clock import PacedClock, SimulatorClock
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.transport import CallClock, SimulatorTransport
from gateway.fax.t4 import classf, codec
from gateway.fax.t4.page import Bitmap
from gateway.fax.transport import Answered, CallOrder, CallWatch, IncomingCall, NotAnswered, Refused
from tests.fakes import FakeSwitchboard
from tests.fax_calls import text_bitmap

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
BITMAPS = [text_bitmap(1, rows=600), text_bitmap(2, rows=600)]
OURS, CALLER = "+12065550142", "+12025550177"


class House:
    """A transport whose switchboard is scripted, and a fax of two pages."""

    def __init__(self, folder: Path, clock: CallClock) -> None:
        self.pages = folder / "fax.tif"
        classf.write_pages(self.pages, [codec.encode(bitmap, Coding.MMR) for bitmap in BITMAPS])
        self.board = FakeSwitchboard(OURS)
        self.clock = clock
        self.transport = SimulatorTransport(Exchange.load(), clock, folder / "received", self.board)
        self.confirmed: list[int] = []
        self.cancelled = False

    async def place(self, number: str = OURS, **changed: object) -> CallReport:
        order = CallOrder("c1", number, **{"pages": self.pages, "station_id": "+1 202 555 0177", **changed})
        watch = CallWatch(self.confirmed.append, lambda: self.cancelled, lambda: None)
        return await self.transport.place(order, watch)

    async def call_in(self, far_end: str = "", **changed: object) -> CallReport:
        given = {"pages": self.pages, "caller": CALLER, "station_id": "+1 202 555 0177", **changed}
        return await self.transport.call_in(FarCall("f1", OURS, far_end=far_end, **given))

    @property
    def bitmaps(self) -> list[Bitmap]:
        return [page.bitmap for page in self.board.pages]

    @property
    def end(self) -> CallReport:
        [(report, _)] = self.board.ends
        return report


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, SimulatorClock(lambda: START, grace=0.001))


async def test_a_fax_to_our_own_number_arrives_at_our_own_line_pel_for_pel(house: House) -> None:
    report = await house.place(sub_address="42")

    assert (report.cause, report.pages_confirmed, report.remote_id) == (Cause.DONE, 2, "+1 206 555 0142")
    assert house.confirmed == [0, 1]
    assert house.bitmaps == BITMAPS
    assert [page.last for page in house.board.pages] == [False, True]
    assert [(call.call_uid, call.called, call.caller) for call in house.board.rung] == [("c1-in", OURS, CALLER)]
    assert {(said.remote_id, said.sub_address) for said in house.board.said} == {("+1 202 555 0177", "42")}
    assert START < house.board.said[0].at < house.board.said[1].at < report.ended


async def test_our_end_of_a_loop_has_a_report_of_its_own_from_the_first_ring(house: House) -> None:
    outside = await house.place()

    assert (house.end.call_uid, house.end.cause, house.end.pages_received) == ("c1-in", Cause.DONE, 2)
    assert house.end.started == house.board.rung[0].rang == START + timedelta(seconds=3.5)
    assert house.end.connected == outside.connected
    assert abs(house.end.ended - outside.ended) < timedelta(seconds=1)
    assert sum(house.end.phase_durations.values(), timedelta()) == house.end.duration


async def test_a_number_that_is_not_ours_is_a_far_end_as_ever(house: House, tmp_path: Path) -> None:
    await house.place("+12025550100")

    assert house.board.rung == []
    assert (tmp_path / "received" / "12025550100" / "c1.tif").exists()


@pytest.mark.parametrize(
    ("decision", "cause"), [(NotAnswered("nobody has it"), Cause.NO_ANSWER), (Refused("locked"), Cause.BUSY)]
)
async def test_a_call_that_is_not_taken_rings_out_or_hears_busy(
    house: House, decision: NotAnswered | Refused, cause: Cause
) -> None:
    house.board.decision = decision

    report = await house.place()

    assert (report.cause, report.connected, report.pages_confirmed) == (cause, None, 0)
    assert len(house.board.rung) == 1
    assert house.board.ends == []


async def test_where_nobody_can_decide_the_caller_hears_that_all_circuits_are_taken(house: House) -> None:
    def out_of_reach(_call: object) -> None:
        raise UnavailableError("the store is out of reach")

    house.board.ring = out_of_reach

    assert (await house.place()).cause is Cause.REORDER


async def test_a_page_that_cannot_be_kept_is_not_confirmed_and_ends_the_call_for_both(house: House) -> None:
    house.board.full = UnavailableError("the disk is full")

    report = await house.place()

    assert (report.cause, report.phase, report.pages_confirmed) == (Cause.LINE_DROPPED, Phase.POST_MESSAGE, 0)
    assert house.confirmed == []
    assert (house.end.cause, house.end.pages_received) == (Cause.LOCAL_ERROR, 0)


async def test_our_end_hangs_up_when_it_is_wanted(house: House) -> None:
    house.board.hang_up = True

    report = await house.place()

    assert report.pages_confirmed == 0
    assert house.end.cause is Cause.CANCELLED


async def test_a_cancel_of_the_caller_is_a_disconnection_for_our_end(house: House) -> None:
    house.cancelled = True

    report = await house.place()

    assert report.cause is Cause.CANCELLED
    assert house.board.ends == []  # cancelled before it rang


async def test_a_machine_that_takes_no_sub_addresses_is_sent_none(house: House) -> None:
    house.board.accepts_sub_address = False

    await house.place(sub_address="42")

    assert {said.sub_address for said in house.board.said} == {""}


async def test_a_far_end_calls_us_and_is_answered(house: House) -> None:
    report = await house.call_in(sub_address="7")

    assert (report.cause, report.pages_confirmed) == (Cause.DONE, 2)
    assert house.bitmaps == BITMAPS
    assert [(call.call_uid, call.caller) for call in house.board.rung] == [("f1", CALLER)]
    assert house.board.ends[0][1].sub_address == "7"
    assert house.clock.now() == report.ended


@pytest.mark.parametrize(
    ("far_end", "pages", "cause"),
    [
        ("drops_in_page_1", 0, Cause.LINE_DROPPED),
        ("drops_on_page_2", 1, Cause.LINE_DROPPED),
        ("caller_without_eop", 1, Cause.DISCONNECTED_AFTER_PAGE),
        ("deaf_to_dcs", 0, Cause.DISCONNECTED_BEFORE_DCS),
        ("cannot_train", 0, Cause.DISCONNECTED_BEFORE_DCS),
        ("caller_on_wrong_modem", 0, Cause.DISCONNECTED_BEFORE_DCS),
        ("caller_who_says_nothing", 0, Cause.LINE_DROPPED),
        ("caller_who_gives_up", 0, Cause.LINE_DROPPED),
        ("loses_last_answer", 2, Cause.DONE),
        ("old", 2, Cause.DONE),
    ],
)
async def test_callers_mean_trouble_and_what_was_confirmed_is_kept(
    house: House, far_end: str, pages: int, cause: Cause
) -> None:
    report = await house.call_in(far_end)

    assert (house.end.pages_received, house.end.cause) == (pages, cause)
    assert len(house.board.pages) == pages
    assert report.pages_confirmed <= pages


async def test_who_gives_up_while_it_rings_was_never_connected(house: House) -> None:
    await house.call_in("caller_who_gives_up")

    assert house.end.connected is None
    assert house.end.phase is Phase.CALL_SETUP


async def test_bad_rows_are_counted_page_by_page(house: House) -> None:
    await house.call_in("fair_line_no_ecm")

    assert house.end.bad_rows == sum(page.bad_rows for page in house.board.pages) > 0


async def test_who_wants_to_poll_gets_nothing(house: House) -> None:
    alone = await house.call_in("caller_who_polls", pages=None)

    assert alone.cause is Cause.NOTHING_TO_POLL
    assert (house.end.cause, house.board.pages) == (Cause.DISCONNECTED_BEFORE_DCS, [])


@pytest.mark.parametrize(("far_end", "error"), [("nobody", NotFoundError), ("busy", RefusedError)])
async def test_what_is_no_fax_machine_cannot_call_us(house: House, far_end: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await house.call_in(far_end)

    assert house.board.rung == []


async def test_pages_that_cannot_be_read_are_never_dialled(house: House, tmp_path: Path) -> None:
    report = await house.call_in(pages=tmp_path / "gone.tif")

    assert report.cause is Cause.LOCAL_ERROR
    assert house.board.rung == []


async def test_a_transport_without_a_switchboard_takes_no_calls(tmp_path: Path) -> None:
    transport = SimulatorTransport(Exchange.load(), SimulatorClock(lambda: START), tmp_path)

    with pytest.raises(UnavailableError, match="role inbound"):
        await transport.call_in(FarCall("f1", OURS))


async def test_a_call_that_is_broken_off_from_outside_is_told_all_the_same(tmp_path: Path) -> None:
    house = House(tmp_path, PacedClock(lambda: datetime.now(UTC), speed=20))
    rung, ring, loop = asyncio.Event(), house.board.ring, asyncio.get_running_loop()

    def ring_and_tell(call: IncomingCall) -> Answered | NotAnswered | Refused:
        loop.call_soon_threadsafe(rung.set)
        return ring(call)

    house.board.ring = ring_and_tell
    running = asyncio.ensure_future(house.place())
    await rung.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert (house.end.cause, house.board.pages) == (Cause.LOCAL_ERROR, [])


async def test_a_fault_of_ours_is_told_all_the_same(house: House) -> None:
    house.board.full = RuntimeError("a mistake of ours")

    with pytest.raises(RuntimeError):
        await house.place()

    assert house.end.pages_received == 0
