"""Caller against answerer in memory on a clean line: every page arrives pel for pel."""

from dataclasses import replace

import pytest

from gateway.domain.call import Cause, Coding, Phase
from gateway.fax.simulator.disturbances import Harm, Harmed
from gateway.fax.simulator.line import Side
from gateway.fax.t4.page import Bitmap, Resolution
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, ScanTime, Widths
from gateway.fax.t30.options import EVERYTHING, TerminalOptions
from tests.fax_calls import OUR_ID, THEIR_ID, Finished, call, document, noise_bitmap, text_bitmap

OFFERS = {
    Coding.MH: EVERYTHING.flags - {Flag.MR, Flag.MMR},
    Coding.MR: EVERYTHING.flags - {Flag.MMR},
    Coding.MMR: EVERYTHING.flags,
}
DOCUMENT = (text_bitmap(1), text_bitmap(2), noise_bitmap(3, rows=60))


def assert_all_came(finished: Finished, *bitmaps: Bitmap) -> None:
    assert finished.caller.cause is Cause.DONE
    assert finished.answerer.cause is Cause.DONE
    assert finished.confirmed == list(range(len(bitmaps)))
    assert finished.caller.pages_confirmed == finished.answerer.pages_confirmed == len(bitmaps)
    assert finished.bitmaps == list(bitmaps)
    assert not finished.caller.last_page_in_doubt


@pytest.mark.parametrize("stored", Coding)
@pytest.mark.parametrize(("offered", "flags"), OFFERS.items())
@pytest.mark.parametrize("ecm", [True, False])
def test_pages_arrive_in_every_coding(stored: Coding, offered: Coding, flags: frozenset[Flag], ecm: bool) -> None:
    finished = call(document(*DOCUMENT, coding=stored), TerminalOptions(ecm=ecm), replace(EVERYTHING, flags=flags))

    assert_all_came(finished, *DOCUMENT)
    used = Coding.MR if offered is Coding.MMR and not ecm else offered
    assert (finished.caller.coding, finished.caller.ecm) == (used, ecm)
    assert {page.page.coding for page in finished.received} == {used}


@pytest.mark.parametrize("modems", Modems)
@pytest.mark.parametrize("ecm", [True, False])
def test_pages_arrive_over_every_modem(modems: Modems, ecm: bool) -> None:
    bitmap = text_bitmap(rows=100)

    finished = call(document(bitmap), TerminalOptions(ecm=ecm), replace(EVERYTHING, modems=modems))

    assert_all_came(finished, bitmap)


@pytest.mark.parametrize("scan", ScanTime)
def test_pages_arrive_at_every_least_row_time(scan: ScanTime) -> None:
    bitmap = text_bitmap(rows=100)

    finished = call(document(bitmap), TerminalOptions(ecm=False), replace(EVERYTHING, scan=scan))

    assert_all_came(finished, bitmap)
    assert finished.seconds > 100 * scan.fine_ms / 1000


def test_a_page_of_several_blocks_arrives() -> None:
    bitmap = noise_bitmap(rows=1200)

    finished = call(document(bitmap))

    assert_all_came(finished, bitmap)
    assert "PPS 00 00 00 ff" in [text for _, _, text in finished.caller.notes]


def test_the_far_ends_name_and_offer_are_told() -> None:
    finished = call(document(text_bitmap(rows=20)))

    assert finished.caller.remote_id == THEIR_ID
    assert finished.answerer.remote_id == OUR_ID
    assert "V27_V29_V17" in finished.caller.remote_capabilities
    assert (finished.caller.rate, finished.caller.rate_steps) == (14400, [14400])


@pytest.mark.parametrize("address", ["4711", "12*3#"])
def test_a_sub_address_is_sent_to_a_far_end_that_takes_one(address: str) -> None:
    options = TerminalOptions(sub_address=address)

    with_sub = call(document(text_bitmap(rows=20)), options)
    without = call(document(text_bitmap(rows=20)), options, replace(EVERYTHING, flags=EVERYTHING.flags - {Flag.SUB}))

    assert with_sub.answerer.remote_sub_address == address
    assert without.answerer.remote_sub_address == ""
    assert without.caller.cause is Cause.DONE


