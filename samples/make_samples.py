"""Makes samples/mail: whole mails, as ordinary mail programs write them, with documents an office would send.

Run `.venv/bin/python samples/make_samples.py` to make them anew; needs LibreOffice and the fonts of `make setup`.
People, firms and numbers are invented (555-01XX, .example). Texts lie in samples/sources.
"""

import base64
import io
import quopri
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pypdfium2
import weasyprint
from PIL import Image, ImageDraw, ImageFilter, TiffImagePlugin

HERE = Path(__file__).parent
SOURCES = HERE / "sources"
MAIL = HERE / "mail"
CHANCE = np.random.default_rng(2026)


def pdf_of(source: str) -> bytes:
    """A page source as PDF."""
    return bytes(weasyprint.HTML(filename=str(SOURCES / source)).write_pdf())


def docx_of(source: str) -> bytes:
    """A page source as Word writes it, through LibreOffice."""
    with tempfile.TemporaryDirectory() as folder:
        profile = f"-env:UserInstallation=file://{folder}/profile"
        how = ["--infilter=HTML (StarWriter)", "--convert-to", "docx:MS Word 2007 XML", "--outdir", folder]
        command = ["soffice", profile, "--headless", *how, str(SOURCES / source)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return (Path(folder) / source).with_suffix(".docx").read_bytes()


def scan_of(source: str) -> bytes:
    """A page source filled in, signed and scanned: skewed, speckled, 200 dpi, G4 in strips as office scanners write."""
    pages = [_scanned(page) for page in pypdfium2.PdfDocument(pdf_of(source))]
    packed = io.BytesIO()
    options = {"compression": "group4", "dpi": (200, 200), "tiffinfo": TiffImagePlugin.ImageFileDirectory_v2()}
    options["tiffinfo"][278] = 128  # rows per strip
    pages[0].save(packed, "TIFF", save_all=True, append_images=pages[1:], **options)
    return packed.getvalue()


def _scanned(page: pypdfium2.PdfPage) -> Image.Image:
    grey = page.render(scale=200 / 72, grayscale=True).to_pil()
    if "Signature" in page.get_textpage().get_text_bounded():
        _sign(ImageDraw.Draw(grey), 240, 1612)
    angle = float(CHANCE.uniform(0.35, 0.7))
    tilted = grey.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.8))
    speckled = np.asarray(tilted, dtype=np.float32) + CHANCE.normal(0, 14, (tilted.height, tilted.width))
    speckled[CHANCE.random(speckled.shape) < 0.00008] = 0
    return Image.fromarray(((speckled > 140) * 255).astype(np.uint8)).convert("1", dither=Image.Dither.NONE)


def _sign(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """A hand's curve: loops that grow flat towards the end."""
    steps = np.linspace(0, 9 * np.pi, 420)
    fade = 1 - steps / steps[-1] * 0.8
    points = [
        (float(x + 18 * step + 26 * np.sin(step * 1.1)), float(y - 38 * size * np.sin(step) - 10 * np.cos(step * 0.37)))
        for step, size in zip(steps, fade, strict=True)
    ]
    draw.line(points, fill=20, width=4, joint="curve")


def photo() -> bytes:
    """A room photographed with a telephone: a stained ceiling over a wall, a door and a floor; upright by EXIF."""
    high, wide = 1600, 1200
    down, across = np.mgrid[0:high, 0:wide].astype(np.float32)
    light = 1.1 - 0.45 * np.hypot((across - 380) / wide, (down - 300) / high)
    room = np.full((high, wide, 3), (196, 188, 172), np.float32)
    room[down < 620 - 0.12 * across] = (224, 222, 216)
    floor = down > 1250 + 0.1 * (across - 600)
    room[floor] = (122, 88, 58)
    room[floor & (((across - 600) * 90 / np.maximum(down - 1000, 1)) % 22 < 1.6)] = (70, 48, 30)
    stain = _blotch(down, across)
    room[..., :] *= 1 - stain[..., None] * np.array([0.28, 0.4, 0.58], np.float32)
    picture = Image.fromarray(np.clip(room * light[..., None], 0, 255).astype(np.uint8))
    _furnish(ImageDraw.Draw(picture))
    soft = picture.filter(ImageFilter.GaussianBlur(1.4))
    grain = np.asarray(soft, np.float32) + CHANCE.normal(0, 7, (high, wide, 1)) + CHANCE.normal(0, 3, (high, wide, 3))
    shot = Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110], exif[0x0132] = 6, "Example", "Phone 4", "2026:11:17 09:52:14"
    saved = io.BytesIO()
    shot.save(saved, "JPEG", quality=80, exif=exif, dpi=(72, 72))
    return saved.getvalue()


