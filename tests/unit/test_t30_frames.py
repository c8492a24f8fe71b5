"""Frames as octets: what T.30 prints is what is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t30 import frames, hdlc
from gateway.fax.t30.frames import Fcf, Frame, FrameError, PartialPage

WITH_X = st.sampled_from([code for code in Fcf if 0x20 <= code < 0x80])
WITHOUT_X = st.sampled_from([Fcf.DIS, Fcf.CSI, Fcf.NSF])
identifiers = st.text("0123456789 +", max_size=20).map(str.strip)


@given(WITH_X, st.binary(max_size=40), st.booleans(), st.booleans())
def test_a_frame_is_read_as_it_was_written(fcf: Fcf, fif: bytes, final: bool, x: bool) -> None:
    frame = Frame(fcf, fif, final, x)

    assert frames.decode(frame.encode()) == frame


@given(WITHOUT_X, st.binary(max_size=40))
def test_the_answerers_first_frames_never_carry_x(fcf: Fcf, fif: bytes) -> None:
    assert frames.decode(Frame(fcf, fif).encode()) == Frame(fcf, fif)


@given(st.binary(max_size=60))
def test_octets_of_any_kind_are_a_frame_or_a_frame_error(octets: bytes) -> None:
    try:
        frame = frames.decode(octets)
    except FrameError:
        return
    assert frame.encode()[:2] == octets[:2]
    assert frame.fif == octets[3:]


@pytest.mark.parametrize(
    ("frame", "octets"),
    [
        (Frame(Fcf.DCS, b"\x00\x46", x=True), "ff c8 c1 00 46"),
        (Frame(Fcf.CFR), "ff c8 21"),
        (Frame(Fcf.MCF), "ff c8 31"),
        (Frame(Fcf.EOP, x=True), "ff c8 f4"),
        (Frame(Fcf.MPS, x=True), "ff c8 f2"),
        (Frame(Fcf.DCN, x=True), "ff c8 df"),
        (Frame(Fcf.DCN), "ff c8 5f"),
        (Frame(Fcf.TSI, b"", final=False, x=True), "ff c0 c2"),
    ],
)
def test_frames_have_the_octets_that_captures_show(frame: Frame, octets: str) -> None:
    assert frame.encode().hex(" ") == octets


@pytest.mark.parametrize("octets", ["", "ff", "ff c8", "fe c8 21", "ff 00 21", "ff c8 0f", "ff c8 ff"])
def test_what_is_no_frame_is_refused(octets: str) -> None:
    with pytest.raises(FrameError):
        frames.decode(bytes.fromhex(octets))


@given(identifiers)
def test_an_identifier_is_read_as_it_was_written(text: str) -> None:
    fif = frames.encode_identifier(text)

    assert len(fif) == 20
    assert frames.decode_identifier(fif) == text


def test_an_identifier_goes_last_character_first_and_bit_reversed() -> None:
    fif = frames.encode_identifier("+1")

    assert fif[:2] == bytes((0b10001100, 0b11010100))  # "1" is 0x31, "+" is 0x2B
    assert set(fif[2:]) == {0x04}


@pytest.mark.parametrize("text", ["1" * 21, "12a", "é"])
def test_an_identifier_of_other_characters_is_refused(text: str) -> None:
    with pytest.raises(FrameError):
        frames.encode_identifier(text)


@given(st.binary(max_size=40))
def test_an_identifier_of_any_octets_is_printable(fif: bytes) -> None:
    assert frames.decode_identifier(fif).isprintable()


def test_pps_has_the_octets_of_a_capture() -> None:
    frame = frames.decode(bytes.fromhex("ffc8fdf200006f"))

    partial = frames.decode_partial_page(frame.fif)

    assert partial == PartialPage(Fcf.MPS, page=0, block=0, count=247)
    assert partial.encode() == frame.fif


@given(st.sampled_from([Fcf.NULL, Fcf.MPS, Fcf.EOM, Fcf.EOP]), st.integers(0, 255), st.integers(0, 255),
       st.integers(1, 256))  # fmt: skip
def test_pps_is_read_as_it_was_written(after: Fcf, page: int, block: int, count: int) -> None:
    partial = PartialPage(after, page, block, count)

    assert frames.decode_partial_page(partial.encode()) == partial


@pytest.mark.parametrize("fif", [b"", b"\xf2\x00\x00", b"\x0f\x00\x00\x00"])
def test_a_pps_that_says_nothing_is_refused(fif: bytes) -> None:
    with pytest.raises(FrameError):
        frames.decode_partial_page(fif)


@given(st.frozensets(st.integers(0, 255)))
def test_the_map_of_ppr_is_read_as_it_was_written(missing: frozenset[int]) -> None:
    assert frames.decode_map(frames.encode_map(missing)) == missing


def test_the_first_bit_of_the_map_is_frame_zero() -> None:
    assert frames.encode_map(frozenset({0, 9}))[:2] == bytes((0x80, 0x40))


def test_a_short_map_is_refused() -> None:
    with pytest.raises(FrameError):
        frames.decode_map(bytes(31))


@given(st.binary(min_size=1, max_size=300))
def test_a_frame_with_its_check_sequence_is_sound(octets: bytes) -> None:
    assert hdlc.is_sound(hdlc.with_fcs(octets))


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_wrong_bit_is_found(octets: bytes, data: st.DataObject) -> None:
    sent = bytearray(hdlc.with_fcs(octets))
    bit = data.draw(st.integers(0, 8 * len(sent) - 1))
    sent[bit // 8] ^= 0x80 >> bit % 8

    assert not hdlc.is_sound(bytes(sent))


def test_the_check_sequence_is_the_one_of_x25() -> None:
    reversed_digits = hdlc.reversed_octets(b"123456789")

    assert hdlc.reversed_octets(hdlc.fcs(reversed_digits)) == bytes((0x6E, 0x90))  # CRC-16/X-25 is 906E


@given(st.binary(max_size=50))
def test_reversing_twice_changes_nothing(octets: bytes) -> None:
    assert hdlc.reversed_octets(hdlc.reversed_octets(octets)) == octets


@pytest.mark.parametrize(
    ("octets", "bits"), [(b"", 0), (b"\x00", 8), (b"\xff", 9), (b"\xff\xff", 19), (b"\x1f\x00", 17)]
)
def test_a_zero_follows_every_five_ones(octets: bytes, bits: int) -> None:
    assert hdlc.stuffed_bits(octets) == bits
