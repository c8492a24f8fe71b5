from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.mail.mime import MailError, MailParts, PartLimits, Reason
from gateway.mail.parse import parts_of

HTML = '<p>Hello</p><img src="cid:logo@x"><img src="https://evil.example/x.png">'


def mail(text: str = "Dear all\n-- \nAnn\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "ann@corp.example"
    message.set_content(text)
    return message


def taken_apart(folder: Path, message: EmailMessage | bytes, limits: PartLimits | None = None) -> MailParts:
    path = folder / "mail.eml"
    path.write_bytes(message if isinstance(message, bytes) else message.as_bytes())
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return parts_of(path, work, limits or PartLimits())


def raw(*lines: str) -> bytes:
    return "\r\n".join(lines).encode("latin-1") + b"\r\n"


def test_body_and_attachments_in_order(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="report.pdf")
    message.add_attachment(b"\xff\xd8", maintype="image", subtype="jpeg", filename="photo.jpg")

    parts = taken_apart(tmp_path, message)

    assert parts.body is not None
    assert parts.body.path.read_text("utf-8") == "Dear all\n-- \nAnn\n"
    found = [(part.position, part.media_type, part.name, part.path.read_bytes()) for part in parts.attachments]
    assert found == [(1, "application/pdf", "report.pdf", b"%PDF-1"), (2, "image/jpeg", "photo.jpg", b"\xff\xd8")]


@pytest.mark.parametrize("text", ["", " \n\t\n", "\xa0\n"])
def test_a_blank_body_is_none(tmp_path: Path, text: str) -> None:
    assert taken_apart(tmp_path, mail(text)).body is None


@pytest.mark.parametrize("html", ["<br>&nbsp;", "<style>p{}</style><p> </p>", "<!-- x --><title>t</title>"])
def test_html_that_says_nothing_is_no_body(tmp_path: Path, html: str) -> None:
    message = EmailMessage()
    message.set_content(html, subtype="html")

    assert taken_apart(tmp_path, message).body is None


def test_of_two_ways_to_say_it_the_plain_one_is_taken(tmp_path: Path) -> None:
    message = mail()
    message.add_alternative(HTML, subtype="html")

    plain = taken_apart(tmp_path, message).body
    rich = taken_apart(tmp_path, message, PartLimits(prefer_html=True)).body

    assert plain is not None
    assert rich is not None
    assert (plain.media_type, rich.media_type) == ("text/plain", "text/html")


def test_a_blank_plain_text_gives_way_to_html(tmp_path: Path) -> None:
    message = mail("\n")
    message.add_alternative(HTML, subtype="html")

    body = taken_apart(tmp_path, message).body

    assert body is not None
    assert body.media_type == "text/html"


def with_logo(text: str | None) -> EmailMessage:
    message = mail(text) if text else EmailMessage()
    if text:
        message.add_alternative(HTML, subtype="html")
        related = message.get_payload()[1]
    else:
        message.set_content(HTML, subtype="html")
        related = message
    related.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo@x>", filename="logo.png")
    return message


def test_a_picture_of_the_html_is_left_out_beside_plain_text(tmp_path: Path) -> None:
    parts = taken_apart(tmp_path, with_logo("Dear all"))

    assert parts.attachments == ()
    assert [(left.name, left.reason) for left in parts.left_out] == [("logo.png", Reason.INLINE_PICTURE)]


def test_a_picture_of_the_html_goes_with_the_html(tmp_path: Path) -> None:
    parts = taken_apart(tmp_path, with_logo(None))

    assert parts.inline["logo@x"].path.read_bytes() == b"\x89PNG"
    assert (parts.attachments, parts.left_out) == ((), ())


def test_a_picture_that_no_html_shows_is_an_attachment(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", cid="<other@x>", disposition="inline")

    assert [part.media_type for part in taken_apart(tmp_path, message).attachments] == ["image/png"]


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("application/pkcs7-signature", "smime.p7s", Reason.SIGNATURE),
        ("application/octet-stream", "smime.P7S", Reason.SIGNATURE),
        ("application/pgp-signature", "", Reason.SIGNATURE),
        ("text/x-vcard", "ann.vcf", Reason.CONTACT),
        ("text/calendar", "", Reason.CALENDAR),
        ("application/octet-stream", "invite.ics", Reason.CALENDAR),
    ],
)
def test_ornaments_are_left_out_and_named(tmp_path: Path, kind: str, name: str, reason: Reason) -> None:
    message = mail()
    main, _, sub = kind.partition("/")
    message.add_attachment(b"x", maintype=main, subtype=sub, filename=name or None)

    parts = taken_apart(tmp_path, message)

    assert parts.attachments == ()
    assert [(left.name, left.reason) for left in parts.left_out] == [(name, reason)]


def test_an_enclosed_mail_is_one_part(tmp_path: Path) -> None:
    enclosed = mail("inner")
    enclosed.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="inner.pdf")
    message = mail()
    message.add_attachment(enclosed)

    parts = taken_apart(tmp_path, message)

    assert [part.media_type for part in parts.attachments] == ["message/rfc822"]
    assert b"inner.pdf" in parts.attachments[0].path.read_bytes()


def test_plain_text_behind_an_attachment_belongs_to_the_body(tmp_path: Path) -> None:
    lines = ["Content-Type: multipart/mixed; boundary=x", "", "--x", "", "first", "--x"]
    lines += ["Content-Type: application/pdf", "", "%PDF", "--x", "", "second", "--x", "", " ", "--x--"]

    parts = taken_apart(tmp_path, raw(*lines))

    assert parts.body is not None
    assert parts.body.path.read_bytes() == b"first\n\nsecond"
    assert [(part.position, part.media_type) for part in parts.attachments] == [(1, "application/pdf")]