def _blotch(down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """How wet each point of the ceiling is, from 0 to 1, darkest at the rim as dried water leaves it."""
    turn = np.arctan2(down - 260, across - 620)
    edge = 215 + 28 * np.sin(3 * turn + 1) + 17 * np.sin(7 * turn) + 8 * np.sin(17 * turn + 2)
    near = np.hypot((down - 260) * 1.7, across - 620) / edge
    return np.where(near < 1, 0.3 + 0.7 * near**6, 0).astype(np.float32) * (down < 620 - 0.12 * across)


def _furnish(draw: ImageDraw.ImageDraw) -> None:
    draw.line([(0, 620), (1200, 476)], fill=(120, 112, 100), width=9)
    draw.rectangle([120, 760, 420, 1205], fill=(92, 70, 52), outline=(52, 38, 28), width=10)
    draw.ellipse([378, 975, 402, 999], fill=(205, 190, 120))
    draw.line([(330, 300), (470, 262), (560, 287), (700, 250), (905, 236)], fill=(88, 80, 70), width=5)
    draw.rectangle([895, 0, 955, 520], fill=(150, 152, 155), outline=(95, 97, 100), width=4)
    for shelf in range(3):
        top = 690 + shelf * 190
        draw.rectangle([620, top, 1120, top + 168], fill=(64, 44, 30))
        for book, tall in enumerate(CHANCE.integers(92, 146, 22)):
            colour = tuple(int(part) for part in CHANCE.integers(50, 200, 3))
            draw.rectangle([630 + book * 22, top + 160 - int(tall), 648 + book * 22, top + 160], fill=colour)


def logo() -> bytes:
    """The small picture that a mail program puts under every signature."""
    picture = Image.new("RGB", (132, 36), "white")
    draw = ImageDraw.Draw(picture)
    draw.polygon([(4, 32), (18, 4), (32, 32)], fill=(36, 80, 122))
    draw.text((40, 12), "ACME LAW LLP", fill=(36, 80, 122))
    saved = io.BytesIO()
    picture.save(saved, "PNG")
    return saved.getvalue()


def b64(content: bytes) -> str:
    """Base64 in lines of 76."""
    return base64.encodebytes(content).decode().replace("\n", "\r\n").rstrip()


def qp(text: str, charset: str = "utf-8") -> str:
    """Quoted-printable."""
    lines = text.replace("\r\n", "\n")
    return quopri.encodestring(lines.encode(charset)).decode().replace("\n", "\r\n")


def part(headers: Sequence[str], body: str) -> str:
    """One MIME part."""
    return "\r\n".join(headers) + "\r\n\r\n" + body.replace("\r\n", "\n").replace("\n", "\r\n")


def joined(boundary: str, parts: Sequence[str], preamble: str = "") -> str:
    """The body of a multipart."""
    return preamble + "".join(f"--{boundary}\r\n{each}\r\n" for each in parts) + f"--{boundary}--\r\n"


def attached(kind: str, name: str, content: bytes, *more: str, how: str = "attachment") -> str:
    """One document as an attachment in base64; `more` are the mail program's own headers."""
    headers = [f'Content-Type: {kind}; name="{name}"', f'Content-Disposition: {how}; filename="{name}"']
    return part([*headers, *more, "Content-Transfer-Encoding: base64"], b64(content))


def written(name: str, content: str) -> None:
    """Keep a mail, CRLF at every line's end."""
    assert "\n" not in content.replace("\r\n", "")
    (MAIL / name).write_bytes(content.encode("ascii"))
    sys.stdout.write(f"{MAIL / name}: {len(content)} octets\n")


def main() -> None:
    """Write all five mails."""
    MAIL.mkdir(exist_ok=True)
    written("letter-with-pdf.eml", letter())
    written("report-with-docx-and-photo.eml", report())
    written("form-with-tiff.eml", form())
    written("note-with-html.eml", note())
    written("from-unknown-sender.eml", stranger())


def letter() -> str:
    """As Thunderbird writes it: format=flowed, 7bit."""
    text = """Dear Ms. Okafor,

please find attached our letter of today with exhibits A and B, three 
pages in all. Kindly confirm receipt by return fax to (202) 555-0190.

Kind regards
Amelia Ross

-- 
Amelia Ross, Attorney
Acme Law LLP, 1200 Potomac Row, Suite 410, Washington, DC 20005
"""
    boundary = "------------q0mXvS1dKWn7yF2LhRtUe5Ba"
    headers = [
        "Message-ID: <5e0c9a7e-2f35-4b2e-9a63-1d0f6b1c7a42@acme.example>",
        "Date: Mon, 16 Nov 2026 10:42:07 -0500",
        "MIME-Version: 1.0",
        "User-Agent: Mozilla Thunderbird",
        "Content-Language: en-US",
        "To: +12025550123@fax.acme.example",
        "From: Amelia Ross <amelia.ross@acme.example>",
        "Subject: Quiet Harbor Books v. Harborview, claim HV-88213",
        "Organization: Acme Law LLP",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
    ]
    body = part(["Content-Type: text/plain; charset=UTF-8; format=flowed", "Content-Transfer-Encoding: 7bit"], text)
    pdf = attached("application/pdf", "Letter HV-88213 with exhibits.pdf", pdf_of("letter.html"))
    return part(headers, joined(boundary, [body, pdf], "This is a multi-part message in MIME format.\r\n"))


def report() -> str:
    """As Outlook writes it: text and HTML, a logo in the signature, then the documents."""
    text = """Denise,

as agreed: the report of this morning's visit and Jürgen's photograph of the
ceiling. He says the stain hasn’t grown since the 4th.

Would you let me know by tomorrow whether your insurer wants to be there when
it is opened?

Thanks,
Ben

Ben Ortiz | Paralegal
Acme Law LLP | (202) 555-0192
"""
    lines = "".join(f"<p class=MsoNormal>{line or '&nbsp;'}</p>\r\n" for line in text.rstrip().split("\n"))
    html = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv="Content-Type" '
        'content="text/html; charset=Windows-1252"><style><!-- p.MsoNormal {margin:0in; font-size:11.0pt; '
        "font-family:Calibri,sans-serif} --></style></head>\r\n<body lang=EN-US>" + lines + "<p class=MsoNormal>"
        '<img width=132 height=36 src="cid:image001.png@01DD57B2.5A4C9E10" alt="Acme Law LLP"></p></body></html>\r\n'
    )
    outer, related, inner = (f"_{number:03}_BN8PR17MB2931C0FFEE5550192_" for number in (6, 5, 0))
    quoted = "Content-Transfer-Encoding: quoted-printable"
    texts = joined(
        inner,
        [
            part(['Content-Type: text/plain; charset="Windows-1252"', quoted], qp(text, "cp1252")),
            part(['Content-Type: text/html; charset="Windows-1252"', quoted], qp(html, "cp1252")),
        ],
    )
    picture = attached(
        "image/png", "image001.png", logo(), "Content-ID: <image001.png@01DD57B2.5A4C9E10>", how="inline"
    )
    alternative = part([f'Content-Type: multipart/alternative; boundary="{inner}"'], texts)
    shown = part(
        [f'Content-Type: multipart/related; boundary="{related}"; type="multipart/alternative"'],
        joined(related, [alternative, picture]),
    )
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    name = "Site inspection 2026-11-17.docx"
    docx = attached(word, name, docx_of("report.html"), f"Content-Description: {name}")
    image = attached("image/jpeg", "IMG_2207.jpg", photo(), "Content-Description: IMG_2207.jpg")
    headers = [
        "Received: from BN8PR17MB2931.mail.acme.example (2001:db8:17::2931) by",
        " mx1.acme.example (2001:db8:17::25) with ESMTPS id 4Xq1; Tue, 17 Nov 2026 13:05:44 +0000",
        "From: =?Windows-1252?Q?Ben_Ort=EDz?= <Ben.Ortiz@acme.example>",
        'To: "12025550124@fax.acme.example" <12025550124@fax.acme.example>',
        "Subject: =?Windows-1252?Q?412_Canal_Street_=96_report_and_photograph?=",
        "Thread-Topic: 412 Canal Street",
        "Thread-Index: AQHdV7JaTJ4QWl9eR0e8bQmKx0sVvg==",
        "Date: Tue, 17 Nov 2026 13:05:41 +0000",
        "Message-ID: <BN8PR17MB2931C0FFEE5550192@BN8PR17MB2931.mail.acme.example>",
        "Accept-Language: en-US",
        "Content-Language: en-US",
        "X-MS-Has-Attach: yes",
        "X-Mailer: Microsoft Outlook 16.0",
        f'Content-Type: multipart/mixed; boundary="{outer}"',
        "MIME-Version: 1.0",
    ]
    return part(headers, joined(outer, [shown, docx, image]))


