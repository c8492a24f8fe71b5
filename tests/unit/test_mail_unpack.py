"""What a mail holds: mails within mails, winmail.dat, signatures, and what nobody meant to fax."""

from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from pathlib import Path

import pytest

from gateway.mail.cms import signed_content
from gateway.mail.heading import heading_of
from gateway.mail.mime import MailError, MailParts, PartFile, Reason
from gateway.mail.unpack import Depth, faxable_parts, parts_of_file
from renderers.errors import Reason as Trouble
from tests import tnef_streams as made
from tests.flows.letters import mail, pdf, picture

TNEF = "application/ms-tnef"
SMIME = "application/pkcs7-mime"


def opened(folder: Path, message: EmailMessage | MIMEMultipart | bytes, depth: Depth | None = None) -> MailParts:
    path, work = folder / "mail.eml", folder / "work"
    path.write_bytes(message if isinstance(message, bytes) else message.as_bytes())
    work.mkdir()
    return faxable_parts(path, work, depth)


def forwarded(inner: EmailMessage, name: str = "fwd.eml", text: str = "See below.") -> EmailMessage:
    outer = mail(text)
    outer.add_attachment(inner, filename=name)
    return outer


def names(parts: MailParts) -> list[str]:
    return [part.name for part in parts.attachments]


def text(part: PartFile | None) -> str:
    assert part is not None
    return part.path.read_text("utf-8")


# Mails within mails.


def test_a_mail_that_was_attached_is_its_heading_its_text_and_its_attachments(tmp_path: Path) -> None:
    inner = mail(
        "Dear Anna", attachments=[pdf(1, "scan.pdf")], To="b@x.example", Date="Mon, 02 Mar 2026 09:00:00 +0000"
    )

    parts = opened(tmp_path, forwarded(inner))

    assert names(parts) == ["fwd.eml > text", "fwd.eml > scan.pdf"]
    assert text(parts.attachments[0]).splitlines() == [
        "From: Anna Smith <anna@acme.example>",
        "To: b@x.example",
        "Date: Mon, 02 Mar 2026 09:00:00 +0000",
        "Subject: Offer",
        "",
        "Dear Anna",
    ]
    assert [(part.within, part.position) for part in parts.attachments] == [((), 1), ((1,), 1)]


def test_html_has_its_heading_inside(tmp_path: Path) -> None:
    inner = mail(None, html="<html><body class=x><p>Grüße</p></body></html>", Subject="A <b> & c")

    [part] = opened(tmp_path, forwarded(inner)).attachments

    assert (part.media_type, part.charset) == ("text/html", "utf-8")
    assert text(part).index("<body class=x>") < text(part).index("A &lt;b&gt; &amp; c") < text(part).index("Grüße")


