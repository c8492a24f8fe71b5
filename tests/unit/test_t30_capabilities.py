"""DIS and DCS, bit by bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t30.capabilities import (
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
from gateway.fax.t30.signals import Modulation

flag_sets = st.frozensets(st.sampled_from(Flag))
capabilities = st.builds(
    Capabilities, flag_sets, st.sampled_from(Modems), st.sampled_from(Widths), st.sampled_from(Lengths),
    st.sampled_from(ScanTime),
)  # fmt: skip
profiles = st.builds(
    Profile, st.sampled_from([m for m in Modulation if m.code is not None]), flag_sets, st.sampled_from(Widths),
    st.sampled_from(Lengths), st.sampled_from([s for s in ScanTime if not s.name.endswith("HALF")]),
)  # fmt: skip


@given(capabilities)
def test_an_offer_is_read_as_it_was_written(offer: Capabilities) -> None:
    assert decode_capabilities(offer.encode()) == offer


@given(profiles)
def test_a_profile_is_read_as_it_was_written(profile: Profile) -> None:
    assert decode_profile(profile.encode()) == profile


@given(st.binary(max_size=30))
def test_octets_of_any_kind_are_some_offer_and_some_profile(fif: bytes) -> None:
    offer, profile = decode_capabilities(fif), decode_profile(fif)

    assert decode_capabilities(offer.encode()) == offer
    assert decode_profile(profile.encode()) == profile


def test_a_captured_dis_says_what_its_machine_can_do() -> None:
    fif = bytes.fromhex("20775f2321ebc1010118")

    offer = decode_capabilities(fif)

    assert offer.modems is Modems.V27_V29_V17
    assert (offer.widths, offer.lengths, offer.scan) == (Widths.A3, Lengths.UNLIMITED, ScanTime.MS0)
    assert {Flag.T38, Flag.RECEIVE, Flag.FINE, Flag.MR, Flag.ECM, Flag.MMR, Flag.SUPERFINE} <= offer.flags
    assert {Flag.DPI_300, Flag.SUB, Flag.PWD, Flag.LETTER, Flag.LEGAL} <= offer.flags
    assert offer.encode() == fif


def test_a_captured_dcs_says_what_was_settled() -> None:
    profile = decode_profile(bytes.fromhex("00461f22"))

    assert profile.modulation is Modulation.V17_14400
    assert profile.flags == {Flag.RECEIVE, Flag.FINE, Flag.ECM, Flag.MMR}
    assert profile.length is Lengths.UNLIMITED
    assert profile.encode() == bytes.fromhex("00461f22")


def test_an_offer_never_has_less_than_three_octets() -> None:
    assert Capabilities(frozenset()).encode() == bytes(3)


def test_octets_that_are_missing_are_zeros() -> None:
    offer = decode_capabilities(bytes.fromhex("0070"))

    assert offer.flags == {Flag.RECEIVE}
    assert offer.modems is Modems.V27_V29
    assert (offer.widths, offer.scan) == (Widths.A4, ScanTime.MS20)


def test_octets_behind_a_cleared_extension_bit_are_not_read() -> None:
    extended = Capabilities(frozenset({Flag.RECEIVE, Flag.ECM, Flag.MMR})).encode()
    closed = extended[:2] + bytes((extended[2] & 0xFE,)) + extended[3:]

    assert Flag.ECM in decode_capabilities(extended)
    assert Flag.ECM not in decode_capabilities(closed)


@pytest.mark.parametrize("octets", range(3, 17))
def test_every_octet_but_the_last_is_extended(octets: int) -> None:
    flags = [flag for flag in Flag if flag <= 8 * octets and flag > 8 * (octets - 1)]
    if not flags:
        return
    fif = Capabilities(frozenset(flags)).encode()

    assert len(fif) == max(3, octets)
    assert [octet & 1 for octet in fif[2:]] == [1] * (len(fif) - 3) + [0]


@pytest.mark.parametrize(
    ("scan", "standard", "fine"),
    [
        (ScanTime.MS0, 0, 0),
        (ScanTime.MS5, 5, 5),
        (ScanTime.MS20, 20, 20),
        (ScanTime.MS20_HALF, 20, 10),
        (ScanTime.MS10_HALF, 10, 5),
        (ScanTime.MS40_HALF, 40, 20),
        (ScanTime.MS40, 40, 40),
    ],
)
def test_the_least_time_of_a_row(scan: ScanTime, standard: int, fine: int) -> None:
    assert (scan.standard_ms, scan.fine_ms) == (standard, fine)


@pytest.mark.parametrize(
    ("code", "modulation"),
    [
        (0b0000, Modulation.V27_2400),
        (0b0100, Modulation.V27_4800),
        (0b1000, Modulation.V29_9600),
        (0b1100, Modulation.V29_7200),
        (0b0001, Modulation.V17_14400),
        (0b0101, Modulation.V17_12000),
        (0b1001, Modulation.V17_9600),
        (0b1101, Modulation.V17_7200),
        (0b1111, Modulation.V27_2400),
    ],
)
def test_the_rates_of_dcs(code: int, modulation: Modulation) -> None:
    assert decode_profile(bytes((0, code << 2))).modulation is modulation


def test_an_offer_reads_as_words() -> None:
    offer = Capabilities(frozenset({Flag.RECEIVE, Flag.ECM}), Modems.V27_V29, Widths.A4, Lengths.B4, ScanTime.MS10)

    assert str(offer) == "V27_V29 A4 B4 MS10 RECEIVE ECM"
