"""Whole T.38 calls between two of our endpoints, from TIFF to TIFF, over good and bad networks."""

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.call import Cause, Coding
from gateway.fax.t4.classf import PageFileError
from gateway.fax.t4.page import Bitmap
from gateway.fax.t38 import endpoint, ifp
from gateway.fax.t38.options import OptionError
from gateway.fax.t38.packets import FieldKind, Fields, Indicator
from tests.fax_calls import noise_bitmap, text_bitmap
from tests.t38_line import Faxed, Network, Weather, fax, shown, stored

TWO = [text_bitmap(1, rows=120), text_bitmap(2, rows=150)]
ROUGH = Weather(lost=0.04, doubled=0.1, delay_ms=60, jitter_ms=50)


@pytest.fixture
def tiff(tmp_path: Path) -> Path:
    return stored(tmp_path / "sent.tif", TWO)


def done(faxed: Faxed, sent: list[Bitmap] = TWO) -> bool:
    """Both ends say that all is well, and every pel is where it was."""
    both = (faxed.caller.cause, faxed.answerer.cause) == (Cause.DONE, Cause.DONE)
    return both and faxed.caller.pages_confirmed == len(sent) and faxed.received == sent


@pytest.mark.parametrize("framing", ["ifp", "udptl"])
@pytest.mark.parametrize("version", [0, 1, 2, 3, None])
@pytest.mark.parametrize("ecm", [True, False], ids=["ECM", "no ECM"])
def test_pages_arrive_pel_for_pel_in_every_version_and_framing(
    tiff: Path, framing: str, version: int, ecm: bool
) -> None:
    faxed = fax(tiff, framing=framing, version=version, ecm=ecm)

    assert done(faxed)
    assert faxed.caller.ecm is ecm


@pytest.mark.parametrize(
    ("codings", "ecm", "coding"),
    [("MH", True, "MH"), ("MR", True, "MR"), ("MMR", True, "MMR"), ("MH", False, "MH"), ("MH MR MMR", False, "MR")],
)
@pytest.mark.parametrize("kept", list(Coding))
def test_pages_arrive_in_the_coding_settled_however_they_are_stored(
    tmp_path: Path, codings: str, ecm: bool, coding: str, kept: Coding
) -> None:
    faxed = fax(stored(tmp_path / "sent.tif", TWO, kept), codings=codings, ecm=ecm)

    assert done(faxed)
    assert faxed.answerer.coding == Coding(coding)


@pytest.mark.parametrize("rate", [14400, 12000, 9600, 7200, 4800, 2400])
@pytest.mark.parametrize("ecm", [True, False], ids=["ECM", "no ECM"])
def test_pages_arrive_at_every_rate(tiff: Path, rate: int, ecm: bool) -> None:
    faxed = fax(tiff, max_rate=rate, ecm=ecm)

    assert done(faxed)
    assert faxed.caller.rate_steps == (rate,)


@pytest.mark.parametrize(
    "options",
    [
        {"whole_frames": True},
        {"packet_ms": 100},
        {"packet_ms": 10, "repeats": 1},
        {"frame_octets": 64},
        {"min_scan_ms": 20, "ecm": False},
        {"redundancy": 0},
        {"parity": (3, 3), "redundancy": 0},
        {"version": 1, "answering": {"version": None}},
        {"version": None, "answering": {"version": 1}},
    ],
    ids=str,
)
def test_pages_arrive_in_whatever_packets(tiff: Path, options: dict[str, Any]) -> None:
    assert done(fax(tiff, framing="udptl", **options))


@pytest.mark.parametrize(
    "options", [{"packet_ms": 500, "ecm": False}, {"whole_frames": True, "nonstandard": bytes(700)}]
)
@pytest.mark.parametrize("max_datagram", [64, 250, 400])
def test_no_datagram_is_longer_than_the_far_end_takes(tiff: Path, max_datagram: int, options: dict[str, Any]) -> None:
    faxed = fax(tiff, framing="udptl", max_datagram=max_datagram, **options)

    assert done(faxed)
    assert 0.7 * max_datagram < max(len(octets) for _, _, octets in faxed.network.packets) <= max_datagram


@pytest.mark.parametrize("step_ms", [1, 7, 30, 200])
def test_it_does_not_matter_in_which_steps_time_is_told(tiff: Path, step_ms: int) -> None:
    out = tiff.with_name("received.tif")
    network = Network((endpoint.caller(tiff), endpoint.answerer(out)), step_ms=step_ms)

    network.run()

    assert shown(out) == TWO
    assert {end.report.cause for end in network.ends} == {Cause.DONE}


