"""The notice that carries a preview: its words, its PDF, its place among the notices; and the pages in the PDF."""

import email
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pikepdf
import pytest

from gateway.domain.addresses import Destination
from gateway.domain.job import Job, JobState
from gateway.domain.submission import PartPages, RefusedRecipient
from gateway.line_pages import line_pages, write_preview
from gateway.mail.messages import NoticeFacts, Preview, Voice, initial_success
from gateway.mail.notice_mail import Notice
from renderers.faxpage import FaxPage, Resolution, write_tiff

NOW = datetime(2026, 3, 2, 15, 4, tzinfo=UTC)
JOB = Job(
    1, "K7P2QX", 7, 1, Destination("+12025550123"), JobState.ACCEPTED, NOW, NOW, NOW + timedelta(hours=3), pages=3
)
FACTS = NoticeFacts(
    recipient="ann@corp.example",
    voice=Voice("Fax gateway", "postmaster@fax.example", "fax.example"),
    submission_id=7,
    received=NOW,
    written=NOW,
    jobs=(JOB,),
    parts=(PartPages("attachment 1 (PDF)", 2),),
)
WHOLE = Preview(b"%PDF-1.7 pages", 3, 3)


def parsed(notice: Notice) -> EmailMessage:
    message = email.message_from_bytes(notice.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(notice: Notice) -> str:
    body = parsed(notice).get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def page(rows: int = 100) -> FaxPage:
    """A page whose picture nobody looks at."""
    return FaxPage(1728, rows, Resolution.FINE, b"\x00" * 100)


def test_a_preview_says_that_nothing_was_sent_and_what_to_do() -> None:
    told = text_of(initial_success(FACTS, WHOLE))

    assert "This is how your fax would look. Nothing was sent, because you asked for a preview." in told
    assert "Send your mail again without %{Preview} to have it faxed." in told
    assert "What would be sent Fax number Job Pages +1 202 555 0123 K7P2QX 3" in told
    assert "Please note" not in told


def test_the_pdf_stands_behind_the_words_under_a_name_of_its_own() -> None:
    message = parsed(initial_success(FACTS, WHOLE))

    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds[:5] == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"]
    document, _for_programs = message.iter_attachments()
    assert (document.get_filename(), document.get_content()) == ("preview.pdf", WHOLE.pdf)
    assert [part["MIME-Version"] for part in message.walk()].count("1.0") <= 2


def test_the_same_preview_makes_the_same_octets_in_lines_that_relays_take() -> None:
    first, second = (initial_success(FACTS, WHOLE) for _ in range(2))

    assert first == second
    assert first.message_id == initial_success(FACTS).message_id  # it is the initial notice
    assert all(len(line) <= 998 for line in first.message.split(b"\r\n"))


def test_a_preview_that_was_cut_says_how_much_it_has() -> None:
    told = text_of(initial_success(FACTS, replace(WHOLE, shown=2)))

    assert "Please note: the PDF holds the first 2 of 3 pages: all are too large" in told


def test_a_notice_without_a_preview_has_no_attachment_for_people() -> None:
    assert [part.get_filename() for part in parsed(initial_success(FACTS)).iter_attachments()] == ["notice.json"]
    assert "Your fax was accepted and is on its way." in text_of(initial_success(FACTS))


def test_a_later_start_is_told_with_words_of_its_own() -> None:
    told = text_of(initial_success(replace(FACTS, start=NOW + timedelta(hours=5))))

    assert "Your fax was accepted and is sent at the time you asked for." in told
    assert "First call: not before 03-02-2026 8:04 PM" in told


def test_recipients_that_were_refused_are_told_beside_those_that_were_taken() -> None:
    refused = RefusedRecipient(
        "911@fax.example", "550 5.7.1 not permitted: emergency and service numbers take no faxes"
    )

    told = text_of(initial_success(replace(FACTS, refused=(refused,))))

    assert "What will be sent Fax number Job Pages +1 202 555 0123 K7P2QX 3" in told
    assert "Not sent Recipient Why 911 not permitted: emergency and service" in told


@pytest.mark.parametrize(("most", "shown"), [(0, 1), (99, 1), (100, 1), (200, 2), (299, 2), (300, 3), (10_000, 3)])
def test_a_preview_has_as_many_pages_as_fit_and_at_least_one(tmp_path: Path, most: int, shown: int) -> None:
    target = tmp_path / "preview.pdf"

    assert write_preview(target, [page()] * 3, most) == shown
    with pikepdf.open(target) as book:
        assert len(book.pages) == shown


def test_pages_of_several_files_follow_one_another(tmp_path: Path) -> None:
    cover, document = tmp_path / "cover.tif", tmp_path / "document.tif"
    write_tiff(cover, [page(50)])
    write_tiff(document, [page(60), page(70)])

    assert [one.rows for one in line_pages([cover, document], "")] == [50, 60, 70]
