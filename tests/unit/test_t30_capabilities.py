"""DIS and DCS, bit by bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t30 import bits
from gateway.fax.t30.capabilities import (
    OFFERED_FLAGS,
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
    decode_rate,
)
from gateway.fax.t30.hdlc import reversed_octets
from gateway.fax.t30.signals import Modulation

flag_sets = st.frozensets(st.sampled_from(sorted(OFFERED_FLAGS)))
capabilities = st.builds(
    Capabilities, flag_sets, st.sampled_from(Modems), st.sampled_from(Widths), st.sampled_from(Lengths),
    st.sampled_from(ScanTime),
)  # fmt: skip
modulations = st.sampled_from([m for m in Modulation if m.code is not None])
profiles = st.builds(
    Profile, modulations, st.frozensets(st.sampled_from(sorted(USED_FLAGS))), st.sampled_from(Widths),
    st.sampled_from(Lengths), st.sampled_from([s for s in ScanTime if not s.name.endswith("HALF")]),
)  # fmt: skip
whole_fields = st.binary(min_size=16, max_size=16).map(
    lambda octets: octets[:2] + bytes(octet | 1 for octet in octets[2:])  # every octet extended
)


def stored(octets: str) -> bytes:
    """Octets as logs and manuals give them, first bit sent rightmost."""
    return reversed_octets(bytes.fromhex(octets))


def offer(octets: str) -> Capabilities:
    return decode_capabilities(stored(octets))


# -- both ways


@given(capabilities)
def test_an_offer_is_read_as_it_was_written(offered: Capabilities) -> None:
    assert decode_capabilities(offered.encode()) == offered


@given(profiles)
def test_a_profile_is_read_as_it_was_written(profile: Profile) -> None:
    assert decode_profile(profile.encode()) == profile


@given(whole_fields)
def test_every_known_bit_of_an_offer_is_kept(fif: bytes) -> None:
    sent, kept = bits.decode(fif), bits.decode(decode_capabilities(fif).encode())

    assert kept & OFFERED_FLAGS == sent & OFFERED_FLAGS
    assert kept & {11, 12, 13, 14, 21, 22, 23} == sent & {11, 12, 13, 14, 21, 22, 23}
    for pair in ({17, 18}, {19, 20}):
        assert kept & pair == sent & pair or pair <= sent


@given(whole_fields, modulations)
def test_every_known_bit_of_a_profile_is_kept(fif: bytes, modulation: Modulation) -> None:
    rate = (modulation.code or 0) << 2
    fif = fif[:1] + bytes((fif[1] & 0b11000011 | rate,)) + fif[2:]
    sent, kept = bits.decode(fif), bits.decode(decode_profile(fif).encode())

    assert kept & USED_FLAGS == sent & USED_FLAGS
    assert kept & {11, 12, 13, 14, 21, 22, 23} == sent & {11, 12, 13, 14, 21, 22, 23}


@given(st.binary(max_size=30))
def test_octets_of_any_kind_are_some_offer_and_some_profile(fif: bytes) -> None:
    offered, profile = decode_capabilities(fif), decode_profile(fif)

    assert decode_capabilities(offered.encode()) == offered
    assert decode_profile(profile.encode()) == profile
    assert decode_rate(fif, profile).flags == profile.flags


# -- captures


def test_a_captured_dis_says_what_its_machine_can_do() -> None:
    fif = bytes.fromhex("20775f2321ebc1010118")

    offered = decode_capabilities(fif)

    assert offered.modems is Modems.V27_V29_V17
    assert (offered.widths, offered.lengths, offered.scan) == (Widths.A3, Lengths.UNLIMITED, ScanTime.MS0)
    assert {Flag.T38, Flag.RECEIVE, Flag.FINE, Flag.MR, Flag.ECM, Flag.MMR, Flag.SUPERFINE} <= offered.flags
    assert {Flag.DPI_300, Flag.SUB, Flag.PWD, Flag.LETTER, Flag.LEGAL} <= offered.flags
    assert offered.encode() == fif


def test_the_dis_of_an_epson_wf_m5899() -> None:
    offered = offer("20 c2 8a c4 80 d5 83 80 18")  # its service manual reads it so

    assert offered.flags == {
        Flag.V8, Flag.RECEIVE, Flag.FINE, Flag.MR, Flag.ECM, Flag.MMR, Flag.SUPERFINE, Flag.DPI_400, Flag.METRIC,
        Flag.SELECTIVE_POLLING, Flag.SUB, Flag.PWD, Flag.JPEG, Flag.COLOUR,
    }  # fmt: skip
    assert offered.modems is Modems.V27_2400
    assert (offered.widths, offered.lengths, offered.scan) == (Widths.A3, Lengths.UNLIMITED, ScanTime.MS20)
    assert reversed_octets(offered.encode()).hex(" ") == "20 c2 8a c4 80 d5 83 80 18"


def test_the_dis_of_a_fuji_xerox_docucentre() -> None:
    offered = offer("20 ee fa c4 80 1f")

    assert offered.modems is Modems.V27_V29_V17
    assert (offered.widths, offered.lengths, offered.scan) == (Widths.A3, Lengths.UNLIMITED, ScanTime.MS0)
    assert {Flag.SUPERFINE, Flag.DPI_300, Flag.DPI_400, Flag.INCH, Flag.METRIC, Flag.MMR} <= offered.flags
    assert reversed_octets(offered.encode()).hex(" ") == "20 ee fa c4 80 1f"


def test_the_dis_of_a_gateway_without_ecm() -> None:
    offered = offer("00 6e b8 00")  # logged on a T.38 trunk in 2018

    assert offered == Capabilities(
        frozenset({Flag.RECEIVE, Flag.FINE}), Modems.V27_V29_V17, Widths.A4, Lengths.UNLIMITED, ScanTime.MS20_HALF
    )


def test_a_captured_dcs_says_what_was_settled() -> None:
    profile = decode_profile(bytes.fromhex("00461f22"))

    assert profile.modulation is Modulation.V17_14400
    assert profile.flags == {Flag.RECEIVE, Flag.FINE, Flag.ECM, Flag.MMR}
    assert profile.length is Lengths.UNLIMITED
    assert profile.encode() == bytes.fromhex("00461f22")


def test_the_dcs_of_an_epson_wf_m5899() -> None:
    profile = decode_profile(stored("00 42 f8 44"))

    assert profile.flags == {Flag.RECEIVE, Flag.FINE, Flag.ECM, Flag.MMR}
    assert (profile.width, profile.length, profile.scan) == (Widths.A4, Lengths.UNLIMITED, ScanTime.MS0)
    assert profile.encode() == stored("00 42 f8 44")


# -- single bits


@pytest.mark.parametrize(
    ("bit", "flag"),
    [
        (1, Flag.T37), (3, Flag.T38), (6, Flag.V8), (7, Flag.SMALL_FRAMES_PREFERRED), (9, Flag.HAS_DOCUMENT),
        (10, Flag.RECEIVE), (15, Flag.FINE), (16, Flag.MR), (26, Flag.UNCOMPRESSED), (27, Flag.ECM), (31, Flag.MMR),
        (33, Flag.FIELD_NOT_VALID), (34, Flag.MULTIPLE_SELECTIVE_POLLING), (35, Flag.POLLED_SUBADDRESS),
        (36, Flag.T43), (41, Flag.SUPERFINE), (42, Flag.DPI_300), (43, Flag.DPI_400), (44, Flag.INCH),
        (45, Flag.METRIC), (46, Flag.SUPERFINE_HALF_TIME), (47, Flag.SELECTIVE_POLLING), (49, Flag.SUB),
        (50, Flag.PWD), (53, Flag.BFT), (54, Flag.DTM), (55, Flag.EDI), (57, Flag.BTM), (68, Flag.JPEG),
        (69, Flag.COLOUR), (71, Flag.TWELVE_BIT), (76, Flag.LETTER), (77, Flag.LEGAL), (78, Flag.T85),
        (79, Flag.T85_L0), (97, Flag.COLOUR_300_400), (98, Flag.COLOUR_100), (101, Flag.INTERNET_POLLING_ADDRESS),
        (102, Flag.INTERNET_ROUTING_ADDRESS), (105, Flag.DPI_600), (106, Flag.DPI_1200), (107, Flag.DPI_300_600),
        (108, Flag.DPI_400_800), (109, Flag.DPI_600_1200), (110, Flag.COLOUR_600), (111, Flag.COLOUR_1200),
        (121, Flag.T38_FLOW_CONTROL), (122, Flag.LARGER_K), (123, Flag.INTERNET_AWARE), (127, Flag.SYCC_JPEG),
    ],
)  # fmt: skip
def test_each_bit_stands_where_t30_puts_it(bit: int, flag: Flag) -> None:
    fif = Capabilities(frozenset({flag})).encode()

    assert fif[(bit - 1) // 8] & 0x80 >> (bit - 1) % 8
    assert bits.decode(fif) == {bit}
    assert decode_capabilities(fif).flags == {flag}


def test_no_flag_is_an_extension_bit_or_of_a_coded_field() -> None:
    assert not set(Flag) & (set(range(24, 128, 8)) | {11, 12, 13, 14, 17, 18, 19, 20, 21, 22, 23})
    assert max(Flag) == bits.LAST_BIT


@pytest.mark.parametrize("bit", [28, 70])
def test_bits_of_dcs_alone_are_not_offered(bit: int) -> None:
    fif = bits.encode({bit})

    assert decode_capabilities(fif).flags == frozenset()
    assert decode_profile(fif).flags == {bit}
    assert Capabilities(frozenset({Flag(bit)})).encode() == bytes(3)


@pytest.mark.parametrize("bit", [6, 7, 9, 34, 35, 45, 46, 47, 51, 59, 65, 100, 101, 115])
def test_bits_of_dis_alone_are_never_used(bit: int) -> None:
    fif = bits.encode({bit})

    assert decode_capabilities(fif).flags == {bit}
    assert decode_profile(fif).flags == frozenset()
    assert Profile(Modulation.V27_2400, frozenset({Flag(bit)})).encode() == bytes(3)


def test_the_bit_of_a_password_says_in_dcs_that_a_sender_named_itself() -> None:
    assert Flag.SID is Flag.PWD
    assert Flag.SID in decode_profile(bits.encode({50}))


# -- octets and extension bits


def test_an_offer_never_has_less_than_three_octets() -> None:
    assert Capabilities(frozenset()).encode() == bytes(3)


def test_octets_that_are_missing_are_zeros() -> None:
    offered = decode_capabilities(bytes.fromhex("0070"))

    assert offered.flags == {Flag.RECEIVE}
    assert offered.modems is Modems.V27_V29
    assert (offered.widths, offered.scan) == (Widths.A4, ScanTime.MS20)


@given(whole_fields, st.integers(2, 15))
def test_octets_behind_a_cleared_extension_bit_are_not_read(fif: bytes, last: int) -> None:
    closed = fif[:last] + bytes((fif[last] & 0xFE,)) + fif[last + 1 :]

    assert decode_capabilities(closed) == decode_capabilities(fif[: last + 1])
    assert decode_profile(closed) == decode_profile(fif[: last + 1])


@given(st.binary(max_size=16), st.binary(max_size=8))
def test_octets_behind_the_last_bit_are_not_read(fif: bytes, more: bytes) -> None:
    whole = fif.ljust(16, b"\xff")

    assert decode_capabilities(whole + more) == decode_capabilities(whole)


@given(st.frozensets(st.integers(1, 127)))
def test_every_octet_but_the_last_is_extended(wanted: frozenset[int]) -> None:
    fif = bits.encode(wanted - set(range(24, 128, 8)))

    assert [octet & 1 for octet in fif[2:]] == [1] * (len(fif) - 3) + [0]
    assert bits.decode(fif) == wanted - set(range(24, 128, 8))


@given(st.integers(1, 100), st.integers(1, 8), st.data())
def test_a_number_among_the_bits_is_read_as_it_was_written(first: int, length: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(0, 2**length - 1))

    assert bits.number(frozenset(bits.of_number(first, length, value)), first, length) == value


# -- coded fields


@pytest.mark.parametrize(
    ("code", "modems"),
    [
        (0b0000, Modems.V27_2400),
        (0b0100, Modems.V27),
        (0b1000, Modems.V29),
        (0b1100, Modems.V27_V29),
        (0b1101, Modems.V27_V29_V17),
        (0b1110, Modems.V27_V29_V33),
        (0b1111, Modems.UNKNOWN_15),
        (0b0011, Modems.UNKNOWN_3),
    ],
)
def test_the_modems_of_dis(code: int, modems: Modems) -> None:
    offered = decode_capabilities(bytes((0, code << 2)))

    assert offered.modems is modems
    assert offered.encode() == bytes((0, code << 2, 0))


@pytest.mark.parametrize(
    ("octet", "widths", "lengths"),
    [
        (0b00000000, Widths.A4, Lengths.A4),
        (0b10000000, Widths.B4, Lengths.A4),
        (0b01000000, Widths.A3, Lengths.A4),
        (0b11000000, Widths.A3, Lengths.A4),
        (0b00100000, Widths.A4, Lengths.B4),
        (0b00010000, Widths.A4, Lengths.UNLIMITED),
        (0b00110000, Widths.A4, Lengths.UNLIMITED),
    ],
)
def test_widths_and_lengths(octet: int, widths: Widths, lengths: Lengths) -> None:
    offered, profile = decode_capabilities(bytes((0, 0, octet))), decode_profile(bytes((0, 0, octet)))

    assert (offered.widths, offered.lengths) == (widths, lengths)
    assert (profile.width, profile.length) == (widths, lengths)


@pytest.mark.parametrize(
    ("code", "standard", "fine"),
    [
        (0b000, 20, 20), (0b100, 5, 5), (0b010, 10, 10), (0b001, 40, 40),
        (0b110, 20, 10), (0b011, 10, 5), (0b101, 40, 20), (0b111, 0, 0),
    ],
)  # fmt: skip
def test_the_least_time_of_a_row(code: int, standard: int, fine: int) -> None:
    scan = decode_capabilities(bytes((0, 0, code << 1))).scan

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


@given(profiles, modulations)
def test_ctc_changes_the_rate_and_nothing_else(profile: Profile, modulation: Modulation) -> None:
    slower = Profile(modulation, profile.flags, profile.width, profile.length, profile.scan)

    assert len(slower.encode_rate()) == 2
    assert decode_rate(slower.encode_rate(), profile) == slower


@pytest.mark.parametrize("fif", [b"", b"\0"])
def test_a_ctc_without_its_field_changes_nothing(fif: bytes) -> None:
    profile = decode_profile(bytes.fromhex("00461f22"))

    assert decode_rate(fif, profile) == profile


def test_an_offer_reads_as_words() -> None:
    offered = Capabilities(frozenset({Flag.RECEIVE, Flag.ECM}), Modems.V27_V29, Widths.A4, Lengths.B4, ScanTime.MS10)

    assert str(offered) == "V27_V29 A4 B4 MS10 RECEIVE ECM"


@given(capabilities, st.frozensets(st.sampled_from([Flag.PWD, Flag.SELECTIVE_POLLING, Flag.POLLED_SUBADDRESS])))
def test_a_request_names_the_addresses_that_go_before_it_and_no_others(
    own: Capabilities, announced: frozenset[Flag]
) -> None:
    changing = {9, 35, 47, 49, 50, 101, 102}
    request = own.request(announced)

    assert request.flags & changing == announced
    assert request.flags - changing == own.flags - changing
    assert request.with_flags(own.flags) == own


def test_an_offer_may_get_other_flags() -> None:
    offered = Capabilities(frozenset({Flag.RECEIVE}), Modems.V29)

    assert offered.with_flags([Flag.ECM]) == Capabilities(frozenset({Flag.ECM}), Modems.V29)
