"""Coding and decoding pages: every coding gives back every page, and damage is counted."""

import io
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gateway.domain.call import Coding
from gateway.fax.t4 import codec, libtiff, stream
from gateway.fax.t4.libtiff import Tag, TiffError
from gateway.fax.t4.page import WIDTHS, Bitmap, CodedPage, PageShape, Resolution
from tests.fax_calls import noise_bitmap, text_bitmap

codings = st.sampled_from(Coding)


@st.composite
def bitmaps(draw: st.DrawFn) -> Bitmap:
    """Pages of some rows, each white, black, or runs of drawn octets."""
    width = draw(st.sampled_from(WIDTHS))
    octets = (width + 7) // 8
    row = st.one_of(
        st.just(bytes(octets)),
        st.just(b"\xff" * octets),
        st.binary(min_size=1, max_size=12).map(lambda some: (some * octets)[:octets]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=12))
    return Bitmap(PageShape(width, len(rows), draw(st.sampled_from(Resolution))), b"".join(rows))


@settings(max_examples=60, deadline=None)
@given(bitmaps(), codings)
def test_decoding_gives_back_what_was_coded(bitmap: Bitmap, coding: Coding) -> None:
    decoded, bad = codec.decode(codec.encode(bitmap, coding))

    assert decoded == bitmap
    assert bad == 0


@settings(max_examples=60, deadline=None)
@given(bitmaps(), codings)
def test_the_rows_are_counted_where_their_number_is_not_told(bitmap: Bitmap, coding: Coding) -> None:
    strip = codec.encode(bitmap, coding).strip

    decoded, bad = codec.decode_counting(strip, coding, bitmap.shape.width, bitmap.shape.resolution)

    assert decoded == bitmap
    assert bad == 0


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400), codings, st.sampled_from(WIDTHS))
def test_octets_of_any_kind_decode_to_something(octets: bytes, coding: Coding, width: int) -> None:
    bitmap, bad = codec.decode_counting(octets, coding, width)

    assert len(bitmap.octets) == bitmap.shape.rows * bitmap.shape.row_octets
    assert 0 <= bad <= bitmap.shape.rows


@pytest.mark.parametrize("coding", Coding)
@pytest.mark.parametrize("bitmap", [text_bitmap(rows=600), noise_bitmap(rows=100)], ids=["text", "halftone"])
def test_whole_pages_survive(bitmap: Bitmap, coding: Coding) -> None:
    page = codec.encode(bitmap, coding)

    assert codec.decode(page) == (bitmap, 0)
    assert codec.decode_counting(page.strip, coding, 1728) == (bitmap, 0)


def test_a_page_longer_than_the_first_buffer_is_decoded() -> None:
    shape = PageShape(1728, 5000, Resolution.FINE)
    bitmap = Bitmap(shape, (b"\x0f" * shape.row_octets + bytes(shape.row_octets)) * 2500)

    decoded, _ = codec.decode_counting(codec.encode(bitmap, Coding.MMR).strip, Coding.MMR, 1728)

    assert decoded == bitmap


@pytest.mark.parametrize(("coding", "compression"), [(Coding.MMR, "group4"), (Coding.MH, "group3")])
def test_another_library_codes_the_same_octets(coding: Coding, compression: str) -> None:
    bitmap = text_bitmap(rows=200)
    picture = Image.frombytes("1", (1728, 200), bitmap.octets)
    stored = io.BytesIO()
    picture.save(stored, "TIFF", compression=compression, strip_size=1 << 20)
    tags = Image.open(stored).tag_v2  # Pillow's black is our white: it calls set pels white

    theirs = stored.getvalue()[tags[273][0] :][: tags[279][0]]

    assert codec.encode(bitmap, coding).strip == theirs


