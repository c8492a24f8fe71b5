"""From a mail on disk to pages on disk: which parts become pages, which go on the cover, and what is to blame."""

import io
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest

from coverpages.cover import Cover, shipped
from gateway.domain.cover_rules import CoverRule
from gateway.domain.errors import RefusedError, UnavailableError
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages
from gateway.files import FileOrder, Targets, lay_out_files
from gateway.mail.notice_facts import FailedPart, Problem
from gateway.mail.wording import TEXT_OFF
from gateway.pages import CoverWish, MailFailure, MailOrder, MailPages, lay_out_mail
from gateway.part_troubles import in_work
from renderers.errors import Reason, RenderError
from renderers.faxpage import Resolution, read_tiff
from renderers.libtiff import decode_page
from tests.flows.letters import SAMPLES, corrupt_pdf, locked_pdf, mail, pdf, picture, unknown

pytestmark = pytest.mark.slow  # it renders, mail after mail

BODY = "text of the mail"
ON_COVER = PartPages(BODY, 0, "on the cover page")
FIELDS = {"sender": "Anna Smith", "recipient_number": "+12025550101", "subject": "Offer"}


def wish(behavior: str = "none", token: str | None = None, job_id: int = 1) -> CoverWish:
    return CoverWish(job_id, CoverRule(behavior, "plain"), token, shipped()["plain"], FIELDS)


def laid_out(
    folder: Path, message: EmailMessage, *wishes: CoverWish, most: int = 50, **more: Any
) -> MailPages | MailFailure:
    """The pages of a mail, for one job without a cover when nothing is wished."""
    path, work = folder / "mail.eml", folder / "work"
    path.write_bytes(message.as_bytes())
    work.mkdir()
    return lay_out_mail(MailOrder(path, work, "standard", "letter", most, wishes or (wish(),), **more))


def made(folder: Path, message: EmailMessage, *wishes: CoverWish) -> MailPages:
    pages = laid_out(folder, message, *wishes)
    assert isinstance(pages, MailPages), pages
    return pages


def failed(folder: Path, message: EmailMessage, *wishes: CoverWish, most: int = 50) -> MailFailure:
    failure = laid_out(folder, message, *wishes, most=most)
    assert isinstance(failure, MailFailure), failure
    return failure


def black(tiff: Path | None) -> float:
    """The share of black on the first page."""
    assert tiff is not None
    page = read_tiff(tiff)[0]
    return float(np.unpackbits(decode_page(tiff, 0, page.width, page.rows)).mean())


# What becomes pages.


def test_blank_pages_at_an_end_are_left_out_and_told(tmp_path: Path) -> None:
    book = pikepdf.open(io.BytesIO(pdf(2)[0]))
    book.add_blank_page()
    book.add_blank_page()
    book.save(tmp_path / "offer.pdf")
    attachment = (tmp_path / "offer.pdf").read_bytes(), "application/pdf", "offer.pdf"
    pages = made(tmp_path, mail("", attachments=[attachment, pdf(1, "second.pdf")]))
    assert [(part.pages, part.left_out) for part in pages.parts] == [
        (2, ""), (1, ""), (0, "2 blank pages at its end left out"),
    ]  # fmt: skip
    assert pages.pages == 3


def test_body_and_attachments_become_pages_in_their_order(tmp_path: Path) -> None:
    pages = made(tmp_path, mail(attachments=[pdf(2), (picture(300, 300), "image/png", "plan.png"), pdf(1)]))

    assert pages.parts == (
        PartPages(BODY, 1),
        PartPages("attachment 1 (PDF)", 2),
        PartPages("attachment 2 (PNG picture)", 1),
        PartPages("attachment 3 (PDF)", 1),
    )
    assert pages.tiff is not None
    sheets = read_tiff(pages.tiff)
    assert len(sheets) == pages.pages == 5
    assert {sheet.resolution for sheet in sheets} == {Resolution.STANDARD}


def test_a_mail_without_a_body_is_its_attachments(tmp_path: Path) -> None:
    assert made(tmp_path, mail(" \n", attachments=[pdf(1)])).parts == (PartPages("attachment 1 (PDF)", 1),)


def test_html_alone_is_laid_out(tmp_path: Path) -> None:
    pages = made(tmp_path, mail(None, html="<h1>Offer</h1><p>Dear all,</p>"))

    assert (pages.pages, pages.parts) == (1, (PartPages(BODY, 1),))


