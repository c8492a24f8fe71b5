"""Damaged pages without ECM: what is left of them, and that nothing on a line can stop the decoder."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.call import Coding
from gateway.fax.t4 import codec, damaged, stream
from gateway.fax.t4.page import WIDTHS_AT, Bitmap, PageShape, Resolution
from tests.fax_calls import noise_bitmap, text_bitmap

pytestmark = pytest.mark.slow  # seconds, together

EOL = stream.EOL
TWO = [Coding.MH, Coding.MR]
PAGE = text_bitmap(rows=120)
WHITE_ROW = bytes(216)
codings = st.sampled_from(TWO)


def rows_of(bitmap: Bitmap) -> list[bytes]:
    size = bitmap.shape.row_octets
    return [bitmap.octets[at : at + size] for at in range(0, len(bitmap.octets), size)]


def page_of(*rows: bytes, width: int = 1728) -> Bitmap:
    return Bitmap(PageShape(width, len(rows), Resolution.FINE), b"".join(rows))


def bits_of(octets: bytes) -> str:
    return f"{int.from_bytes(octets, 'big'):0{8 * len(octets)}b}"


def octets_of(bits: str) -> bytes:
    return stream._octets(bits)


def coded_rows(bitmap: Bitmap, coding: Coding) -> list[str]:
    """The bits of each row behind its EOL, tag bit included."""
    return bits_of(codec.encode(bitmap, coding).strip).rstrip("0").split(EOL)[1:]


def on_line(rows: list[str]) -> bytes:
    return octets_of("".join(EOL + row for row in rows))


ROWS = rows_of(PAGE)


@st.composite
def bitmaps(draw: st.DrawFn) -> Bitmap:
    """Pages of rows white, black, or of runs of drawn lengths, in every width that fax knows."""
    width = draw(st.sampled_from([pels for widths in WIDTHS_AT.values() for pels in widths]))
    runs = st.lists(st.integers(1, 2600) | st.integers(1, 8), min_size=1, max_size=60)
    rows = []
    for lengths in draw(st.lists(runs, min_size=1, max_size=8)):
        pels = "".join(str(index & 1) * length for index, length in enumerate(lengths))[:width].ljust(width, "0")
        rows.append(octets_of(pels))
    return page_of(*rows, width=width)


@settings(max_examples=80, deadline=None)
@given(bitmaps(), codings)
def test_clean_rows_are_read_as_libtiff_wrote_them(bitmap: Bitmap, coding: Coding) -> None:
    rows, bad = damaged.decode_rows(codec.encode(bitmap, coding).strip, coding, bitmap.shape.width)

    assert rows == rows_of(bitmap)
    assert bad == 0


@pytest.mark.parametrize("coding", TWO)
@pytest.mark.parametrize("bitmap", [text_bitmap(rows=400), noise_bitmap(rows=60)], ids=["text", "halftone"])
def test_both_decoders_see_the_same_page(bitmap: Bitmap, coding: Coding) -> None:
    strip = codec.encode(bitmap, coding).strip

    rows, bad = damaged.decode_rows(strip, coding, 1728)

    assert b"".join(rows) == codec.decode_counting(strip, coding, 1728)[0].octets
    assert bad == 0


@pytest.mark.parametrize("first", ["0", "1"], ids=["white", "black"])
def test_every_code_word_of_the_tables_is_known(first: str) -> None:
    other = "1" if first == "0" else "0"
    rows = [octets_of((first * run + other).ljust(4864, "0")) for run in [*range(1, 65), *range(128, 4864, 64)]]
    bitmap = page_of(*rows, width=4864)

    assert damaged.decode_rows(codec.encode(bitmap, Coding.MH).strip, Coding.MH, 4864) == (rows, 0)


@pytest.mark.parametrize("coding", TWO)
def test_rows_of_as_many_runs_as_pels_are_no_damage(coding: Coding) -> None:
    bitmap = page_of(b"\xaa" * 216, b"\x55" * 216, b"\xaa" * 216)

    assert codec.decode_counting(codec.encode(bitmap, coding).strip, coding, 1728) == (bitmap, 0)


# -- what other senders put around the rows

FORMS = {
    "no leading EOL": lambda rows: (EOL + EOL.join(rows))[len(EOL) :],
    "fill before the first EOL": lambda rows: "0" * 500 + EOL + EOL.join(rows),
    "fill in every row": lambda rows: "".join(EOL + row + "0" * 99 for row in rows),
    "EOLs that end on octets": lambda rows: "".join(EOL.rjust(16, "0") + row + "0" * (-len(row) % 8) for row in rows),
    "one EOL at the end": lambda rows: EOL + EOL.join(rows) + EOL,
    "zeros at the end": lambda rows: EOL + EOL.join(rows) + "0" * 4000,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_mh_rows_are_found_in_every_form(form) -> None:
    octets = octets_of(form(coded_rows(PAGE, Coding.MH)))

    assert damaged.decode_rows(octets, Coding.MH, 1728) == (ROWS, 0)


@pytest.mark.parametrize("form", list(FORMS.values())[1:4], ids=list(FORMS)[1:4])
def test_mr_rows_are_found_in_every_form(form) -> None:
    octets = octets_of(form(coded_rows(PAGE, Coding.MR)))

    assert damaged.decode_rows(octets, Coding.MR, 1728) == (ROWS, 0)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_is_read_as_a_page_off_the_line(form) -> None:
    octets = octets_of(form(coded_rows(PAGE, Coding.MH)))

    assert codec.decode_counting(stream.from_line(octets, Coding.MH), Coding.MH, 1728) == (PAGE, 0)


@pytest.mark.parametrize("coding", TWO)
@pytest.mark.parametrize("eols", range(1, 9))
@pytest.mark.parametrize("behind", ["", "0" * 77, "1100101" * 90], ids=["nothing", "zeros", "noise"])
def test_a_page_off_the_line_ends_at_its_return_to_control(coding: Coding, eols: int, behind: str) -> None:
    if eols < 2 and behind.strip("0"):
        return  # noise behind one EOL is a row
    tag = "1" if coding is Coding.MR else ""
    octets = octets_of("".join(EOL + row for row in coded_rows(PAGE, coding)) + (EOL + tag) * eols + behind)

    assert codec.decode_counting(stream.from_line(octets, coding), coding, 1728) == (PAGE, 0)


@pytest.mark.parametrize("coding", TWO)
@pytest.mark.parametrize("eols", range(2, 9))
@pytest.mark.parametrize("behind", ["", "0" * 77, "1100101" * 90], ids=["nothing", "zeros", "noise"])
def test_the_page_ends_at_the_return_to_control(coding: Coding, eols: int, behind: str) -> None:
    tag = "1" if coding is Coding.MR else ""
    body = "".join(EOL + row for row in coded_rows(PAGE, coding))

    octets = octets_of(body + (EOL + tag) * eols + behind)

    assert damaged.decode_rows(octets, coding, 1728) == (ROWS, 0)


def test_a_doubled_eol_inside_the_page_does_not_end_it() -> None:
    rows = coded_rows(PAGE, Coding.MH)

    octets = on_line([*rows[:50], "", *rows[50:60], "", "111", *rows[60:]])

    decoded, bad = damaged.decode_rows(octets, Coding.MH, 1728)
    assert decoded == [*ROWS[:60], ROWS[59], *ROWS[60:]]
    assert bad == 1


# -- bad rows

SPOILT = {
    "too short": lambda row: row[:-6],
    "too long": lambda row: row + "0111",
    "no code word": lambda row: "000000001" + row,
    "uncompressed data": lambda row: "0000001111" + row,
    "a run beyond the width": lambda row: "000000011111" * 5 + row,
    "cut short": lambda row: row[:9],
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_the_last_good_row_stands_for_a_bad_one(spoil) -> None:
    rows = coded_rows(PAGE, Coding.MH)

    decoded, bad = damaged.decode_rows(on_line([*rows[:30], spoil(rows[30]), *rows[31:]]), Coding.MH, 1728)

    assert decoded == [*ROWS[:30], ROWS[29], *ROWS[31:]]
    assert bad == 1


def test_before_the_first_good_row_bad_ones_are_white() -> None:
    rows = coded_rows(PAGE, Coding.MH)

    decoded, bad = damaged.decode_rows(on_line(["111", "0101", *rows[2:]]), Coding.MH, 1728)

    assert decoded == [WHITE_ROW, WHITE_ROW, *ROWS[2:]]
    assert bad == 2


def test_rows_told_from_a_bad_row_are_bad_up_to_the_next_one_dimensional_row() -> None:
    rows = coded_rows(PAGE, Coding.MR)
    assert [row[0] for row in rows[12:17]] == ["1", "0", "0", "0", "1"]  # K = 4

    decoded, bad = damaged.decode_rows(on_line([*rows[:13], "00000001", *rows[14:]]), Coding.MR, 1728)

    assert decoded == [*ROWS[:13], *[ROWS[12]] * 3, *ROWS[16:]]
    assert bad == 3


@pytest.mark.parametrize("mode", ["0000001111", "0000000", "0" * 6], ids=["extension", "no mode", "end of data"])
def test_modes_that_are_none_make_the_row_bad(mode: str) -> None:
    rows = coded_rows(PAGE, Coding.MR)

    decoded, bad = damaged.decode_rows(on_line([*rows[:1], "0" + mode + "1"]), Coding.MR, 1728)

    assert decoded == [ROWS[0]] * 2
    assert bad == 1


def test_a_vertical_mode_that_goes_back_makes_the_row_bad() -> None:
    black_at_8 = "1" + "10011" + "11" + "01011" + "00110101"  # any one-dimensional row will do
    back = "0" + "001" + "10011" + "11" + "0000010"

    _, bad = damaged.decode_rows(on_line([black_at_8, back]), Coding.MR, 1728)

    assert bad == 2


@pytest.mark.parametrize("coding", TWO)
def test_a_row_whose_eol_is_lost_is_counted_and_replaced(coding: Coding) -> None:
    rows = coded_rows(PAGE, coding)
    merged = rows[35] + "000100000001" + rows[36]

    decoded, bad = damaged.decode_rows(on_line([*rows[:35], merged, *rows[37:]]), coding, 1728)

    assert len(decoded) == len(ROWS)
    assert decoded[:36] == ROWS[:36]
    assert decoded[36] == ROWS[35]
    assert decoded[40:] == ROWS[40:]
    assert 1 <= bad <= 4


# -- chance


def flip(octets: bytearray, at: int, chance: random.Random) -> None:
    octets[at] ^= 1 << chance.randrange(8)


def burst(octets: bytearray, at: int, chance: random.Random) -> None:
    octets[at : at + 12] = chance.randbytes(12)


def drop(octets: bytearray, at: int, chance: random.Random) -> None:
    del octets[at : at + chance.randrange(1, 12)]


def insert(octets: bytearray, at: int, chance: random.Random) -> None:
    octets[at:at] = chance.randbytes(chance.randrange(1, 12))


DAMAGES = [flip, burst, drop, insert]


@settings(max_examples=150, deadline=None)
@given(codings, st.sampled_from(DAMAGES), st.randoms(use_true_random=False), st.floats(0, 1))
def test_damage_in_one_place_leaves_the_rows_around_it(coding, damage, chance, where: float) -> None:
    strip = bytearray(codec.encode(PAGE, coding).strip)
    at = int(where * (len(strip) - 1))
    whole = max(0, bits_of(bytes(strip[: at + 1]))[: 8 * at].count(EOL) - 1)

    damage(strip, at, chance)
    rows, bad = damaged.decode_rows(bytes(strip), coding, 1728)

    assert rows[:whole] == ROWS[:whole]
    assert abs(len(rows) - len(ROWS)) <= 8
    assert 0 <= bad <= 16
    assert rows[whole + 16 :] == ROWS[len(ROWS) - len(rows[whole + 16 :]) :]


@pytest.mark.parametrize("damage", DAMAGES, ids=[damage.__name__ for damage in DAMAGES])
def test_next_to_no_damage_goes_unseen(damage) -> None:
    chance = random.Random(damage.__name__)
    strip = codec.encode(PAGE, Coding.MH).strip
    unseen = 0
    for _ in range(200):
        spoilt = bytearray(strip)
        damage(spoilt, chance.randrange(20, len(strip) - 20), chance)
        rows, bad = damaged.decode_rows(bytes(spoilt), Coding.MH, 1728)
        unseen += rows != ROWS and bad == 0

    assert unseen <= 6  # a code word that has become another of the same run, or two that add up


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3000), codings, st.sampled_from([8, 1728, 4864]), st.integers(1, 50))
def test_octets_of_any_kind_are_some_rows(octets: bytes, coding: Coding, width: int, most: int) -> None:
    rows, bad = damaged.decode_rows(octets, coding, width, most)

    assert len(rows) <= most
    assert 0 <= bad <= len(rows) + 1
    assert {len(row) for row in rows} <= {(width + 7) // 8}


MEGABYTE = {
    "noise": random.Random(1).randbytes(1 << 20),
    "ones": b"\xff" * (1 << 20),
    "zeros": bytes(1 << 20),
    "EOLs": b"\0\x10\x01" * 349_525,
    "tagged EOLs": b"\0\x18\x01" * 349_525,
    "rows of one run": b"\0\x1f\xff\xff" * (1 << 18),
    "runs of no pel": octets_of("001101010000110111" * 4) * 116_508,
    "alternate pels": octets_of("000111010" * 8) * 116_508,
}


@pytest.mark.parametrize("coding", TWO)
@pytest.mark.parametrize("octets", MEGABYTE.values(), ids=MEGABYTE)
def test_a_megabyte_of_malice_is_over_soon(octets: bytes, coding: Coding) -> None:
    began = time.process_time()

    rows, _ = damaged.decode_rows(octets, coding, 1728)

    assert time.process_time() - began < 10  # it takes two at the most
    assert len(rows) <= damaged.MOST_ROWS
