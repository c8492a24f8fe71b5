"""Mails with received faxes, against tests/golden/received_*.txt: what people read, and what else is in them."""

import email
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.dates import DateStyle
from gateway.domain.notice_templates import Dress, NoticeTemplate
from gateway.domain.received import ReceivedFax, ReceivedState
from gateway.mail.notice_facts import Voice
from gateway.mail.received_mail import KIND, Brought, FaxFile, Load, body_of, head_fields, message_id, subject_of

GOLDEN = Path(__file__).parents[1] / "golden"
STARTED = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
WHOM = "ben@acme.example"
FAX = ReceivedFax(
    id=1,
    public_id="R0K3F9",
    call_uid="call-1",
    number="+12065550142",
    caller="+13125550147",
    remote_id="ACME <b>312</b>",
    sub_address="42",
    user_id=7,
    state=ReceivedState.RECEIVED,
    started=STARTED,
    ended=STARTED + timedelta(seconds=73),
    pages=3,
    tiff_digest="0" * 64,
    cause="done",
    rate=14400,
    ecm=True,
)
PARTIAL = replace(FAX, state=ReceivedState.PARTIAL, cause="line dropped", bad_rows=12, ecm=False)
VOICE = Voice("Fax gateway", "postmaster@fax.example", "fax.example")
DATES = DateStyle("Europe/Berlin", "dd.MM.yyyy", "HH:mm", show_zone=True)
BROUGHT = Brought(FAX, "Ben Jones", VOICE, STARTED + timedelta(seconds=75), DATES)
FILE = FaxFile("fax-R0K3F9.pdf", "application/pdf", b"%PDF-1.7\n" * 30, 1, 3)
WHOLE = Load(1, 1, 1, 3, (FILE,))
MAILS: dict[str, tuple[Brought, Load]] = {
    "whole": (BROUGHT, WHOLE),
    "withheld": (replace(BROUGHT, fax=replace(FAX, caller="", pages=1)), replace(WHOLE, pages=1)),
    "partial_full": (
        replace(BROUGHT, fax=PARTIAL, full=True),
        replace(WHOLE, metadata=("fax-R0K3F9-incomplete.xml", b"<fax/>")),
    ),
    "again": (replace(BROUGHT, resubmission=2), WHOLE),
    "part": (BROUGHT, Load(2, 3, 2, 1, (FILE,))),
    "too_large": (BROUGHT, Load(3, 3, 3, 1, most=1_234_567)),
}


def written(name: str, whom: str = WHOM) -> bytes:
    brought, load = MAILS[name]
    body = body_of(brought, load)
    return body.head(tuple(head_fields(brought, load, whom))) + body.part.body