def test_a_logo_beside_plain_text_is_left_out_and_listed(tmp_path: Path) -> None:
    message = mail(html='<p>Dear all</p><img src="cid:logo@x">', pictures=[("logo@x", picture(120, 40))])

    pages = made(tmp_path, message)

    assert pages.parts[0] == PartPages(BODY, 1)
    assert pages.parts[1].name == "inside the mail (PNG picture)"
    assert pages.parts[1].left_out == "signature image, not faxed"


def test_a_large_picture_in_the_html_is_faxed_with_it(tmp_path: Path) -> None:
    html = '<p>The site:</p><img src="cid:plan@x" width="600">'

    pages = made(tmp_path, mail("The site:", html=html, pictures=[("plan@x", picture(900, 900))]))

    assert pages.parts == (PartPages(BODY, 1),)
    assert black(pages.tiff) > 0.2  # words alone would be far below


def test_contact_cards_are_left_out_and_listed(tmp_path: Path) -> None:
    card = (b"BEGIN:VCARD\nFN:Anna\nEND:VCARD\n", "text/vcard", "anna.vcf")

    pages = made(tmp_path, mail(attachments=[card]))

    assert [part.name for part in pages.parts] == [BODY, "inside the mail (contact card)"]


def test_a_fax_that_was_received_goes_out_as_it_is(tmp_path: Path) -> None:
    fax = (SAMPLES / "documents" / "received-fax.tif").read_bytes()

    pages = made(tmp_path, mail("", attachments=[(fax, "image/tiff", "in.tif")]))

    assert pages.parts[0].name == "attachment 1 (TIFF)"
    assert pages.parts[0].pages == pages.pages > 0


# Covers: behaviour by token; what is wished and what comes of it, as (own pages, body on the cover, note).

COVERED, BARE, TOLD = (1, True), (0, False), "left out"
RULES = [
    ("automatic", None, COVERED),
    ("automatic", "on", COVERED),
    ("automatic", "medical", COVERED),
    ("on-demand", None, BARE),
    ("on-demand", "on", COVERED),
    ("on-demand", "medical", COVERED),
    ("on-demand", "off", BARE),
    ("with-body-text", None, COVERED),
    ("with-body-text", "on", COVERED),
    ("with-body-text", "off", BARE),
    ("none", None, BARE),
    ("none", "off", BARE),
]


@pytest.mark.parametrize(("behavior", "token", "expected"), RULES)
def test_behaviour_and_token_decide_on_the_cover(
    tmp_path: Path, behavior: str, token: str | None, expected: tuple[int, bool]
) -> None:
    pages = made(tmp_path, mail("Dear all"), wish(behavior, token))

    cover = pages.covers[1]
    assert (cover.pages, ON_COVER in pages.parts) == expected
    assert (cover.tiff is not None, pages.tiff is None) == (bool(expected[0]), expected[1])
    assert cover.note == ""


@pytest.mark.parametrize("token", ["on", "medical"])
def test_a_cover_that_is_switched_off_is_told_of(tmp_path: Path, token: str) -> None:
    cover = made(tmp_path, mail("Dear all"), wish("none", token)).covers[1]

    assert (cover.pages, cover.tiff) == (0, None)
    assert "covers are switched off" in cover.note


def test_an_automatic_cover_cannot_be_refused(tmp_path: Path) -> None:
    failure = failed(tmp_path, mail(), wish("automatic", "off"))

    assert failure.outcome is Outcome.GENERAL_ERROR
    assert "always sent for you" in failure.detail


def test_a_cover_that_is_gone_fails_the_mail(tmp_path: Path) -> None:
    gone = CoverWish(1, CoverRule("automatic", "plain"), "gala", None, FIELDS, "no cover page 'gala'")

    failure = failed(tmp_path, mail(), gone)

    assert (failure.outcome, failure.detail) == (Outcome.GENERAL_ERROR, "no cover page 'gala'")


def test_a_cover_of_a_gateway_that_knew_other_fields_fails_the_mail(tmp_path: Path) -> None:
    old = Cover("gala", "Gala", "", "letter", "<p>{{ pager }}</p>")

    failure = failed(tmp_path, mail(), CoverWish(1, CoverRule("automatic", "gala"), None, old, FIELDS))

    assert failure.outcome is Outcome.GENERAL_ERROR
    assert "the cover page 'gala' cannot be used: line 1: unknown field 'pager'" in failure.detail


def test_a_cover_that_is_gone_is_no_matter_where_none_is_sent(tmp_path: Path) -> None:
    gone = CoverWish(1, CoverRule("on-demand", "gala"), None, None, FIELDS, "no cover page 'gala'")

    assert made(tmp_path, mail("Dear all"), gone).covers[1].pages == 0


