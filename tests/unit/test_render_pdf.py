"""The two doors: any document to pages, and pages to one fax TIFF."""

from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from renderers.document import Document, Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, FaxShape, Paper, Resolution, read_tiff, write_tiff
from renderers.libtiff import decode_page, encode
from renderers.pdf import make_paged
from renderers.pdfium import place
from renderers.rasterize import rasterize

SAMPLES = Path(__file__).parents[2] / "samples/documents"
SHAPE = FaxShape()


def sample(name: str, media_type: str = "application/octet-stream") -> Document:
    return Document(SAMPLES / name, media_type, name)


def document(folder: Path, content: bytes, name: str = "x.pdf") -> Document:
    path = folder / "content"
    path.write_bytes(content)
    return Document(path, "application/octet-stream", name)


def drawn(folder: Path, *sheets: tuple[tuple[float, float], str], **page_keys: object) -> Document:
    """A PDF of sheets: (width, height) in points and the drawing operators."""
    with pikepdf.new() as book:
        for size, operators in sheets:
            sheet = book.add_blank_page(page_size=size)
            sheet.Contents = book.make_stream(operators.encode())
            for key, value in page_keys.items():
                sheet[f"/{key}"] = value
        book.save(folder / "drawn.pdf")
    return Document(folder / "drawn.pdf", "application/pdf", "drawn.pdf")


def faxed(source: Document, folder: Path, shape: FaxShape = SHAPE, most: int = 50) -> list[np.ndarray]:
    """The black pels of each page, end to end."""
    paged = make_paged(source, folder, shape)
    rasterize([paged], shape, folder / "fax.tif", most)
    pages = read_tiff(folder / "fax.tif")
    return [
        np.unpackbits(decode_page(folder / "fax.tif", n, page.width, page.rows), axis=1).astype(bool)
        for n, page in enumerate(pages)
    ]


def test_every_page_of_the_letter_is_there(tmp_path: Path) -> None:
    pages = faxed(sample("settlement-letter.pdf"), tmp_path)
    assert [page.shape for page in pages] == [(2118, 1728)] * 4
    assert all(0.005 < page.mean() < 0.12 for page in pages)


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("settlement-letter.pdf", "pdf", 4),
        ("referral-form.pdf", "pdf", 1),
        ("languages.txt", "pdf", 2),
        ("shipping-notice.html", "pdf", 1),
        ("landscape.jpg", "tiff", 1),
        ("landscape-turned.jpg", "tiff", 1),
        ("received-fax.tif", "tiff", 2),
        ("office-scan.tif", "tiff", 2),
    ],
)
def test_each_sample_becomes_its_pages(tmp_path: Path, name: str, kind: str, count: int) -> None:
    paged = make_paged(sample(name), tmp_path, SHAPE)
    assert (paged.kind, paged.pages, paged.name) == (kind, count, name)
    assert rasterize([paged], SHAPE, tmp_path / "f.tif", 50) == [count]


def test_filled_form_fields_are_drawn(tmp_path: Path) -> None:
    (page,) = faxed(sample("referral-form.pdf"), tmp_path)
    field = page[270:330, 650:1500]  # the patient's name in its box
    assert field.mean() > 0.01


def test_a_rectangle_lands_where_it_should(tmp_path: Path) -> None:
    (page,) = faxed(drawn(tmp_path, ((576, 720), "72 576 144 72 re f")), tmp_path)  # 1 inch in, 1 inch down
    across, down = np.flatnonzero(page.any(0)), np.flatnonzero(page.any(1))
    left = (1728 - 8 * 204) // 2
    assert (across[0], across[-1]) == pytest.approx((left + 204, left + 3 * 204 - 1), abs=2)
    assert (down[0], down[-1]) == pytest.approx((196, 2 * 196 - 1), abs=2)


@pytest.mark.parametrize("resolution", list(Resolution))
@pytest.mark.parametrize("paper", list(Paper))
def test_pages_have_the_rows_of_their_shape(tmp_path: Path, resolution: Resolution, paper: Paper) -> None:
    shape = FaxShape(1728, resolution, paper)
    (page,) = faxed(drawn(tmp_path, ((612, 792), "0 0 100 100 re f")), tmp_path, shape)
    assert page.shape == (shape.rows, 1728)


