"""Mails as mail programs send them, and the documents in them, for the tests of flows, pages and commands."""

import io
from collections.abc import Sequence
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import numpy as np
import pikepdf
from PIL import Image

SAMPLES = Path(__file__).parents[2] / "samples"
ANNA = "anna@acme.example"
Attachment = tuple[bytes, str, str]  # content, media type, file name


def mail(
    text: str | None = "Dear all,\n\nplease see the attached.\n",
    *,
    html: str = "",
    pictures: Sequence[tuple[str, bytes]] = (),
    attachments: Sequence[Attachment] = (),
    **headers: str,
) -> EmailMessage:
    """A mail of Anna's. Its headers are by keyword, an underscore for the hyphen; `pictures` are shown by the HTML."""
    message = EmailMessage()
    given = {"From": f"Anna Smith <{ANNA}>", "Subject": "Offer", "Message_ID": "<1@acme.example>", **headers}
    for name, value in given.items():
        if value:
            message[name.replace("_", "-")] = value
    if text is not None:
        message.set_content(text)
    if html and text is not None:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    _show(message, pictures)
    for content, media_type, name in attachments:
        main, _, sub = media_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def _show(message: EmailMessage, pictures: Sequence[tuple[str, bytes]]) -> None:
    for identity, content in pictures:
        rich = message.get_body(("html",))
        assert isinstance(rich, EmailMessage)
        rich.add_related(content, maintype="image", subtype="png", cid=f"<{identity}>")


def pdf(pages: int = 1, name: str = "offer.pdf") -> Attachment:
    """A PDF of some pages, each with a black box."""
    return _pdf(pages), "application/pdf", name


def locked_pdf() -> Attachment:
    """A PDF that asks for a password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(_pdf(1))) as book:
        book.save(out, encryption=pikepdf.Encryption(owner="owner", user="secret"))
    return out.getvalue(), "application/pdf", "locked.pdf"


def corrupt_pdf(name: str = "broken.pdf") -> Attachment:
    """The beginning of a PDF and nothing behind it."""
    return b"%PDF-1.7\n1 0 obj\n<< /Type", "application/pdf", name


def unknown(name: str = "tool.xyz") -> Attachment:
    """Octets of no known kind."""
    return bytes(range(256)) * 8, "application/octet-stream", name


@cache
def picture(width: int, height: int) -> bytes:
    """A PNG in stripes."""
    pels = np.zeros((height, width), np.uint8)
    pels[::16] = 255
    out = io.BytesIO()
    Image.fromarray(pels).save(out, "png")
    return out.getvalue()


@cache
def _pdf(pages: int) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as book:
        for number in range(pages):
            sheet = book.add_blank_page(page_size=(612, 792))
            sheet.Contents = book.make_stream(f"72 {600 - 40 * number % 600} 200 100 re f".encode())
        book.save(out)
    return out.getvalue()
