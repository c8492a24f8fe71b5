"""PDFs that are small to send and endless to draw: made here, never kept."""

import zlib
from collections.abc import Callable, Mapping

_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def pdf(*objects: bytes, catalog: bytes = _CATALOG, tail: bytes = b"") -> bytes:
    """A PDF of a catalog and these objects, numbered from 2; its table is left to the reader to rebuild."""
    rows = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, content) for n, content in enumerate((catalog, *objects), 1))
    return b"%PDF-1.7\n" + rows + (tail or b"trailer << /Root 1 0 R >>\n%%EOF\n")


def stream(content: bytes, words: bytes = b"") -> bytes:
    return b"<< /Length %d %s >> stream\n%s\nendstream" % (len(content), words, content)


def page(words: bytes = b"", box: bytes = b"0 0 612 792") -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R %s >>" % (box, words)


def drawn(content: bytes, resources: bytes = b"", *more: bytes) -> bytes:
    """One page with this content; `more` objects are numbered from 5."""
    return pdf(_PAGES, page(b"/Resources << %s >>" % resources), stream(content), *more)


def _folded(size: int, unit: bytes) -> bytes:
    """`size` octets, deflated twice."""
    folding = zlib.compressobj(9)
    block = unit * ((1 << 20) // len(unit))
    once = b"".join(folding.compress(block) for _ in range(size >> 20)) + folding.flush()
    return zlib.compress(once, 9)


_TWICE = b"/Filter [/FlateDecode /FlateDecode]"


def content_that_unfolds() -> bytes:
    """A page's content of 300 MB in some kilobytes."""
    return pdf(_PAGES, page(), stream(_folded(300 << 20, b"0 0 m 9 9 l S\n  "), _TWICE))


def picture_that_unfolds() -> bytes:
    words = b"/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /ColorSpace /DeviceRGB /BitsPerComponent 8 "
    image = stream(_folded(300 << 20, b"\0" * 16), words + _TWICE)
    return drawn(b"612 0 0 792 0 0 cm /I Do", b"/XObject << /I 5 0 R >>", image)


def _claiming(filter_: bytes) -> bytes:
    words = b"/Type /XObject /Subtype /Image /Width 2000000000 /Height 2000000000 /BitsPerComponent 1 "
    image = stream(b"\0\0\0\0", words + b"/ColorSpace /DeviceGray /Filter /" + filter_)
    return drawn(b"612 0 0 792 0 0 cm /I Do", b"/XObject << /I 5 0 R >>", image)


def picture_of_vast_size_in_fax_code() -> bytes:
    return _claiming(b"CCITTFaxDecode")


def picture_of_vast_size_in_jbig2() -> bytes:
    return _claiming(b"JBIG2Decode")


def page_of_vast_size() -> bytes:
    box = page(b"/UserUnit 1000000", b"0 0 1000000000 1000000000")
    return pdf(_PAGES, box, stream(b"100 w 0 0 m 1000000000 1000000000 l S"))


def page_of_no_size() -> bytes:
    return pdf(_PAGES, page(b"", b"0 0 0 0"), stream(b"0 0 9 9 re f"))


def page_of_numbers_that_are_none() -> bytes:
    return pdf(_PAGES, page(b"", b"nan -1e999 1e999 99999999999999999999999"), stream(b"0 0 9 9 re f"))


def hundred_thousand_pages() -> bytes:
    return pdf(b"<< /Type /Pages /Count 100000 /Kids [%s] >>" % (b"3 0 R " * 100_000), page(), stream(b"0 0 9 9 re f"))


def pages_that_multiply() -> bytes:
    """A tree of twelve levels, each ten times the next: 10 to the twelfth pages."""
    levels = [
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (10 ** (12 - n), b"%d 0 R " % (n + 3) * 10) for n in range(12)
    ]
    last = b"<< /Type /Page /MediaBox [0 0 612 792] >>"
    return pdf(*levels, last)


def pages_that_are_their_own_children() -> bytes:
    return pdf(b"<< /Type /Pages /Count 5 /Kids [2 0 R 2 0 R 3 0 R] /Parent 2 0 R >>", page(), stream(b"0 0 9 9 re f"))


def pages_nested_deep() -> bytes:
    deep = [b"<< /Type /Pages /Count 1 /Kids [%d 0 R] /Parent %d 0 R >>" % (n + 3, n + 1) for n in range(20_000)]
    return pdf(*deep, b"<< /Type /Page /MediaBox [0 0 612 792] >>")


def forms_that_multiply() -> bytes:
    """Ten forms, each of which shows the next ten times: ten thousand million squares."""
    forms = [_form(b"/F Do " * 10, b"/XObject << /F %d 0 R >>" % (n + 6)) for n in range(10)]
    return drawn(b"/F Do", b"/XObject << /F 5 0 R >>", *forms, _form(b"0 0 9 9 re f", b""))


def _form(content: bytes, resources: bytes) -> bytes:
    return stream(content, b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << %s >>" % resources)


def form_that_shows_itself() -> bytes:
    return drawn(b"/F Do", b"/XObject << /F 5 0 R >>", _form(b"0 0 9 9 re f /F Do /F Do", b"/XObject << /F 5 0 R >>"))


def forms_nested_deep() -> bytes:
    forms = [_form(b"q /F Do Q", b"/XObject << /F %d 0 R >>" % (n + 6)) for n in range(3000)]
    return drawn(b"/F Do", b"/XObject << /F 5 0 R >>", *forms, _form(b"0 0 9 9 re f", b""))


def pattern_of_tiny_tiles() -> bytes:
    """A tiling pattern whose tiles stand a ten-thousandth of a point apart."""
    words = b"/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep .0001 /YStep .0001 /Resources << >>"
    resources = b"/Pattern << /P 5 0 R >>"
    return drawn(b"/Pattern cs /P scn 0 0 612 792 re f", resources, stream(b"0 0 1 1 re f", words))


def function_without_end() -> bytes:
    """A shading by a PostScript calculator (PDF 7.10.5) of 300,000 steps a point."""
    steps = b"{ " + b"dup sin cos atan " * 100_000 + b"}"
    calculator = stream(steps, b"/FunctionType 4 /Domain [0 1 0 1] /Range [0 1]")
    resources = (
        b"/Shading << /S << /ShadingType 1 /ColorSpace /DeviceGray /Function 5 0 R /Matrix [612 0 0 792 0 0] >> >>"
    )
    return drawn(b"/S sh", resources, calculator)


def function_nested_deep() -> bytes:
    steps = b"{ true " + b"{ true " * 50_000 + b"{ pop } if " * 50_000 + b"}"
    calculator = stream(steps, b"/FunctionType 4 /Domain [0 1 0 1] /Range [0 1]")
    resources = b"/Shading << /S << /ShadingType 1 /ColorSpace /DeviceGray /Function 5 0 R >> >>"
    return drawn(b"/S sh", resources, calculator)


def arrays_nested_deep() -> bytes:
    return drawn(b"0 0 9 9 re f", b"/Deep %s" % (b"[" * 200_000 + b"]" * 200_000))


def dictionaries_nested_deep() -> bytes:
    return drawn(b"0 0 9 9 re f", b"/Deep %s 0 %s" % (b"<< /D " * 100_000, b">> " * 100_000))


def states_saved_without_end() -> bytes:
    return drawn(b"q 1 0 0 1 0 0 cm " * 1_000_000 + b"0 0 9 9 re f")


def tables_in_a_ring() -> bytes:
    """Two tables of objects, each of which says that the other came before it (PDF 7.5.6)."""
    head = pdf(_PAGES, page(), stream(b"0 0 9 9 re f"), tail=b"\n")
    first, second = len(head), len(head) + 100
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer << /Size 1 /Root 1 0 R /Prev %d >>\n"
    return head + (table % second).ljust(100) + (table % first) + b"startxref\n%d\n%%%%EOF\n" % first


def lengths_in_a_ring() -> bytes:
    """A stream whose length is an object that lies in a stream whose length it is."""
    ring = b"<< /Type /ObjStm /N 1 /First 4 /Length 6 0 R >> stream\n6 0 6 0 R\nendstream"
    return pdf(_PAGES, page(), b"<< /Length 5 0 R >> stream\n0 0 9 9 re f\nendstream", ring, b"5 0 R")


def notes_without_number() -> bytes:
    note = b"<< /Type /Annot /Subtype /Square /Rect [0 0 612 792] /AP << /N 5 0 R >> >>"
    sheet = page(b"/Annots [%s]" % (note * 60_000))
    return pdf(_PAGES, sheet, stream(b""), _form(b"0 0 612 792 re f", b""))


def line_of_tiny_dashes() -> bytes:
    return drawn(b"[.00001] 0 d 1 w 0 0 m 612 792 l S " * 50)


def letters_that_multiply() -> bytes:
    """A Type 3 font (PDF 9.6.4) whose letter is drawn with ten letters of itself."""
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 /LastChar 97 "
        b"/Widths [1] /Encoding << /Differences [97 /a] >> /CharProcs << /a 6 0 R >> "
        b"/Resources << /Font << /F 5 0 R >> >> >>"
    )
    letter = stream(b"9 0 d0 BT /F 1 Tf " + b"(aaaaaaaaaa) Tj " + b"ET")
    return drawn(b"BT /F 9 Tf 72 72 Td (aaaaaaaaaa) Tj ET", b"/Font << /F 5 0 R >>", font, letter)


def layers_without_number() -> bytes:
    """Groups that must each be drawn on a page of their own, one in another (PDF 11.4)."""
    forms = [
        stream(
            b"/G gs /F Do",
            b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Group << /S /Transparency /I true >> /Resources << "
            b"/ExtGState << /G << /ca .5 /BM /Multiply >> >> /XObject << /F %d 0 R >> >>" % (n + 6),
        )
        for n in range(400)
    ]
    return drawn(b"/F Do", b"/XObject << /F 5 0 R >>", *forms, _form(b"0 0 9 9 re f", b""))


PDFS: Mapping[str, Callable[[], bytes]] = {
    f"pdf-{make.__name__}": make
    for make in (
        content_that_unfolds, picture_that_unfolds, picture_of_vast_size_in_fax_code, picture_of_vast_size_in_jbig2,
        page_of_vast_size, page_of_no_size, page_of_numbers_that_are_none, hundred_thousand_pages,
        pages_that_multiply, pages_that_are_their_own_children, pages_nested_deep, forms_that_multiply,
        form_that_shows_itself, forms_nested_deep, pattern_of_tiny_tiles, function_without_end, function_nested_deep,
        arrays_nested_deep, dictionaries_nested_deep, states_saved_without_end, tables_in_a_ring, lengths_in_a_ring,
        notes_without_number, line_of_tiny_dashes, letters_that_multiply, layers_without_number,
    )
}  # fmt: skip
