"""Books, slides and old documents that want something from elsewhere, in every way they know."""

import io
import zipfile
from collections.abc import Callable, Mapping

from tests.hostile_office import open_document
from tests.office_files import LINKS, PACKAGE, SHEETS, TYPES, WORDS

_SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWN = "http://schemas.openxmlformats.org/drawingml/2006/main"
_ON_SHEET = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
_LINK = "http://www.w3.org/1999/xlink"
_DRAW = "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
_SIZE = "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"
_FIELD = "{{\\field{{\\*\\fldinst {{ {} }}}}{{\\fldrslt x}}}}"

Related = tuple[str, str]  # the kind of a relation, and where it leads: to a part, or far away


def _package(types: Mapping[str, str], parts: Mapping[str, str], links: Mapping[str, Mapping[str, Related]]) -> bytes:
    """An Open XML package; `links` are those of each part, by name; "" is the package itself."""
    declared = "".join(
        f'<Override PartName="/{name}" ContentType="{TYPES}{kind}+xml"/>' for name, kind in types.items()
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/'
            'vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f"{declared}</Types>",
        )
        for part, targets in links.items():
            folder, _, name = part.rpartition("/")
            rows = "".join(_relation(key, kind, target) for key, (kind, target) in targets.items())
            file.writestr(
                f"{folder}/_rels/{name}.rels".lstrip("/"),
                f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>',
            )
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def _relation(key: str, kind: str, target: str) -> str:
    far = ' TargetMode="External"' if ":" in target else ""
    return f'<Relationship Id="{key}" Type="{LINKS}/{kind}" Target="{target}"{far}/>'


def _picture(space: str, prefix: str) -> str:
    """A picture that is linked, not embedded, and a click on it that leads away."""
    return (
        f'<{prefix}:pic xmlns:{prefix}="{space}"><{prefix}:nvPicPr><{prefix}:cNvPr id="9" name="p">'
        f'<a:hlinkClick r:id="click"/></{prefix}:cNvPr><{prefix}:cNvPicPr/>'
        f"{'<p:nvPr/>' if prefix == 'p' else ''}</{prefix}:nvPicPr>"
        f'<{prefix}:blipFill><a:blip r:link="picture"/><a:stretch><a:fillRect/></a:stretch></{prefix}:blipFill>'
        f'<{prefix}:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="900000" cy="900000"/></a:xfrm>'
        f'<a:prstGeom prst="rect"/></{prefix}:spPr></{prefix}:pic>'
    )


def xlsx(url: str) -> bytes:
    """Cells of another book, functions that ask, a query of the web, a linked picture, an object, a background."""
    asks = ("[1]Far!A1", f'WEBSERVICE("{url}/web")', f'IMAGE("{url}/function.png")', f'HYPERLINK("{url}/link","x")')
    cells = "".join(f"<c t='str'><f>{ask.replace('&', '&amp;')}</f><v>0</v></c>" for ask in asks)
    sheet = (
        f'<worksheet xmlns="{SHEETS}" xmlns:r="{LINKS}"><sheetData><row><c t="inlineStr"><is><t>words around</t></is>'
        f'</c>{cells}</row></sheetData><drawing r:id="drawing"/><picture r:id="ground"/><oleObjects><oleObject '
        'progId="Word.Document.8" link="[1]!x" oleUpdate="OLEUPDATE_ALWAYS" shapeId="1025"/></oleObjects></worksheet>'
    )
    book = (
        f'<workbook xmlns="{SHEETS}" xmlns:r="{LINKS}"><workbookPr updateLinks="always"/><sheets>'
        '<sheet name="s" sheetId="1" r:id="s"/></sheets><externalReferences><externalReference r:id="far"/>'
        "</externalReferences></workbook>"
    )
    query = (
        f'<connections xmlns="{SHEETS}"><connection id="1" name="c" type="4" refreshOnLoad="1" refreshedVersion="6">'
        f'<webPr url="{url}/query" sourceData="1" htmlTables="1"/></connection></connections>'
    )
    far = (
        f'<externalLink xmlns="{SHEETS}" xmlns:r="{LINKS}"><externalBook r:id="book"><sheetNames>'
        '<sheetName val="Far"/></sheetNames></externalBook></externalLink>'
    )
    drawing = (
        f'<xdr:wsDr xmlns:xdr="{_ON_SHEET}" xmlns:a="{_DRAWN}" xmlns:r="{LINKS}"><xdr:absoluteAnchor>'
        f'<xdr:pos x="0" y="0"/><xdr:ext cx="9" cy="9"/>{_picture(_ON_SHEET, "xdr")}<xdr:clientData/>'
        "</xdr:absoluteAnchor></xdr:wsDr>"
    )
    return _package(
        {
            "xl/workbook.xml": "spreadsheetml.sheet.main",
            "xl/worksheets/s.xml": "spreadsheetml.worksheet",
            "xl/externalLinks/e.xml": "spreadsheetml.externalLink",
            "xl/connections.xml": "spreadsheetml.connections",
            "xl/drawings/d.xml": "drawing",
        },
        {
            "xl/workbook.xml": book,
            "xl/worksheets/s.xml": sheet,
            "xl/externalLinks/e.xml": far,
            "xl/connections.xml": query,
            "xl/drawings/d.xml": drawing,
        },
        {
            "": {"m": ("officeDocument", "xl/workbook.xml")},
            "xl/workbook.xml": {
                "s": ("worksheet", "worksheets/s.xml"),
                "far": ("externalLink", "externalLinks/e.xml"),
                "c": ("connections", "connections.xml"),
            },
            "xl/externalLinks/e.xml": {"book": ("externalLinkPath", f"{url}/book.xlsx")},
            "xl/worksheets/s.xml": {"drawing": ("drawing", "../drawings/d.xml"), "ground": ("image", f"{url}/back")},
            "xl/drawings/d.xml": {"picture": ("image", f"{url}/picture"), "click": ("hyperlink", f"{url}/click")},
        },
    )


