"""Calls placed on the simulator: what is reported, what is kept, what survives a kill."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.call import CallReport, Cause, Coding, Phase, Signal
from gateway.domain.errors import LostClaimError
from gateway.fax.simulator.clock import SimulatorClock
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.received import ReceivedFaxes, read_lines
from gateway.fax.simulator.transport import SimulatorTransport
from gateway.fax.t4 import classf, codec
from gateway.fax.t4.classf import PageFile
from gateway.fax.transport import CallOrder, CallWatch
from tests.fax_calls import text_bitmap

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
BITMAPS = (text_bitmap(1), text_bitmap(2))
FAX, BUSY_ONCE, CUT_ONCE, LAST_LOST = "+12025550100", "+12025550102", "+12025550109", "+12025550110"
POOR = "+12025550152"


class Office:
    """A transport over a fresh folder, and the pages it is asked to send."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "received"
        self.pages = folder / "fax.tif"
        classf.write_pages(self.pages, [codec.encode(bitmap, Coding.MMR) for bitmap in BITMAPS])
        self.confirmed: list[int] = []
        self.confirmed_before_last: list[list[int]] = []
        self.restart()

    def restart(self, seed: int = 0) -> None:
        self.clock = SimulatorClock(lambda: START, grace=0.001)
        self.transport = SimulatorTransport(Exchange.load(seed=seed), self.clock, self.folder)

    async def place(self, number: str, uid: str = "c1", **changed: object) -> CallReport:
        order = CallOrder(uid, number, **{"pages": self.pages, "station_id": "+1 206 555 0100", **changed})
        return await self.transport.place(order, CallWatch(self.confirmed.append, lambda: False, self._last_page_sent))

    def _last_page_sent(self) -> None:
        self.confirmed_before_last.append(list(self.confirmed))

    def log(self) -> list[dict]:
        return read_lines(self.folder / "log.jsonl")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def test_a_fax_arrives_pel_for_pel_and_is_reported(office: Office) -> None:
    report = await office.place(FAX)

    received = PageFile(office.folder / "12025550100" / "c1.tif")
    assert [codec.decode(received.page(index))[0] for index in range(len(received))] == list(BITMAPS)
    assert (report.cause, report.phase, report.pages_confirmed) == (Cause.DONE, Phase.RELEASE, 2)
    assert (report.rate, report.ecm, report.coding) == (14400, True, Coding.MMR)
    assert office.confirmed == [0, 1]
    assert not report.last_page_in_doubt


@pytest.mark.parametrize("ecm", [True, False])
async def test_the_far_end_keeps_which_page_it_was_told_to_be_the_last(office: Office, ecm: bool) -> None:
    await office.place(CUT_ONCE, "c1", ecm=ecm)
    await office.place(CUT_ONCE, "c2", ecm=ecm, first_page=1)

    assert [(line["call_uid"], line["page"], line["last"]) for line in office.log()] == [
        ("c1", 0, False),
        ("c2", 0, True),
    ]


async def test_the_report_has_the_simulators_times(office: Office) -> None:
    report = await office.place(FAX)

    assert report.started == START
    assert report.connected is not None
    assert timedelta(seconds=5) < report.connected - START < timedelta(seconds=20)
    assert timedelta(seconds=30) < report.duration < timedelta(seconds=60)
    assert office.clock.now() == report.ended
    assert sum(report.phase_durations.values(), timedelta()) == report.duration
    assert report.trace[0].at_ms < 0 < report.trace[-1].at_ms


async def test_each_page_confirmed_is_in_the_log(office: Office) -> None:
    await office.place(FAX)

    assert [(line["number"], line["call_uid"], line["page"]) for line in office.log()] == [
        (FAX, "c1", 0),
        (FAX, "c1", 1),
    ]
    assert [line["sha256"] for line in office.log()] == [hashlib.sha256(b.octets).hexdigest() for b in BITMAPS]
    assert office.log()[0]["at"] > START.isoformat()


async def test_no_far_end_waits_for_our_disk(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)

    await office.place(FAX)

    assert (len(office.log()), synced) == (2, [])


async def test_a_page_is_in_the_log_before_it_is_confirmed(office: Office) -> None:
    logged: list[int] = []
    watch = CallWatch(lambda _index: logged.append(len(office.log())), lambda: False, lambda: None)

    await office.transport.place(CallOrder("c1", FAX, office.pages), watch)

    assert logged == [1, 2]


async def test_busy_at_first_stays_so_until_the_next_dial_even_after_a_restart(office: Office) -> None:
    first = await office.place(BUSY_ONCE, "c1")
    office.restart()
    second = await office.place(BUSY_ONCE, "c2")

    assert (first.cause, second.cause) == (Cause.BUSY, Cause.DONE)
    assert first.connected is None
    assert first.phase is Phase.CALL_SETUP


async def test_a_cut_call_is_taken_up_at_the_next_page(office: Office) -> None:
    first = await office.place(CUT_ONCE, "c1")
    second = await office.place(CUT_ONCE, "c2", first_page=first.pages_confirmed)

    assert (first.cause, first.pages_confirmed) == (Cause.LINE_DROPPED, 1)
    assert (second.cause, second.pages_confirmed) == (Cause.DONE, 1)
    assert office.confirmed == [0, 1]
    assert [line["sha256"] for line in office.log()] == [hashlib.sha256(b.octets).hexdigest() for b in BITMAPS]