def test_damaged_rows_are_counted() -> None:
    bitmap = text_bitmap(rows=400)
    strip = bytearray(codec.encode(bitmap, Coding.MH).strip)
    chance = random.Random(5)
    for _ in range(20):
        strip[chance.randrange(1000, len(strip) - 1000)] ^= 0xFF

    decoded, bad = codec.decode_counting(bytes(strip), Coding.MH, 1728)

    rows = [decoded.octets[at : at + 216] for at in range(0, len(decoded.octets), 216)]
    assert 15 <= bad <= 60
    assert 395 <= len(rows) <= 405
    assert sum(row not in bitmap.octets for row in rows) <= 1  # where a code word became another of the same run


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_damaged_rows_of_a_stored_page_are_filled_up_to_its_length(coding: Coding) -> None:
    page = codec.encode(text_bitmap(rows=400), coding)
    cut = CodedPage(page.shape, coding, page.strip[: len(page.strip) // 2])

    decoded, bad = codec.decode(cut)

    assert decoded.shape == page.shape
    assert decoded.octets[: 190 * 216] == text_bitmap(rows=400).octets[: 190 * 216]
    assert not any(decoded.octets[-150 * 216 :])
    assert bad >= 1


@pytest.mark.parametrize("ends", [b"", bytes.fromhex("001001"), bytes.fromhex("001001001001"), bytes(40)])
def test_pages_by_mmr_are_read_whatever_ends_them(ends: bytes) -> None:
    bitmap = text_bitmap(rows=200)
    strip = codec.encode(bitmap, Coding.MMR).strip
    without_end = stream._octets(stream._bits(strip).rstrip("0").removesuffix(stream.EOL * 2))

    assert codec.decode_counting(strip + ends, Coding.MMR, 1728) == (bitmap, 0)
    assert codec.decode_counting(without_end + ends, Coding.MMR, 1728)[0].octets.startswith(bitmap.octets)


def test_no_octets_are_no_rows() -> None:
    bitmap, bad = codec.decode_counting(b"", Coding.MMR, 1728)

    assert bitmap.shape.rows == 0
    assert bad == 0


def test_what_is_no_tiff_is_refused_with_a_word() -> None:
    with pytest.raises(TiffError, match="TIFF"), libtiff.opened(libtiff.memory(b"not a TIFF"), "r"):
        pass


def test_a_missing_tag_reads_as_its_default() -> None:
    page = codec.encode(text_bitmap(rows=10), Coding.MMR)

    with libtiff.opened(libtiff.memory(codec._wrapped(page.strip, page.coding, page.shape)), "r") as tiff:
        assert tiff.get(Tag.PAGE_NUMBER, 7) == 7
        assert tiff.get_resolution(Tag.Y_RESOLUTION, 98) == 98
        assert tiff.get(Tag.WIDTH, 0) == 1728


def test_resolutions_are_known_by_their_neighbours() -> None:
    read = [Resolution.nearest(tagged) for tagged in (98, 100, 196, 200, 204, 391, 400)]

    assert read == [98, 98, 196, 196, 196, 391, 391]


def test_a_coded_page_is_a_value() -> None:
    page = codec.encode(text_bitmap(rows=10), Coding.MR)

    assert page == CodedPage(page.shape, Coding.MR, page.strip)


def test_many_threads_count_each_its_own_bad_rows() -> None:
    clean = codec.encode(text_bitmap(rows=100), Coding.MH).strip
    damaged = clean[:1500] + bytes(octet ^ 0x5A for octet in clean[1500:1900]) + clean[1900:]
    expected = codec.decode_counting(damaged, Coding.MH, 1728)[1]

    with ThreadPoolExecutor(8) as pool:
        strips = [clean, damaged] * 100
        counts = list(pool.map(lambda strip: codec.decode_counting(strip, Coding.MH, 1728)[1], strips))

    assert expected > 0
    assert counts == [0, expected] * 100


@pytest.mark.parametrize("coding", list(Coding))
def test_a_row_of_as_many_runs_as_pels_is_decoded(coding: Coding) -> None:
    bitmap = Bitmap(PageShape(1728, 3, Resolution.STANDARD), b"\xaa" * 216 + b"\x55" * 216 + b"\xaa" * 216)

    assert codec.decode(codec.encode(bitmap, coding)) == (bitmap, 0)