@pytest.mark.parametrize(
    ("inches", "turns"),
    [
        ((8.5, 11), 0),
        ((8.27, 11.69), 0),
        ((11, 8.5), 1),
        ((13.33, 7.5), 1),
        ((6, 4), 0),
        ((8.5, 8.5), 0),
        ((40, 60), 0),
        ((60, 40), 1),
    ],
)
def test_a_page_wider_than_the_paper_is_turned(inches: tuple[float, float], turns: int) -> None:
    placed = place(inches, SHAPE)
    assert placed.turns == turns
    assert placed.width <= 1728
    assert placed.height <= SHAPE.rows
    assert placed.left == (1728 - placed.width) // 2


def test_a_landscape_sheet_stands_on_its_side(tmp_path: Path) -> None:
    (page,) = faxed(drawn(tmp_path, ((792, 612), "0 580 792 32 re f")), tmp_path)  # a bar along the top
    assert page[:, -60:].mean() > 0.5
    assert not page[:, :800].any()


def test_a_turned_page_and_its_crop_are_honored(tmp_path: Path) -> None:
    source = drawn(tmp_path, ((612, 792), "0 0 612 792 re f"), Rotate=90, CropBox=pikepdf.Array([100, 100, 172, 244]))
    (page,) = faxed(source, tmp_path)  # 1 by 2 inches, turned to 2 by 1
    assert np.flatnonzero(page.any(0)).size == pytest.approx(408, abs=3)
    assert np.flatnonzero(page.any(1)).size == pytest.approx(196, abs=3)


@pytest.mark.parametrize("size", [(14400, 14400), (3, 3), (1800, 3600)])
def test_pages_of_any_size_fit(tmp_path: Path, size: tuple[float, float]) -> None:
    (page,) = faxed(drawn(tmp_path, (size, f"0 0 {size[0]} {size[1]} re f")), tmp_path)
    assert page.any()


def test_grey_small_print_is_solid(tmp_path: Path) -> None:
    words = "BT /F1 8 Tf 0.45 g 40 700 Td (the quick brown fox jumps over the lazy dog) Tj ET"
    font = pikepdf.Dictionary(
        F1=pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
    source = drawn(tmp_path, ((612, 792), words), Resources=pikepdf.Dictionary(Font=font))
    (page,) = faxed(source, tmp_path)
    ink = page[200:280, 100:600]
    assert ink.mean() > 0.03


def test_a_page_of_pale_lines_is_not_sent_empty(tmp_path: Path) -> None:
    (page,) = faxed(drawn(tmp_path, ((612, 792), "0.93 g 72 72 200 200 re f")), tmp_path)
    assert page.sum() == pytest.approx(200 / 72 * 204 * 200 / 72 * 196, rel=0.05)


def test_black_words_on_a_grey_bar_can_be_read(tmp_path: Path) -> None:
    (page,) = faxed(
        drawn(tmp_path, ((612, 792), "0.5 g 50 600 400 60 re f 0 g 100 620 8 20 re f 200 620 8 20 re f")), tmp_path
    )
    bar = page[365:510, 150:1250]
    assert bar.mean() < 0.5
    assert page[420:460, 290:300].mean() > 0.9


def test_an_empty_user_password_opens_by_itself(tmp_path: Path) -> None:
    with pikepdf.open(SAMPLES / "settlement-letter.pdf") as book:
        book.save(tmp_path / "e.pdf", encryption=pikepdf.Encryption(owner="secret", user=""))
    assert make_paged(Document(tmp_path / "e.pdf", "", "e.pdf"), tmp_path, SHAPE).pages == 4


def test_a_password_is_said_to_be_the_reason(tmp_path: Path) -> None:
    with pikepdf.open(SAMPLES / "settlement-letter.pdf") as book:
        book.save(tmp_path / "e.pdf", encryption=pikepdf.Encryption(owner="secret", user="secret"))
    with pytest.raises(RenderError) as caught:
        make_paged(Document(tmp_path / "e.pdf", "", "contract.pdf"), tmp_path, SHAPE)
    assert caught.value.reason is Reason.ENCRYPTED
    assert "contract.pdf" in caught.value.text


def test_a_pdf_without_its_cross_references_is_repaired(tmp_path: Path) -> None:
    content = (SAMPLES / "settlement-letter.pdf").read_bytes()
    broken = content[: content.rindex(b"startxref")] + b"startxref\n99999999\n%%EOF"
    assert make_paged(document(tmp_path, broken), tmp_path, SHAPE).pages == 4


@pytest.mark.parametrize("content", [b"%PDF-1.4\n", b"%PDF-1.7\n" + b"nothing of use " * 50])
def test_a_pdf_beyond_repair_is_corrupt(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RenderError) as caught:
        make_paged(document(tmp_path, content, "plan.pdf"), tmp_path, SHAPE)
    assert caught.value.reason is Reason.CORRUPT
    assert "plan.pdf" in caught.value.text


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "empty.txt", Reason.EMPTY),
        (b"MZ\x90\0\3", "setup.exe", Reason.UNKNOWN_TYPE),
        (b"PK\3\4 not really", "photos.zip", Reason.UNKNOWN_TYPE),
        (b"BEGIN:VCARD\n", "me.vcf", Reason.UNKNOWN_TYPE),
        (b"\0\1\2\3", "blob.bin", Reason.UNKNOWN_TYPE),
    ],
)
def test_what_cannot_be_faxed_is_refused_with_its_name(
    tmp_path: Path, content: bytes, name: str, reason: Reason
) -> None:
    with pytest.raises(RenderError) as caught:
        make_paged(document(tmp_path, content, name), tmp_path, SHAPE)
    assert caught.value.reason is reason
    assert name in caught.value.text