def test_a_step_of_minutes_gives_every_packet_of_them_in_order(tmp_path: Path) -> None:
    coarse, fine = (endpoint.answerer(tmp_path / "out.tif", station_id="123") for _ in range(2))

    at_once, bit_by_bit = coarse.advance(120_000), [packet for _ in range(12_000) for packet in fine.advance(10)]

    assert at_once == bit_by_bit
    assert coarse.done
    assert coarse.report.cause is Cause.NO_FAX_TONE


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("version", [0, 1])
def test_a_rough_network_costs_no_pel_with_ecm(tiff: Path, seed: int, version: int) -> None:
    weather = Weather(ROUGH.lost, ROUGH.doubled, ROUGH.delay_ms, ROUGH.jitter_ms, seed)

    assert done(fax(tiff, weather, framing="udptl", version=version))


@pytest.mark.parametrize("seed", range(6))
def test_a_page_that_lost_packets_without_ecm_counts_its_bad_rows_or_is_whole(tmp_path: Path, seed: int) -> None:
    tiff = stored(tmp_path / "sent.tif", [noise_bitmap(3, rows=100)])
    faxed = fax(tiff, Weather(lost=0.1, jitter_ms=80, seed=seed), framing="udptl", ecm=False)

    if faxed.caller.cause is Cause.DONE and not faxed.answerer.bad_rows:
        assert faxed.received == [noise_bitmap(3, rows=100)]
    assert faxed.caller.pages_confirmed <= len(faxed.received)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_network_does_success_is_said_only_of_pages_that_are_there(tiff: Path, seed: int) -> None:
    faxed = fax(tiff, Weather(lost=0.35, doubled=0.2, delay_ms=100, jitter_ms=300, seed=seed), framing="udptl")

    assert faxed.received == TWO[: len(faxed.received)]
    assert faxed.caller.pages_confirmed <= len(faxed.received)


def test_packets_flow_at_the_pace_of_the_line(tmp_path: Path) -> None:
    faxed = fax(stored(tmp_path / "sent.tif", [noise_bitmap(1, rows=400)]), framing="ifp")
    packets = [(now, ifp.decode(octets, 0)) for now, _, octets in faxed.network.packets]
    image = [(now, packet) for now, packet in packets if isinstance(packet, Fields) and packet.carrier == 8]

    octets = sum(len(field.octets) for _, packet in image for field in packet.fields)
    assert 0.8 < octets * 8 / 14.4 / (image[-1][0] - image[0][0]) < 1.0
    answered = packets[[packet for _, packet in packets].index(Indicator.V21_PREAMBLE) :]
    assert max(later[0] - earlier[0] for earlier, later in pairwise(answered)) <= 1500  # training, the longest silence


def test_a_page_is_on_disk_when_its_mcf_leaves(tiff: Path) -> None:
    out = tiff.with_name("received.tif")
    network = Network((endpoint.caller(tiff), endpoint.answerer(out, packet_ms=30)))
    kept: list[int] = []
    receiving = network.ends[1]
    advance = receiving.advance

    def watched(milliseconds: int) -> list[bytes]:
        packets = advance(milliseconds)
        if b"\xc0\x01\x80\x00\x00\x31" in packets:  # the last octet of ff c8 31
            kept.append(len(shown(out)))
        return packets

    receiving.advance = watched  # type: ignore[method-assign]
    network.run()

    assert kept == [1, 2]


def test_what_was_written_before_is_replaced(tiff: Path) -> None:
    stored(tiff.with_name("received.tif"), [noise_bitmap(5, rows=40)] * 3)

    assert done(fax(tiff))


def test_a_call_begins_at_the_page_that_was_told(tiff: Path) -> None:
    faxed = fax(tiff, first_page=1, answering={"first_page": 0})

    assert faxed.received == TWO[1:]


def test_identifiers_and_addresses_cross(tiff: Path) -> None:
    faxed = fax(tiff, station_id="+1 206 555 0100", sub_address="4711", answering={"station_id": "+1 202 555 0100"})

    assert (faxed.caller.remote_id, faxed.answerer.remote_id) == ("+1 202 555 0100", "+1 206 555 0100")
    assert faxed.answerer.remote_sub_address == "4711"


@pytest.mark.parametrize(("password", "pages"), [("12345", TWO), ("54321", []), ("", [])])
def test_a_password_opens_or_does_not(tiff: Path, password: str, pages: list[Bitmap]) -> None:
    faxed = fax(tiff, password=password, answering={"required_password": "12345"})

    assert faxed.received == pages
    assert (faxed.caller.cause is Cause.DONE) == bool(pages)


def test_a_document_is_polled(tiff: Path) -> None:
    out, unused = tiff.with_name("polled.tif"), tiff.with_name("unused.tif")
    network = Network((endpoint.poller(out), endpoint.answerer(unused, document=tiff)))

    network.run()

    assert shown(out) == TWO
    assert not unused.exists()
    assert [end.report.cause for end in network.ends] == [Cause.DONE] * 2


def test_documents_cross_both_ways_in_one_call(tiff: Path) -> None:
    ours, theirs = tiff.with_name("ours.tif"), tiff.with_name("theirs.tif")
    other = stored(tiff.with_name("other.tif"), [noise_bitmap(9, rows=60)])
    network = Network((endpoint.caller(tiff, poll=True, received=ours), endpoint.answerer(theirs, document=other)))

    network.run()

    assert (shown(theirs), shown(ours)) == (TWO, [noise_bitmap(9, rows=60)])


