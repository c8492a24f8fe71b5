"""Frames as octets: what T.30 prints is what is sent."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t30 import frames, hdlc
from gateway.fax.t30.frames import Fcf, Frame, FrameError, PartialPage

# T.30's table of control fields, written out again: DIS and DTC groups, then those in which the first bit is X.
PRINTED = {
    "DIS": 0x01, "CSI": 0x02, "NSF": 0x04,
    "DTC": 0x81, "CIG": 0x82, "NSC": 0x84, "PWD": 0x83, "SEP": 0x85, "PSA": 0x86, "CIA": 0x87, "ISP": 0x88,
    "DCS": 0x41, "TSI": 0x42, "NSS": 0x44, "SUB": 0x43, "SID": 0x45, "TSA": 0x46, "IRA": 0x47, "CTC": 0x48,
    "CFR": 0x21, "FTT": 0x22, "CTR": 0x23, "CSA": 0x24,
    "EOM": 0x71, "MPS": 0x72, "EOP": 0x74, "EOS": 0x78, "PRI-EOM": 0x79, "PRI-MPS": 0x7A, "PRI-EOP": 0x7C,
    "PPS": 0x7D, "EOR": 0x73, "RR": 0x76,
    "MCF": 0x31, "RTN": 0x32, "RTP": 0x33, "PIN": 0x34, "PIP": 0x35, "PPR": 0x3D, "RNR": 0x37, "ERR": 0x38,
    "FDM": 0x3F,
    "DCN": 0x5F, "CRP": 0x58, "FNV": 0x53, "TNR": 0x57, "TR": 0x56,
    "FCD": 0x60, "RCP": 0x61,
}  # fmt: skip
NEVER_X = {"DIS", "CSI", "NSF", "FCD", "RCP"}
WITH_X = sorted(name for name, code in PRINTED.items() if code < 0x80 and name not in NEVER_X)

kinds = st.sampled_from([code for code in Fcf if code is not Fcf.NULL])
any_frame = st.builds(Frame, kinds, st.binary(max_size=300), st.booleans(), st.booleans())
identifiers = st.tuples(st.sampled_from(["", "+"]), st.text("0123456789 ", max_size=19)).map("".join).map(str.strip)
ENDS = [Fcf.NULL, Fcf.EOM, Fcf.MPS, Fcf.EOP, Fcf.EOS, Fcf.PRI_EOM, Fcf.PRI_MPS, Fcf.PRI_EOP]


def printed(name: str) -> Fcf:
    return Fcf[name.replace("-", "_")]


@given(any_frame)
def test_a_frame_is_read_as_it_was_written(frame: Frame) -> None:
    assert frames.decode(frame.encode()) == frame


@pytest.mark.parametrize("name", PRINTED)
def test_a_frame_has_the_control_field_that_t30_prints(name: str) -> None:
    frame = Frame(printed(name))

    assert frame.encode() == bytes((0xFF, 0xC8, PRINTED[name]))
    assert frames.decode(frame.encode()) == frame
    assert frame.name == name


@pytest.mark.parametrize("name", WITH_X)
def test_x_is_the_first_bit_of_the_control_field(name: str) -> None:
    frame = Frame(printed(name), x=True)

    assert frame.encode() == bytes((0xFF, 0xC8, PRINTED[name] | 0x80))
    assert frames.decode(frame.encode()) == frame
    assert frames.decode(frame.encode()) != Frame(printed(name))


@pytest.mark.parametrize("name", sorted(NEVER_X))
def test_frames_without_x_never_get_it(name: str) -> None:
    assert Frame(printed(name), x=True) == Frame(printed(name), x=False)


@pytest.mark.parametrize("name", ["DTC", "CIG", "NSC", "PWD", "SEP", "PSA", "CIA", "ISP"])
def test_who_answers_a_dis_by_asking_has_heard_it(name: str) -> None:
    assert Frame(printed(name)).x


def test_every_control_field_is_in_the_table() -> None:
    assert {code.name.replace("_", "-") for code in Fcf} - {"NULL"} == set(PRINTED)


def test_no_octet_is_two_control_fields() -> None:
    read = {}
    for octet in range(256):
        try:
            read[octet] = frames.decode(bytes((0xFF, 0xC8, octet)))
        except FrameError:
            continue

    assert set(read) == set(PRINTED.values()) | {PRINTED[name] | 0x80 for name in WITH_X}
    assert all(frame.encode()[2] == octet for octet, frame in read.items())


@given(st.binary(max_size=60))
def test_octets_of_any_kind_are_a_frame_or_a_frame_error(octets: bytes) -> None:
    try:
        frame = frames.decode(octets)
    except FrameError:
        return
    assert frame.encode() == octets


@given(st.binary(max_size=40))
def test_a_hostile_field_is_read_or_refused(fif: bytes) -> None:
    with suppress(FrameError):
        assert frames.decode_partial_page(fif).encode(x=fif[0] >= 0x80)[1:] == fif[1:4]
    with suppress(FrameError):
        assert frames.encode_end(frames.decode_end(fif))[0] in (fif[0], fif[0] | 0x80, fif[0] & 0x7F)
    with suppress(FrameError):
        assert frames.encode_map(frames.decode_map(fif)) == fif[:32]


@pytest.mark.parametrize(
    ("frame", "octets"),
    [
        (Frame(Fcf.DCS, b"\x00\x46", x=True), "ff c8 c1 00 46"),
        (Frame(Fcf.CFR), "ff c8 21"),
        (Frame(Fcf.MCF), "ff c8 31"),
        (Frame(Fcf.MCF, x=True), "ff c8 b1"),
        (Frame(Fcf.EOP, x=True), "ff c8 f4"),
        (Frame(Fcf.EOM, x=True), "ff c8 f1"),
        (Frame(Fcf.MPS, x=True), "ff c8 f2"),
        (Frame(Fcf.DCN, x=True), "ff c8 df"),
        (Frame(Fcf.DCN), "ff c8 5f"),
        (Frame(Fcf.TSI, b"", final=False, x=True), "ff c0 c2"),
    ],
)
def test_frames_have_the_octets_that_captures_show(frame: Frame, octets: str) -> None:
    assert frame.encode().hex(" ") == octets


@pytest.mark.parametrize(
    "octets", ["", "ff", "ff c8", "fe c8 21", "ff 00 21", "ff c8 0f", "ff c8 ff", "ff c8 00", "ff c8 80", "ff c0 e0"]
)
def test_what_is_no_frame_is_refused(octets: str) -> None:
    with pytest.raises(FrameError):
        frames.decode(bytes.fromhex(octets))


# -- identifiers


@given(identifiers)
def test_an_identifier_is_read_as_it_was_written(text: str) -> None:
    fif = frames.encode_identifier(text)

    assert len(fif) == 20
    assert frames.decode_identifier(fif) == text


@given(st.text("0123456789 *#", max_size=20).map(str.strip), st.sampled_from(["SUB", "SEP", "SID", "PWD", "PSA"]))
def test_an_address_may_have_marks(text: str, name: str) -> None:
    assert frames.decode_identifier(frames.encode_identifier(text, Fcf[name])) == text


def test_an_identifier_goes_last_character_first_and_bit_reversed() -> None:
    fif = frames.encode_identifier("+1")

    assert fif[:2] == bytes((0b10001100, 0b11010100))  # "1" is 0x31, "+" is 0x2B
    assert set(fif[2:]) == {0x04}


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("31 30 36 38 20 33 36 30 37 20 30 32 30 20 20 20 20 20 20 20", "020 7063 8601"),  # spandsp, 2018
        ("20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20", ""),
    ],
)
def test_an_identifier_of_a_capture(stored: str, text: str) -> None:
    fif = hdlc.reversed_octets(bytes.fromhex(stored))

    assert frames.decode_identifier(fif) == text
    assert frames.encode_identifier(text) == fif


@pytest.mark.parametrize("text", ["1" * 21, "12a", "é", "12+", "1+2", "++1", "5#"])
def test_an_identifier_of_other_characters_is_refused(text: str) -> None:
    with pytest.raises(FrameError):
        frames.encode_identifier(text)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"oiciPoToV".ljust(20), "VoToPicio"),
        (b"4321+".rjust(20), "+1234"),
        (b"+1234".rjust(20), "+1234"),  # characters in the order written
        (b"4321\0\0\0", "1234"),
        (b"432\xe91", "1234"),
        (b"4321", "1234"),
    ],
)
def test_an_identifier_written_by_other_rules_is_read(sent: bytes, text: str) -> None:
    assert frames.decode_identifier(hdlc.reversed_octets(sent)) == text


def test_an_identifier_with_its_bits_in_the_other_order_is_read() -> None:
    assert frames.decode_identifier(b"4321+".ljust(20)) == "+1234"


@given(st.binary(max_size=40))
def test_an_identifier_of_any_octets_is_printable(fif: bytes) -> None:
    assert frames.decode_identifier(fif).isprintable()


# -- PPS, EOR, PPR


def test_pps_has_the_octets_of_a_capture() -> None:
    frame = frames.decode(bytes.fromhex("ffc8fdf200006f"))

    partial = frames.decode_partial_page(frame.fif)

    assert partial == PartialPage(Fcf.MPS, page=0, block=0, count=247)
    assert partial.encode() == frame.fif


@given(st.sampled_from(ENDS), st.integers(0, 255), st.integers(0, 255), st.integers(1, 256), st.booleans())
def test_pps_is_read_as_it_was_written(after: Fcf, page: int, block: int, count: int, x: bool) -> None:
    partial = PartialPage(after, page, block, count)

    assert frames.decode_partial_page(partial.encode(x=x)) == partial


def test_pages_and_blocks_are_counted_modulo_256() -> None:
    assert PartialPage(Fcf.EOP, 256, 513, 1).encode() == PartialPage(Fcf.EOP, 0, 1, 1).encode()


@pytest.mark.parametrize("count", [-1, 0, 257])
def test_a_pps_of_no_block_is_refused(count: int) -> None:
    with pytest.raises(FrameError):
        PartialPage(Fcf.EOP, 0, 0, count).encode()


@pytest.mark.parametrize("fif", [b"", b"\xf2\x00\x00", b"\x0f\x00\x00\x00", b"\x31\x00\x00\x00"])
def test_a_pps_that_says_nothing_is_refused(fif: bytes) -> None:
    with pytest.raises(FrameError):
        frames.decode_partial_page(fif)


@pytest.mark.parametrize(
    ("after", "octet"), [("NULL", 0), ("EOM", 0xF1), ("MPS", 0xF2), ("EOP", 0xF4), ("EOS", 0xF8), ("PRI-EOP", 0xFC)]
)
def test_the_field_of_eor_is_what_follows(after: str, octet: int) -> None:
    assert frames.encode_end(printed(after)) == bytes((octet,))
    assert frames.decode_end(bytes((octet,))) is printed(after)
    assert frames.decode_end(frames.encode_end(printed(after), x=False)) is printed(after)


def test_an_x_set_on_null_is_overlooked() -> None:
    assert frames.decode_end(b"\x80") is Fcf.NULL


def test_an_eor_that_ends_nothing_is_refused() -> None:
    with pytest.raises(FrameError, match="nothing"):
        frames.decode_end(b"")
    with pytest.raises(FrameError, match="CFR"):
        frames.encode_end(Fcf.CFR)


@given(st.frozensets(st.integers(0, 255)))
def test_the_map_of_ppr_is_read_as_it_was_written(missing: frozenset[int]) -> None:
    assert frames.decode_map(frames.encode_map(missing)) == missing


@given(st.binary(min_size=32, max_size=32))
def test_every_map_is_some_frames(fif: bytes) -> None:
    assert frames.encode_map(frames.decode_map(fif)) == fif


def test_the_first_bit_of_the_map_is_frame_zero() -> None:
    assert frames.encode_map(frozenset({0, 9}))[:2] == bytes((0x80, 0x40))


def test_a_short_map_is_refused() -> None:
    with pytest.raises(FrameError):
        frames.decode_map(bytes(31))


# -- HDLC


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
