"""HTML and text that are small to send and endless to lay out: made here, never kept."""

import base64
from collections.abc import Callable, Mapping

from tests.hostile_pictures import more_memory_than_a_converter_has


def _page(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><meta charset=utf-8>{head}</head><body>{body}</body></html>".encode()


def _style(sheet: str) -> str:
    return f"<style>{sheet}</style>"


def _nested(opening: str, words: str, closing: str, depth: int) -> bytes:
    return _page(opening * depth + words + closing * depth)


def boxes_nested_deep() -> bytes:
    return _nested("<div>", "words", "</div>", 100_000)


def boxes_nested_and_never_closed() -> bytes:
    return _nested("<b><i><font>", "words", "", 50_000)


def boxes_nested_just_within_the_limit() -> bytes:
    return _nested("<div style='display:inline-block;float:left;width:99%'>", "words", "</div>", 390)


def tables_nested_deep() -> bytes:
    return _nested("<table><tr><td>a<td>", "words", "</td></tr></table>", 100)


def flexes_nested_deep() -> bytes:
    return _nested("<div style='display:flex'><p>a</p>", "words", "</div>", 40)


def grids_nested_deep() -> bytes:
    return _nested("<div style='display:grid;grid-template-columns:auto auto'><p>a</p>", "words", "</div>", 40)


def table_of_many_cells() -> bytes:
    return _page("<table>" + ("<tr>" + "<td>9" * 40 + "</tr>") * 3000 + "</table>")


def cells_that_span_everything() -> bytes:
    rows = "<tr><td colspan=100000000 rowspan=100000000>a<td colspan=65534 rowspan=65534>b</tr>" * 20
    return _page(f"<table border=1>{rows}</table>")


def names_that_double() -> bytes:
    """A custom property of 2 to the 30th words (CSS Variables 1, 2.3 warns of it)."""
    doubled = "".join(f"--v{n + 1}:var(--v{n}) var(--v{n});" for n in range(30))
    sheet = f":root{{--v0:lol lol;{doubled}}}p::before{{content:var(--v30)}}p{{font-family:var(--v30)}}"
    return _page("<p>words</p>", _style(sheet))


def sheet_that_brings_itself() -> bytes:
    inner = base64.b64encode(b"p{color:red}" * 10).decode()
    for _ in range(7):
        inner = base64.b64encode(f'@import "data:text/css;base64,{inner}";'.encode() * 2).decode()
    return _page("<p>words</p>", _style(f'@import "data:text/css;base64,{inner}";'))


def selectors_without_number() -> bytes:
    rules = "".join(f"div:not(.a{n}) * * * > * ~ * :nth-last-child({n}n+1){{margin:{n}px}}" for n in range(3000))
    return _page("<div><p><b>words</b></p></div>" * 500, _style(rules))


def page_without_end() -> bytes:
    return _page("<p style='height:100000000px'>words</p><p style='margin-top:1e30px'>words</p>")


def hundred_thousand_breaks() -> bytes:
    return _page("<p style='break-after:page'>a</p>" * 100_000)


def sheet_of_paper_of_vast_size() -> bytes:
    return _page("words", _style("@page{size:10000000mm 10000000mm !important;margin:0}"))


def letters_of_vast_size() -> bytes:
    return _page("<p style='font-size:1e9px;letter-spacing:1e9px;line-height:1e9;text-indent:-1e30px'>words</p>")


def columns_without_number() -> bytes:
    return _page("<div style='columns:100000;column-gap:0'>" + "words " * 2000 + "</div>")


def tracks_without_number() -> bytes:
    sheet = "div{display:grid;grid-template:repeat(100000,1fr)/repeat(100000,1px)}p{grid-area:9999999/9999999}"
    return _page("<div><p>a</p></div>", _style(sheet))


def sums_nested_deep() -> bytes:
    return _page(f"<p style='width:{'calc(1px + ' * 5000}1px{')' * 5000}'>words</p>")


def counters_without_end() -> bytes:
    sheet = "@counter-style a{system:extends b}@counter-style b{system:extends a}ol{list-style:a}"
    return _page("<ol start=999999999999999999999><li>a" + "<li value=-99999999999>b" * 50 + "</ol>", _style(sheet))


def _drawing(inner: str, size: str = "100") -> str:
    space = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
    drawing = f"<svg {space} width='{size}' height='{size}'>{inner}</svg>"
    return f"<img src='data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}'>"


def drawing_that_multiplies() -> bytes:
    """Ten groups of SVG, each of which uses the one before ten times."""
    groups = "".join(f"<g id='g{n + 1}'>{f'''<use href='#g{n}' xlink:href='#g{n}'/>''' * 10}</g>" for n in range(10))
    return _page(
        _drawing(f"<defs><rect id='g0' width='9' height='9'/>{groups}</defs><use href='#g10' xlink:href='#g10'/>")
    )


def drawing_that_uses_itself() -> bytes:
    return _page(_drawing("<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/><use href='#b'/></g>"))


def drawing_of_vast_size() -> bytes:
    return _page(_drawing("<rect width='100%' height='100%'/>", "100000000000"))


def drawing_with_laughs() -> bytes:
    """The thousand million laughs, in the DTD of an SVG."""
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    text = f'<!DOCTYPE svg [<!ENTITY l0 "lol">{laughs}]><svg xmlns="http://www.w3.org/2000/svg"><text>&l9;</text></svg>'
    return _page(f"<img src='data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}'>")


def drawings_nested_deep() -> bytes:
    return _page(_drawing("<g>" * 30_000 + "</g>" * 30_000))


def picture_of_more_memory() -> bytes:
    bomb = base64.b64encode(more_memory_than_a_converter_has()).decode()
    return _page(f"<img src='data:image/png;base64,{bomb}'>" * 3)


def many_pictures_of_one_kind() -> bytes:
    pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    return _page(f"<img src='{pixel}' width=1 height=1>" * 20_000)


def fonts_that_are_none() -> bytes:
    faces = "".join(
        f"@font-face{{font-family:f{n};src:url(data:font/ttf;base64,{'AAEAAAA' * 40})}}" for n in range(300)
    )
    return _page("<p style='font-family:f1,f2'>words</p>", _style(faces))


def attributes_without_number() -> bytes:
    return _page(f"<p {' '.join(f'a{n}=1' for n in range(200_000))}>words</p>")


def one_word_without_end() -> bytes:
    return b"w" * 1_900_000


def lines_without_number() -> bytes:
    return b"a\n" * 900_000


def sheets_without_number() -> bytes:
    return b"a\f" * 100_000


def marks_without_number() -> bytes:
    """A letter under half a million accents."""
    return ("a" + "\u0301" * 500_000).encode()


def turns_without_number() -> bytes:
    """Embeddings of direction, one in another (UAX 9)."""
    return ("\u202ea\u202bb\u2067" * 100_000).encode()


MARKUP: Mapping[str, Callable[[], bytes]] = {
    f"html-{make.__name__}": make
    for make in (
        boxes_nested_deep, boxes_nested_and_never_closed, boxes_nested_just_within_the_limit, tables_nested_deep,
        flexes_nested_deep, grids_nested_deep, table_of_many_cells, cells_that_span_everything, names_that_double,
        sheet_that_brings_itself, selectors_without_number, page_without_end, hundred_thousand_breaks,
        sheet_of_paper_of_vast_size, letters_of_vast_size, columns_without_number, tracks_without_number,
        sums_nested_deep, counters_without_end, drawing_that_multiplies, drawing_that_uses_itself,
        drawing_of_vast_size, drawing_with_laughs, drawings_nested_deep, picture_of_more_memory,
        many_pictures_of_one_kind, fonts_that_are_none, attributes_without_number,
    )
}  # fmt: skip
TEXTS: Mapping[str, Callable[[], bytes]] = {
    f"txt-{make.__name__}": make
    for make in (
        one_word_without_end, lines_without_number, sheets_without_number, marks_without_number, turns_without_number,
    )
}  # fmt: skip