def test_html_behind_an_attachment_is_kept_in_its_place(tmp_path: Path) -> None:
    lines = ["Content-Type: multipart/mixed; boundary=x", "", "--x", "", "first", "--x"]
    lines += ["Content-Type: application/pdf", "", "%PDF", "--x", "Content-Type: text/html", "", "<p>more", "--x--"]

    parts = taken_apart(tmp_path, raw(*lines))

    found = [(part.position, part.media_type) for part in parts.attachments]
    assert found == [(1, "application/pdf"), (2, "text/html")]


@pytest.mark.parametrize(
    ("header", "octets", "text"),
    [
        ("text/plain; charset=iso-8859-1", b"Gr\xfc\xdfe", "Grüße"),
        ("text/plain; charset=utf-8", b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        ("text/plain", b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        ("text/plain; charset=x-unknown", b"Gr\xfc\xdfe", "Grüße"),
        ("text/plain; charset=utf-16-le", "Grüße".encode("utf-16-le"), "Grüße"),
        ("text/plain; format=flowed", b"one \r\ntwo\r\n> quoted \r\n-- \r\nAnn", "one two\n> quoted \n-- \nAnn"),
        ("text/plain; format=flowed; delsp=yes", b"one \r\ntwo", "onetwo"),
        ("text/plain; format=flowed", b" From here", "From here"),
    ],
)
def test_text_bodies_become_utf8(tmp_path: Path, header: str, octets: bytes, text: str) -> None:
    body = taken_apart(tmp_path, b"Content-Type: " + header.encode() + b"\r\n\r\n" + octets).body

    assert body is not None
    assert body.path.read_bytes().decode("utf-8") == text


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\temp\\\\plan.pdf"', "plan.pdf"),
        ("attachment; filename*=utf-8''%C3%BCbersicht.pdf", "übersicht.pdf"),
        ('attachment; filename*0="a long"; filename*1=" name.pdf"', "a long name.pdf"),
        ('attachment; filename="=?utf-8?q?=C3=BCber.pdf?="', "über.pdf"),
        ('attachment; filename="a\x1b[0mb.pdf"', "a [0mb.pdf"),
        ("attachment", ""),
    ],
)
def test_names_are_for_people_and_never_paths(tmp_path: Path, disposition: str, name: str) -> None:
    parts = taken_apart(tmp_path, raw("Content-Type: application/pdf", f"Content-Disposition: {disposition}", "", "x"))

    assert parts.attachments[0].name == name
    assert parts.attachments[0].path.parent == tmp_path / "work"


def nested(depth: int) -> bytes:
    heads = [f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)]
    return "".join(heads).encode() + b"\r\nx"


@pytest.mark.parametrize("depth", [22, 2000])
def test_parts_nested_too_deep_are_refused(tmp_path: Path, depth: int) -> None:
    with pytest.raises(MailError):
        taken_apart(tmp_path, nested(depth))


def test_parts_nested_within_reason_are_found(tmp_path: Path) -> None:
    assert taken_apart(tmp_path, nested(15)).body is not None


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    many = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\nhello\r\n" * 501 + b"--x--\r\n"

    with pytest.raises(MailError, match="more than 500"):
        taken_apart(tmp_path, many)


def test_a_multipart_without_parts_has_nothing_to_fax(tmp_path: Path) -> None:
    parts = taken_apart(tmp_path, raw("Content-Type: multipart/mixed; boundary=x", "", "--x--"))

    assert (parts.body, parts.attachments) == (None, ())


def test_broken_base64_is_decoded_as_far_as_it_goes(tmp_path: Path) -> None:
    lines = ["Content-Type: application/pdf", "Content-Transfer-Encoding: base64", "", "JVBERi0x!LjQ", "garbage~"]

    assert taken_apart(tmp_path, raw(*lines)).attachments[0].path.read_bytes().startswith(b"%PDF-1.4")


def test_alternatives_may_hold_attachments(tmp_path: Path) -> None:
    message = MIMEMultipart("alternative")
    message.attach(MIMEText("plain"))
    mixed = MIMEMultipart("mixed")
    mixed.attach(MIMEText("<p>rich</p>", "html"))
    pdf = MIMEText("%PDF")
    pdf.replace_header("Content-Type", "application/pdf")
    mixed.attach(pdf)
    message.attach(mixed)

    parts = taken_apart(tmp_path, message.as_bytes())

    assert parts.body is not None
    assert [part.media_type for part in parts.attachments] == ["application/pdf"]


PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=x\r\n", b"Content-Type: multipart/alternative; boundary=x\r\n",
        b"Content-Type: message/rfc822\r\n", b"Content-Type: text/html; charset=utf-7\r\n", b"Content-Type: ;;;=\r\n",
        b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n", b"\r\n", b"--x\r\n",
        b"--x--\r\n", b"hello \xff\r\n", b"begin 666 a\r\n", b"Content-Type: message/delivery-status\r\n", b"\n",
        b"Content-Disposition: attachment; filename*=x'y\r\n", b"Content-Type: text/plain; format=flowed\r\n",
        b":\r\n", b"Content-ID: <\r\n", b"Content-Type: message/partial\r\n",
        b"Content-Type: multipart/digest; boundary=x\r\n",
    ]
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=25).map(b"".join))
def test_no_mail_raises_anything_but_its_own_error(tmp_path: Path, content: bytes) -> None:
    try:
        parts = taken_apart(tmp_path, content)
    except MailError:
        return
    for part in parts.attachments:
        assert part.path.is_file()
