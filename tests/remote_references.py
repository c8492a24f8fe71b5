"""Documents that want something from elsewhere, in every way their formats know: made here, for a listener to hear."""

import base64
import io
import zipfile
from collections.abc import Callable, Mapping

from tests.hostile_office import open_document
from tests.hostile_pdfs import drawn, page, pdf, stream

_LINK = "http://www.w3.org/1999/xlink"
_DRAW = "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
_SIZE = "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"


def html(url: str) -> bytes:
    """All that HTML, CSS and SVG can name."""
    drawing = (
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>"
        f"<image href='{url}/svg-image' xlink:href='{url}/svg-xlink'/><use href='{url}/use#a'/>"
        f"<style>@import url({url}/svg-import);</style></svg>"
    )
    inside = base64.b64encode(drawing.encode()).decode()
    sheet = base64.b64encode(f"@import '{url}/sheet-in-data';".encode()).decode()
    return f"""<!DOCTYPE html><html><head><base href="{url}/base/">
    <meta http-equiv=refresh content="0;url={url}/refresh">
    <link rel=stylesheet href="{url}/link"><link rel=attachment href="{url}/attachment">
    <link rel=icon href="{url}/icon">
    <link rel=preload href="{url}/preload"><link rel=stylesheet href="data:text/css;base64,{sheet}">
    <script src="{url}/script"></script><style>@import "{url}/import"; @import url({url}/import-url) print;
    @font-face {{ font-family: far; src: url({url}/font) format("truetype"), url("{url}/font2"); }}
    body {{ background: url({url}/background); cursor: url({url}/cursor); font-family: far }}
    li {{ list-style-image: url({url}/bullet) }} p::before {{ content: url({url}/content) }}
    p {{ border-image: url({url}/border); mask: url({url}/mask) }}</style></head>
    <body background="{url}/old-background"><p>words around<img src="{url}/img">
    <img srcset="{url}/srcset 2x">
    <img src="relative.png"><img src="//{url.partition("//")[2]}/no-scheme">
    <img src="data:image/svg+xml;base64,{inside}">
    {drawing}<picture><source srcset="{url}/source"></picture>
    <iframe src="{url}/iframe"></iframe>
    <object data="{url}/object"></object><embed src="{url}/embed">
    <video poster="{url}/poster" src="{url}/video"></video>
    <audio src="{url}/audio"></audio>
    <input type=image src="{url}/input"><ul><li>a</ul>
    <a href="{url}/a" ping="{url}/ping" rel=attachment>link</a></body></html>""".encode()


def html_with_a_profile(url: str) -> bytes:
    """A color profile (CSS Color 5), which WeasyPrint will not do without."""
    return f"<style>@color-profile --far {{ src: url({url}/profile) }}</style><p>words around".encode()


def pdf_actions(url: str) -> bytes:
    """Actions, files, pictures and forms that lie elsewhere (PDF 7.11.5, 12.6.4)."""
    there = f"<< /FS /URL /F ({url}/file) >>".encode()
    actions = b" ".join(
        [
            b"<< /S /URI /URI (%b/uri) >>" % url.encode(),
            b"<< /S /Launch /F %b >>" % there,
            b"<< /S /GoToR /F %b /D [0 /Fit] >>" % there,
            b"<< /S /SubmitForm /F %b >>" % there,
            b"<< /S /ImportData /F %b >>" % there,
            b"<< /S /JavaScript /JS (app.launchURL\\('%b/js'\\)) >>" % url.encode(),
        ]
    )
    catalog = b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /URI /URI (%b/open) /Next [%b] >> >>"
    image = b"/Type /XObject /Subtype /Image /Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceGray /F %b"
    sheet = page(b"/AA << /O << /S /Launch /F %b >> >> /Resources << /XObject << /I 5 0 R >> >>" % there)
    return pdf(
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        sheet, stream(b"0 0 99 99 re f 9 0 0 9 0 0 cm /I Do"), stream(b"", image % there),
        catalog=catalog % (url.encode(), actions),
    )  # fmt: skip


def pdf_forms(url: str) -> bytes:
    """A page that refers to one of another file (PDF 8.10.4)."""
    there = b"/Ref << /F << /FS /URL /F (%b/ref) >> /Page 0 >>" % url.encode()
    form = stream(b"0 0 9 9 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] " + there)
    return drawn(b"0 0 99 99 re f /F Do", b"/XObject << /F 5 0 R >>", form)


