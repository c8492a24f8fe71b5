"""Make the sample documents anew: python samples/documents/make.py (needs LibreOffice for DOCX and XLSX).

Everything here is invented: people, firms, numbers (555-01xx) and the landscape.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pypdfium2
import weasyprint
from PIL import Image

HERE = Path(__file__).parent

STYLE = """
@page { size: letter; margin: 1in 1in 0.9in; @bottom-center { content: "Page " counter(page) " of " counter(pages);
  font: 9pt "Liberation Serif"; } }
html { font: 11.5pt/1.45 "Liberation Serif", serif; } body { margin: 0; }
h1 { font-size: 20pt; margin: 0; letter-spacing: 1pt; } h2 { font-size: 13pt; margin: 18pt 0 4pt; }
.head { border-bottom: 2pt solid #223; padding-bottom: 6pt; margin-bottom: 24pt; }
.head p { margin: 0; color: #555; font-size: 9.5pt; } p { margin: 0 0 9pt; text-align: justify; }
.small { font-size: 8pt; color: #777; } .break { break-before: page; }
table { width: 100%; border-collapse: collapse; } td, th { padding: 4pt 6pt; text-align: left; }
"""
CLAUSES = (
    ("Payment", "Northgate Logistics shall pay to the Claimant the sum of forty-two thousand five hundred dollars "
     "($42,500.00) within twenty-one days of the date on which both parties have signed, by transfer to the client "
     "account named in Schedule A. Interest runs at six per cent a year on any part paid later."),
    ("Release", "On receipt of the whole sum the Claimant releases Northgate Logistics, its officers and insurers from "
     "every claim that arises out of the delivery of 14 March, whether known or unknown at the time of signing, "
     "save for claims that by law cannot be released."),
    ("Return of goods", "The pallets listed in Schedule B remain with the Claimant until Friday noon of the second "
     "week and may be collected by Northgate at its own cost and risk between eight and sixteen hours on working days."),
    ("Confidentiality", "The parties keep the terms of this agreement to themselves, their advisers, insurers and "
     "auditors, and to whomever the law entitles to know them. Neither party shall make a statement to the press."),
    ("Costs", "Each party bears its own costs, including those of the mediation of 2 October, the fee of which was "
     "shared in equal parts and has been paid."),
    ("Law and place", "The law of the State of New York applies. The courts of New York County alone decide disputes "
     "about this agreement; a signature sent by facsimile binds as an original does."),
)  # fmt: skip


def letter() -> str:
    """A lawyers' letter and the agreement it carries: four pages of text, grey small print, a schedule."""
    clauses = "".join(f"<h2>{n}. {title}</h2><p>{text}</p><p>{text}</p>" for n, (title, text) in enumerate(CLAUSES, 1))
    rows = "".join(
        f"<tr><td>{2200 + n}</td><td>Pallet, {n * 12 + 36} cartons of ceramic tile</td><td>{n * 83 + 410} kg</td></tr>"
        for n in range(1, 9)
    )
    return f"""<style>{STYLE}</style><div class="head"><h1>LINDQVIST &amp; BRANDT LLP</h1>
<p>Attorneys at Law · 410 Harbor Street, Suite 900, New York, NY 10004 · Tel +1 212 555 0142 · Fax +1 212 555 0143</p></div>
<p>November 20, 2026</p><p>BY FACSIMILE +1 415 555 0100</p>
<p>Ms. Adaeze Okafor<br>Northgate Logistics, Legal Department<br>88 Wharf Road<br>Oakland, CA 94607</p>
<p><b>Hartwell v. Northgate Logistics: agreement for your countersignature</b></p><p>Dear Ms. Okafor,</p>
<p>please find with this letter the settlement agreement in the form on which we agreed on Tuesday. Mr. Hartwell has signed.
Kindly countersign on the last page and return the whole document by fax before noon on Friday.</p>
<p>Schedule B lists the pallets still at my client's warehouse. If a figure is illegible, call me and I will send the page
again at high resolution.</p><p>Sincerely yours,</p><p><br><i style="font-size:20pt">Dorothea Lindqvist</i><br>Dorothea Lindqvist</p>
<p class="small">This facsimile is meant only for the person it is addressed to and may hold privileged matter. If it reached
you by mistake, please tell us by telephone and destroy it.</p>
<h1 class="break">SETTLEMENT AGREEMENT</h1>{clauses}
<h1 class="break">SCHEDULE B</h1><table border="1"><tr style="background:#99a"><th>No.</th><th>Goods</th><th>Weight</th></tr>{rows}
</table><p><br></p><table><tr><td>For the Claimant<br><br><i>J. Hartwell</i><hr></td><td>For Northgate Logistics<br><br><br><hr></td></tr></table>
"""


def referral() -> str:
    """A medical referral form: boxes, small print, ruled lines, and form fields that are filled in."""
    boxes = "".join(
        f'<label style="display:inline-block;width:33%"><input type="checkbox" {mark}> {word}</label>'
        for word, mark in (("Cardiology", "checked"), ("Neurology", ""), ("Orthopedics", ""), ("Radiology", "checked"),
                           ("Dermatology", ""), ("Other", ""))
    )  # fmt: skip
    fields = "".join(
        f'<tr><td style="width:32%;background:#e8e8e8"><b>{name}</b></td><td><input style="width:95%" value="{value}"></td></tr>'
        for name, value in (("Patient", "Testperson, Erika"), ("Date of birth", "1961-04-09"), ("Insurance no.", "A 000 555 0177"),
                            ("Referring physician", "Dr. M. Sample, Elm Street Practice"), ("Urgency", "within 2 weeks"))
    )  # fmt: skip
    rules = '<div style="border-bottom:0.6pt solid #888;height:18pt"></div>' * 7
    return f"""<style>@page {{ size: letter; margin: 0.6in }} html {{ font: 10pt/1.35 "Liberation Sans" }}
input {{ appearance: auto; border: 0.5pt solid #444; font: 10pt "Liberation Sans" }} table {{ width: 100%; border-collapse: collapse }}
td {{ border: 0.8pt solid #333; padding: 4pt }} .bar {{ background: #1f4e79; color: #fff; padding: 6pt; font-size: 15pt }}</style>
<div class="bar">Elm Street Practice · Referral to a specialist</div><p>Fax to: Harbor Hospital, +1 415 555 0111</p>
<table>{fields}</table><p><b>Referred to</b></p><p>{boxes}</p><p><b>Findings and question</b></p>
<p style="font-family:'Liberation Serif'">Exertional dyspnea for six weeks, NYHA II. ECG: sinus rhythm 72/min, ST depression V5-V6 of 0.1 mV.
Troponin negative. Request echocardiography and a stress test; please copy the report to us by fax.</p>{rules}
<p style="font-size:7pt;color:#666">CONFIDENTIAL HEALTH INFORMATION. The documents with this transmission are legally privileged and meant only
for the addressee. If you are not that person, you are notified that reading, copying or passing them on is forbidden.</p>"""


INVOICE_ROWS = (
    ("Fax adapter, two lines", 4, 129.00), ("Line card, analog, 8 ports", 2, 310.50), ("Installation, hours", 6, 95.00),
    ("Training on site, half a day", 1, 420.00), ("Support contract, 12 months", 1, 780.00),
)  # fmt: skip


def invoice() -> str:
    """An invoice with a table, written with a word processor."""
    rows = "".join(
        f"<tr><td>{n}</td><td>{what}</td><td align=right>{count}</td><td align=right>{price:,.2f}</td>"
        f"<td align=right>{count * price:,.2f}</td></tr>"
        for n, (what, count, price) in enumerate(INVOICE_ROWS, 1)
    )
    total = sum(count * price for _, count, price in INVOICE_ROWS)
    return f"""<html><head><meta charset="utf-8"></head><body style="font-family:'Liberation Sans'"><h1>Invoice 2026-0417</h1>
<p>Brightwater Telecom Supplies<br>12 Canal Walk, Portland, OR 97205</p><p>To: Hartwell Ceramics, 3 Kiln Lane, Albany, NY 12207</p>
<table border="1" cellpadding="4" cellspacing="0" width="100%"><tr bgcolor="#c0c8d8"><th>No.</th><th>Item</th><th>Quantity</th>
<th>Price</th><th>Amount</th></tr>{rows}<tr><td colspan="4"><b>Total, US dollars</b></td><td align=right><b>{total:,.2f}</b></td></tr></table>
<p>Payable within 30 days. Thank you for your order.</p></body></html>"""


LANGUAGES = """Fax test in many scripts — every line must be readable on paper.

Tabs:\tone\ttwo\tthree
     \t10\t200\t3000
English   The quick brown fox jumps over the lazy dog. “Quotes” – dashes — €1,234.56
Deutsch   Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.
Polski    Zażółć gęślą jaźń.
Ελληνικά  Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.
Русский   Съешь же ещё этих мягких французских булок, да выпей чаю.
עברית: דג סקרן שט בים מאוכזב ולפתע מצא חברה.
العربية: نصٌّ حكيمٌ لهُ سِرٌّ قاطِعٌ وَذُو شَأنٍ عَظيمٍ
हिन्दी    नमस्ते, यह एक परीक्षण है।
ไทย       เป็นมนุษย์สุดประเสริฐเลิศคุณค่า
中文      我能吞下玻璃而不伤身体。
日本語    いろはにほへと ちりぬるを 色は匂へど散りぬるを
한국어    다람쥐 헌 쳇바퀴에 타고파.
Emoji     ☎ ✅ 📠 🙂 🚑 ❤️ 👍🏽

A very long line that must wrap at the margin and not be cut off, because people paste whole paragraphs without a single \
line break into their mails and expect the other side to read all of it, to the very end of this sentence.
\fSecond page, after a form feed.
"""

NEWSLETTER = """<!DOCTYPE html><html><head><meta charset="utf-8"><style>
body { background: #111; color: #eee; font-family: Arial, sans-serif } a { color: #9cf } .box { background: #246; padding: 16px; width: 560px }
</style><link rel="stylesheet" href="http://tracker.example/style.css"></head><body><div class="box">
<img src="http://tracker.example/open.gif" width="1" height="1" alt=""><img src="cid:logo@brightwater.example" width="120" alt="Logo">
<h1>Your order has been shipped</h1><p>Order <b>2026-0417</b> left our house today and will reach you on <u>Thursday</u>.</p>
<table width="100%" border="1" cellspacing="0" cellpadding="6"><tr><td>Parcel 1</td><td>8.4 kg</td></tr><tr><td>Parcel 2</td><td>2.1 kg</td></tr></table>
<p><a href="https://brightwater.example/track">Follow your parcel</a></p></div></body></html>
"""


def landscape(width: int = 1600, height: int = 1067) -> Image.Image:
    """Hills in haze below a bright sky: every tone from white to black, fine grain, no outline."""
    chance = np.random.default_rng(20261122)
    across = np.linspace(0, 1, width)
    down = np.linspace(0, 1, height)[:, None]
    picture = np.stack(
        [205 - 90 * (1 - down) + 0 * across, 215 - 55 * (1 - down) + 0 * across, 235 - 10 * (1 - down) + 0 * across], -1
    )
    sun = np.exp(-(((across - 0.72) * 1.5) ** 2 + (down - 0.22) ** 2) / 0.012)[..., None]
    picture += 70 * sun
    for layer in range(5):
        ridge = 0.42 + 0.11 * layer + _ridge(chance, width, 4 + 2 * layer) * (0.13 - 0.012 * layer)
        shade = np.array([150, 165, 185]) * (1 - layer / 5) ** 1.3 + np.array([22, 34, 20])
        depth = np.clip((down - ridge) * 3.0, 0, 1)[..., None]
        picture = np.where((down > ridge)[..., None], shade * (1 - 0.35 * depth), picture)
    grain = chance.normal(0, 5, (height, width, 1))
    return Image.fromarray(np.clip(picture + grain, 0, 255).astype(np.uint8))


def _ridge(chance: np.random.Generator, width: int, waves: int) -> np.ndarray:
    across = np.linspace(0, 1, width)
    line = sum(np.sin(2 * np.pi * (waves * 2**octave * across + chance.random())) / 2.1**octave for octave in range(6))
    return np.asarray(line) / 2


def fax_scan(pdf: Path, target: Path, dpi: tuple[int, int], size: tuple[int, int]) -> None:
    """The pages of a PDF as scanned and written by another program: G4, strips, black is zero."""
    pages = []
    with pypdfium2.PdfDocument(pdf) as book:
        for page in list(book)[:2]:
            grey = page.render(scale=300 / 72, grayscale=True).to_pil().resize(size, Image.Resampling.LANCZOS)
            pages.append(grey.point(lambda value: 255 if value >= 170 else 0).convert("1"))
    pages[0].save(target, save_all=True, append_images=pages[1:], compression="group4", dpi=dpi)


def with_office(source: Path, ending: str, *options: str) -> None:
    """Convert with LibreOffice, so that the file is what such a program writes."""
    with tempfile.TemporaryDirectory() as room:
        command = ["soffice", f"-env:UserInstallation=file://{room}/profile", "--headless", *options, "--convert-to", ending,
                   "--outdir", room, str(source)]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        shutil.move(Path(room) / f"{source.stem}.{ending}", HERE / f"{source.stem}.{ending}")


def main() -> None:
    """Make them all."""
    weasyprint.HTML(string=letter()).write_pdf(HERE / "settlement-letter.pdf")
    weasyprint.HTML(string=referral()).write_pdf(HERE / "referral-form.pdf", pdf_forms=True)
    (HERE / "languages.txt").write_text(LANGUAGES, "utf-8")
    (HERE / "shipping-notice.html").write_text(NEWSLETTER, "utf-8")
    photo = landscape()
    photo.save(HERE / "landscape.jpg", quality=82, dpi=(72, 72))
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.resize((640, 427)).transpose(Image.Transpose.ROTATE_90).save(
        HERE / "landscape-turned.jpg", quality=80, exif=exif
    )
    fax_scan(HERE / "settlement-letter.pdf", HERE / "received-fax.tif", (204, 196), (1728, 2200))
    fax_scan(HERE / "settlement-letter.pdf", HERE / "office-scan.tif", (300, 300), (2550, 3300))
    with tempfile.TemporaryDirectory() as room:
        page = Path(room) / "invoice.html"
        page.write_text(invoice(), "utf-8")
        with_office(page, "docx", "--infilter=HTML (StarWriter)")
        sheet = Path(room) / "price-list.csv"
        sheet.write_text("Item;Quantity;Price\n" + "".join(f"{a};{b};{c}\n" for a, b, c in INVOICE_ROWS), "utf-8")
        with_office(sheet, "xlsx", "--infilter=CSV:59,34,76,1")


if __name__ == "__main__":
    sys.exit(main())
