"""What the line adds to a page: return to control and fill."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.call import Coding
from gateway.fax.t4 import codec, stream
from tests.fax_calls import noise_bitmap, text_bitmap

EOL = stream.EOL


def bits(octets: bytes) -> str:
    return "".join(f"{octet:08b}" for octet in octets)


@pytest.mark.parametrize("coding", Coding)
@pytest.mark.parametrize("row_bits", [0, 96, 288])
def test_the_line_gives_back_the_page(coding: Coding, row_bits: int) -> None:
    bitmap = text_bitmap(rows=200)

    on_line = stream.to_line(codec.encode(bitmap, coding).strip, coding, row_bits)

    assert codec.decode_counting(stream.from_line(on_line, coding), coding, 1728) == (bitmap, 0)


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 40), seed=st.integers(0, 5), padding=st.integers(0, 90), coding=st.sampled_from(Coding))
def test_zeros_behind_the_return_to_control_do_not_matter(rows: int, seed: int, padding: int, coding: Coding) -> None:
    bitmap = text_bitmap(seed, rows)
    on_line = stream.to_line(codec.encode(bitmap, coding).strip, coding) + bytes(padding)

    assert codec.decode_counting(stream.from_line(on_line, coding), coding, 1728) == (bitmap, 0)


@pytest.mark.parametrize(("coding", "end"), [(Coding.MH, EOL * 6), (Coding.MR, (EOL + "1") * 6)])
def test_mh_and_mr_end_with_six_eols(coding: Coding, end: str) -> None:
    on_line = stream.to_line(codec.encode(text_bitmap(rows=20), coding).strip, coding)

    assert bits(on_line).rstrip("0").endswith(end)


def test_mmr_ends_with_its_own_end_of_block() -> None:
    strip = codec.encode(text_bitmap(rows=20), Coding.MMR).strip

    assert bits(strip).rstrip("0").endswith(EOL * 2)
    assert stream.to_line(strip, Coding.MMR, row_bits=999) == strip


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_no_row_is_shorter_than_the_least(coding: Coding) -> None:
    on_line = stream.to_line(codec.encode(text_bitmap(rows=50), coding).strip, coding, row_bits=192)
    rows = bits(on_line).split(EOL)[1:51]

    assert len(rows) == 50
    assert min(len(row) + len(EOL) for row in rows) >= 192


def test_a_page_without_its_return_to_control_is_left_as_it_came() -> None:
    strip = codec.encode(text_bitmap(rows=20), Coding.MH).strip

    assert stream.from_line(strip[:-40], Coding.MH) == strip[:-40]


def test_only_rows_framed_by_eols_can_go_on_the_line() -> None:
    assert stream.begins_with_eol(codec.encode(text_bitmap(rows=5), Coding.MH).strip)
    assert not stream.begins_with_eol(b"\x9a\x80\x12\x34")
    assert not stream.begins_with_eol(bytes(70))
    assert not stream.begins_with_eol(b"")


@pytest.mark.parametrize("zeros", [0, 1, 70])
def test_fill_may_precede_the_first_eol(zeros: int) -> None:
    strip = bytes(zeros) + codec.encode(text_bitmap(rows=5), Coding.MH).strip

    assert stream.begins_with_eol(strip)
    assert stream.from_line(strip, Coding.MH) == strip


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_a_first_row_without_eol_gets_one(coding: Coding) -> None:
    strip = codec.encode(text_bitmap(rows=5), coding).strip
    bare = bits(strip).removeprefix(EOL).removeprefix("1" if coding is Coding.MR else "")

    received = stream.from_line(stream._octets(bare), coding)

    assert stream.begins_with_eol(received)
    assert codec.decode_counting(received, coding, 1728) == (text_bitmap(rows=5), 0)


def test_nothing_received_is_no_strip() -> None:
    assert stream.from_line(b"", Coding.MH) == b""
    assert stream.from_line(bytes(9), Coding.MR) == bytes(9)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 30),
    seed=st.integers(0, 5),
    row_bits=st.integers(0, 800),
    coding=st.sampled_from([Coding.MH, Coding.MR]),
)
def test_fill_makes_short_rows_long_enough_and_no_longer(rows: int, seed: int, row_bits: int, coding: Coding) -> None:
    strip = codec.encode(text_bitmap(seed, rows), coding).strip

    sent = bits(stream.to_line(strip, coding, row_bits)).split(EOL)[1 : rows + 1]
    stored = bits(strip).split(EOL)[1:]

    *sent, last = sent
    assert sent == [row.ljust(row_bits - len(EOL), "0") for row in stored[:-1]]
    assert len(last) >= row_bits - len(EOL)
    assert last.startswith(stored[-1].rstrip("0"))


def test_rows_that_are_long_enough_are_left_alone() -> None:
    strip = codec.encode(noise_bitmap(rows=20), Coding.MH).strip

    assert stream.to_line(strip, Coding.MH, 288).startswith(strip)


def test_what_has_no_row_gets_no_fill() -> None:
    assert stream.to_line(b"", Coding.MH, 288) == stream.to_line(b"", Coding.MH)
    assert stream.to_line(bytes(9), Coding.MH, 288).startswith(bytes(9))


@given(st.lists(st.sampled_from([*"0000001", "0" * 9]), max_size=12).map("".join))
def test_an_eol_is_found_wherever_it_starts_in_an_octet(bits: str) -> None:
    octets = bytes(int(bits[first : first + 8].ljust(8, "0"), 2) for first in range(0, len(bits), 8))

    assert bool(stream.EOL_IN_OCTETS.search(octets)) == bool(re.search("0{11}1", bits))