def odt(url: str) -> bytes:
    """A picture, an object, a section and a data source that lie elsewhere."""
    where = f'xlink:type="simple" xlink:actuate="onLoad" xlink:show="embed" xlink:href="{url}'
    frame = (
        f'<draw:frame xmlns:draw="{_DRAW}" xmlns:svg="{_SIZE}" xmlns:xlink="{_LINK}" svg:width="2cm" svg:height="2cm">'
    )
    return open_document(
        "text",
        f'<office:text><text:p>words around{frame}<draw:image {where}/image.png"/></draw:frame>'
        f'{frame}<draw:object {where}/object.odt"/></draw:frame>'
        f'{frame}<draw:floating-frame {where}/frame"/></draw:frame>'
        f'</text:p><text:section xmlns:xlink="{_LINK}" text:name="s"><text:section-source {where}/section.odt"/>'
        "<text:p>x</text:p></text:section></office:text>",
    )


def ods(url: str) -> bytes:
    """A sheet that is one of elsewhere, and functions that ask."""
    far = (
        f'<table:table-source xmlns:xlink="{_LINK}" xlink:type="simple" xlink:href="{url}/book.ods" table:mode="copy"/>'
    )
    asks = "".join(
        f'<table:table-cell table:formula="of:={formula}" office:value-type="string"/>'
        for formula in (
            f"WEBSERVICE(&quot;{url}/web&quot;)",
            f"'{url}/far.ods'#$s.A1",
            f"DDE(&quot;x&quot;;&quot;{url}/d&quot;;&quot;y&quot;)",
        )
    )
    cell = '<table:table-cell office:value-type="string"><text:p>words around</text:p></table:table-cell>'
    return open_document(
        "spreadsheet",
        f'<office:spreadsheet><table:table table:name="s">'
        f"<table:table-row>{cell}{asks}"
        "</table:table-row></table:table>"
        f'<table:table table:name="t">{far}<table:table-row>{cell}</table:table-row></table:table>'
        "</office:spreadsheet>",
    )


def rtf(url: str) -> bytes:
    """Fields and objects that are updated from elsewhere, and a template."""
    fields = "".join(
        f'{{\\field{{\\*\\fldinst {{ {name} "{url}/{name}" }}}}{{\\fldrslt x}}}}'
        for name in ("INCLUDEPICTURE", "INCLUDETEXT", "LINK Word.Document", "HYPERLINK")
    )
    return f"{{\\rtf1{{\\*\\template {url}/template.dot}} words around {fields}}}".encode()


def docx_of_everything(url: str) -> bytes:
    """A DOCX with a linked picture, object, frame, chunk of HTML, template and data source."""
    words = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kinds = ("image", "oleObject", "frame", "aFChunk", "attachedTemplate", "hyperlink", "subDocument")
    rows = "".join(
        f'<Relationship Id="{kind}" Type="{links}/{kind}" Target="{url}/{kind}" TargetMode="External"/>'
        for kind in kinds
    )
    shape = '<v:shape xmlns:v="urn:schemas-microsoft-com:vml" style="width:50pt;height:50pt">'
    body = (
        "<w:p><w:r><w:t>words around</w:t></w:r></w:p>"
        f'<w:p><w:r><w:pict>{shape}<v:imagedata r:id="image"/></v:shape></w:pict></w:r></w:p>'
        '<w:p><w:r><w:object><o:OLEObject xmlns:o="urn:schemas-microsoft-com:office:office" Type="Link" '
        'ProgID="Word.Document.8" r:id="oleObject" UpdateMode="Always"/></w:object></w:r></w:p>'
        '<w:altChunk r:id="aFChunk"/><w:subDoc r:id="subDocument"/>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/'
            'vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
        )
        main = f'<Relationship Id="m" Type="{links}/officeDocument" Target="word/document.xml"/>'
        file.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships">{main}</Relationships>')
        file.writestr(
            "word/_rels/document.xml.rels", f'<Relationships xmlns="{package}/relationships">{rows}</Relationships>'
        )
        file.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{words}" xmlns:r="{links}"><w:body>{body}</w:body></w:document>',
        )
    return out.getvalue()


REFERENCES: Mapping[str, Callable[[str], bytes]] = {
    "mail.html": html, "profile.html": html_with_a_profile, "actions.pdf": pdf_actions, "forms.pdf": pdf_forms,
}  # fmt: skip
OFFICE_REFERENCES: Mapping[str, Callable[[str], bytes]] = {
    "letter.odt": odt, "book.ods": ods, "letter.rtf": rtf, "letter.docx": docx_of_everything,
}  # fmt: skip
