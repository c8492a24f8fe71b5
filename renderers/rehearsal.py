"""A page of our own, made once before processes are forked, so that none of them pays for what all of them need.

What lives here: that page. PDFium looks through all fonts of the machine when a PDF names one that is not in it, which
takes as long as several pages; libraries resolve their symbols, tables are built, code is read. What does not: the
fork (`warm`).
"""

from pathlib import Path

from renderers import rooms
from renderers.document import Document
from renderers.faxpage import FaxShape
from renderers.pdf import make_paged
from renderers.rasterize import rasterize

_FONTS = ("Helvetica", "Times-Roman", "Courier", "Symbol", "Unheard-Of", "Unheard-Of-Bold")
_WORDS = "0123456789 The quick brown fox jumps over the lazy dog, PAGE"


def rehearse() -> None:
    """Make a page of words in fonts that are not in it, of a grey fill and a picture; what comes of it is forgotten.

    Raises:
        RenderError: a library is missing.
    """
    with rooms.room("confined-rehearsal-") as folder:  # swept with the others where we are killed meanwhile
        sheet = Path(folder) / "rehearsal.pdf"
        sheet.write_bytes(_pdf())
        paged = make_paged(Document(sheet, "application/pdf", sheet.name), Path(folder), FaxShape())
        rasterize([paged], FaxShape(), Path(folder) / "rehearsal.tif", 1)


def _pdf() -> bytes:
    """A PDF of one page, without the table of its objects, which PDFium does not need."""
    fonts = " ".join(f"/F{n} << /Type /Font /Subtype /Type1 /BaseFont /{name} >>" for n, name in enumerate(_FONTS))
    lines = "".join(f"BT /F{n} 10 Tf 72 {700 - 20 * n} Td ({_WORDS}) Tj ET\n" for n in range(len(_FONTS)))
    picture = "q 100 0 0 100 72 72 cm BI /W 2 /H 2 /BPC 8 /CS /G ID @`p~ EI Q"
    drawing = f"{lines} 0.5 g 300 72 200 200 re f {picture}\n"
    return (
        "%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
        "2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj\n"
        f"3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        f" /Resources << /Font << {fonts} >> >> >> endobj\n"
        f"4 0 obj << /Length {len(drawing)} >> stream\n{drawing}endstream endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
    ).encode()
