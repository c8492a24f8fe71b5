"""Received pages as files: no pel changes but where the format says so, and other programs read them."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image
from pypdf import PdfReader

from gateway.domain.call import Coding
from gateway.fax.t4 import classf, codec
from gateway.fax.t4.classf import PageFile
from gateway.fax.t4.page import Bitmap, CodedPage, Resolution
from gateway.mail.received_mail import FaxFile
from gateway.received_files import FileFormat, Making, make_files, octets_of, page_facts, prepared, ranged
from tests.fax_calls import noise_bitmap, text_bitmap

BITMAPS = [
    text_bitmap(rows=300),
    text_bitmap(2, rows=150, resolution=98),
    text_bitmap(3, rows=400, width=2048, resolution=391),
    noise_bitmap(rows=64),
    text_bitmap(4, rows=300, width=2592, resolution=300),
    text_bitmap(5, rows=400, width=3456, resolution=400),
]
XPSTOPDF = shutil.which("xpstopdf")


@pytest.fixture
def fax(tmp_path: Path) -> PageFile:
    """A fax of pages of all shapes, coded in all ways."""
    codings = [Coding.MMR, Coding.MH, Coding.MR, Coding.MMR, Coding.MH, Coding.MMR]
    path = tmp_path / "fax.tif"
    classf.write_pages(path, [codec.encode(*page) for page in zip(BITMAPS, codings, strict=True)])
    return PageFile(path)


def made(fax: PageFile, kind: FileFormat, *, separate: bool = False) -> list[FaxFile]:
    return make_files(prepared(fax, kind), 1, Making(kind, separate, "fax-R1", "Fax R1 <2>"))


def picture(bitmap: Bitmap) -> Image.Image:
    """In Pillow's sense, where 1 is white."""
    shape = bitmap.shape
    return Image.frombytes("1", (shape.width, shape.rows), bytes(octet ^ 0xFF for octet in bitmap.octets))


def same(image: Image.Image, bitmap: Bitmap) -> bool:
    return image.convert("1").tobytes() == picture(bitmap).tobytes()


def test_a_pdf_has_the_very_pels_at_their_true_size(fax: PageFile) -> None:
    [file] = made(fax, FileFormat.PDF)

    book = PdfReader(io.BytesIO(file.content))
    assert all(same(page.images[0].image, bitmap) for page, bitmap in zip(book.pages, BITMAPS, strict=True))
    assert [float(page.mediabox.width) for page in book.pages][:2] == pytest.approx([1728 / 204 * 72] * 2, abs=0.01)
    assert float(book.pages[1].mediabox.height) == pytest.approx(150 / 98 * 72, abs=0.01)
    assert book.metadata is not None
    assert book.metadata.title == "Fax R1 <2>"
    assert (file.name, file.media_type, file.first_page, file.pages) == ("fax-R1.pdf", "application/pdf", 1, 6)


def test_a_tif_of_high_resolution_has_the_very_pels(fax: PageFile, tmp_path: Path) -> None:
    [file] = made(fax, FileFormat.TIF_HIRES)

    (tmp_path / file.name).write_bytes(file.content)
    read = PageFile(tmp_path / file.name)
    assert read.shapes == fax.shapes
    assert [codec.decode(read.page(index))[0] for index in range(len(read))] == BITMAPS


@pytest.mark.parametrize(
    ("kind", "name"), [(FileFormat.TIF, "fax-R1.tif"), (FileFormat.TIF_FAX, "fax-R1.fax")], ids=str
)
def test_a_tif_is_of_standard_resolution(fax: PageFile, tmp_path: Path, kind: FileFormat, name: str) -> None:
    [file] = made(fax, kind)

    (tmp_path / "read.tif").write_bytes(file.content)
    shapes = PageFile(tmp_path / "read.tif").shapes
    assert (file.name, file.media_type) == (name, "image/tiff")
    assert {shape.resolution for shape in shapes} == {Resolution.STANDARD}
    assert [(shape.width, shape.rows) for shape in shapes] == [
        (1728, 150), (1728, 150), (2048, 100), (1728, 32), (1728, 98), (1728, 100),
    ]  # fmt: skip


def test_print_stays_when_rows_become_fewer(fax: PageFile) -> None:
    [page, *_] = prepared(fax, FileFormat.TIF)

    before, after = (sum(map(int.bit_count, bitmap.octets)) for bitmap in (BITMAPS[0], codec.decode(page)[0]))
    assert before * 0.4 < after < before


def test_an_xps_is_a_package_whose_parts_all_have_types_and_whose_links_lead_somewhere(fax: PageFile) -> None:
    [file] = made(fax, FileFormat.XPS)

    with zipfile.ZipFile(io.BytesIO(file.content)) as package:
        assert package.testzip() is None
        names = package.namelist()
        types = etree.fromstring(package.read("[Content_Types].xml"))
        typed = {default.get("Extension") for default in types}
        assert {name.rpartition(".")[2] for name in names[1:]} <= typed
        for name in (name for name in names if name.endswith(".rels")):
            for link in etree.fromstring(package.read(name)):
                assert link.get("Target").lstrip("/") in names
    assert names[0] == "[Content_Types].xml"
    assert (file.name, file.media_type) == ("fax-R1.xps", "application/vnd.ms-xpsdocument")