def pptx(url: str) -> bytes:
    """A slide with a linked picture, film, sound and object, and a ground that lies elsewhere."""
    words = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="t"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm><a:off x="0" y="0"/>'
        '<a:ext cx="3000000" cy="900000"/></a:xfrm><a:prstGeom prst="rect"/></p:spPr><p:txBody><a:bodyPr/><a:p><a:r>'
        "<a:t>words around</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    film = _picture(_SLIDES, "p").replace("<p:nvPr/>", '<p:nvPr><a:videoFile r:link="film"/></p:nvPr>')
    thing = (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="5" name="o"/><p:cNvGraphicFramePr/><p:nvPr/>'
        '</p:nvGraphicFramePr><p:xfrm><a:off x="0" y="0"/><a:ext cx="900000" cy="900000"/></p:xfrm><a:graphic>'
        f'<a:graphicData uri="{_SLIDES.replace("main", "ole")}"><p:oleObj progId="Excel.Sheet.12" r:id="thing">'
        '<p:link updateAutomatic="1"/></p:oleObj></a:graphicData></a:graphic></p:graphicFrame>'
    )
    tree = (
        '<p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
        f"{words}{_picture(_SLIDES, 'p')}{film}{thing}</p:spTree>"
    )
    ground = '<p:bg><p:bgPr><a:blipFill><a:blip r:link="ground"/></a:blipFill></p:bgPr></p:bg>'
    spaces = f'xmlns:p="{_SLIDES}" xmlns:a="{_DRAWN}" xmlns:r="{LINKS}"'
    return _package(
        {
            "ppt/presentation.xml": "presentationml.presentation.main",
            "ppt/slides/s.xml": "presentationml.slide",
        },
        {
            "ppt/presentation.xml": f'<p:presentation {spaces}><p:sldIdLst><p:sldId id="256" r:id="s"/></p:sldIdLst>'
            '<p:sldSz cx="9144000" cy="6858000"/></p:presentation>',
            "ppt/slides/s.xml": f"<p:sld {spaces}><p:cSld>{ground}{tree}</p:cSld></p:sld>",
        },
        {
            "": {"m": ("officeDocument", "ppt/presentation.xml")},
            "ppt/presentation.xml": {"s": ("slide", "slides/s.xml")},
            "ppt/slides/s.xml": {
                "picture": ("image", f"{url}/picture.png"),
                "ground": ("image", f"{url}/ground.png"),
                "film": ("video", f"{url}/film.mp4"),
                "thing": ("oleObject", f"{url}/thing.xlsx"),
                "click": ("hyperlink", f"{url}/click"),
            },
        },
    )


def odp(url: str) -> bytes:
    """A slide with a linked picture, object and film."""
    where = f'xlink:type="simple" xlink:actuate="onLoad" xlink:show="embed" xlink:href="{url}'
    frame = f'<draw:frame svg:x="1cm" svg:y="1cm" svg:width="5cm" svg:height="5cm">{{}} {where}/{{}}"/></draw:frame>'
    frames = "".join(
        frame.format(f"<draw:{kind}", kind) for kind in ("image", "object", "object-ole", "plugin", "floating-frame")
    )
    return open_document(
        "presentation",
        f'<office:presentation xmlns:draw="{_DRAW}" xmlns:svg="{_SIZE}" xmlns:xlink="{_LINK}"><draw:page>'
        '<draw:frame svg:width="9cm" svg:height="3cm"><draw:text-box><text:p>words around</text:p></draw:text-box>'
        f"</draw:frame>{frames}</draw:page></office:presentation>",
    )


