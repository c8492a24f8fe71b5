"""PDFs of every kind: versions, forms, annotations, encryption, damage."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf

from renderers.document import Document
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape, read_tiff
from renderers.libtiff import decode_page
from renderers.pdf import make_paged
from renderers.rasterize import rasterize

SHAPE = FaxShape()
BOX = "72 600 100 50 re f"
PELS, ROWS = 204 / 72, 196 / 72


def sheet(*annotations: Dictionary, form: bool = False, content: str = "") -> Pdf:
    """A letter page of some annotations, which are fields of a form if so wished."""
    book = pikepdf.new()
    page = book.add_blank_page(page_size=(612, 792))
    page.Contents = book.make_stream(content.encode())
    made = [book.make_indirect(one) for one in annotations]
    page.Annots = Array(made)
    if form:
        fonts = Dictionary(Font=Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)))
        book.Root.AcroForm = Dictionary(Fields=Array(made), DR=fonts, DA="/F1 12 Tf 0 g", NeedAppearances=True)
    return book


def annotation(kind: str, **keys: object) -> Dictionary:
    return Dictionary(Type=Name.Annot, Subtype=Name(f"/{kind}"), **{"Rect": [100, 600, 400, 640], "F": 4, **keys})


def faxed(folder: Path) -> np.ndarray:
    """The black pels of the one page of the PDF in a folder."""
    paged = make_paged(Document(folder / "in.pdf", "", "in.pdf"), folder, SHAPE)
    assert rasterize([paged], SHAPE, folder / "f.tif", 5) == [1]
    (page,) = read_tiff(folder / "f.tif")
    return np.unpackbits(decode_page(folder / "f.tif", 0, page.width, page.rows), axis=1).astype(bool)


def ink_in(pels: np.ndarray, left: float, bottom: float, right: float, top: float) -> int:
    """How many pels are black in a rectangle in points; letter is shrunk a little to fit the width of a fax."""
    scale = min(1728 / 1734, SHAPE.rows / (792 * ROWS))
    shift = (1728 - 612 * PELS * scale) / 2
    across = slice(int(left * PELS * scale + shift), int(right * PELS * scale + shift))
    return int(pels[int((792 - top) * ROWS * scale) : int((792 - bottom) * ROWS * scale), across].sum())


@pytest.mark.parametrize(
    ("field", "drawn"),
    [
        (annotation("Widget", FT=Name.Tx, T="name", V="Anna Smith", DA="/F1 14 Tf 0 g"), True),
        (annotation("Widget", FT=Name.Ch, T="c", V="Two", Opt=["One", "Two"], Ff=1 << 17, DA="/F1 14 Tf 0 g"), True),
        (annotation("Widget", FT=Name.Tx, T="name", V="Anna Smith", DA="/F1 14 Tf 0 g", F=2), False),
    ],
    ids=["text", "choice", "hidden"],
)
def test_what_was_filled_into_a_form_is_drawn(tmp_path: Path, field: Dictionary, drawn: bool) -> None:
    sheet(field, form=True).save(tmp_path / "in.pdf")
    assert (ink_in(faxed(tmp_path), 95, 595, 250, 645) > 100) is drawn


@pytest.mark.parametrize(
    ("mark", "drawn"),
    [
        (annotation("FreeText", Contents="Please sign here", DA="/Helv 14 Tf 0 g"), True),
        (annotation("Ink", InkList=[[100, 600, 250, 640, 400, 600]], C=[0, 0, 1]), True),
        (annotation("Square", C=[0, 0, 0]), True),
        (annotation("Text", Contents="a note for the screen", F=0), False),
        (annotation("Popup"), False),
    ],
    ids=["free text", "ink", "square", "note", "popup"],
)
def test_marks_on_a_page_are_drawn_and_notes_for_the_screen_are_not(
    tmp_path: Path, mark: Dictionary, drawn: bool
) -> None:
    sheet(mark).save(tmp_path / "in.pdf")
    assert (ink_in(faxed(tmp_path), 95, 595, 405, 645) > 50) is drawn


@pytest.mark.parametrize("version", ["1.0", "1.2", "1.4", "1.5", "1.7", "2.0"])
def test_every_version_is_drawn(tmp_path: Path, version: str) -> None:
    sheet(content=BOX).save(tmp_path / "in.pdf", force_version=version)
    assert ink_in(faxed(tmp_path), 72, 600, 172, 650) > 0.9 * 100 * 50 * PELS * ROWS


@pytest.mark.parametrize("strength", [2, 3, 4, 6])
def test_an_empty_user_password_opens(tmp_path: Path, strength: int) -> None:
    lock = pikepdf.Encryption(owner="o", user="", R=strength, aes=strength >= 4, metadata=strength >= 4)
    sheet(content=BOX).save(tmp_path / "in.pdf", encryption=lock)
    assert ink_in(faxed(tmp_path), 72, 600, 172, 650) > 10000


def test_a_user_password_is_asked_for(tmp_path: Path) -> None:
    sheet(content=BOX).save(tmp_path / "in.pdf", encryption=pikepdf.Encryption(owner="o", user="u"))
    with pytest.raises(RenderError) as caught:
        make_paged(Document(tmp_path / "in.pdf", "", "in.pdf"), tmp_path, SHAPE)
    assert caught.value.reason is Reason.ENCRYPTED


def without_table(content: bytes) -> bytes:
    return content[: content.index(b"xref")] + content[content.index(b"trailer") :]


def with_wrong_kind_of_page(content: bytes) -> bytes:
    return content.replace(b"/Type /Page\n", b"/Type /Pagx\n").replace(b"/Type /Page ", b"/Type /Pagx ")


@pytest.mark.parametrize(
    "harm",
    [
        without_table,
        with_wrong_kind_of_page,
        lambda content: b"HTTP/1.1 200 OK\r\n\r\n" + content,
        lambda content: content[:-30],
        lambda content: content.replace(b"startxref", b"startxxxx"),
        lambda content: content.replace(b"%PDF-1.4", b"%PDF-9.9"),
    ],
    ids=["no table", "wrong type of page", "junk before", "cut off", "no start", "unheard-of version"],
)
def test_a_damaged_pdf_is_mended(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    sheet(content=BOX).save(
        tmp_path / "in.pdf", force_version="1.4", object_stream_mode=pikepdf.ObjectStreamMode.disable
    )
    whole = (tmp_path / "in.pdf").read_bytes()
    (tmp_path / "in.pdf").write_bytes(harm(whole))
    assert harm(whole) != whole
    assert ink_in(faxed(tmp_path), 72, 600, 172, 650) > 10000


def three_sheets(path: Path, *, linearize: bool, objects: pikepdf.ObjectStreamMode) -> bytes:
    """A PDF of three pages, each with some text of its own."""
    with pikepdf.new() as book:
        for number in range(3):
            with sheet(content=f"{BOX} % {number}".ljust(3000)) as one:
                book.pages.extend(one.pages)
        book.save(path, linearize=linearize, object_stream_mode=objects, compress_streams=False)
    return path.read_bytes()


@pytest.mark.parametrize("linearize", [False, True])
@pytest.mark.parametrize("objects", [pikepdf.ObjectStreamMode.disable, pikepdf.ObjectStreamMode.generate])
def test_a_pdf_that_ends_among_its_objects_is_refused_for_pages_are_lost(
    tmp_path: Path, *, linearize: bool, objects: pikepdf.ObjectStreamMode
) -> None:
    document = Document(tmp_path / "in.pdf", "", "in.pdf")
    whole = three_sheets(document.content, linearize=linearize, objects=objects)
    assert make_paged(document, tmp_path, SHAPE).pages == 3
    for share in (0.3, 0.5, 0.8):
        document.content.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(RenderError) as caught:
            make_paged(document, tmp_path, SHAPE)
        assert caught.value.reason is Reason.CORRUPT