def test_without_body_text_there_is_no_cover_with_body_text(tmp_path: Path) -> None:
    assert made(tmp_path, mail("", attachments=[pdf()]), wish("with-body-text")).covers[1].pages == 0


def test_html_stays_on_pages_of_its_own_behind_the_cover(tmp_path: Path) -> None:
    pages = made(tmp_path, mail(None, html="<p>Dear all</p>"), wish("automatic"))

    assert (pages.covers[1].pages, pages.pages, pages.parts) == (1, 1, (PartPages(BODY, 1),))


def test_a_cover_may_be_all_there_is(tmp_path: Path) -> None:
    pages = made(tmp_path, mail("Dear all"), wish("automatic"))

    assert (pages.tiff, pages.pages, pages.covers[1].pages) == (None, 0, 1)


def test_a_long_body_runs_over_to_more_cover_pages(tmp_path: Path) -> None:
    pages = made(tmp_path, mail("A line of the letter.\n" * 150), wish("automatic"))

    cover = pages.covers[1]
    assert cover.tiff is not None
    assert cover.pages == len(read_tiff(cover.tiff)) > 1


def test_when_one_job_has_no_cover_the_body_is_a_page_for_all(tmp_path: Path) -> None:
    pages = made(tmp_path, mail("Dear all"), wish("on-demand", "on", 1), wish("on-demand", None, 2))

    assert (pages.covers[1].pages, pages.covers[2].pages) == (1, 0)
    assert pages.parts == (PartPages(BODY, 1),)


def test_each_job_has_a_cover_with_its_own_words(tmp_path: Path) -> None:
    other = replace(wish("automatic", job_id=2), fields={**FIELDS, "recipient_number": "+12025550199"})

    covers = made(tmp_path, mail("Dear all"), wish("automatic"), other).covers

    first, second = (covers[job].tiff for job in (1, 2))
    assert first is not None
    assert second is not None
    assert first.read_bytes() != second.read_bytes()


# What cannot be faxed.


@pytest.mark.parametrize(
    ("attachment", "name", "words"),
    [
        (corrupt_pdf(), "broken.pdf", "damaged"),
        (unknown(), "tool.xyz", "of a kind that cannot be faxed"),
        (locked_pdf(), "locked.pdf", "password"),
        ((b"", "application/pdf", "empty.pdf"), "empty.pdf", "nothing in it"),
    ],
    ids=["corrupt", "unknown", "encrypted", "empty"],
)
def test_a_bad_attachment_fails_the_mail_and_is_named(
    tmp_path: Path, attachment: tuple[bytes, str, str], name: str, words: str
) -> None:
    failure = failed(tmp_path, mail(attachments=[pdf(), attachment]))

    assert failure.outcome is Outcome.INVALID_ATTACHMENT
    [part] = failure.failed
    assert (part.position, part.name) == (2, name)
    assert words in part.reason


@pytest.mark.parametrize(
    ("attachment", "media_type", "label"),
    [
        ((corrupt_pdf()[0], "application/pdf", ""), "application/pdf", "attachment 2 (PDF)"),
        ((corrupt_pdf()[0], "application/octet-stream", ""), "application/pdf", "attachment 2 (PDF)"),
        ((b"PK\3\4rest", "application/octet-stream", ""), "application/zip", "attachment 2 (archive)"),
        ((unknown()[0], "application/octet-stream", ""), "application/octet-stream", "attachment 2 (file)"),
    ],
    ids=["declared", "sniffed", "archive", "unknown"],
)
def test_a_bad_attachment_without_a_name_is_called_by_its_label(
    tmp_path: Path, attachment: tuple[bytes, str, str], media_type: str, label: str
) -> None:
    failure = failed(tmp_path, mail(attachments=[pdf(), attachment]))

    [part] = failure.failed
    assert (part.name, part.media_type) == ("", media_type)
    assert part.label == label
    assert part.reason.startswith("it is ")


def test_two_parts_without_names_are_told_apart_when_one_goes_over(tmp_path: Path) -> None:
    failure = failed(tmp_path, mail("", attachments=[pdf(2, ""), pdf(4, "")]), most=5)

    assert [part.position for part in failure.failed] == [2]
    assert failure.failed[0].reason.startswith("it has more pages")


def test_mere_octets_are_called_by_what_they_are(tmp_path: Path) -> None:
    octets = "application/octet-stream"
    attachments = [(pdf()[0], octets, "scan.bin"), (picture(300, 300), octets, ""), (b"plain words\n", octets, "")]

    pages = made(tmp_path, mail("", attachments=attachments))

    labels = [part.name for part in pages.parts]
    assert labels == ["attachment 1 (PDF)", "attachment 2 (picture)", "attachment 3 (text)"]


