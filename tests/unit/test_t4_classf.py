"""Class F files: what is written is read, and what others write is understood."""

import struct
from pathlib import Path

import pytest
from PIL import Image

from gateway.domain.call import Coding
from gateway.fax.t4 import classf, codec, stream
from gateway.fax.t4.classf import PageFile, PageFileError
from gateway.fax.t4.page import PageShape, Resolution
from tests.fax_calls import noise_bitmap, text_bitmap

PAGES = [
    codec.encode(text_bitmap(rows=300), Coding.MMR),
    codec.encode(text_bitmap(2, rows=120, resolution=98), Coding.MH),
    codec.encode(text_bitmap(3, rows=80, width=2048, resolution=391), Coding.MR),
    codec.encode(noise_bitmap(rows=60), Coding.MMR),
    codec.encode(text_bitmap(4, rows=90, width=3648, resolution=300), Coding.MMR),
    codec.encode(text_bitmap(5, rows=90, width=4864, resolution=400), Coding.MH),
]


def test_written_pages_are_read_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"

    classf.write_pages(path, PAGES)
    read = PageFile(path)

    assert read.shapes == tuple(page.shape for page in PAGES)
    assert [read.page(index) for index in range(len(read))] == PAGES


def test_pages_added_one_by_one_make_the_same_document(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"

    for number, page in enumerate(PAGES):
        classf.append_page(path, page, number)

    read = PageFile(path)
    assert [read.page(index) for index in range(len(read))] == PAGES


@pytest.mark.parametrize(("synced", "times"), [(True, 2), (False, 0)])
def test_pages_are_synced_one_by_one_if_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: bool, times: int
) -> None:
    syncs: list[int] = []
    monkeypatch.setattr("os.fsync", syncs.append)

    for number, page in enumerate(PAGES[:2]):
        classf.append_page(tmp_path / "fax.tif", page, number, synced=synced)

    assert len(syncs) == times
    assert len(PageFile(tmp_path / "fax.tif")) == 2