async def test_a_last_page_is_told_as_sent_before_it_is_confirmed(office: Office) -> None:
    await office.place(FAX)

    assert office.confirmed_before_last == [[0]]
    assert office.confirmed == [0, 1]


async def test_a_last_page_that_may_not_be_told_is_never_ended(office: Office) -> None:
    def lost() -> None:
        raise LostClaimError("another process's by now")

    watch = CallWatch(office.confirmed.append, lambda: False, lost)
    report = await office.transport.place(CallOrder("c1", FAX, office.pages), watch)

    assert (report.cause, report.pages_confirmed, report.last_page_in_doubt) == (Cause.LOCAL_ERROR, 1, False)
    assert [line["page"] for line in office.log()] == [0]


async def test_a_lost_last_answer_is_a_doubt(office: Office) -> None:
    report = await office.place(LAST_LOST)

    assert report.last_page_in_doubt
    assert (report.cause, report.pages_confirmed) == (Cause.NO_ANSWER_AFTER_PAGE, 1)
    assert len(office.log()) == 2


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        ("+12025550101", Cause.BUSY),
        ("+12025550103", Cause.NO_ANSWER),
        ("+12025550104", Cause.VOICE),
        ("+12025550105", Cause.REORDER),
        ("+12025550106", Cause.SIT_VACANT),
        ("+12025550107", Cause.DATA_MODEM),
        ("+12025550108", Cause.DONE),
        ("+12025550111", Cause.CANNOT_TRAIN),
        ("+12025550112", Cause.NO_FAX_TONE),
        ("+12025550113", Cause.SIT_INTERCEPT),
        ("+12025550114", Cause.SIT_NO_CIRCUIT),
        ("+12025550115", Cause.UNALLOCATED),
        ("+12025550116", Cause.DONE),
        ("+12025550117", Cause.CANNOT_RECEIVE),
        ("+12025550118", Cause.ECM_EXHAUSTED),
        ("+441632960001", Cause.DONE),
    ],
)
async def test_every_reserved_number_ends_as_it_is_meant_to(office: Office, number: str, cause: Cause) -> None:
    report = await office.place(number)

    assert report.cause is cause
    assert report.duration > timedelta(seconds=3)
    assert (report.pages_confirmed == 2) == (cause is Cause.DONE)


@pytest.mark.parametrize(
    ("number", "least", "most"),
    [("+12025550101", 4, 10), ("+12025550103", 55, 65), ("+12025550104", 10, 30), ("+12025550112", 40, 60)],
)
async def test_endings_take_the_time_they_take_on_a_telephone(
    office: Office, number: str, least: int, most: int
) -> None:
    report = await office.place(number)

    assert least < report.duration.total_seconds() < most


async def test_the_same_call_gives_the_same_report(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()

    assert await office.place(FAX) == await Office(folder).place(FAX)


async def test_chance_hangs_on_the_seed_and_on_the_dial(tmp_path: Path) -> None:
    async def two_calls(name: str, seed: int) -> list[tuple[Signal, ...]]:
        (tmp_path / name).mkdir()
        office = Office(tmp_path / name)
        office.restart(seed)
        return [(await office.place(POOR, uid)).trace for uid in ("c1", "c2")]

    first, again, other = await two_calls("a", 1), await two_calls("b", 1), await two_calls("c", 2)

    assert first == again
    assert len({*first, *other}) == 4


async def test_several_calls_run_at_once(office: Office) -> None:
    numbers = [f"+1202555{last}" for last in range(2000, 2008)]

    reports = await asyncio.gather(*(office.place(number, f"c{number}") for number in numbers))

    assert {report.cause for report in reports} == {Cause.DONE}
    assert len(office.log()) == 16
    assert office.clock.now() == max(report.ended for report in reports)


async def test_a_cancelled_call_is_reported_as_such(office: Office) -> None:
    order = CallOrder("c1", FAX, office.pages)

    report = await office.transport.place(order, CallWatch(office.confirmed.append, lambda: True, lambda: None))

    assert report.cause is Cause.CANCELLED
    assert office.confirmed == []


async def test_pages_that_cannot_be_read_are_a_local_error_without_a_dial(office: Office, tmp_path: Path) -> None:
    report = await office.place(FAX, pages=tmp_path / "gone.tif")

    assert report.cause is Cause.LOCAL_ERROR
    assert "gone.tif" in report.trace[0].text
    assert read_lines(office.folder / "dials.jsonl") == []


async def test_a_first_page_behind_the_last_is_a_local_error(office: Office) -> None:
    report = await office.place(FAX, first_page=2)

    assert report.cause is Cause.LOCAL_ERROR


async def test_an_identifier_that_t30_cannot_carry_is_a_local_error(office: Office) -> None:
    report = await office.place(FAX, station_id="Head Office")

    assert report.cause is Cause.LOCAL_ERROR
    assert office.log() == []


def test_a_line_cut_short_by_a_kill_is_left_out_and_written_past(tmp_path: Path) -> None:
    dials = tmp_path / "dials.jsonl"
    dials.write_text(json.dumps({"number": FAX}) + '\n{"number": "+1202', encoding="utf-8")

    received = ReceivedFaxes(tmp_path)

    assert received.dialled(FAX) == 1
    received.count_dial(FAX, "c2", START)
    assert [line["number"] for line in read_lines(dials)] == [FAX, FAX]
    assert ReceivedFaxes(tmp_path).dialled(FAX) == 2