def parsed(name: str) -> EmailMessage:
    message = email.message_from_bytes(written(name), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def readable(message: EmailMessage) -> str:
    """Headers, the text, and the names of the files."""
    headers = "\n".join(f"{name}: {value}" for name, value in message.items() if name != "Content-Type")
    files = "\n".join(f"[{part.get_content_type()} {part.get_filename()}]" for part in message.iter_attachments())
    return f"{headers}\n\n{text_of(message)}\n{files}".strip()


@pytest.mark.parametrize("name", MAILS)
def test_mails_read_as_the_golden_ones(name: str) -> None:
    expected = (GOLDEN / f"received_{name}.txt").read_text("utf-8").strip()

    assert readable(parsed(name)) == expected


@pytest.mark.parametrize("name", MAILS)
def test_the_html_says_the_same_and_asks_nothing_of_the_network(name: str) -> None:
    message = parsed(name)
    html = text_of(message, "html")

    shown = re.sub(r"<[^>]+>", " ", html.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'"))
    assert not re.search(r"\b(src|href|background)=|url\(|<script", html)
    assert set(re.findall(r"\w+", text_of(message))) <= set(re.findall(r"\w+", shown)) | {"b"}


def test_what_a_machine_calls_itself_is_no_markup() -> None:
    html = text_of(parsed("partial_full"), "html")

    assert "ACME &lt;b&gt;312&lt;/b&gt;" in html


def test_a_minimal_mail_tells_nothing_of_the_machine_at_the_other_end() -> None:
    raw = written("whole").decode()

    assert "ACME" not in raw
    assert "14400" not in raw


def test_a_machine_sent_it_and_no_machine_need_answer() -> None:
    message = parsed("whole")

    assert message["Auto-Submitted"] == "auto-generated"  # RFC 3834 5
    assert message["X-Fax-Received"] == "R0K3F9"


def test_the_file_comes_as_it_is() -> None:
    [file] = parsed("whole").iter_attachments()

    assert (file.get_content_type(), file.get_filename()) == ("application/pdf", "fax-R0K3F9.pdf")
    assert file.get_content() == FILE.content


def test_later_parts_follow_the_first() -> None:
    first, second = (dict(head_fields(BROUGHT, Load(part, 3, part, 1, (FILE,)), WHOM)) for part in (1, 2))

    assert "In-Reply-To" not in first
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"] != second["Message-ID"]


DIFFERENT: list[Callable[[], str]] = [
    lambda: message_id(BROUGHT, 1, WHOM),
    lambda: message_id(BROUGHT, 2, WHOM),
    lambda: message_id(BROUGHT, 1, "anna@acme.example"),
    lambda: message_id(replace(BROUGHT, resubmission=1), 1, WHOM),
    lambda: message_id(replace(BROUGHT, fax=replace(FAX, public_id="R0K3FA")), 1, WHOM),
]


def test_each_mail_has_an_identity_that_a_second_making_has_too() -> None:
    first, second = ([make() for make in DIFFERENT] for _ in range(2))

    assert first == second
    assert len(set(first)) == len(DIFFERENT)
    assert all(re.fullmatch(r"<[!-~]+@fax\.example>", name) for name in first)


def test_the_body_is_the_same_for_all_who_get_it() -> None:
    body = body_of(*MAILS["whole"])

    heads = [body.head(tuple(head_fields(BROUGHT, WHOLE, whom))) for whom in (WHOM, "anna@acme.example")]
    assert heads[0] != heads[1]
    assert written("whole") == heads[0] + body.part.body


@given(st.text(max_size=25), st.text(max_size=20))
def test_whatever_a_far_end_says_of_itself_the_mail_can_be_read(remote_id: str, cause: str) -> None:
    brought = replace(BROUGHT, fax=replace(PARTIAL, remote_id=remote_id, cause=cause), full=True)
    body = body_of(brought, WHOLE)

    raw = body.head(tuple(head_fields(brought, WHOLE, WHOM))) + body.part.body
    message = email.message_from_bytes(raw, policy=policy.default)
    assert message["To"] == WHOM
    assert [part.get_filename() for part in message.iter_attachments()] == ["fax-R0K3F9.pdf"]  # type: ignore[attr-defined]
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_a_caller_that_no_plan_knows_is_told_as_the_network_said() -> None:
    brought = replace(BROUGHT, fax=replace(FAX, caller="0815"))

    assert subject_of(brought, WHOLE) == "Fax from 0815: 3 pages (fax R0K3F9)"


PERL = "use MIME::Parser; my $p = MIME::Parser->new; $p->output_to_core(1); $p->parse(\\*STDIN)->dump_skeleton;"


def perl_reads_mime() -> bool:
    perl = shutil.which("perl")
    return (
        bool(perl)
        and not subprocess.run([str(perl), "-MMIME::Parser", "-e1"], check=False, capture_output=True).returncode
    )


@pytest.mark.skipif(not perl_reads_mime(), reason="no MIME::Parser: apt-get install libmime-tools-perl")
@pytest.mark.parametrize("name", MAILS)
def test_another_parser_finds_the_same_parts(name: str) -> None:
    done = subprocess.run(["perl", "-e", PERL], input=written(name), check=True, capture_output=True)

    kinds = re.findall(r"Content-type: (\S+)", done.stdout.decode())
    assert kinds == [part.get_content_type() for part in parsed(name).walk()]


def test_a_received_fax_comes_in_the_companys_dress() -> None:
    own = NoticeTemplate("[{{ company }}] {{ title }}{{#about}} ({{ about }}){{/about}}", "Hello.\n\n{{ facts }}")
    brought = replace(BROUGHT, voice=replace(VOICE, dress=Dress("Acme", {KIND: own})))

    text, _html = _bodies(brought)

    assert subject_of(brought, Load(2, 3, 2, 1, (FILE,))) == (
        "[Acme] Fax from +1 312 555 0147: 3 pages, part 2 of 3 (fax R0K3F9)"
    )
    assert text.startswith("Hello.\r\n\r\nFrom: ")


def _bodies(brought: Brought) -> list[str]:
    body = body_of(brought, WHOLE)
    message = email.message_from_bytes(body.head(()) + body.part.body, policy=policy.default)
    return [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
