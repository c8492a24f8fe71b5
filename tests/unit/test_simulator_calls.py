"""Simulated calls at once, both ways: what they report, what they write, what the grades of a line do to them."""

import json
from pathlib import Path

import pytest

from gateway.domain.call import CallReport, Cause, Coding, report_of
from gateway.fax.simulator.calls import simulate_answer, simulate_call
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.t4 import classf, codec
from gateway.fax.t4.classf import PageFile, PageFileError
from gateway.fax.t4.page import Bitmap
from gateway.fax.transport import CallOrder
from tests.fax_calls import text_bitmap

EXCHANGE = Exchange.load()
BITMAPS = [text_bitmap(seed, rows=1_100) for seed in (1, 2)]
SEEDS = range(6)


@pytest.fixture(scope="module")
def fax(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("calls") / "fax.tif"
    classf.write_pages(path, [codec.encode(bitmap, Coding.MMR) for bitmap in BITMAPS])
    return path


def call(fax: Path, number: str, *, seed: int = 0, received: Path | None = None) -> CallReport:
    return simulate_call(EXCHANGE, CallOrder("c1", number, fax, station_id="+1 206"), seed=seed, received=received)


def grade(fax: Path, number: str) -> list[CallReport]:
    return [call(fax, number, seed=seed) for seed in SEEDS]


def pages_of(path: Path) -> list[Bitmap]:
    pages = PageFile(path)
    return [codec.decode(pages.page(index))[0] for index in range(len(pages))]


def test_a_call_writes_what_the_far_end_received_and_replaces_what_was_there(fax: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tif"
    out.write_bytes(b"something else")

    report = call(fax, "+12025550100", received=out)

    assert (report.cause, report.pages_confirmed, report.remote_id) == (Cause.DONE, 2, "+1 202 555 0100")
    assert pages_of(out) == BITMAPS


@pytest.mark.parametrize("number", ["+12025550100", "+12025550103", "+12025550110", "+12025550152"])
def test_a_report_is_the_same_after_it_was_kept_as_json(fax: Path, number: str) -> None:
    report = call(fax, number)

    assert report_of(json.loads(json.dumps(report.facts()))) == report


def test_a_call_needs_no_place_for_what_is_received(fax: Path) -> None:
    assert call(fax, "+12025550100").cause is Cause.DONE


def test_a_polling_server_takes_our_pages_and_gives_its_own(fax: Path, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.tif", tmp_path / "theirs.tif"
    document = EXCHANGE.far_end("polling_server").document
    assert document is not None

    report = simulate_call(EXCHANGE, CallOrder("c1", "+12025550135", fax), received=ours, polled=theirs)

    assert (report.cause, report.pages_confirmed) == (Cause.DONE, 2)
    assert pages_of(ours) == BITMAPS
    assert pages_of(theirs) == pages_of(document)


def test_pages_that_cannot_be_read_are_a_local_error(tmp_path: Path) -> None:
    report = call(tmp_path / "gone.tif", "+12025550100")

    assert report.cause is Cause.LOCAL_ERROR
    assert "gone.tif" in report.trace[0].text


def test_a_trunk_out_of_order_is_a_local_error(fax: Path) -> None:
    report = call(fax, "+12025550189")

    assert (report.cause, report.connected) == (Cause.LOCAL_ERROR, None)
    assert "out of order" in " ".join(signal.text for signal in report.trace)


@pytest.mark.parametrize("number", ["+12025550152", "+12025550153", "+12025550155"])
def test_the_same_seed_gives_the_same_trace_and_another_seed_another(fax: Path, number: str) -> None:
    first, again, other = (call(fax, number, seed=seed) for seed in (3, 3, 4))

    assert first.trace == again.trace
    assert first.trace != other.trace


def test_on_a_clean_line_nothing_is_sent_again(fax: Path) -> None:
    reports = grade(fax, "+12025550150")

    assert {(report.cause, report.rate, report.frames_resent) for report in reports} == {(Cause.DONE, 14400, 0)}


def test_on_a_fair_line_frames_are_sent_again_and_all_pages_arrive(fax: Path) -> None:
    reports = grade(fax, "+12025550151")

    assert {report.cause for report in reports} == {Cause.DONE}
    assert sum(report.frames_resent for report in reports) > len(SEEDS)


def test_on_a_poor_line_the_rate_falls_and_most_calls_come_through(fax: Path) -> None:
    reports = grade(fax, "+12025550152")

    assert all(report.rate is not None and report.rate < 14400 for report in reports)
    assert sum(report.cause is Cause.DONE for report in reports) >= len(SEEDS) - 1


def test_on_a_bad_line_most_calls_fail(fax: Path) -> None:
    assert sum(report.cause is Cause.DONE for report in grade(fax, "+12025550153")) <= 2


def test_on_a_hopeless_line_none_comes_through(fax: Path) -> None:
    assert all(report.pages_confirmed == 0 for report in grade(fax, "+12025550154"))


def test_without_ecm_a_poor_line_damages_rows_that_are_counted(fax: Path) -> None:
    far_end = EXCHANGE.far_end("poor_line_no_ecm")

    reports = [simulate_answer(fax, fax.with_name("damaged.tif"), far_end=far_end, seed=seed) for seed in SEEDS]

    assert sum(report.bad_rows for report in reports) > 0
    assert not any(report.ecm for report in reports)


@pytest.mark.parametrize("name", ["modern", "satellite_line", "sloppy", "no_ecm"])
def test_a_far_end_calls_us_and_its_pages_are_written(fax: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "in.tif"

    report = simulate_answer(fax, out, far_end=EXCHANGE.far_end(name), station_id="+1 206 555 0100")

    assert (report.cause, report.pages_confirmed) == (Cause.DONE, 2)
    assert pages_of(out) == BITMAPS


def test_a_modern_machine_calls_when_none_is_named(fax: Path, tmp_path: Path) -> None:
    report = simulate_answer(fax, tmp_path / "in.tif")

    assert (report.cause, report.ecm, report.coding) == (Cause.DONE, True, Coding.MMR)


def test_a_far_end_without_pages_cannot_call(tmp_path: Path) -> None:
    with pytest.raises(PageFileError, match=r"gone\.tif"):
        simulate_answer(tmp_path / "gone.tif", tmp_path / "in.tif")