def test_each_reason_has_a_sentence_for_the_sender() -> None:
    for reason in Reason:
        words = RenderError(reason, "offer.doc").text
        assert "“offer.doc”" in words
        assert words.endswith(".")


def test_an_error_survives_being_pickled() -> None:
    error = RenderError(Reason.TOO_LONG, "a", "ran on", "Words.")
    again = type(error)(*error.args)
    assert (again.reason, again.name, again.detail, again.text) == (Reason.TOO_LONG, "a", "ran on", "Words.")


def test_documents_are_stacked_in_order(tmp_path: Path) -> None:
    parts = [
        make_paged(sample(name), tmp_path, SHAPE) for name in ("languages.txt", "received-fax.tif", "landscape.jpg")
    ]
    assert rasterize(parts, SHAPE, tmp_path / "f.tif", 50) == [2, 2, 1]
    assert [page.rows for page in read_tiff(tmp_path / "f.tif")] == [2118, 2118, 2200, 2200, 2118]


def test_the_same_document_twice_in_one_folder_does_not_collide(tmp_path: Path) -> None:
    first, second = (make_paged(sample("languages.txt"), tmp_path, SHAPE) for _ in range(2))
    assert first.path != second.path


def test_too_many_pages_are_refused_before_any_is_drawn(tmp_path: Path) -> None:
    part = Paged(tmp_path / "never-opened.pdf", "pdf", 60, "novel.pdf")
    with pytest.raises(RenderError) as caught:
        rasterize([part], SHAPE, tmp_path / "f.tif", 50)
    assert caught.value.reason is Reason.TOO_MANY_PAGES
    assert caught.value.name == "novel.pdf"
    assert not (tmp_path / "f.tif").exists()


def test_the_part_that_goes_over_the_limit_is_named(tmp_path: Path) -> None:
    parts = [Paged(tmp_path / "a", "pdf", 30, "a"), Paged(tmp_path / "b", "pdf", 30, "b")]
    with pytest.raises(RenderError) as caught:
        rasterize(parts, SHAPE, tmp_path / "f.tif", 50)
    assert caught.value.name == "b"


def test_fax_pages_go_through_untouched(tmp_path: Path) -> None:
    page = FaxPage(1728, 400, Resolution.FINE, encode(np.full((400, 216), 0x18, np.uint8)))
    write_tiff(tmp_path / "in.tif", [page])
    rasterize([Paged(tmp_path / "in.tif", "tiff", 1, "x")], SHAPE, tmp_path / "out.tif", 5)
    assert read_tiff(tmp_path / "out.tif") == [page]


def test_a_photo_in_a_pdf_is_screened_and_words_beside_it_are_not(tmp_path: Path) -> None:
    grey = Image.fromarray(np.tile(np.linspace(60, 200, 400).astype(np.uint8), (300, 1)))
    grey.save(tmp_path / "photo.pdf", resolution=100)
    (page,) = faxed(Document(tmp_path / "photo.pdf", "", "x"), tmp_path)
    ink = page[50:500, 500:1200]
    runs = np.abs(np.diff(ink[100].astype(int))).sum()
    assert runs > 100  # dots, not one edge
    assert 0.2 < ink.mean() < 0.8