def test_every_bad_attachment_is_named(tmp_path: Path) -> None:
    failure = failed(tmp_path, mail(attachments=[corrupt_pdf("a.pdf"), pdf(), unknown("b.xyz")]))

    assert [(part.position, part.name) for part in failure.failed] == [(1, "a.pdf"), (3, "b.xyz")]


def test_too_many_pages_are_refused_by_the_part_that_goes_over(tmp_path: Path) -> None:
    failure = failed(tmp_path, mail("", attachments=[pdf(2, "a.pdf"), pdf(4, "b.pdf")]), most=5)

    assert failure.outcome is Outcome.INVALID_ATTACHMENT
    assert (failure.failed[0].position, failure.failed[0].name) == (2, "b.pdf")
    assert "more pages than may be faxed" in failure.failed[0].reason


def test_a_mail_of_nothing_is_no_attachment(tmp_path: Path) -> None:
    card = (b"BEGIN:VCARD\nEND:VCARD\n", "text/vcard", "anna.vcf")

    failure = failed(tmp_path, mail(" ", attachments=[card]), wish("automatic"))

    assert (failure.outcome, failure.failed) == (Outcome.NO_ATTACHMENT, ())
    assert failure.left_out[0].left_out == "contact card, not faxed"


def test_a_mail_that_cannot_be_taken_apart_says_why(tmp_path: Path) -> None:
    failure = failed(tmp_path, mail(attachments=[(b"x", "text/plain", "x.txt")] * 500))

    assert failure.outcome is Outcome.INVALID_ATTACHMENT
    assert "more than 500 parts" in failure.failed[0].reason


@pytest.mark.parametrize(
    ("attachment", "problem"),
    [
        (corrupt_pdf(), Problem.CORRUPT),
        (unknown(), Problem.UNKNOWN_TYPE),
        (locked_pdf(), Problem.ENCRYPTED),
        ((b"-----BEGIN PGP MESSAGE-----\n", "application/octet-stream", "x.asc1"), Problem.ENCRYPTED),
        ((b"0\x80secret", "application/pkcs7-mime", "smime.p7m"), Problem.ENCRYPTED),
        ((b"", "application/pdf", "empty.pdf"), Problem.CORRUPT),
        (pdf(9, "long.pdf"), Problem.TOO_MANY_PAGES),
    ],
    ids=lambda value: value.value if isinstance(value, Problem) else "",
)
def test_a_bad_part_has_exactly_one_of_the_problems(
    tmp_path: Path, attachment: tuple[bytes, str, str], problem: Problem
) -> None:
    failure = failed(tmp_path, mail(attachments=[pdf(), attachment]), most=5)

    assert [(part.name, part.problem) for part in failure.failed] == [(attachment[2], problem)]


def test_the_rest_is_sent_where_the_level_says_so(tmp_path: Path) -> None:
    message = mail(attachments=[corrupt_pdf(), pdf(2), pdf(9, "long.pdf"), (b"x", "text/plain", "a.txt")])

    pages = laid_out(tmp_path, message, most=5, partial=True)

    assert isinstance(pages, MailPages)
    assert [(part.name, part.pages, part.left_out) for part in pages.parts] == [
        (BODY, 1, ""),
        ("attachment 2 (PDF)", 2, ""),
        ("attachment 4 (text)", 1, ""),
        ("attachment 1 (PDF)", 0, "NOT SENT: corrupt"),
        ("attachment 3 (PDF)", 0, "NOT SENT: too many pages"),
    ]


@pytest.mark.parametrize("attachments", [[corrupt_pdf()], [corrupt_pdf(), unknown()], [pdf(9)]], ids=len)
def test_when_no_part_is_left_to_send_the_mail_fails(tmp_path: Path, attachments: list[tuple[bytes, str, str]]) -> None:
    failure = laid_out(tmp_path, mail(" ", attachments=attachments), most=5, partial=True)

    assert isinstance(failure, MailFailure)
    assert (failure.outcome, len(failure.failed)) == (Outcome.INVALID_ATTACHMENT, len(attachments))


def test_a_part_that_ended_the_process_before_is_not_tried_again(tmp_path: Path) -> None:
    before = FailedPart(1, "application/pdf", "bomb.pdf", "It took too long.", Problem.TOO_LONG)

    pages = laid_out(tmp_path, mail(attachments=[pdf(3), pdf(1)]), partial=True, given_up=(before,))

    assert isinstance(pages, MailPages)
    assert [(part.pages, part.left_out) for part in pages.parts] == [(1, ""), (1, ""), (0, "NOT SENT: took too long")]