def form() -> str:
    """As Apple Mail writes it: the document inline between two texts."""
    boundary = "Apple-Mail=_7C3B0D52-8A4E-4B6B-9B0C-2F51D6C50190"
    plain = ["Content-Transfer-Encoding: 7bit", "Content-Type: text/plain; charset=us-ascii"]
    headers = [
        "From: Amelia Ross <amelia.ross@acme.example>",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3826.400.131.1.6\\))",
        "Subject: Form TD-14, Quiet Harbor Books",
        "Message-Id: <0E6C1B7A-51B4-4E0F-8D64-0B0E5A5C0190@acme.example>",
        "Date: Tue, 17 Nov 2026 16:20:33 -0500",
        "To: +12025550125@fax.acme.example, +12025550102@fax.acme.example",
        "X-Mailer: Apple Mail (2.3826.400.131.1.6)",
    ]
    before = part(plain, "Attached is the tenant's signed notice of damage, two pages, for landlord and insurer.\n\n")
    tiff = attached("image/tiff", "TD-14 signed.tif", scan_of("form.html"), "X-Unix-Mode: 0644", how="inline")
    after = part(plain, "\n\nAmelia Ross\nAcme Law LLP\n")
    return part(headers, joined(boundary, [before, tiff, after]))


def note() -> str:
    """As Gmail's web page writes it: short text and HTML, then a PDF."""
    boundary, inner = "000000000000a1b2c30643f7d901", "000000000000a1b2c10643f7d8ff"
    text = "Hi Ruth,\n\nour invoice for November — €0 in surprises, I hope. *Due December 18.*\n\nBen\n"
    html = (
        '<div dir="ltr"><div>Hi Ruth,</div><div><br></div><div>our invoice for November — €0 in surprises, I hope. '
        "<b>Due December 18.</b></div><div><br></div><div>Ben</div></div>\n"
    )
    quoted = "Content-Transfer-Encoding: quoted-printable"
    texts = joined(
        inner,
        [
            part(['Content-Type: text/plain; charset="UTF-8"', quoted], qp(text)),
            part(['Content-Type: text/html; charset="UTF-8"', quoted], qp(html)),
        ],
    )
    headers = [
        "MIME-Version: 1.0",
        "From: Ben Ortiz <ben.ortiz@acme.example>",
        "Date: Wed, 18 Nov 2026 09:14:52 -0500",
        "Message-ID: <CAJr5550190kQxW3vT8nL2mYfZb0pHsUeDg7Rj1A4wKcO9tN@mail.acme.example>",
        "Subject: Invoice 2026-1183",
        "To: 12025550104@fax.acme.example",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
    ]
    alternative = part([f'Content-Type: multipart/alternative; boundary="{inner}"'], texts)
    ids = ("X-Attachment-Id: f_mh9k2v7d0", "Content-ID: <f_mh9k2v7d0>")
    pdf = attached("application/pdf", "Invoice 2026-1183.pdf", pdf_of("invoice.html"), *ids)
    return part(headers, joined(boundary, [alternative, pdf]))


def stranger() -> str:
    """From nobody we know: plain text, no attachment."""
    headers = [
        "Received: from host.elsewhere.example (host.elsewhere.example [192.0.2.77])",
        " by mx1.acme.example with ESMTP id 9Zt4; Wed, 18 Nov 2026 15:31:02 +0000",
        "From: Mallory Quick <mallory@elsewhere.example>",
        "To: <12025550126@fax.acme.example>",
        "Subject: Toner at half price, this week only",
        "Date: Wed, 18 Nov 2026 15:30:58 +0000",
        "Message-ID: <20261118153058.77.1@elsewhere.example>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=iso-8859-1",
        "Content-Transfer-Encoding: 8bit",
    ]
    return part(headers, "Dear fax owner,\n\nyour toner is running low. Order today: fax back this page.\n")


if __name__ == "__main__":
    main()
