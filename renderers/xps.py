"""Fax pages as an XPS document (ECMA-388, and Microsoft's XPS 1.0, which readers share): one picture a page.

What lives here: the package (OPC, ECMA-376 part 2) and the little markup that puts a picture on a page. What does not:
the pictures: they are TIFFs with one T.6 page, which XPS takes as they are (9.1.5.3), so a fax stays as small as it
was and no pel changes.
"""

import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from renderers.booklet import Leaf

MEDIA_TYPE = "application/vnd.ms-xpsdocument"
UNITS = 96  # in an inch
SHORTEST = 1.0  # side of a page, in units (ECMA-388, ST_GEOne)
_SCHEMAS = "http://schemas.microsoft.com/xps/2005/06"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_CORE = "application/vnd.openxmlformats-package.core-properties+xml"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # that a ZIP can tell: the same fax makes the same octets
_TYPES = {
    "rels": "application/vnd.openxmlformats-package.relationships+xml",
    "fdseq": "application/vnd.ms-package.xps-fixeddocumentsequence+xml",
    "fdoc": "application/vnd.ms-package.xps-fixeddocument+xml",
    "fpage": "application/vnd.ms-package.xps-fixedpage+xml",
    "tif": "image/tiff",
    "xml": _CORE,
}
_SEQUENCE, _DOCUMENT, _PROPERTIES = "FixedDocumentSequence.fdseq", "Documents/1/FixedDocument.fdoc", "docProps/core.xml"


def as_xps(leaves: Sequence[Leaf], title: str) -> bytes:
    """Pages as an XPS document at their true size; each leaf has a TIFF of its one page."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as package:
        for name, content in (*_frame(leaves, title), *_pages(leaves)):
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            coded = isinstance(content, bytes)  # a T.6 strip does not become smaller
            entry.compress_type = zipfile.ZIP_STORED if coded else zipfile.ZIP_DEFLATED
            package.writestr(entry, content)
    return whole.getvalue()


def _frame(leaves: Sequence[Leaf], title: str) -> Iterator[tuple[str, str]]:
    """The parts around the pages, the list of types first."""
    types = "".join(f'<Default Extension="{ending}" ContentType="{kind}"/>' for ending, kind in _TYPES.items())
    yield "[Content_Types].xml", f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">{types}</Types>'
    links = (
        (f"{_SCHEMAS}/fixedrepresentation", f"/{_SEQUENCE}"),
        (f"{_PACKAGE}/relationships/metadata/core-properties", f"/{_PROPERTIES}"),
    )
    yield "_rels/.rels", _relationships(links)
    yield _PROPERTIES, _properties(title)
    document = f'<DocumentReference Source="/{_DOCUMENT}"/>'
    yield _SEQUENCE, f'{_HEAD}<FixedDocumentSequence xmlns="{_SCHEMAS}">{document}</FixedDocumentSequence>'
    contents = "".join(
        f'<PageContent Source="Pages/{number}.fpage" {_size(leaf)}/>' for number, leaf in enumerate(leaves, 1)
    )
    yield _DOCUMENT, f'{_HEAD}<FixedDocument xmlns="{_SCHEMAS}">{contents}</FixedDocument>'


def _pages(leaves: Sequence[Leaf]) -> Iterator[tuple[str, str | bytes]]:
    for number, leaf in enumerate(leaves, 1):
        picture = f"Resources/Images/{number}.tif"
        yield f"Documents/1/Pages/{number}.fpage", _page(leaf, f"/{picture}")
        links = ((f"{_SCHEMAS}/required-resource", f"/{picture}"),)
        yield f"Documents/1/Pages/_rels/{number}.fpage.rels", _relationships(links)
        yield picture, leaf.octets


def _page(leaf: Leaf, picture: str) -> str:
    """A page that its picture fills."""
    wide, high = _wide(leaf), _high(leaf)
    brush = (
        f'<ImageBrush ImageSource="{picture}" TileMode="None" ViewboxUnits="Absolute" ViewportUnits="Absolute" '
        f'Viewbox="0,0,{wide},{high}" Viewport="0,0,{wide},{high}"/>'
    )
    path = f'<Path Data="M 0,0 L {wide},0 {wide},{high} 0,{high} Z"><Path.Fill>{brush}</Path.Fill></Path>'
    return f'{_HEAD}<FixedPage xmlns="{_SCHEMAS}" xml:lang="und" {_size(leaf)}>{path}</FixedPage>'


def _relationships(links: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="R{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(links, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def _properties(title: str) -> str:
    spaces = f'xmlns="{_PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    return f"{_HEAD}<coreProperties {spaces}><dc:title>{escape(title)}</dc:title></coreProperties>"


def _size(leaf: Leaf) -> str:
    """A page's attributes: as large as its picture, if a page may be so small."""
    wide, high = (side if float(side) >= SHORTEST else str(SHORTEST) for side in (_wide(leaf), _high(leaf)))
    return f'Width="{wide}" Height="{high}"'


def _wide(leaf: Leaf) -> str:
    return _units(leaf.width, leaf.across)


def _high(leaf: Leaf) -> str:
    return _units(leaf.rows, leaf.down)


def _units(pels: int, density: int) -> str:
    """Rounded up: a reader that counts whole pels would leave out the last one otherwise."""
    return f"{math.ceil(pels / density * UNITS * 10_000) / 10_000:.4f}"
