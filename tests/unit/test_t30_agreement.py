"""Choosing a profile from an offer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.call import Coding
from gateway.fax.t4.page import WIDTHS, PageShape, Resolution
from gateway.fax.t30 import agreement
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, ScanTime, Widths
from gateway.fax.t30.options import EVERYTHING
from gateway.fax.t30.signals import Modulation
from tests.unit.test_t30_capabilities import capabilities

A4_FINE = PageShape(1728, 2291, Resolution.FINE)
SUPERFINE = PageShape(1728, 4400, Resolution.SUPERFINE)
shapes = st.builds(PageShape, st.sampled_from([*WIDTHS, 1000, 4864]), st.integers(1, 9000), st.sampled_from(Resolution))


def settle(offer: Capabilities, shape: PageShape = A4_FINE, *, ecm: bool = True) -> agreement.Agreement:
    return agreement.agree(offer, shape, Modulation.V29_9600, ecm=ecm, sub=False)


def without(*flags: Flag, **changed: object) -> Capabilities:
    return replace(EVERYTHING, flags=EVERYTHING.flags - set(flags), **changed)


@given(capabilities, shapes, st.booleans())
def test_nothing_is_settled_that_was_not_offered(offer: Capabilities, shape: PageShape, ecm: bool) -> None:
    settled = settle(offer, shape, ecm=ecm)

    assert settled.profile.flags - {Flag.RECEIVE} <= offer.flags
    assert settled.shape.width == agreement.PELS[settled.profile.width] <= agreement.PELS[offer.widths]
    assert settled.shape.resolution <= shape.resolution
    assert 0 < settled.shape.rows <= shape.rows
    assert settled.coding is agreement.coding_of(settled.profile)
    assert settled.shape.resolution is agreement.resolution_of(settled.profile)


@given(capabilities, shapes)
def test_mmr_is_never_without_error_correction(offer: Capabilities, shape: PageShape) -> None:
    assert settle(offer, shape, ecm=False).coding is not Coding.MMR
    assert Flag.ECM in settle(offer, shape).profile or settle(offer, shape).coding is not Coding.MMR


@pytest.mark.parametrize(
    ("offer", "ecm", "coding"),
    [
        (EVERYTHING, True, Coding.MMR),
        (EVERYTHING, False, Coding.MR),
        (without(Flag.MMR), True, Coding.MR),
        (without(Flag.MMR, Flag.MR), True, Coding.MH),
        (without(Flag.ECM), True, Coding.MR),
    ],
)
def test_the_coding_is_the_densest_both_have(offer: Capabilities, ecm: bool, coding: Coding) -> None:
    assert settle(offer, ecm=ecm).coding is coding


@pytest.mark.parametrize(
    ("modems", "rates"),
    [
        (Modems.V27_2400, [2400]),
        (Modems.V27, [4800, 2400]),
        (Modems.V29, [9600, 7200]),
        (Modems.V27_V29, [9600, 7200, 4800, 2400]),
        (Modems.V27_V29_V17, [14400, 12000, 9600, 9600, 7200, 7200, 4800, 2400]),
    ],
)
def test_rates_fall_back_through_all_that_both_have(modems: Modems, rates: list[int]) -> None:
    found = agreement.rates(replace(EVERYTHING, modems=modems), 14400)

    assert [modulation.rate for modulation in found] == rates


def test_no_rate_is_above_the_ceiling() -> None:
    assert [m.rate for m in agreement.rates(EVERYTHING, 9600)] == [9600, 9600, 7200, 7200, 4800, 2400]
    assert agreement.rates(EVERYTHING, 1200) == ()


def test_a_fine_page_is_halved_for_a_far_end_without_fine() -> None:
    settled = settle(without(Flag.FINE))

    assert settled.shape == PageShape(1728, 1146, Resolution.STANDARD)
    assert Flag.FINE not in settled.profile


@pytest.mark.parametrize(("taken", "rows"), [({Flag.SUPERFINE}, 2200), ({Flag.SUPERFINE, Flag.FINE}, 1100)])
def test_a_superfine_page_takes_the_next_resolution_offered(taken: set[Flag], rows: int) -> None:
    assert settle(without(*taken), SUPERFINE).shape.rows == rows


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


@pytest.mark.parametrize(
    ("lengths", "rows", "settled", "length"),
    [
        (Lengths.UNLIMITED, 9000, 9000, Lengths.UNLIMITED),
        (Lengths.A4, 2291, 2291, Lengths.A4),
        (Lengths.B4, 2743, 2743, Lengths.B4),
        (Lengths.A4, 2743, 2314, Lengths.A4),
        (Lengths.B4, 2000, 2000, Lengths.A4),
    ],
)
def test_a_page_too_long_is_shortened(lengths: Lengths, rows: int, settled: int, length: Lengths) -> None:
    page = PageShape(1728, rows, Resolution.FINE)

    found = settle(without(lengths=lengths), page)

    assert (found.shape.rows, found.profile.length) == (settled, length)


@pytest.mark.parametrize(
    ("scan", "resolution", "ecm", "bits"),
    [
        (ScanTime.MS20, Resolution.FINE, False, 192),
        (ScanTime.MS20_HALF, Resolution.FINE, False, 96),
        (ScanTime.MS20_HALF, Resolution.STANDARD, False, 192),
        (ScanTime.MS10_HALF, Resolution.FINE, False, 48),
        (ScanTime.MS0, Resolution.FINE, False, 0),
        (ScanTime.MS40, Resolution.FINE, True, 0),
    ],
)
def test_the_least_bits_of_a_row(scan: ScanTime, resolution: Resolution, ecm: bool, bits: int) -> None:
    page = PageShape(1728, 100, resolution)

    settled = settle(without(scan=scan), page, ecm=ecm)

    assert agreement.row_bits(settled.profile) == bits


def test_only_the_rate_changes_when_a_call_slows_down() -> None:
    settled = settle(EVERYTHING)

    slower = agreement.at(settled, Modulation.V27_4800)

    assert slower.profile == replace(settled.profile, modulation=Modulation.V27_4800)
    assert (slower.shape, slower.coding) == (settled.shape, settled.coding)