def test_a_mail_without_text_is_its_heading(tmp_path: Path) -> None:
    parts = opened(tmp_path, forwarded(mail(" ", attachments=[pdf(1, "a.pdf")], Subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=")))

    assert text(parts.attachments[0]) == "From: Anna Smith <anna@acme.example>\nSubject: Grüße"


def test_mails_are_followed_down_in_order(tmp_path: Path) -> None:
    inner = forwarded(mail("third", attachments=[pdf(1, "deep.pdf")]), "two.eml", "second")
    inner.add_attachment(*pdf(1, "x")[:1], maintype="application", subtype="pdf", filename="after.pdf")

    parts = opened(tmp_path, forwarded(inner, "one.eml"))

    assert names(parts) == [
        "one.eml > text",
        "one.eml > two.eml > text",
        "one.eml > two.eml > deep.pdf",
        "one.eml > after.pdf",
    ]
    assert [part.within for part in parts.attachments] == [(), (1,), (1, 1), (1,)]


def test_too_deep_a_mail_is_too_large(tmp_path: Path) -> None:
    message = mail("bottom")
    for number in range(4):
        message = forwarded(message, f"{number}.eml")

    parts = opened(tmp_path, message, Depth(mails=2))

    assert parts.attachments[-1].trouble is Trouble.TOO_LARGE
    assert parts.attachments[-1].name == "3.eml > 2.eml > 1.eml"


def test_too_many_parts_together_are_refused(tmp_path: Path) -> None:
    inner = mail(attachments=[pdf(1, f"{number}.pdf") for number in range(5)])

    with pytest.raises(MailError, match="more than 5 parts"):
        opened(tmp_path, forwarded(inner), Depth(parts=5))


def test_an_eml_file_that_was_attached_as_octets_is_a_mail(tmp_path: Path) -> None:
    octets = (mail("inside").as_bytes(), "application/octet-stream", "note.eml")

    assert "inside" in text(opened(tmp_path, mail(attachments=[octets])).attachments[0])


def test_a_mail_that_cannot_be_taken_apart_is_corrupt_by_name(tmp_path: Path) -> None:
    bad = mail(attachments=[(b"x", "text/plain", "x.txt")] * 501).as_bytes()

    [part] = opened(tmp_path, mail(attachments=[(bad, "application/octet-stream", "bad.eml")])).attachments

    assert (part.name, part.trouble) == ("bad.eml", Trouble.CORRUPT)


def test_a_heading_of_rubbish_is_empty(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\0no header at all")

    assert heading_of(tmp_path / "x") == ()


# winmail.dat.


def winmail(*attributes: bytes, body: str = " ") -> EmailMessage:
    return mail(body, attachments=[(made.stream(*attributes), TNEF, "winmail.dat")])


def test_what_outlook_packed_stands_in_place_of_winmail_dat(tmp_path: Path) -> None:
    parts = opened(tmp_path, winmail(made.attribute(made.BODY, b"Dear all\0"), made.attached("a.pdf", b"%PDF-1.4")))

    assert (text(parts.body), names(parts), parts.attachments[0].position) == ("Dear all", ["a.pdf"], 1)


def test_the_mails_own_text_comes_before_the_packed_one(tmp_path: Path) -> None:
    parts = opened(tmp_path, winmail(made.attribute(made.BODY, b"packed\0"), body="own"))

    assert text(parts.body).strip() == "own"
    assert names(parts) == []


def test_a_broken_winmail_dat_is_corrupt_by_name(tmp_path: Path) -> None:
    parts = opened(tmp_path, mail(attachments=[(b"\x78\x9f\x3e\x22\1\0\1broken here", TNEF, "winmail.dat")]))

    assert [(part.name, part.trouble) for part in parts.attachments] == [("winmail.dat", Trouble.CORRUPT)]


def test_a_mail_inside_winmail_dat_is_opened_too(tmp_path: Path) -> None:
    values = made.properties((0x1F, 0x0037, "Plan".encode("utf-16-le")), (0x1F, 0x1000, "hello".encode("utf-16-le")))
    inner = made.stream(made.attribute(made.PROPERTIES, values), made.attached("b.pdf", b"%PDF"))

    parts = opened(tmp_path, winmail(made.enclosed("Plan", inner)))

    assert names(parts) == ["Plan > text", "Plan > b.pdf"]
    assert text(parts.attachments[0]) == "Subject: Plan\n\nhello"


def test_an_object_in_the_text_that_nothing_opens_is_listed(tmp_path: Path) -> None:
    parts = opened(tmp_path, winmail(made.enclosed("Picture", b"\1\2ole", made.STORAGE_IDENTITY)))

    assert [(one.name, one.reason) for one in parts.left_out] == [("Picture", Reason.INLINE_PICTURE)]


# Signatures and locks.


@pytest.mark.parametrize("pieces", [[], [b"Content-Type: text/pl", b"ain\r\n\r\nsigned words\r\n"]])
def test_what_an_opaque_signature_wraps_is_the_mail(tmp_path: Path, pieces: list[bytes]) -> None:
    wrapped = made.signed(b"Content-Type: text/plain\r\n\r\nsigned words\r\n", pieces)

    parts = opened(tmp_path, mail(" ", attachments=[(wrapped, SMIME, "smime.p7m")]))

    assert (text(parts.body).strip(), names(parts)) == ("signed words", [])


def test_a_signature_beside_its_content_is_left_out(tmp_path: Path) -> None:
    parts = opened(tmp_path, mail(attachments=[(made.signed(b""), "application/octet-stream", "sig.bin")]))

    assert [one.reason for one in parts.left_out] == [Reason.SIGNATURE]


@pytest.mark.parametrize("end", [1, 10, 25, 40])
def test_a_signature_cut_off_is_no_content(end: int) -> None:
    with pytest.raises(MailError):
        signed_content(made.signed(b"Content-Type: text/plain\r\n\r\nx\r\n")[:end])


# What nobody meant to fax.


def ornamented(width: int, height: int, html: str = '<p>Dear all</p><img src="cid:p@x">') -> EmailMessage:
    return mail(None, html=html, pictures=[("p@x", picture(width, height))])


@pytest.mark.parametrize(
    ("size", "reason"), [((120, 40), Reason.LOGO), ((1, 1), Reason.TRACKING), ((600, 400), None)], ids=str
)
def test_small_pictures_of_an_html_mail_are_left_out_and_listed(
    tmp_path: Path, size: tuple[int, int], reason: Reason | None
) -> None:
    parts = opened(tmp_path, ornamented(*size))

    assert [one.reason for one in parts.left_out] == ([reason] if reason else [])
    assert len(parts.inline) == (reason is None)


def test_a_picture_that_is_all_there_is_is_no_ornament(tmp_path: Path) -> None:
    parts = opened(tmp_path, ornamented(120, 40, '<html><body><img src="cid:p@x"></body></html>'))

    assert (len(parts.inline), parts.left_out) == (1, ())


def test_a_small_picture_that_was_attached_is_faxed_but_no_invisible_one(tmp_path: Path) -> None:
    attached = [(picture(120, 40), "image/png", "stamp.png"), (picture(1, 1), "image/png", "dot.png")]

    parts = opened(tmp_path, mail(attachments=attached))

    assert names(parts) == ["stamp.png"]
    assert [(one.name, one.reason) for one in parts.left_out] == [("dot.png", Reason.TRACKING)]


@pytest.mark.parametrize(
    ("content", "media_type", "name", "reason"),
    [
        (b"BEGIN:VCARD\nEND:VCARD\n", "application/octet-stream", "card", Reason.CONTACT),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "application/octet-stream", "x", Reason.CALENDAR),
        (b"\0\5\x16\7\0\2\0\0", "application/octet-stream", "scan.pdf", Reason.RESOURCE_FORK),
        (b"anything", "application/applefile", "scan.pdf", Reason.RESOURCE_FORK),
        (b"anything", "application/pdf", "._scan.pdf", Reason.RESOURCE_FORK),
        (b"-----BEGIN PGP SIGNATURE-----\n", "application/octet-stream", "x", Reason.SIGNATURE),
    ],
)
def test_what_is_no_document_is_listed_with_its_reason(
    tmp_path: Path, content: bytes, media_type: str, name: str, reason: Reason
) -> None:
    parts = opened(tmp_path, mail(attachments=[(content, media_type, name)]))

    assert ([one.reason for one in parts.left_out], parts.attachments) == ([reason], ())


def test_what_is_left_out_of_a_mail_within_says_where(tmp_path: Path) -> None:
    card = (b"BEGIN:VCARD\nEND:VCARD\n", "text/vcard", "anna.vcf")

    assert [one.within for one in opened(tmp_path, forwarded(mail(attachments=[card]))).left_out] == [(1,)]


# Files without a mail around them.


def test_a_file_is_opened_as_an_attachment_is(tmp_path: Path) -> None:
    (tmp_path / "note.eml").write_bytes(mail("hello", attachments=[pdf(1, "a.pdf")]).as_bytes())
    (tmp_path / "winmail.dat").write_bytes(made.stream(made.attribute(made.BODY, b"x\0"), made.attached("b", b"c")))

    def held(name: str) -> list[str]:
        (tmp_path / name.partition(".")[0]).mkdir()
        return [part.name for part in parts_of_file(tmp_path / name, name, tmp_path / name.partition(".")[0])]

    assert held("note.eml") == ["note.eml > text", "note.eml > a.pdf"]
    assert held("winmail.dat") == ["winmail.dat", "b"]
