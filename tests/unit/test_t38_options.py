"""What a T.38 endpoint can be told: words, numbers, other names, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from gateway.domain.errors import UsageError
from gateway.fax.t30.capabilities import Flag, Lengths, Modems, ScanTime, Widths
from gateway.fax.t30.options import TerminalOptions
from gateway.fax.t30.states import ISDN, Timers
from gateway.fax.t38 import endpoint
from gateway.fax.t38.options import EndpointOptions, OptionError
from gateway.fax.t38.outgoing import Pace


def told(*, called: bool = True, **options: Any) -> TerminalOptions:
    return EndpointOptions.of(options).terminal(called=called)


def test_an_endpoint_that_was_told_nothing_can_do_everything() -> None:
    options = told()

    assert options.capabilities.modems is Modems.V27_V29_V17
    assert (options.capabilities.widths, options.capabilities.lengths) == (Widths.A3, Lengths.UNLIMITED)
    assert options.capabilities.scan is ScanTime.MS0
    assert {
        Flag.RECEIVE, Flag.ECM, Flag.MR, Flag.MMR, Flag.FINE, Flag.SUPERFINE, Flag.DPI_300, Flag.DPI_400, Flag.SUB,
    } <= options.capabilities.flags  # fmt: skip
    assert (options.ecm, options.max_rate) == (True, 14400)


@pytest.mark.parametrize("name", ["codecs", "Framing", "udptl"])
def test_an_unknown_option_is_refused_by_name(name: str) -> None:
    with pytest.raises(OptionError, match=f"no such option: {name}; there are framing, version"):
        EndpointOptions.of({name: 1})


def test_the_refusal_is_an_error_of_use_and_of_type() -> None:
    with pytest.raises(UsageError):
        EndpointOptions.of({"what": 1})
    with pytest.raises(TypeError):
        endpoint.answerer(Path("out.tif"), what=1)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"framing": "tpkt"}, "framing is 'tpkt'; it can be ifp, udptl"),
        ({"version": 4}, "version is 4; it can be 0, 1, 2, 3, None"),
        ({"frame_octets": 128}, "frame_octets is 128; it can be 64, 256"),
        ({"min_scan_ms": 7}, "min_scan_ms is 7"),
        ({"repeats": 0}, "repeats is 0; it can be 1 to 10"),
        ({"packet_ms": 0}, "packet_ms is 0; it can be 1 to 1000"),
        ({"max_datagram": 20}, "max_datagram is 20; it can be 64 to 16000"),
        ({"codings": "MH JBIG"}, "codings: JBIG; it can be MH, MR, MMR"),
        ({"modems": ["V.34"]}, "modems: V34"),
        ({"resolutions": []}, "resolutions: nothing"),
        ({"widths": "A5"}, "widths: A5"),
        ({"station_id": "9" * 21}, "station_id: "),
        ({"password": "secret"}, "password: "),
        ({"station_id": "12*3"}, "station_id: "),
        ({"timers": {"t9": 1}}, "timers: "),
        ({"timers": {"t1": "soon"}}, "timers: \\['soon'\\]; it can be whole numbers"),
        ({"rates": "fast"}, "rates: \\['fast'\\]; it can be whole numbers"),
        ({"first_page": -1}, "first_page is -1; it can be 0 to 9999"),
        ({"hold_ms": -1}, "hold_ms is -1; it can be 0 to 10000"),
        ({"redundancy": -1}, "redundancy is -1; it can be 0 to 20"),
        ({"redundancy": (3, 21)}, "redundancy is 21; it can be 0 to 20"),
        ({"redundancy": (1, 2, 3)}, "redundancy: \\(1, 2, 3\\); it can be two whole numbers"),
        ({"redundancy": "much"}, "redundancy: 'much'; it can be whole numbers"),
        ({"parity": 3}, "parity: 3; it can be whole numbers"),
        ({"parity": (3, 0)}, "parity's entries is 0; it can be 1 to 20"),
        ({"parity": (21, 3)}, "parity's span is 21; it can be 1 to 20"),
        ({"timers": 7}, "timers: "),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_those_that_can(options: dict[str, Any], why: str) -> None:
    with pytest.raises(OptionError, match=why):
        EndpointOptions.of(options).terminal(called=True)


@pytest.mark.parametrize("name", ["sub_address", "password", "selective_polling", "polled_sub_address"])
def test_addresses_and_passwords_may_have_star_and_number_sign(name: str) -> None:
    assert getattr(told(**{name: "12*3#"}), name) == "12*3#"


@pytest.mark.parametrize("codings", ["MH,MR", "mh mr", ["MH", "MR"], ("MR",), {"MR"}, "MR"])
def test_several_values_are_an_iterable_or_one_text(codings: Any) -> None:
    flags = told(codings=codings).capabilities.flags

    assert Flag.MR in flags
    assert Flag.MMR not in flags


@pytest.mark.parametrize(
    ("modems", "expected"),
    [
        ("V.27ter", Modems.V27),
        (["V.29"], Modems.V29),
        (("V.27ter", "V.29"), Modems.V27_V29),
        ("V17", Modems.V27_V29_V17),
        ("v.17, v.29, v.27ter", Modems.V27_V29_V17),
    ],
)
def test_modems_are_offered_in_the_sets_that_a_dis_knows(modems: Any, expected: Modems) -> None:
    assert told(modems=modems).capabilities.modems is expected


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (14400, Modems.V27_V29_V17),
        (12000, Modems.V27_V29_V17),
        (9600, Modems.V27_V29),
        (7200, Modems.V27_V29),
        (4800, Modems.V27),
        (2400, Modems.V27_2400),
    ],
)
def test_an_answerer_keeps_to_a_rate_by_the_modems_it_offers(rate: int, expected: Modems) -> None:
    assert told(max_rate=rate).capabilities.modems is expected
    assert told(rates=[2400, rate]).capabilities.modems is expected
    assert told(max_rate=rate, called=False).max_rate == rate


def test_rates_are_bounded_by_the_highest_rate() -> None:
    assert told(rates=(4800, 9600), called=False).max_rate == 9600
    assert told(rates=(4800, 9600), max_rate=4800, called=False).max_rate == 4800
    assert told(rates=7200, called=False).max_rate == 7200


@pytest.mark.parametrize(
    ("sizes", "width", "lengths", "length"),
    [
        ("A4", Widths.A4, "A4", Lengths.A4),
        (["A4", "B4"], Widths.B4, ["B4", "A4"], Lengths.B4),
        ("A3", Widths.A3, "unlimited", Lengths.UNLIMITED),
        ("A4", Widths.A4, "legal", Lengths.A4),
    ],
)
def test_the_largest_size_counts(sizes: Any, width: Widths, lengths: Any, length: Lengths) -> None:
    capabilities = told(sizes=sizes, lengths=lengths).capabilities

    assert (capabilities.widths, capabilities.lengths) == (width, length)
    assert (Flag.LEGAL in capabilities) == (lengths == "legal")


def test_resolutions_are_words_or_numbers() -> None:
    flags = told(resolutions=["standard", "fine", 300]).capabilities.flags

    assert {Flag.FINE, Flag.DPI_300} <= flags
    assert not {Flag.SUPERFINE, Flag.DPI_400} & flags


def test_without_ecm_there_is_neither_mmr_nor_a_frame_size() -> None:
    flags = told(ecm=False, frame_octets=64).capabilities.flags

    assert not {Flag.ECM, Flag.MMR, Flag.SMALL_FRAMES_PREFERRED} & flags
    assert Flag.SMALL_FRAMES_PREFERRED in told(frame_octets=64).capabilities


@pytest.mark.parametrize(
    ("options", "scan"),
    [
        ({"min_scan_ms": 20}, ScanTime.MS20),
        ({"min_scan_time": 40, "fine_halves_scan": True}, ScanTime.MS40_HALF),
        ({"scan_ms": 5, "fine_halves_scan": True}, ScanTime.MS5),
    ],
)
def test_the_scan_time_is_one_of_t30s(options: dict[str, Any], scan: ScanTime) -> None:
    assert told(**options).capabilities.scan is scan


def test_names_and_addresses_have_their_frames_names_too() -> None:
    options = told(identifier="+1 206 555 0100", sub="12", pwd="34", sep="56", psa="78", required_password="90")

    assert (options.station_id, options.sub_address, options.password) == ("+1 206 555 0100", "12", "34")
    assert (options.selective_polling, options.polled_sub_address, options.required_password) == ("56", "78", "90")


@pytest.mark.parametrize(
    ("timers", "expected"),
    [({"t4": 4500}, Timers(t4=4500)), ("isdn", ISDN), (Timers(t1=9), Timers(t1=9)), (None, Timers())],
)
def test_timers_are_told_by_name(timers: Any, expected: Timers) -> None:
    assert told(timers=timers).timers == expected


@pytest.mark.parametrize(("redundancy", "expected"), [(2, (2, 2)), ((3, 1), (3, 1)), ([0, 0], (0, 0)), (None, (3, 1))])
def test_redundancy_is_one_number_or_one_for_control_and_one_for_images(redundancy: Any, expected: Any) -> None:
    assert EndpointOptions.of({"redundancy": redundancy}).redundant == expected


def test_no_version_means_find_out_and_no_other_value_means_the_default() -> None:
    options = EndpointOptions.of({"version": None, "max_rate": None, "document": None})

    assert (options.version, options.max_rate, options.document) == (None, 14400, None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Pace(120, whole_fast_frames=True)),
        ({"whole_frames": False}, Pace(120)),
        ({"whole_frames": True, "packet_ms": 30}, Pace(30, whole_frames=True)),
        ({"framing": "udptl"}, Pace(30, most=384)),
        ({"framing": "udptl", "packet_ms": 60, "max_datagram": 200}, Pace(60, most=184)),
    ],
)
def test_datagrams_keep_pace_where_bare_packets_hold_more(options: dict[str, Any], expected: Pace) -> None:
    assert EndpointOptions.of(options).pace == expected


def test_letter_and_legal_are_as_wide_as_a4() -> None:
    assert told(sizes="letter, legal").capabilities.widths is Widths.A4
    assert told(sizes="A3, letter").capabilities.widths is Widths.A3
