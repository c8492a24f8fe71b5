"""Our T.38 end and libspandsp 0.0.6 call one another: every coding, shape, modem and version that both have.

Pages are compared pel for pel, as Pillow reads the files of both. Not asked, since 0.0.6 cannot: fitting a page to what
our end takes (it gives up); polling after sending in one call; an answer to a repeated command that ends the last page
(it says DCN); leaving by itself when the DCN was lost; PIP, which it takes for MCF.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.call import Cause, Coding
from gateway.fax.t4.page import WIDTHS_AT, Resolution
from tests import spandsp_library
from tests.fax_calls import noise_bitmap, text_bitmap
from tests.packet_line import Conditions
from tests.spandsp_calls import Met, pels, stored, they_call, they_poll, we_call, we_poll
from tests.spandsp_library import Completion, Compression, Density, Modem, Size
from tests.spandsp_peer import ALL_COMPRESSIONS, ALL_MODEMS, PeerOptions

pytestmark = pytest.mark.skipif(
    not spandsp_library.present(), reason=f"needs {spandsp_library.PACKAGE}: make setup installs it"
)

Calls = Callable[..., Met]
both_ways = pytest.mark.parametrize("calls", [we_call, they_call])
ecm_or_not = pytest.mark.parametrize("ecm", [True, False], ids=["ecm", "no-ecm"])

TWO = (text_bitmap(1), text_bitmap(2))
OFFERED = {
    Coding.MH: Compression.MH,
    Coding.MR: Compression.MH | Compression.MR,
    Coding.MMR: ALL_COMPRESSIONS,
}


def said(met: Met, frame: str) -> int:
    """How often our trace has a frame."""
    return sum(signal.text.split()[0] == frame for signal in met.ours.trace)


@pytest.mark.slow
@both_ways
@ecm_or_not
@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("kept", list(Coding))
@pytest.mark.parametrize("coding", list(Coding))
def test_every_coding(tmp_path: Path, calls: Calls, ecm: bool, version: int, kept: Coding, coding: Coding) -> None:
    options = PeerOptions(version=version, ecm=ecm, compressions=OFFERED[coding])
    met = calls(stored(tmp_path, TWO, kept), options)
    assert met.in_order, met.told()
    best = coding if ecm else min(coding, Coding.MR, key=[Coding.MH, Coding.MR, Coding.MMR].index)
    assert (met.ours.coding, met.theirs.coding) == (best, best.name)
    assert (met.ours.ecm, met.theirs.ecm) == (ecm, ecm)


@pytest.mark.slow
@both_ways
@ecm_or_not
@pytest.mark.parametrize(
    ("resolution", "width"), [(each, width) for each in Resolution for width in WIDTHS_AT[each.across]]
)
def test_every_shape(tmp_path: Path, calls: Calls, ecm: bool, resolution: Resolution, width: int) -> None:
    page = text_bitmap(rows=200, width=width, resolution=resolution)
    met = calls(stored(tmp_path, [page]), PeerOptions(ecm=ecm))
    assert met.in_order, met.told()
    assert (met.theirs.width, met.theirs.rows) == (width, 200)


@both_ways
@ecm_or_not
@pytest.mark.parametrize("rate", [2400, 4800, 7200, 9600, 12000, 14400])
def test_every_rate(tmp_path: Path, calls: Calls, ecm: bool, rate: int) -> None:
    modems = ALL_MODEMS if rate > 9600 else Modem.V27TER | Modem.V29
    highest = rate if calls is we_call else 14400  # a DIS cannot leave out the lower rates of a modem
    met = calls(stored(tmp_path, TWO), PeerOptions(ecm=ecm, modems=modems), max_rate=highest)
    assert met.in_order, met.told()
    expected = rate if calls is we_call else 14400 if rate > 9600 else 9600
    assert met.ours.rate == met.theirs.rate == expected


@both_ways
@ecm_or_not
@pytest.mark.parametrize(("modems", "rate"), [(Modem.V27TER, 4800), (Modem.V27TER | Modem.V29, 9600)])
def test_an_older_modem_on_our_side(tmp_path: Path, calls: Calls, ecm: bool, modems: Modem, rate: int) -> None:
    ours = [name for name, modem in (("V.27ter", Modem.V27TER), ("V.29", Modem.V29)) if modem in modems]
    met = calls(stored(tmp_path, TWO), PeerOptions(ecm=ecm), modems=ours)
    assert met.in_order, met.told()
    assert met.ours.rate == met.theirs.rate == rate


@pytest.mark.slow
@both_ways
@pytest.mark.parametrize("scan_ms", [5, 10, 20, 40])
def test_rows_last_as_long_as_the_receiver_asks(tmp_path: Path, calls: Calls, scan_ms: int) -> None:
    pages = [text_bitmap(rows=200, resolution=98), text_bitmap(rows=200)]
    met = calls(stored(tmp_path, pages), PeerOptions(ecm=False, scan_ms=scan_ms), min_scan_ms=scan_ms)
    quick = calls(stored(tmp_path, pages), PeerOptions(ecm=False))
    assert met.in_order, met.told()
    assert met.line.now_ms > quick.line.now_ms
    assert scan_ms < 20 or met.line.now_ms - quick.line.now_ms > 200 * (scan_ms - 14)  # of which fine rows take half


@both_ways
@ecm_or_not
def test_pages_of_different_shapes(tmp_path: Path, calls: Calls, ecm: bool) -> None:
    shapes = [(1728, 196), (2048, 196), (1728, 98), (1728, 391), (2592, 300)]
    pages = [text_bitmap(rows=150, width=width, resolution=resolution) for width, resolution in shapes]
    met = calls(stored(tmp_path, pages), PeerOptions(ecm=ecm))
    assert met.in_order, met.told()
    assert [size for size, _ in met.received] == [(width, 150) for width, _ in shapes]


@pytest.mark.slow
@both_ways
@ecm_or_not
def test_ten_pages(tmp_path: Path, calls: Calls, ecm: bool) -> None:
    met = calls(stored(tmp_path, [text_bitmap(seed) for seed in range(10)]), PeerOptions(ecm=ecm))
    assert met.in_order, met.told()
    assert met.ours.pages_confirmed == 10


@pytest.mark.slow
@both_ways
@ecm_or_not
def test_a_page_of_several_blocks(tmp_path: Path, calls: Calls, ecm: bool) -> None:
    met = calls(stored(tmp_path, [noise_bitmap(rows=600)]), PeerOptions(ecm=ecm))
    assert met.in_order, met.told()
    assert (said(met, "PPS") > 2) is ecm


@both_ways
@ecm_or_not
@pytest.mark.parametrize("options", [{"framing": "ifp"}, {"whole_frames": True}, {"packet_ms": 10}, {"repeats": 1}])
def test_packets_cut_otherwise(tmp_path: Path, calls: Calls, ecm: bool, options: dict[str, object]) -> None:
    repeats = "framing" not in options  # said three times, bare packets cannot be told from new ones
    met = calls(stored(tmp_path, TWO), PeerOptions(ecm=ecm, repeats=repeats), **options)
    assert met.in_order, met.told()


@both_ways
@pytest.mark.parametrize("version", [2, 3])
def test_later_versions(tmp_path: Path, calls: Calls, version: int) -> None:
    met = calls(stored(tmp_path, TWO), PeerOptions(version=version))
    assert met.in_order, met.told()


@both_ways
@ecm_or_not
@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_a_version_that_nobody_told_is_found_out(tmp_path: Path, calls: Calls, ecm: bool, version: int) -> None:
    met = calls(stored(tmp_path, TWO), PeerOptions(version=version, ecm=ecm), version=None)
    assert met.in_order, met.told()


@both_ways
@pytest.mark.parametrize(
    "options", [{"nonstandard": b"\xb5\0\0"}, {"timers": "isdn"}, {"asks_repetition": True}, {"redundancy": 5}]
)
def test_habits_that_a_far_end_has_to_bear(tmp_path: Path, calls: Calls, options: dict[str, object]) -> None:
    met = calls(stored(tmp_path, TWO), **options)
    assert met.in_order, met.told()


@both_ways
@pytest.mark.parametrize("delay_ms", [100, 400, 800])
def test_long_ways(tmp_path: Path, calls: Calls, delay_ms: int) -> None:
    met = calls(stored(tmp_path, TWO), line=Conditions(delay_ms=delay_ms))
    assert met.in_order, met.told()


# -- lost packets


@pytest.mark.slow
@both_ways
@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_ecm_over_redundancy_takes_one_packet_lost_in_ten(
    tmp_path: Path, calls: Calls, version: int, seed: int
) -> None:
    met = calls(stored(tmp_path, TWO), PeerOptions(version=version), Conditions(loss=0.1, seed=seed, delay_ms=60))
    assert met.line.lost > 20
    assert met.in_order, met.told()


@pytest.mark.slow
@both_ways
@pytest.mark.parametrize("seed", range(4))
def test_redundancy_alone_takes_one_packet_lost_in_twenty(tmp_path: Path, calls: Calls, seed: int) -> None:
    line = Conditions(loss=0.05, seed=seed, delay_ms=60)
    met = calls(stored(tmp_path, TWO), PeerOptions(ecm=False), line, redundancy=(3, 3))
    assert met.line.lost > 20
    assert met.in_order, met.told()


@pytest.mark.slow
@both_ways
@ecm_or_not
@pytest.mark.parametrize("seed", range(3))
def test_packets_that_overtake_one_another_are_put_in_order(tmp_path: Path, calls: Calls, ecm: bool, seed: int) -> None:
    line = Conditions(loss=0.03, delay_ms=60, jitter_ms=100, seed=seed)
    met = calls(stored(tmp_path, TWO), PeerOptions(ecm=ecm), line, redundancy=(4, 4))
    assert met.in_order, met.told()


@pytest.mark.slow
@both_ways
@pytest.mark.parametrize("seed", range(8))
def test_nobody_says_success_of_a_page_that_losses_spoiled(tmp_path: Path, calls: Calls, seed: int) -> None:
    met = calls(stored(tmp_path, TWO), PeerOptions(), Conditions(loss=0.04, seed=seed), redundancy=(0, 0))
    confirmed = met.ours.pages_confirmed
    assert met.received[:confirmed] == met.expected[:confirmed], met.told()
    assert met.ours.cause is not Cause.DONE or confirmed == len(TWO)


@both_ways
def test_frames_that_were_lost_are_sent_again(tmp_path: Path, calls: Calls) -> None:
    met = calls(stored(tmp_path, TWO), PeerOptions(), Conditions(loss=0.01, seed=5), redundancy=(3, 0))
    assert met.in_order, met.told()
    assert said(met, "PPR") > 0


@both_ways
def test_a_call_cut_in_the_middle_of_a_page(tmp_path: Path, calls: Calls) -> None:
    met = calls(stored(tmp_path, [noise_bitmap(rows=600)]), line=Conditions(cut_at_ms=40_000))
    assert met.ours.cause is Cause.LINE_DROPPED
    assert met.theirs.result == Completion.CALL_DROPPED
    assert met.ours.pages_confirmed == 0


# -- names, passwords, polling, patience


@both_ways
def test_identifiers_go_both_ways(tmp_path: Path, calls: Calls) -> None:
    met = calls(stored(tmp_path, TWO), PeerOptions(station_id="+1 202 555 0100"), station_id="+44 20 7946 0000 123")
    assert met.in_order, met.told()
    assert (met.ours.remote_id, met.theirs.station_id) == ("+1 202 555 0100", "+44 20 7946 0000 123")


def test_our_sub_address_and_password_reach_them(tmp_path: Path) -> None:
    met = we_call(stored(tmp_path, TWO), sub_address="4321", password="987 654")
    assert met.in_order, met.told()
    assert (met.theirs.sub_address, met.theirs.sender_id) == ("4321", "987 654")


def test_their_sub_address_reaches_us(tmp_path: Path) -> None:
    met = they_call(stored(tmp_path, TWO), PeerOptions(sub_address="4321"))
    assert met.in_order, met.told()
    assert met.ours.remote_sub_address == "4321"


@pytest.mark.parametrize("given", ["", "12345", "1234"])
def test_a_password_is_asked_of_them(tmp_path: Path, given: str) -> None:
    met = they_call(stored(tmp_path, TWO), PeerOptions(sender_id=given), required_password="1234")
    if given == "1234":
        assert met.in_order, met.told()
    else:
        assert met.received == []
        assert met.ours.cause is not Cause.DONE
        assert met.theirs.result != Completion.OK


@pytest.mark.parametrize("polls", [we_poll, they_poll])
@ecm_or_not
@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("name", ["", "123"])
def test_a_document_is_polled(tmp_path: Path, polls: Calls, ecm: bool, version: int, name: str) -> None:
    options = PeerOptions(ecm=ecm, version=version, selective_polling=name)
    met = polls(stored(tmp_path, TWO), options, selective_polling=name)
    assert met.in_order, met.told()


@pytest.mark.parametrize("times", [1, 3])
def test_a_far_end_that_is_not_ready_is_waited_for(tmp_path: Path, times: int) -> None:
    met = we_call(stored(tmp_path, TWO), PeerOptions(not_ready=times))
    assert met.in_order, met.told()
    assert said(met, "RNR") == times


def test_they_wait_for_us_when_we_are_not_ready(tmp_path: Path) -> None:
    met = they_call(stored(tmp_path, TWO), busy_ms=10_000)
    assert met.in_order, met.told()
    assert said(met, "RNR") > 0


def test_small_frames(tmp_path: Path) -> None:
    # As caller 0.0.6 sends large ones whatever is preferred.
    large, small = (we_call(stored(tmp_path, TWO), frame_octets=octets) for octets in (256, 64))
    assert large.in_order, large.told()
    assert small.in_order, small.told()
    assert small.ours.ecm_frames > 3 * large.ours.ecm_frames


# -- capabilities that differ


def test_an_old_machine(tmp_path: Path) -> None:
    old = PeerOptions(ecm=False, modems=Modem.V27TER, compressions=Compression.MH, scan_ms=20)
    met = we_call(stored(tmp_path, TWO), old, ecm=True)
    assert met.in_order, met.told()
    assert (met.ours.coding, met.ours.ecm, met.ours.rate) == (Coding.MH, False, 4800)


def test_our_page_is_fitted_to_their_resolution_and_width(tmp_path: Path) -> None:
    page = text_bitmap(rows=400, width=2048)
    coarse = PeerOptions(densities=Density.STANDARD | Density.R8, sizes=Size.A4_WIDTH | Size.UNLIMITED)
    met = we_call(stored(tmp_path, [page]), coarse)
    assert (met.ours.cause, met.theirs.result) == (Cause.DONE, Completion.OK), met.told()
    [((width, rows), octets)] = met.received
    assert (width, rows) == (1728, pytest.approx(200 * 1728 / 2048, abs=2))
    assert 0.005 < sum(octet.bit_count() for octet in octets) / (8 * len(octets)) < 0.5


def test_the_pages_from_the_second_on(tmp_path: Path) -> None:
    met = we_call(stored(tmp_path, [*TWO, text_bitmap(3)]), first_page=1)
    assert met.ours.cause is Cause.DONE
    assert met.received == met.expected[1:]


@pytest.mark.slow
def test_a_whole_page_as_dense_as_print(tmp_path: Path) -> None:
    page = text_bitmap(rows=2292)
    for calls in (we_call, they_call):
        met = calls(stored(tmp_path, [page]), replace(PeerOptions(), version=1))
        assert met.in_order, met.told()
        assert pels(tmp_path / "received.tif") == met.expected