def test_a_call_begins_at_any_page() -> None:
    finished = call(document(*DOCUMENT), TerminalOptions(first_page=1))

    assert finished.confirmed == [1, 2]
    assert finished.caller.pages_confirmed == 2
    assert finished.bitmaps == list(DOCUMENT[1:])


def test_a_rate_ceiling_is_kept() -> None:
    finished = call(document(text_bitmap(rows=20)), TerminalOptions(max_rate=7200))

    assert finished.caller.rate_steps == [7200]


def test_a_fine_page_reaches_a_machine_without_fine_at_half_the_rows() -> None:
    flags = frozenset({Flag.RECEIVE})
    old = Capabilities(flags, Modems.V27, Widths.A4, Lengths.A4, ScanTime.MS20)

    finished = call(document(text_bitmap(), text_bitmap(2, width=2048)), capabilities=old)

    shapes = [(b.shape.width, b.shape.rows, b.shape.resolution) for b in finished.bitmaps]
    assert shapes == [(1728, 150, Resolution.STANDARD), (1728, 127, Resolution.STANDARD)]  # the B4 page as A4
    assert (finished.caller.coding, finished.caller.ecm, finished.caller.rate) == (Coding.MH, False, 4800)
    assert finished.caller.cause is Cause.DONE


@pytest.mark.parametrize("ecm", [True, False])
def test_a_page_of_another_shape_begins_a_new_document_in_the_same_call(ecm: bool) -> None:
    bitmaps = (text_bitmap(), text_bitmap(2, width=2048), text_bitmap(3, width=2048), text_bitmap(4, resolution=98))

    finished = call(document(*bitmaps), TerminalOptions(ecm=ecm))

    assert_all_came(finished, *bitmaps)
    assert finished.said("far end").count("DIS") == 3
    assert len(finished.caller.rate_steps) == 3


@pytest.mark.parametrize("delay_ms", [0, 50, 400])
def test_a_line_with_delay_carries_a_call(delay_ms: int) -> None:
    finished = call(document(*DOCUMENT), delay_ms=delay_ms)

    assert_all_came(finished, *DOCUMENT)
    assert "again," not in finished.said("us")


def test_the_trace_is_the_exchange_that_t30_draws() -> None:
    finished = call(document(text_bitmap(rows=20), text_bitmap(2, rows=20)), TerminalOptions(station_id=OUR_ID))

    assert finished.said("us") == [
        "CNG", "TSI", "DCS", "TCF", "page", "PPS", "page", "PPS", "DCN", "hangs",
    ]  # fmt: skip
    assert finished.said("far end") == ["answered", "CED", "CSI", "DIS", "CFR", "MCF", "MCF", "hang-up"]


def test_time_in_phases_adds_up_to_the_call() -> None:
    finished = call(document(text_bitmap()))

    assert sum(finished.caller.phase_ms.values()) == finished.caller.ended_ms
    assert finished.caller.phase is Phase.RELEASE
    assert 9_000 < finished.caller.phase_ms[Phase.PRE_MESSAGE] < 14_000


def test_a_page_takes_as_long_as_it_does_between_modems() -> None:
    finished = call(document(noise_bitmap(rows=931)))

    assert len(finished.received[0].page.strip) == pytest.approx(424_000, rel=0.01)
    assert finished.seconds == pytest.approx(281, rel=0.05)  # measured between two modems


def test_the_same_call_gives_the_same_trace() -> None:
    first, second = call(document(*DOCUMENT)), call(document(*DOCUMENT))

    assert first.caller.notes == second.caller.notes


def test_both_ends_count_the_frames_of_error_correction() -> None:
    finished = call(document(*DOCUMENT), disturbances=[Harmed(Harm.SPOIL, Side.CALLER, "FCD", 2, 3)])
    caller, answerer = finished.caller, finished.answerer

    assert caller.ecm_blocks == answerer.ecm_blocks == len(DOCUMENT)
    assert caller.ecm_frames == answerer.ecm_frames + caller.frames_resent
    assert (caller.frames_resent, caller.ecm_requests, answerer.ecm_requests) == (3, 1, 1)
