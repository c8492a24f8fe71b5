"""Choosing a profile from what both ends have."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.call import Coding
from gateway.fax.t4.page import WIDTHS_AT, PageShape, Resolution
from gateway.fax.t30 import agreement
from gateway.fax.t30.capabilities import (
    USED_FLAGS,
    Capabilities,
    Flag,
    Lengths,
    Modems,
    Profile,
    ScanTime,
    Widths,
    decode_capabilities,
    decode_profile,
)
from gateway.fax.t30.hdlc import reversed_octets
from gateway.fax.t30.options import EVERYTHING
from gateway.fax.t30.signals import Modulation
from tests.unit.test_t30_capabilities import capabilities, profiles

ALL = EVERYTHING.with_flags(
    EVERYTHING.flags | {Flag.DPI_300, Flag.DPI_400, Flag.INCH, Flag.METRIC, Flag.LETTER, Flag.LEGAL}
)
A4_FINE = PageShape(1728, 2291, Resolution.FINE)
SUPERFINE = PageShape(1728, 4400, Resolution.SUPERFINE)
AT_300 = PageShape(2592, 3400, Resolution.DPI_300)
AT_400 = PageShape(3456, 4400, Resolution.DPI_400)
known_widths = sorted(pels for row in WIDTHS_AT.values() for pels in row)
shapes = st.builds(
    PageShape, st.sampled_from([*known_widths, 1, 1000, 9999]), st.integers(1, 9000), st.sampled_from(Resolution)
)
announcements = st.frozensets(st.sampled_from([Flag.SUB, Flag.SID, Flag.INTERNET_ROUTING_ADDRESS]))


def settle(
    offered: Capabilities, page: PageShape = A4_FINE, *, own: Capabilities = ALL, ecm: bool = True
) -> agreement.Agreement:
    return agreement.agree(offered, own, page, Modulation.V29_9600, ecm=ecm)


def without(*flags: Flag, **changed: object) -> Capabilities:
    return replace(ALL, flags=ALL.flags - set(flags), **changed)


def order(coded: Widths | Lengths) -> int:
    return list(type(coded)).index(coded)


# -- whatever the ends have


@given(capabilities, capabilities, shapes, st.booleans(), announcements)
def test_nothing_is_settled_that_an_end_has_not(
    offered: Capabilities, own: Capabilities, page: PageShape, ecm: bool, announced: frozenset[Flag]
) -> None:
    settled = agreement.agree(offered, own, page, Modulation.V29_9600, ecm=ecm, announced=announced)

    named = settled.profile.flags - {Flag.RECEIVE, Flag.SMALL_FRAMES, Flag.INCH} - announced
    assert named <= offered.flags & own.flags
    assert announced <= settled.profile.flags <= USED_FLAGS
    assert order(settled.profile.width) <= min(order(offered.widths), order(own.widths))
    assert order(settled.profile.length) <= min(order(offered.lengths), order(own.lengths))


@given(capabilities, capabilities, shapes, st.booleans())
def test_what_is_settled_is_what_its_dcs_says(
    offered: Capabilities, own: Capabilities, page: PageShape, ecm: bool
) -> None:
    settled = settle(offered, page, own=own, ecm=ecm)

    read = decode_profile(settled.profile.encode())
    assert read == settled.profile
    assert settled.shape.width == agreement.width_of(read)
    assert settled.shape.resolution is agreement.resolution_of(read)
    assert settled.coding is agreement.coding_of(read)
    assert settled.frame_octets == agreement.frame_octets_of(read)
    assert not agreement.is_beyond_us(read)


@given(capabilities, capabilities, shapes)
def test_a_page_never_grows(offered: Capabilities, own: Capabilities, page: PageShape) -> None:
    settled = settle(offered, page, own=own)

    assert settled.shape.resolution <= page.resolution
    assert settled.shape.resolution.across <= page.resolution.across
    assert 0 < settled.shape.rows <= page.rows


@given(capabilities, capabilities, shapes)
def test_mmr_and_small_frames_are_never_without_error_correction(
    offered: Capabilities, own: Capabilities, page: PageShape
) -> None:
    without_ecm = settle(offered, page, own=own, ecm=False)
    settled = settle(offered, page, own=own)

    assert not without_ecm.profile.flags & {Flag.ECM, Flag.MMR, Flag.SMALL_FRAMES}
    assert Flag.ECM in settled.profile or not settled.profile.flags & {Flag.MMR, Flag.SMALL_FRAMES}


@given(profiles)
def test_every_dcs_has_a_width_a_coding_and_a_frame_size(profile: Profile) -> None:
    assert agreement.width_of(profile) in WIDTHS_AT[agreement.resolution_of(profile).across]
    assert agreement.coding_of(profile) in Coding
    assert agreement.frame_octets_of(profile) in (64, 256)


# -- rates


@pytest.mark.parametrize(
    ("modems", "rates"),
    [
        (Modems.V27_2400, [2400]),
        (Modems.V27, [4800, 2400]),
        (Modems.V29, [9600, 7200]),
        (Modems.V27_V29, [9600, 7200, 4800, 2400]),
        (Modems.V27_V29_V33, [9600, 7200, 4800, 2400]),
        (Modems.V27_V29_V17, [14400, 12000, 9600, 9600, 7200, 7200, 4800, 2400]),
        (Modems.UNKNOWN_15, [2400]),
    ],
)
def test_rates_fall_back_through_all_that_both_have(modems: Modems, rates: list[int]) -> None:
    limited = replace(EVERYTHING, modems=modems)

    assert [modulation.rate for modulation in agreement.rates(limited, EVERYTHING, 14400)] == rates
    assert [modulation.rate for modulation in agreement.rates(EVERYTHING, limited, 14400)] == rates


def test_ends_without_a_common_modem_have_no_rate() -> None:
    v27, v29 = replace(EVERYTHING, modems=Modems.V27), replace(EVERYTHING, modems=Modems.V29)

    assert agreement.rates(v27, v29, 14400) == ()


def test_no_rate_is_above_the_ceiling() -> None:
    assert [m.rate for m in agreement.rates(ALL, ALL, 9600)] == [9600, 9600, 7200, 7200, 4800, 2400]
    assert agreement.rates(ALL, ALL, 1200) == ()


def test_only_the_rate_changes_when_a_call_slows_down() -> None:
    settled = settle(ALL)

    slower = agreement.at(settled, Modulation.V27_4800)

    assert slower.profile == replace(settled.profile, modulation=Modulation.V27_4800)
    assert replace(slower, profile=settled.profile) == settled


# -- coding and frames


@pytest.mark.parametrize(
    ("limited", "ecm", "coding"),
    [
        (ALL, True, Coding.MMR),
        (ALL, False, Coding.MR),
        (without(Flag.MMR), True, Coding.MR),
        (without(Flag.MMR, Flag.MR), True, Coding.MH),
        (without(Flag.ECM), True, Coding.MR),
    ],
)
def test_the_coding_is_the_densest_both_have(limited: Capabilities, ecm: bool, coding: Coding) -> None:
    assert settle(limited, ecm=ecm).coding is coding
    assert settle(ALL, own=limited, ecm=ecm).coding is coding


def test_mmr_named_without_error_correction_is_not_believed() -> None:
    profile = Profile(Modulation.V29_9600, frozenset({Flag.MMR, Flag.MR}))

    assert agreement.coding_of(profile) is Coding.MR
    assert agreement.is_beyond_us(profile)


@pytest.mark.parametrize("flag", [Flag.JPEG, Flag.T85, Flag.UNCOMPRESSED, Flag.DPI_600, Flag.DPI_400_800, Flag.BFT])
def test_a_dcs_for_what_we_cannot_read_is_known(flag: Flag) -> None:
    assert agreement.is_beyond_us(Profile(Modulation.V29_9600, frozenset({Flag.RECEIVE, Flag.ECM, flag})))
    assert not agreement.is_beyond_us(Profile(Modulation.V29_9600, frozenset({Flag.RECEIVE, Flag.ECM})))


@pytest.mark.parametrize(
    ("theirs", "ours", "ecm", "octets"),
    [(False, False, True, 256), (True, False, True, 64), (False, True, True, 64), (True, True, False, 256)],
)
def test_frames_are_small_where_an_end_prefers_it(theirs: bool, ours: bool, ecm: bool, octets: int) -> None:
    small = ALL.with_flags(ALL.flags | {Flag.SMALL_FRAMES_PREFERRED})

    settled = settle(small if theirs else ALL, own=small if ours else ALL, ecm=ecm)

    assert settled.frame_octets == octets
    assert (Flag.SMALL_FRAMES in settled.profile) == (octets == 64)


def test_small_frames_without_error_correction_are_not_believed() -> None:
    assert agreement.frame_octets_of(Profile(Modulation.V29_9600, frozenset({Flag.SMALL_FRAMES}))) == 256


def test_what_goes_before_dcs_is_announced_in_it() -> None:
    told = frozenset({Flag.SUB, Flag.SID})

    settled = agreement.agree(ALL, ALL, A4_FINE, Modulation.V29_9600, ecm=True, announced=told)

    assert settled.profile.flags - settle(ALL).profile.flags == told


def test_a_profile_has_no_bits_of_internet_fax() -> None:
    internet = ALL.with_flags(ALL.flags | {Flag.T37, Flag.T38, Flag.V8, Flag.INTERNET_AWARE})

    assert settle(internet, own=internet).profile == settle(ALL).profile


# -- resolution


@pytest.mark.parametrize(
    ("page", "lacking", "settled"),
    [
        (AT_400, set(), AT_400),
        (AT_400, {Flag.DPI_400}, PageShape(2592, 3375, Resolution.DPI_300)),
        (AT_400, {Flag.DPI_400, Flag.DPI_300}, PageShape(1728, 4400, Resolution.SUPERFINE)),
        (AT_400, {Flag.DPI_400, Flag.DPI_300, Flag.SUPERFINE}, PageShape(1728, 2200, Resolution.FINE)),
        (AT_300, set(), AT_300),
        (AT_300, {Flag.DPI_300}, PageShape(1728, 2217, Resolution.FINE)),
        (AT_300, {Flag.DPI_300, Flag.FINE}, PageShape(1728, 1109, Resolution.STANDARD)),
        (SUPERFINE, set(), SUPERFINE),
        (SUPERFINE, {Flag.SUPERFINE}, PageShape(1728, 2200, Resolution.FINE)),
        (SUPERFINE, {Flag.SUPERFINE, Flag.FINE}, PageShape(1728, 1100, Resolution.STANDARD)),
        (A4_FINE, {Flag.FINE}, PageShape(1728, 1146, Resolution.STANDARD)),
    ],
)
def test_a_page_takes_the_finest_resolution_both_have(page: PageShape, lacking: set[Flag], settled: PageShape) -> None:
    assert settle(without(*lacking), page).shape == settled
    assert settle(ALL, page, own=without(*lacking)).shape == settled


@pytest.mark.parametrize(
    ("resolution", "flag"),
    [
        (Resolution.FINE, Flag.FINE),
        (Resolution.SUPERFINE, Flag.SUPERFINE),
        (Resolution.DPI_300, Flag.DPI_300),
        (Resolution.DPI_400, Flag.DPI_400),
    ],
)
def test_one_bit_names_the_resolution(resolution: Resolution, flag: Flag) -> None:
    named = settle(without(Flag.INCH), PageShape(1728, 100, resolution)).profile.flags

    assert named & {Flag.FINE, Flag.SUPERFINE, Flag.DPI_300, Flag.DPI_400, Flag.INCH} == {flag}


@pytest.mark.parametrize(
    ("page", "taken", "by_inch"),
    [
        (AT_400, {Flag.INCH}, True),
        (AT_400, {Flag.METRIC}, False),
        (AT_400, set(), False),
        (A4_FINE, {Flag.INCH}, False),
    ],
)
def test_the_finest_pages_go_by_inch_where_that_is_taken(page: PageShape, taken: set[Flag], by_inch: bool) -> None:
    offered = without(*{Flag.INCH, Flag.METRIC} - taken)

    assert (Flag.INCH in settle(offered, page).profile) == by_inch


def test_of_several_resolutions_in_a_dcs_the_finest_holds() -> None:
    profile = Profile(Modulation.V29_9600, frozenset({Flag.FINE, Flag.SUPERFINE, Flag.DPI_400}))

    assert agreement.resolution_of(profile) is Resolution.DPI_400


# -- width and length


@pytest.mark.parametrize(
    ("widths", "pels", "settled"),
    [
        (Widths.A3, 1728, 1728),
        (Widths.A3, 2048, 2048),
        (Widths.A3, 2432, 2432),
        (Widths.B4, 2432, 2048),
        (Widths.A4, 2048, 1728),
        (Widths.A3, 1000, 1728),
    ],
)
def test_the_width_is_the_narrowest_that_holds_the_page(widths: Widths, pels: int, settled: int) -> None:
    page = PageShape(pels, 100, Resolution.FINE)

    assert settle(without(widths=widths), page).shape.width == settled
    assert settle(ALL, page, own=without(widths=widths)).shape.width == settled


@pytest.mark.parametrize("resolution", [Resolution.FINE, Resolution.DPI_300, Resolution.DPI_400])
@pytest.mark.parametrize(("width", "place"), [(Widths.A4, 0), (Widths.B4, 1), (Widths.A3, 2)])
def test_each_paper_has_a_width_at_each_resolution(resolution: Resolution, width: Widths, place: int) -> None:
    pels = WIDTHS_AT[resolution.across][place]

    settled = settle(ALL, PageShape(pels, 100, resolution))

    assert settled.profile.width is width
    assert settled.shape.width == agreement.width_of(settled.profile) == pels


def test_a_wide_page_keeps_its_paper_at_a_lower_resolution() -> None:
    settled = settle(without(Flag.DPI_300, Flag.DPI_400, Flag.SUPERFINE), PageShape(4864, 100, Resolution.DPI_400))

    assert (settled.profile.width, settled.shape.width) == (Widths.A3, 2432)


@pytest.mark.parametrize(
    ("lengths", "rows", "settled", "length"),
    [
        (Lengths.UNLIMITED, 9000, 9000, Lengths.UNLIMITED),
        (Lengths.A4, 2291, 2291, Lengths.A4),
        (Lengths.B4, 2743, 2743, Lengths.B4),
        (Lengths.A4, 2743, 2314, Lengths.A4),
        (Lengths.B4, 2000, 2000, Lengths.A4),
        (Lengths.B4, 9000, 2836, Lengths.B4),
    ],
)
def test_a_page_too_long_is_shortened(lengths: Lengths, rows: int, settled: int, length: Lengths) -> None:
    page = PageShape(1728, rows, Resolution.FINE)

    for found in (
        settle(without(Flag.LEGAL, lengths=lengths), page),
        settle(ALL, page, own=without(Flag.LEGAL, lengths=lengths)),
    ):
        assert (found.shape.rows, found.profile.length) == (settled, length)


@pytest.mark.parametrize(
    ("lengths", "pels", "rows", "legal", "settled"),
    [
        (Lengths.UNLIMITED, 1728, 2744, False, 2744),
        (Lengths.A4, 1728, 2291, False, 2291),
        (Lengths.A4, 1728, 2744, True, 2744),
        (Lengths.A4, 1728, 9000, True, 2771),
        (Lengths.A4, 2432, 2744, False, 2314),
        (Lengths.B4, 1728, 2744, True, 2744),
        (Lengths.B4, 1728, 2800, False, 2800),
    ],
)
def test_a_legal_page_is_named_so_where_length_is_limited(
    lengths: Lengths, pels: int, rows: int, legal: bool, settled: int
) -> None:
    found = settle(without(lengths=lengths), PageShape(pels, rows, Resolution.FINE))

    assert (Flag.LEGAL in found.profile, found.shape.rows) == (legal, settled)
    assert Flag.LETTER not in found.profile


# -- the least time of a row


@pytest.mark.parametrize(
    ("scan", "resolution", "ecm", "bits"),
    [
        (ScanTime.MS20, Resolution.STANDARD, False, 192),
        (ScanTime.MS20, Resolution.FINE, False, 192),
        (ScanTime.MS20_HALF, Resolution.FINE, False, 96),
        (ScanTime.MS20_HALF, Resolution.STANDARD, False, 192),
        (ScanTime.MS10_HALF, Resolution.FINE, False, 48),
        (ScanTime.MS40_HALF, Resolution.FINE, False, 192),
        (ScanTime.MS20_HALF, Resolution.DPI_300, False, 96),
        (ScanTime.MS20_HALF, Resolution.DPI_400, False, 96),
        (ScanTime.MS5, Resolution.FINE, False, 48),
        (ScanTime.MS0, Resolution.FINE, False, 0),
        (ScanTime.MS40, Resolution.FINE, True, 0),
    ],
)
def test_the_least_bits_of_a_row(scan: ScanTime, resolution: Resolution, ecm: bool, bits: int) -> None:
    settled = settle(without(scan=scan), PageShape(1728, 100, resolution), ecm=ecm)

    assert agreement.row_bits(settled.profile) == bits


@pytest.mark.parametrize(
    ("scan", "resolution", "milliseconds"),
    [
        (ScanTime.MS20, Resolution.SUPERFINE, 10),
        (ScanTime.MS20, Resolution.DPI_400, 10),
        (ScanTime.MS20, Resolution.DPI_300, 20),
        (ScanTime.MS20, Resolution.FINE, 20),
        (ScanTime.MS20_HALF, Resolution.SUPERFINE, 5),
        (ScanTime.MS5, Resolution.SUPERFINE, 5),  # DCS has no shorter one but none at all
        (ScanTime.MS40_HALF, Resolution.SUPERFINE, 10),
        (ScanTime.MS0, Resolution.SUPERFINE, 0),
    ],
)
def test_the_finest_rows_may_take_half_the_time(scan: ScanTime, resolution: Resolution, milliseconds: int) -> None:
    offered = replace(ALL, flags=ALL.flags | {Flag.SUPERFINE_HALF_TIME}, scan=scan)

    settled = settle(offered, PageShape(1728, 100, resolution), ecm=False)

    assert settled.profile.scan.standard_ms == milliseconds


def test_a_logged_call_comes_to_what_another_engine_made_of_it() -> None:
    offered = decode_capabilities(reversed_octets(bytes.fromhex("00 6e b8 00")))

    settled = agreement.agree(offered, EVERYTHING, A4_FINE, Modulation.V17_14400, ecm=True)

    assert agreement.row_bits(settled.profile) == 144  # "Minimum bits per row will be 144"
    assert settled.coding is Coding.MH
    assert settled.shape == A4_FINE
