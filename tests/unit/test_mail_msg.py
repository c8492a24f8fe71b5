"""Mails that Outlook saved as files: their text, heading, attachments, the mails in them, and damage."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.mail.mime import MailError, MailParts
from gateway.mail.mime import Reason as LeftOutReason
from gateway.mail.msg import read_msg
from gateway.mail.unpack import Depth, faxable_parts, parts_of_file
from renderers.document import Document, Format
from renderers.errors import Reason
from renderers.pdf import sniff
from tests import outlook_files as made
from tests.flows.letters import mail, pdf
from tests.tnef_streams import literal_rtf

PLAIN = [made.words(0x1000, "Dear Bob,\r\nsee the plan.")]
PDF = pdf(1, "x.pdf")[0]
WHOLE = made.outlook_mail("Plan", PLAIN, made.attached("scan.pdf", PDF))


def written(folder: Path, content: bytes) -> Path:
    (folder / "saved.msg").write_bytes(content)
    return folder / "saved.msg"


def opened(folder: Path, content: bytes, name: str = "saved.msg", depth: Depth | None = None) -> MailParts:
    """The parts of a mail to which this file is attached."""
    (folder / "mail").write_bytes(
        mail("See below.", attachments=[(content, "application/vnd.ms-outlook", name)]).as_bytes()
    )
    (folder / "work").mkdir()
    return faxable_parts(folder / "mail", folder / "work", depth)


def names(parts: MailParts) -> list[str]:
    return [part.name for part in parts.attachments]


def test_it_is_told_by_its_content(tmp_path: Path) -> None:
    assert sniff(Document(written(tmp_path, WHOLE), "application/octet-stream", "x")) is Format.MSG


def test_a_document_that_holds_a_mail_is_no_mail_and_a_mail_that_holds_a_document_is_one(tmp_path: Path) -> None:
    document = made.compound({"WordDocument": b"x" * 5000, "ObjectPool": {"_1": made.mail_tree("Plan", PLAIN)}})
    holding = made.outlook_mail("x", PLAIN, made.enclosed("Doc", {"WordDocument": b"x" * 5000}, made.OLE_OBJECT))

    assert sniff(Document(written(tmp_path, document), "", "x")) is Format.DOC
    assert sniff(Document(written(tmp_path, holding), "", "x")) is Format.MSG


def test_an_attached_one_is_its_heading_its_text_and_its_attachments(tmp_path: Path) -> None:
    parts = opened(tmp_path, WHOLE)

    assert names(parts) == ["saved.msg > text", "saved.msg > scan.pdf"]
    assert parts.attachments[0].path.read_text().splitlines() == [
        "From: Anna Smith <anna@acme.example>",
        "To: Bob",
        "Date: Mon, 07 Oct 2002 14:13:20 +0000",
        "Subject: Plan",
        "",
        "Dear Bob,",
        "see the plan.",
    ]
    assert parts.attachments[1].path.read_bytes() == PDF


def test_a_file_of_its_own_is_opened_too(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    parts = parts_of_file(written(tmp_path, WHOLE), "saved.msg", tmp_path / "work")
    assert [part.name for part in parts] == ["saved.msg > text", "saved.msg > scan.pdf"]


@pytest.mark.parametrize(
    ("body", "kind", "content"),
    [
        ([made.octets(0x1013, "<p>Grüße".encode())], "text/html", "<p>Grüße".encode()),
        ([made.words(0x1013, "<p>Grüße")], "text/html", "<p>Grüße".encode()),
        ([made.octets(0x1009, literal_rtf(rb"{\rtf1\pard Hello}"))], "application/rtf", rb"{\rtf1\pard Hello}"),
        ([made.words(0x1000, "Привет, Иван!", "cp1251")], "text/plain", "Привет, Иван!".encode()),
        ([made.words(0x1000, " "), made.octets(0x1013, b"<p>rich")], "text/html", b"<p>rich"),
    ],
    ids=["html", "html-in-a-string", "rtf", "code-page", "blank-plain"],
)
def test_the_text_is_found_in_every_form(
    tmp_path: Path, body: list[tuple[str, bytes]], kind: str, content: bytes
) -> None:
    found = read_msg(written(tmp_path, made.outlook_mail("x", body)))
    assert (found.body_type, found.body) == (kind, content)


def test_html_has_the_charset_that_the_mail_names(tmp_path: Path) -> None:
    assert read_msg(written(tmp_path, made.outlook_mail("x", [made.octets(0x1013, b"<p>a")]))).charset == "utf-8"


def test_a_large_attachment_is_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000
    [one] = read_msg(written(tmp_path, made.outlook_mail("x", PLAIN, made.attached("a.bin", content)))).attachments
    assert (one.name, one.content == content) == ("a.bin", True)


def test_mails_within_are_followed_in_order(tmp_path: Path) -> None:
    inner = made.mail_tree("Inner", PLAIN, made.attached("deep.pdf", PDF), header=24)
    outer = made.outlook_mail("Outer", PLAIN, made.enclosed("Inner", inner), made.attached("last.pdf", PDF))

    parts = opened(tmp_path, outer)

    assert names(parts) == [
        "saved.msg > text",
        "saved.msg > Inner > text",
        "saved.msg > Inner > deep.pdf",
        "saved.msg > last.pdf",
    ]
    assert parts.attachments[2].within == (1, 1)
    assert "Subject: Inner" in parts.attachments[1].path.read_text()


def test_too_deep_a_mail_is_too_large(tmp_path: Path) -> None:
    inner = made.mail_tree("0", PLAIN, header=24)
    for number in range(1, 12):
        inner = made.mail_tree(str(number), PLAIN, made.enclosed("m", inner), header=24)

    parts = opened(tmp_path, made.outlook_mail("top", PLAIN, made.enclosed("m", inner)), depth=Depth(mails=3))

    assert [part.trouble for part in parts.attachments] == [None, None, None, Reason.TOO_LARGE]


def test_a_signed_mail_is_what_was_signed(tmp_path: Path) -> None:
    signed = mail("Signed words").as_bytes()
    kept = made.attached("smime.p7m", signed, made.words(0x370E, "multipart/signed"))

    parts = opened(tmp_path, made.outlook_mail("x", [], kept))

    assert "Signed words" in parts.attachments[-1].path.read_text()


@pytest.mark.parametrize("stream", ["CONTENTS", "Package"])
def test_a_file_in_a_programs_object_is_faxed(tmp_path: Path, stream: str) -> None:
    parts = opened(tmp_path, made.outlook_mail("x", PLAIN, made.enclosed("Sheet", {stream: PDF}, made.OLE_OBJECT)))
    assert parts.attachments[1].path.read_bytes() == PDF


def test_an_object_that_nothing_opens_is_listed(tmp_path: Path) -> None:
    parts = opened(tmp_path, made.outlook_mail("x", PLAIN, made.enclosed("Ink", {"\x03Ink": b"z"}, made.OLE_OBJECT)))
    assert names(parts) == ["saved.msg > text"]
    assert [one.reason for one in parts.left_out] == [LeftOutReason.INLINE_PICTURE]


@pytest.mark.parametrize("end", [600, 1100, len(WHOLE) // 2])
def test_what_is_cut_off_is_corrupt_by_name(tmp_path: Path, end: int) -> None:
    [part] = opened(tmp_path, WHOLE[:end]).attachments
    assert part.name == "saved.msg"
    assert part.trouble is Reason.CORRUPT or sniff(Document(part.path, "", part.name)) is Format.UNKNOWN


def test_times_beyond_every_calendar_are_left_out(tmp_path: Path) -> None:
    tree = {**made.mail_tree("x", PLAIN), **dict([made.fixed(32, (64, 0x0039, 2**64 - 1))])}
    assert "Date" not in dict(read_msg(written(tmp_path, made.compound(tree))).heading)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(place=st.integers(0, len(WHOLE) - 1), noise=st.binary(min_size=1, max_size=40))
def test_no_damage_raises_anything_but_a_mail_error(tmp_path: Path, place: int, noise: bytes) -> None:
    try:
        read_msg(written(tmp_path, WHOLE[:place] + noise + WHOLE[place + len(noise) :]))
    except MailError:
        return