def doc_in_xml(url: str) -> bytes:
    """Word 2003's XML: a linked picture, a template, fields."""
    space = "http://schemas.microsoft.com/office/word/2003/wordml"
    fields = "".join(
        f'<w:p><w:fldSimple w:instr=" {name} &quot;{url}/{name[:7]}&quot; "><w:r><w:t>x</w:t></w:r></w:fldSimple></w:p>'
        for name in ("INCLUDEPICTURE", "INCLUDETEXT", "LINK Excel.Sheet.8", "DDEAUTO")
    )
    return (
        f'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="{space}" '
        f'xmlns:v="urn:schemas-microsoft-com:vml"><w:docPr><w:attachedTemplate w:val="{url}/t.dot"/></w:docPr><w:body>'
        f"<w:p><w:r><w:t>words around</w:t></w:r><w:r><w:pict><v:shape style='width:50pt;height:50pt'><v:imagedata "
        f'src="{url}/vml.png"/></v:shape></w:pict></w:r></w:p>{fields}</w:body></w:wordDocument>'
    ).encode()


def doc_in_html(url: str) -> bytes:
    """What web applications send as a letter of Word: HTML with Office's own elements."""
    return (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word"><head>'
        f'<link rel=File-List href="{url}/list.xml"><link rel=Stylesheet href="{url}/style.css"><xml><w:WordDocument>'
        f'<w:AttachedTemplate HRef="{url}/t.dot"/></w:WordDocument></xml></head><body background="{url}/back.png">'
        f'words around<img src="{url}/img.png"><!--[if gte vml 1]><v:imagedata src="{url}/vml.png"/><![endif]--></body>'
    ).encode()


def rtf_of_everything(url: str) -> bytes:
    """Linked pictures, objects that update themselves, a template, a style sheet and a mail merge."""
    fields = "".join(
        _FIELD.format(f'{name} "{url}/{name[:7]}"')
        for name in ("INCLUDEPICTURE", "IMPORT", "INCLUDETEXT", "LINK Word.Document.8", "DDEAUTO", "DATABASE")
    )
    thing = "{\\object\\objautlink\\objupdate\\objw900{\\*\\objclass Word.Document.8}{\\*\\objdata 0105000001000000}"
    return (
        f"{{\\rtf1{{\\*\\template {url}/t.dot}}{{\\*\\mailmerge\\mmdatasource {url}/d}} words around {fields}"
        f"{thing}{{\\result x}}}}}}"
    ).encode()


def excel_in_xml(url: str) -> bytes:
    """Excel 2003's XML: formulas that name books elsewhere, and a link."""
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="{space}" xmlns:ss="{space}">'
        f'<Worksheet ss:Name="s"><Table><Row><Cell><Data ss:Type="String">words around</Data></Cell>'
        f'<Cell ss:Formula="=\'{url}/[far.xls]s\'!R1C1"><Data ss:Type="Number">1</Data></Cell>'
        f'<Cell ss:HRef="{url}/link"><Data ss:Type="String">x</Data></Cell></Row></Table></Worksheet></Workbook>'
    ).encode()


def altered_letter(url: str) -> bytes:
    """A DOCX whose settings name a mail merge and a template, and whose web settings a frame."""
    field = f'<w:p><w:fldSimple w:instr=" INCLUDEPICTURE &quot;{url}/field.png&quot; \\d"/></w:p>'
    return _package(
        {"word/document.xml": "wordprocessingml.document.main", "word/settings.xml": "wordprocessingml.settings"},
        {
            "word/document.xml": f'<w:document xmlns:w="{WORDS}"><w:body><w:p><w:r><w:t>words around</w:t></w:r></w:p>'
            f"{field}</w:body></w:document>",
            "word/settings.xml": f'<w:settings xmlns:w="{WORDS}" xmlns:r="{LINKS}"><w:attachedTemplate r:id="t"/>'
            '<w:mailMerge><w:mainDocumentType w:val="formLetters"/><w:dataType w:val="textFile"/>'
            '<w:dataSource r:id="d"/></w:mailMerge></w:settings>',
        },
        {
            "": {"m": ("officeDocument", "word/document.xml")},
            "word/document.xml": {"s": ("settings", "settings.xml")},
            "word/settings.xml": {
                "t": ("attachedTemplate", f"{url}/t.dotm"),
                "d": ("mailMergeSource", f"{url}/people.csv"),
            },
        },
    )


MORE_OFFICE_REFERENCES: Mapping[str, Callable[[str], bytes]] = {
    "far.xlsx": xlsx, "far.pptx": pptx, "far.odp": odp, "xml.doc": doc_in_xml, "html.doc": doc_in_html,
    "all.rtf": rtf_of_everything, "xml.xls": excel_in_xml, "merge.docx": altered_letter,
}  # fmt: skip
# Forms that LibreOffice writes of them: the name of its filter, by ending.
OLD_FORMS = {
    "far.xlsx": {"xls": "MS Excel 97", "ods": "calc8"},
    "far.pptx": {"ppt": "MS PowerPoint 97", "odp": "impress8"},
    "letter.odt": {"doc": "MS Word 97", "docx": "MS Word 2007 XML"},
    "letter.rtf": {"doc": "MS Word 97"},
}