def test_polling_needs_a_place_for_what_comes(tiff: Path) -> None:
    with pytest.raises(OptionError, match="poll needs received"):
        endpoint.caller(tiff, poll=True)


@pytest.mark.parametrize("after_ms", [0, 2_000, 9_000, 14_000])
def test_a_call_that_is_cut_ends_at_once_and_says_so(tiff: Path, after_ms: int) -> None:
    network = Network((endpoint.caller(tiff), endpoint.answerer(tiff.with_name("received.tif"))))
    with pytest.raises(RuntimeError):
        network.run(limit_ms=after_ms)

    for end in network.ends:
        end.terminate()

    assert [end.done for end in network.ends] == [True, True]
    assert {end.report.cause for end in network.ends} == {Cause.LINE_DROPPED}
    assert [end.advance(60_000) for end in network.ends] == [[], []]


def test_a_call_that_is_over_stays_as_it_was_when_it_is_cut(tiff: Path) -> None:
    faxed = fax(tiff)

    for end in faxed.network.ends:
        end.terminate()
        end.deliver(b"\x06")
        assert end.advance(60_000) == []

    assert [end.report.cause for end in faxed.network.ends] == [Cause.DONE] * 2


def test_the_report_can_be_had_while_the_call_runs(tiff: Path) -> None:
    calling = endpoint.caller(tiff, call_uid="c1")

    calling.advance(4_000)

    assert (calling.report.call_uid, calling.report.duration.total_seconds()) == ("c1", 4.0)
    assert not calling.done


def test_a_caller_alone_gives_up_after_t1(tiff: Path) -> None:
    calling = endpoint.caller(tiff)

    packets = calling.advance(3_600_000)

    assert calling.done
    assert calling.report.cause is Cause.NO_FAX_TONE
    assert packets.count(bytes((2 * Indicator.CNG,))) == 3 * 10


@pytest.mark.parametrize("content", [b"", b"II*\0", b"%PDF-1.7"])
def test_a_file_that_is_no_fax_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.tif").write_bytes(content)

    with pytest.raises(PageFileError, match=r"odd\.tif"):
        endpoint.caller(tmp_path / "odd.tif")
    with pytest.raises(PageFileError, match=r"gone\.tif"):
        endpoint.answerer(tmp_path / "out.tif", document=tmp_path / "gone.tif")


@pytest.mark.parametrize("out", ["no folder/out.tif", "."])
def test_a_place_that_cannot_be_written_is_refused_before_the_call(tmp_path: Path, out: str) -> None:
    with pytest.raises(PageFileError, match="cannot be written"):
        endpoint.answerer(tmp_path / out)
    with pytest.raises(PageFileError, match="cannot be written"):
        endpoint.poller(tmp_path / out)


def test_a_first_page_that_the_document_does_not_have_is_refused(tiff: Path) -> None:
    with pytest.raises(OptionError, match="first_page is 2, counted from zero; there are 2 pages"):
        endpoint.caller(tiff, first_page=2)


def test_a_page_that_cannot_be_kept_is_not_confirmed(tiff: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    network = Network((endpoint.caller(tiff), endpoint.answerer(tmp_path / "folder" / "out.tif")))
    (tmp_path / "folder").rmdir()

    network.run()

    assert network.ends[1].report.cause is Cause.LOCAL_ERROR
    assert network.ends[0].report.cause is not Cause.DONE
    assert network.ends[0].report.pages_confirmed == 0


@pytest.mark.parametrize("framing", ["ifp", "udptl"])
@pytest.mark.parametrize("seed", range(4))
def test_hostile_packets_raise_nothing_and_a_call_still_ends(tiff: Path, framing: str, seed: int) -> None:
    chance = random.Random(seed)
    network = Network(
        (endpoint.caller(tiff, framing=framing), endpoint.answerer(tiff.with_name("out.tif"), framing=framing))
    )

    for _ in range(3_000):
        for end in network.ends:
            end.advance(chance.randrange(40))
            end.deliver(chance.choice([b"\xc0", b"\xd0\x01", b"\x06", b""]) + chance.randbytes(chance.randrange(12)))

    for end in network.ends:
        end.advance(3_600_000)
        assert end.done


def test_a_page_is_told_of_in_fields_that_old_gateways_want(tiff: Path) -> None:
    faxed = fax(tiff, ecm=False)
    packets = [ifp.decode(octets, 0) for _, number, octets in faxed.network.packets if number == 0]
    ends = [place for place, packet in enumerate(packets) if isinstance(packet, Fields) and packet.ends_signal]

    last = [packets[place] for place in ends if packets[place - 1] != packets[place]]
    assert all(packets[place + 1] in (packets[place], Indicator.NO_SIGNAL) for place in ends)
    assert FieldKind.T4_SIG_END in {packet.fields[0].kind for packet in last if isinstance(packet, Fields)}