def test_every_page_of_an_xps_shows_its_picture_whole(fax: PageFile) -> None:
    [file] = made(fax, FileFormat.XPS)

    with zipfile.ZipFile(io.BytesIO(file.content)) as package:
        for number, bitmap in enumerate(BITMAPS, 1):
            page = etree.fromstring(package.read(f"Documents/1/Pages/{number}.fpage"))
            brush = next(page.iter("{*}ImageBrush"))
            with Image.open(io.BytesIO(package.read(brush.get("ImageSource").lstrip("/")))) as image:
                assert same(image, bitmap)
            high = bitmap.shape.rows / bitmap.shape.resolution.value * 96
            assert float(page.get("Height")) == pytest.approx(high, abs=0.001)
            assert brush.get("Viewbox") == brush.get("Viewport") == f"0,0,{page.get('Width')},{page.get('Height')}"


@pytest.mark.skipif(XPSTOPDF is None, reason="xpstopdf is not installed: apt-get install libgxps-utils")
def test_another_program_reads_an_xps(fax: PageFile, tmp_path: Path) -> None:
    [file] = made(fax, FileFormat.XPS)
    (tmp_path / "fax.xps").write_bytes(file.content)

    subprocess.run([str(XPSTOPDF), tmp_path / "fax.xps", tmp_path / "read.pdf"], check=True, capture_output=True)

    book = PdfReader(tmp_path / "read.pdf")
    assert all(same(page.images[0].image, bitmap) for page, bitmap in zip(book.pages, BITMAPS, strict=True))


@pytest.mark.parametrize("rows", [1, 8, 43_000])
@pytest.mark.parametrize("kind", FileFormat, ids=str)
def test_a_strip_of_a_row_and_a_roll_of_paper_can_be_files_too(kind: FileFormat, rows: int) -> None:
    bitmap = text_bitmap(6, rows=rows)

    [file] = make_files([codec.encode(bitmap, Coding.MMR)], 1, Making(kind, False, "fax", "Fax"))

    if kind is FileFormat.PDF:
        [page] = PdfReader(io.BytesIO(file.content)).pages
        assert same(page.images[0].image, bitmap)
        assert 3 <= float(page.mediabox.height) <= 14_400
        assert float(page.mediabox.height) * page.user_unit == pytest.approx(max(3, rows / 196 * 72), abs=0.01)
    if kind is FileFormat.XPS:
        with zipfile.ZipFile(io.BytesIO(file.content)) as package:
            page = etree.fromstring(package.read("Documents/1/Pages/1.fpage"))
        assert float(page.get("Height")) == pytest.approx(max(1, rows / 196 * 96), abs=0.001)
    assert file.content


@pytest.mark.parametrize("kind", FileFormat, ids=str)
def test_one_file_a_page_is_named_by_the_page(fax: PageFile, kind: FileFormat) -> None:
    files = make_files(prepared(fax, kind)[1:3], 2, Making(kind, True, "fax-R1", "Fax R1"))

    ending = files[0].name.rpartition(".")[2]
    assert [file.name for file in files] == [f"fax-R1-p002.{ending}", f"fax-R1-p003.{ending}"]
    assert [(file.first_page, file.pages) for file in files] == [(2, 1), (3, 1)]


@pytest.mark.parametrize("kind", FileFormat, ids=str)
def test_no_file_is_larger_than_was_reckoned(fax: PageFile, kind: FileFormat) -> None:
    pages: list[CodedPage] = prepared(fax, kind) * 5

    for some in (pages, pages[:1], pages[3:4]):
        for separate in (False, True):
            files = make_files(some, 1, Making(kind, separate, "fax", "Fax"))
            reckoned = sum(octets_of(page, kind) for page in some)
            written = sum(len(file.content) for file in files)
            assert written <= reckoned
            assert reckoned - written < 3500 * len(some)  # nor far from it


@pytest.mark.parametrize("kind", FileFormat, ids=str)
def test_the_same_pages_make_the_same_octets(fax: PageFile, kind: FileFormat) -> None:
    assert made(fax, kind) == made(fax, kind)


def test_a_file_with_some_pages_of_a_fax_says_which() -> None:
    assert [ranged("fax-R1", 3, 4), ranged("fax-R1", 12, 1)] == ["fax-R1-p003-006", "fax-R1-p012"]


def test_the_metadata_tell_of_pages_as_they_were_on_the_line(fax: PageFile) -> None:
    facts = page_facts(fax)

    assert [(page.width, page.rows) for page in facts] == [(shape.width, shape.rows) for shape in fax.shapes]
    assert [(page.across, page.down) for page in facts][3:] == [(204, 196), (300, 300), (408, 400)]