def test_the_part_in_work_is_noted(tmp_path: Path) -> None:
    made(tmp_path, mail(attachments=[pdf(1, "a.pdf"), pdf(1, "b.pdf")]))

    part = in_work(tmp_path / "work", RenderError(Reason.CRASHED, "the document"))

    assert part is not None
    assert (part.position, part.name) == (2, "b.pdf")


def test_text_that_is_switched_off_is_not_faxed_and_said_so(tmp_path: Path) -> None:
    pages = laid_out(tmp_path, mail("Dear all", attachments=[pdf()]), wish("automatic"), with_text=False)

    assert isinstance(pages, MailPages)
    assert pages.parts == (PartPages("attachment 1 (PDF)", 1), PartPages(BODY, 0, "switched off, not faxed"))


@pytest.mark.parametrize(("text", "detail"), [("Dear all", TEXT_OFF), (" ", "")])
def test_a_mail_of_text_alone_says_when_text_is_off(tmp_path: Path, text: str, detail: str) -> None:
    failure = laid_out(tmp_path, mail(text), with_text=False)

    assert isinstance(failure, MailFailure)
    assert (failure.outcome, failure.detail) == (Outcome.NO_ATTACHMENT, detail)


def test_parts_of_a_mail_within_are_told_apart(tmp_path: Path) -> None:
    outer = mail()
    outer.add_attachment(mail("inside", attachments=[pdf(2), corrupt_pdf()]), filename="fwd.eml")

    pages = laid_out(tmp_path, outer, partial=True)

    assert isinstance(pages, MailPages)
    assert [part.name for part in pages.parts] == [
        BODY, "attachment 1 (mail)", "attachment 1.1 (PDF)", "attachment 1.2 (PDF)"
    ]  # fmt: skip


def test_pages_of_tiny_print_are_told_by_their_number(tmp_path: Path) -> None:
    small = "<p style='font-size: 3pt'>" + "Terms that nobody is meant to read. " * 40

    pages = made(tmp_path, mail("Large enough.", attachments=[(small.encode(), "text/html", "terms.html")]))

    assert [warning[:33] for warning in pages.warnings] == ["Page 2 of the document is in prin"]


def test_dark_pages_and_the_time_on_the_line_are_told(tmp_path: Path) -> None:
    pages = made(tmp_path, mail("", attachments=[(picture(1728, 2200), "image/png", "dark.png")]))

    assert pages.warnings[0].startswith("Page 1 of the document is very dark")


# Files without a mail.


def order(folder: Path, *files: Path, most: int = 50) -> FileOrder:
    return FileOrder(files, Targets(folder / "out.tif", folder / "out.pdf"), "fine", "letter", most)


def written(folder: Path, content: bytes, name: str) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_files_become_one_tiff_and_one_pdf(tmp_path: Path) -> None:
    files = [written(tmp_path, pdf(2)[0], "a.pdf"), written(tmp_path, b"plain words\n", "b.txt")]

    made = lay_out_files(order(tmp_path, *files), 30, 2_000_000_000)

    assert (made.cover, made.files, made.notes, made.warnings) == (0, (2, 1), ("", ""), ())
    assert made.line_seconds == round(sum(len(page.mmr) for page in read_tiff(tmp_path / "out.tif")) * 8 / 14400)
    assert 0 < made.cpu_seconds < 10
    assert len(read_tiff(tmp_path / "out.tif")) == 3
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")


def test_a_bad_file_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    files = [written(tmp_path, pdf()[0], "a.pdf"), written(tmp_path, corrupt_pdf()[0], "b.pdf")]

    with pytest.raises(RefusedError, match=r"b\.pdf.*damaged.*Nothing was written"):
        lay_out_files(order(tmp_path, *files), 30, 2_000_000_000)

    assert not (tmp_path / "out.tif").exists()


def test_relative_paths_are_those_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, pdf()[0], "a.pdf")

    lay_out_files(FileOrder((Path("a.pdf"),), Targets(Path("o.tif")), "fine", "a4", 50), 30, 2_000_000_000)

    assert (tmp_path / "o.tif").exists()


@pytest.mark.parametrize(("source", "target"), [("gone.pdf", "out"), ("a.pdf", "no/such/folder")])
def test_a_path_that_cannot_be_used_is_named(tmp_path: Path, source: str, target: str) -> None:
    written(tmp_path, pdf()[0], "a.pdf")
    asked = FileOrder((tmp_path / source,), Targets(tmp_path / target / "o.tif"), "fine", "letter", 50)

    with pytest.raises(UnavailableError, match=r"No such file or directory; check the path"):
        lay_out_files(asked, 30, 2_000_000_000)