def test_another_program_sees_the_same_picture(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    classf.write_pages(path, PAGES)

    with Image.open(path) as picture:
        picture.seek(1)
        assert picture.size == (1728, 120)
        assert picture.info["dpi"][1] == pytest.approx(98)
        black = picture.convert("L").point(lambda level: 255 if level == 0 else 0).convert("1")

    assert black.tobytes() == text_bitmap(2, rows=120, resolution=98).octets


def test_writing_again_replaces_the_document(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    classf.write_pages(path, PAGES)

    classf.write_pages(path, PAGES[:1])

    assert len(PageFile(path)) == 1


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
@pytest.mark.parametrize("strip_size", [2000, 1 << 20])
def test_pages_with_black_as_zero_and_in_strips_are_coded_anew(
    tmp_path: Path, compression: str, strip_size: int
) -> None:
    path = tmp_path / "pillow.tif"
    bitmap = text_bitmap(rows=200)
    inverted = bytes(octet ^ 0xFF for octet in bitmap.octets)
    Image.frombytes("1", (1728, 200), inverted).save(
        path, compression=compression, strip_size=strip_size, dpi=(204, 196)
    )

    page = PageFile(path).page(0)

    assert page.shape == PageShape(1728, 200, Resolution.FINE)
    assert codec.decode(page)[0] == bitmap


def test_strips_stored_last_bit_first_are_turned(tmp_path: Path) -> None:
    path = tmp_path / "lsb.tif"
    classf.write_pages(path, PAGES[:1])
    content = bytearray(path.read_bytes())
    strip = PAGES[0].strip
    start = content.index(strip)
    content[start : start + len(strip)] = strip.translate(classf._REVERSED)
    fill_order = content.index(struct.pack("<HHI", 266, 3, 1))
    content[fill_order + 8] = 2
    path.write_bytes(content)

    assert PageFile(path).page(0) == PAGES[0]


def test_a_stored_return_to_control_is_taken_off(tmp_path: Path) -> None:
    path = tmp_path / "rtc.tif"
    page = PAGES[1]
    with_rtc = type(page)(page.shape, page.coding, page.strip + bytes.fromhex("001001") * 3)
    classf.write_pages(path, [with_rtc])

    assert codec.decode(PageFile(path).page(0)) == codec.decode(page)


@pytest.mark.parametrize("content", [b"", b"no TIFF at all", b"II*\0\x08\0\0\0"])
def test_a_file_that_is_no_tiff_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.tif"
    path.write_bytes(content)

    with pytest.raises(PageFileError, match=r"broken\.tif"):
        PageFile(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PageFileError, match=r"gone\.tif"):
        PageFile(tmp_path / "gone.tif")


def test_a_picture_that_is_no_fax_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "grey.tif"
    Image.new("L", (100, 100)).save(path)

    with pytest.raises(PageFileError, match="not a class F TIFF"):
        PageFile(path)


def test_resolutions_in_centimetres_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "metric.tif"
    Image.new("1", (1728, 20)).save(path, compression="group4", tiffinfo={282: 80.0, 283: 77.0, 296: 3})

    assert PageFile(path).shape(0).resolution is Resolution.FINE


def test_a_page_wider_than_any_fax_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    Image.new("1", (2550, 30)).save(path, compression="group4")

    with pytest.raises(PageFileError, match="2550 x 30"):
        PageFile(path)


@pytest.mark.parametrize(
    ("width", "tags", "resolution"),
    [
        (2592, (300, 300), Resolution.DPI_300),
        (3456, (408, 391), Resolution.DPI_400),
        (3456, (400, 400), Resolution.DPI_400),
        (3456, None, Resolution.DPI_400),
        (1728, (200, 400), Resolution.SUPERFINE),
        (1728, (200, 200), Resolution.FINE),
        (1728, (204, 98), Resolution.STANDARD),
        (1728, (400, 400), Resolution.SUPERFINE),
        (1700, (200, 200), Resolution.FINE),
        (3400, (400, 400), Resolution.DPI_400),
    ],
)
def test_resolutions_of_other_programs_are_understood(
    tmp_path: Path, width: int, tags: tuple[int, int] | None, resolution: Resolution
) -> None:
    path = tmp_path / "theirs.tif"
    Image.new("1", (width, 20)).save(path, compression="group4", **({"dpi": tags} if tags else {}))

    assert PageFile(path).shape(0) == PageShape(width, 20, resolution)


def test_both_resolutions_are_written(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    classf.write_pages(path, PAGES)

    with Image.open(path) as picture:
        found = [picture.seek(index) or tuple(map(round, picture.info["dpi"])) for index in range(len(PAGES))]

    assert found == [(204, 196), (204, 98), (204, 391), (204, 196), (300, 300), (408, 400)]


def with_tag(path: Path, tag: int, kind: int, value: int) -> None:
    """Put one more tag into the one directory of a file, which is moved to its end."""
    content = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    entries = [content[at : at + 12] for at in range(start + 2, start + 2 + 12 * count, 12)]
    entries.append(bytearray(struct.pack("<HHII", tag, kind, 1, value)))
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry)[0])
    struct.pack_into("<I", content, 4, len(content))
    content += struct.pack("<H", count + 1) + b"".join(entries) + bytes(4)
    path.write_bytes(content)


def test_a_stored_page_known_to_be_damaged_is_mended_before_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "unclean.tif"
    page = codec.encode(text_bitmap(rows=120), Coding.MH)
    damaged = bytearray(page.strip)
    damaged[1500] ^= 0xFF
    classf.write_pages(path, [type(page)(page.shape, page.coding, bytes(damaged))])
    with_tag(path, 327, 3, 2)

    sent = PageFile(path).page(0)

    rows, bad = codec.decode(sent)
    assert (sent.coding, bad) == (Coding.MMR, 0)
    assert rows == codec.decode(type(page)(page.shape, page.coding, bytes(damaged)))[0]


def test_a_page_by_mmr_without_its_end_is_coded_anew(tmp_path: Path) -> None:
    path = tmp_path / "endless.tif"
    page = PAGES[0]
    bits = stream._bits(page.strip).rstrip("0").removesuffix(stream.EOL * 2)
    classf.write_pages(path, [type(page)(page.shape, page.coding, stream._octets(bits))])

    assert PageFile(path).page(0) == page


@pytest.mark.parametrize("tail", [b"", bytes(40), bytes.fromhex("001001"), bytes.fromhex("001001001001") + bytes(3)])
def test_an_end_of_block_may_be_repeated_and_followed_by_zeros(tail: bytes) -> None:
    strip = stream._octets(stream._bits(PAGES[0].strip).rstrip("0")) + tail

    assert stream.ends_with_eofb(strip)


@pytest.mark.parametrize(("tag", "value"), [(322, 64), (277, 3)], ids=["tiles", "colors"])
def test_what_no_fax_has_is_refused(tmp_path: Path, tag: int, value: int) -> None:
    path = tmp_path / "odd.tif"
    classf.write_pages(path, PAGES[:1])
    content = bytearray(path.read_bytes())
    old = content.find(struct.pack("<HHI", tag, 3, 1))
    if old >= 0:
        struct.pack_into("<H", content, old + 8, value)
        path.write_bytes(content)
    else:
        with_tag(path, tag, 3, value)

    with pytest.raises(PageFileError, match="not a class F TIFF"):
        PageFile(path)


def test_a_page_longer_than_any_roll_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "endless.tif"
    classf.write_pages(path, PAGES[:1])
    content = path.read_bytes()
    length = struct.pack("<HHII", 257, 4, 1, 300), struct.pack("<HHII", 257, 4, 1, 100_000)
    short = struct.pack("<HHII", 257, 3, 1, 300), struct.pack("<HHII", 257, 4, 1, 100_000)
    path.write_bytes(content.replace(*length).replace(*short))

    with pytest.raises(PageFileError, match="x 100000 pels"):
        PageFile(path)
