"""The notices against tests/golden/notice_*.txt, where * stands for anything within a line.

The golden files hold the mail as people and programs read it: headers, plain text, the machines' part; the HTML is
judged by what it must not hold and by saying the same words.
"""

import email
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.addresses import Destination
from gateway.domain.call import Cause
from gateway.domain.dates import DateStyle
from gateway.domain.job import Job, JobState
from gateway.domain.outcome import OUTCOME_OF, Outcome
from gateway.domain.submission import PartPages, RefusedRecipient
from gateway.mail import messages
from gateway.mail.delay_letter import CONGESTED, HELD, delivery_delayed
from gateway.mail.messages import AttemptFacts, Duplicate, FailedPart, Notice, NoticeFacts, Private, Voice
from gateway.mail.notice_facts import NOT_SENT, Problem
from gateway.mail.statuses import status_for
from gateway.mail.wording import DETAIL_WORDS, EXPIRED, TEXT_OFF, words_for

GOLDEN = Path(__file__).parents[1] / "golden"
NOW = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
SECRET = "canary-7f3a"  # stands in every private field that the facts could lead to
PRIVATE = Private("The offer of Monday", b"%PDF-1.7 pages")

JOB = Job(
    id=1,
    public_id="K7P2QX",
    submission_id=7,
    user_id=1,
    destination=Destination("+12025550123"),
    state=JobState.SENT,
    accepted=NOW - timedelta(minutes=9),
    not_before=NOW,
    expires=NOW + timedelta(hours=3),
    recipient_name=SECRET,
    recipient_company=SECRET,
    pages=3,
    pages_sent=3,
    outcome=Outcome.SUCCESS,
    outcome_detail="done",
    ended=NOW,
)
OTHER = replace(JOB, id=2, public_id="M3W9AB", destination=Destination("+493012345678"), pages=4)
FACTS = NoticeFacts(
    recipient="ann@corp.example",
    voice=Voice("Fax gateway", "postmaster@fax.example", "fax.example"),
    submission_id=7,
    received=NOW - timedelta(minutes=10),
    written=NOW,
    jobs=(JOB,),
    message_id="<1@corp.example>",
    references="<0@corp.example>",
    dates=DateStyle("Europe/Berlin", "dd.MM.yyyy", "HH:mm", show_zone=True),
)
PARTS = (
    PartPages(messages.part_label(0, "text/plain"), 1),
    PartPages(messages.part_label(1, "application/pdf"), 2),
    PartPages(messages.part_label(2, "text/vcard"), 0, "contact card, not faxed"),
)
CALLS = (
    AttemptFacts(1, NOW - timedelta(minutes=8), Outcome.BUSY, timedelta(seconds=12)),
    AttemptFacts(2, NOW - timedelta(minutes=2), Outcome.SUCCESS, timedelta(seconds=95), 3, 14400, True, "+12025550100"),
)


WAITING = replace(
    JOB,
    state=JobState.WAITING,
    pages_sent=0,
    outcome=Outcome.BUSY,
    outcome_detail="busy",
    ended=None,
    not_before=NOW + timedelta(minutes=20),
)


def failed_job(outcome: Outcome, detail: str = "") -> Job:
    return replace(JOB, state=JobState.FAILED, pages_sent=0, outcome=outcome, outcome_detail=detail)


NOTICES: dict[str, Callable[[], Notice]] = {
    "initial_success": lambda: messages.initial_success(
        replace(
            FACTS,
            jobs=(JOB, OTHER),
            parts=PARTS,
            duplicates=(Duplicate(JOB.destination, "K7P2QX"),),
            expected=NOW + timedelta(minutes=5),
        )
    ),
    "initial_failure": lambda: messages.initial_failure(
        FACTS,
        Outcome.INVALID_ATTACHMENT,
        [FailedPart(2, "application/pdf", f"{SECRET}.pdf", "remove the password", Problem.ENCRYPTED)],
        "encrypted",
    ),
    "delivery_success": lambda: messages.delivery_success(FACTS, JOB, CALLS),
    "delivery_failure": lambda: messages.delivery_failure(
        FACTS, failed_job(Outcome.BUSY, "busy"), [CALLS[0], replace(CALLS[0], number=2)]
    ),
    "delivery_delayed": lambda: delivery_delayed(
        replace(FACTS, expected=NOW - timedelta(minutes=61)), WAITING, [CALLS[0], replace(CALLS[0], number=2)]
    ),
}


def parsed(notice: Notice) -> EmailMessage:
    message = email.message_from_bytes(notice.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(notice: Notice) -> str:
    body = parsed(notice).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(notice: Notice) -> str:
    return str(next(part for part in parsed(notice).walk() if part.get_content_type() == "text/html").get_content())


def report_of(notice: Notice) -> str:
    for part in parsed(notice).walk():
        if part.get_content_type() == "message/delivery-status":
            return "\n".join(block.as_string() for block in part.iter_parts()).replace("\r\n", "\n")
    return ""


def readable(notice: Notice) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in parsed(notice).items())
    return f"{headers}\n\n{text_of(notice)}\n{report_of(notice)}".strip()


@pytest.mark.parametrize("name", NOTICES)
def test_notices_read_as_the_golden_mails(name: str) -> None:
    expected = (GOLDEN / f"notice_{name}.txt").read_text("utf-8").strip().split("\n")

    lines = readable(NOTICES[name]()).split("\n")

    for line, pattern in zip(lines, expected, strict=False):
        assert fnmatchcase(line, pattern.replace("[", "[[]")), f"{line!r} is not {pattern!r}"
    assert len(lines) == len(expected)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [name for name, _value in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()


@pytest.mark.parametrize("name", NOTICES)
def test_the_html_says_the_same_and_asks_nothing_of_the_network(name: str) -> None:
    html, text = html_of(NOTICES[name]()), text_of(NOTICES[name]())
    tags = Tags()
    tags.feed(html)

    assert tags.open == []
    assert not {"src", "href", "background"} & set(tags.attributes)
    assert "url(" not in html
    assert set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", " ".join(tags.words)))


@pytest.mark.parametrize("name", NOTICES)
def test_headers_keep_automatic_mail_quiet_and_threaded(name: str) -> None:
    message = parsed(NOTICES[name]())

    assert message["Auto-Submitted"] == "auto-replied"
    assert message["To"] == "ann@corp.example"
    assert message["In-Reply-To"] == "<1@corp.example>"
    assert message["References"] == "<0@corp.example> <1@corp.example>"
    assert message["MIME-Version"] == "1.0"
    assert message.defects == []


@pytest.mark.parametrize("name", NOTICES)
def test_the_same_facts_make_the_same_octets(name: str) -> None:
    first, second = NOTICES[name](), NOTICES[name]()

    assert first == second
    assert parsed(first)["Message-ID"] == first.message_id


def test_message_ids_tell_all_notices_apart() -> None:
    later = messages.delivery_failure(FACTS, failed_job(Outcome.BUSY), CALLS[:1])

    assert len({NOTICES[name]().message_id for name in NOTICES} | {later.message_id}) == 6


@pytest.mark.parametrize("name", NOTICES)
def test_nothing_private_stands_in_a_notice(name: str) -> None:
    assert SECRET.encode() not in NOTICES[name]().message


@pytest.mark.parametrize("name", NOTICES)
def test_lines_end_in_crlf_and_stay_short(name: str) -> None:
    lines = NOTICES[name]().message.split(b"\r\n")

    assert all(b"\n" not in line and b"\r" not in line for line in lines)
    assert max(len(line) for line in lines) <= 120


def test_a_mail_without_message_id_is_not_threaded() -> None:
    message = parsed(messages.delivery_success(replace(FACTS, message_id=""), JOB, CALLS))

    assert message["In-Reply-To"] is None
    assert message["References"] is None


def full_failure() -> Notice:
    part = FailedPart(2, "application/pdf", "plan <1>.pdf", "remove the password", Problem.ENCRYPTED)
    return messages.initial_failure(replace(FACTS, private=PRIVATE), Outcome.INVALID_ATTACHMENT, [part], "encrypted")


def test_a_file_name_cannot_write_html() -> None:
    assert "plan &lt;1&gt;.pdf" in html_of(full_failure())


def test_a_full_notice_names_the_subject_and_the_file() -> None:
    text = text_of(full_failure())

    assert "Subject: The offer of Monday" in text
    assert "attachment 2 (PDF): plan <1>.pdf" in text


def test_pages_are_attached_where_they_are_wanted() -> None:
    notice = messages.delivery_success(replace(FACTS, private=PRIVATE), JOB, CALLS)

    attached = {part.get_filename(): part.get_content() for part in parsed(notice).iter_attachments()}
    assert set(attached) == {"fax.pdf", "notice.json"}
    assert attached["fax.pdf"] == PRIVATE.pdf


def machine_part(notice: Notice) -> dict[str, Any]:
    for part in parsed(notice).walk():
        if part.get_content_type() == "application/json":
            found: dict[str, Any] = json.loads(part.get_content())
            return found
    return {}


@pytest.mark.parametrize("name", NOTICES)
def test_programs_find_the_same_facts(name: str) -> None:
    told = machine_part(NOTICES[name]())

    assert (told["version"], told["notice"]) == (1, name.replace("_", "-"))
    assert told["received"] == "2026-03-02T14:54:05+00:00"
    assert told["jobs"][0]["number"] == "+12025550123"


def test_programs_find_the_outcome_and_every_call() -> None:
    told = machine_part(NOTICES["delivery_failure"]())

    assert told["jobs"] == [
        {
            "job": "K7P2QX", "number": "+12025550123", "sub_address": None, "pages": 3, "pages_confirmed": 0,
            "outcome": "Busy",
            "detail": "busy", "status": "5.4.1", "ended": "2026-03-02T15:04:05+00:00",
        }
    ]  # fmt: skip
    assert [(call["number"], call["outcome"], call["seconds"]) for call in told["attempts"]] == [
        (1, "Busy", 12),
        (2, "Busy", 12),
    ]


def test_the_machines_part_of_a_full_notice_is_as_free_of_private_words() -> None:
    told = json.dumps(machine_part(full_failure()))

    assert "plan" not in told
    assert "Monday" not in told


def test_names_in_recipient_addresses_are_private() -> None:
    refused = (RefusedRecipient(f"911/ATTN={SECRET}@fax.example", "550 5.7.1 not permitted"),)
    facts = replace(FACTS, refused=refused)

    assert SECRET.encode() not in messages.initial_success(facts).message
    assert SECRET in text_of(messages.initial_success(replace(facts, private=PRIVATE)))


def test_failures_are_reports_and_successes_are_not() -> None:
    kinds = {name: parsed(make()).get_content_type() for name, make in NOTICES.items()}

    assert kinds["initial_failure"] == kinds["delivery_failure"] == "multipart/report"
    assert kinds["initial_success"] == kinds["delivery_success"] == "multipart/mixed"


@pytest.mark.parametrize(("count", "words"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls")])
def test_a_report_counts_the_calls(count: int, words: str) -> None:
    notice = messages.delivery_failure(FACTS, failed_job(Outcome.BUSY, "busy"), [CALLS[0]] * count)

    assert f"Diagnostic-Code: x-t30; Busy (busy); {words}\n" in report_of(notice)


def test_a_part_without_a_name_stands_under_its_label_alone() -> None:
    failed = FailedPart(2, "application/pdf", "", "“attachment 2 (PDF)” is damaged.")

    text = text_of(messages.initial_failure(FACTS, Outcome.INVALID_ATTACHMENT, [failed]))

    assert "\n  attachment 2 (PDF)  corrupt  “attachment 2 (PDF)” is damaged." in text
    assert "“”" not in text


def test_a_report_has_a_block_for_each_number() -> None:
    facts = replace(FACTS, jobs=(JOB, OTHER))

    report = report_of(messages.initial_failure(facts, Outcome.NO_ATTACHMENT))

    assert report.count("Final-Recipient") == 2
    assert "rfc822; +493012345678@fax.example" in report
    assert report.count("Status: 5.6.0") == 2


@pytest.mark.parametrize("kind", [messages.delivery_success, messages.delivery_failure, delivery_delayed])
def test_two_at_one_number_are_told_apart_by_their_sub_addresses(kind: Callable[..., Notice]) -> None:
    lodger = replace(WAITING if kind is delivery_delayed else JOB, sub_address="42")

    accepted = text_of(messages.initial_success(replace(FACTS, jobs=(JOB, lodger))))

    assert re.findall(r"\+1 202 555 0123(.*?)  +K7P2QX", accepted) == ["", ", sub-address 42"]
    told = kind(FACTS, lodger, CALLS)
    assert "+1 202 555 0123, sub-address 42\n" in text_of(told)
    assert machine_part(told)["jobs"][0]["sub_address"] == "42"
    assert kind is messages.delivery_success or "rfc822; +12025550123/T33S=42@fax.example" in report_of(told)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_words_and_a_status(outcome: Outcome) -> None:
    words = words_for(outcome)

    assert all(part.endswith(".") and len(part) < 160 for part in (words.happened, words.means, words.next))
    assert re.fullmatch(r"[25]\.\d\.\d", status_for(outcome))


@pytest.mark.parametrize("about", DETAIL_WORDS, ids=lambda about: f"{about[0]}-{about[1]}")
def test_every_detail_has_words_of_its_own_and_a_status(about: tuple[Outcome, str]) -> None:
    words = words_for(*about)

    assert words != words_for(about[0])
    assert all(part.endswith(".") and len(part) < 160 for part in (words.happened, words.means, words.next))
    assert re.fullmatch(r"5\.\d\.\d", status_for(*about))


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_of_an_outcome_is_told_what_to_do_about(cause: Cause) -> None:
    notice = messages.delivery_failure(FACTS, failed_job(OUTCOME_OF[cause], cause.value), CALLS[:1])

    assert words_for(OUTCOME_OF[cause], cause.value).next in text_of(notice)
    assert f"({cause.value}); 1 call" in report_of(notice)


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Problem.UNKNOWN_TYPE, "5.6.1"),
        (Problem.ENCRYPTED, "5.6.1"),
        (Problem.CORRUPT, "5.6.5"),
        (Problem.TOO_LONG, "5.6.5"),
        (Problem.TOOL_MISSING, "5.6.5"),
        (Problem.TOO_LARGE, "5.3.4"),
        (Problem.TOO_MANY_PAGES, "5.3.4"),
    ],
)
def test_machines_are_told_what_is_wrong_with_a_part(problem: Problem, status: str) -> None:
    part = FailedPart(1, "application/pdf", "", "it is odd", problem)

    notice = messages.initial_failure(FACTS, Outcome.INVALID_ATTACHMENT, [part])

    assert f"Status: {status}\nDiagnostic-Code: x-fax; Invalid Attachment ({problem.value})\n" in report_of(notice)
    assert machine_part(notice)["jobs"][0]["status"] == status


def test_a_wish_that_cannot_be_met_is_not_called_a_fault_without_a_name() -> None:
    text = text_of(messages.initial_failure(FACTS, Outcome.GENERAL_ERROR, detail="there is no such cover page here"))

    assert "Your mail asks for something that cannot be done." in text
    assert "could not put a name to" not in text


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.SUCCESS}))
def test_every_failure_makes_a_notice(outcome: Outcome) -> None:
    notice = messages.delivery_failure(FACTS, failed_job(outcome, "x"), CALLS[:1])

    assert outcome.value in str(parsed(notice)["Subject"])
    assert words_for(outcome).next in text_of(notice)
    assert f"Status: {status_for(outcome)}" in report_of(notice)


@pytest.mark.parametrize(
    ("outcome", "detail", "words", "status"),
    [
        (Outcome.CANCELLED, EXPIRED, "in time", "5.4.7"),
        (Outcome.SIT_TONE, Cause.SIT_VACANT.value, "does not exist", "5.1.1"),
        (Outcome.SIT_TONE, Cause.SIT_INTERCEPT.value, "has changed", "5.1.6"),
        (Outcome.SIT_TONE, Cause.SIT_NO_CIRCUIT.value, "no free line", "5.4.1"),
        (Outcome.NOT_A_FAX, Cause.CANNOT_RECEIVE.value, "set not to receive", "5.1.0"),
    ],
)
def test_the_detail_says_more_where_it_knows_more(outcome: Outcome, detail: str, words: str, status: str) -> None:
    notice = messages.delivery_failure(FACTS, failed_job(outcome, detail), CALLS[:1])

    assert words in text_of(notice)
    assert f"Status: {status}" in report_of(notice)


def test_an_unconfirmed_fax_is_not_called_undelivered() -> None:
    notice = messages.delivery_failure(FACTS, failed_job(Outcome.UNCONFIRMED), CALLS[:1])

    assert "may not be complete" in str(parsed(notice)["Subject"])
    assert "not delivered" not in text_of(notice)


@pytest.mark.parametrize(("detail", "told"), [("unknown cover 'x'; known are builtin", True), ("encrypted", False)])
def test_a_reason_in_words_is_told_where_no_part_is_to_blame(detail: str, told: bool) -> None:
    text = text_of(messages.initial_failure(FACTS, Outcome.GENERAL_ERROR, detail=detail))

    assert (f"Reason: {detail}" in text) is told


@pytest.mark.parametrize(
    ("position", "media_type", "label"),
    [
        (0, "text/plain", "text of the mail"),
        (2, "application/pdf", "attachment 2 (PDF)"),
        (1, "image/x-odd", "attachment 1 (picture)"),
        (1, "application/x-secret-name", "attachment 1 (file)"),
        (0, "image/png", "inside the mail (PNG picture)"),
    ],
)
def test_parts_are_called_by_place_and_kind(position: int, media_type: str, label: str) -> None:
    assert messages.part_label(position, media_type) == label


def test_a_fax_without_all_of_its_parts_says_so() -> None:
    missing = PartPages("attachment 2 (PDF)", 0, NOT_SENT + Problem.CORRUPT)

    text = text_of(messages.initial_success(replace(FACTS, parts=(PartPages("attachment 1 (PDF)", 2), missing))))

    assert "not all of it" in text
    assert "attachment 2 (PDF)  NOT SENT: corrupt" in text


@pytest.mark.parametrize(
    ("success", "failure", "words"),
    [
        (True, True, "You get another mail when the fax has been delivered, or could not be."),
        (False, True, "You get another mail only if the fax could not be delivered."),
        (True, False, "You get another mail when the fax has been delivered, and none if it could not be."),
        (False, False, "mails on how a fax ended are switched off for you."),
    ],
)
def test_no_mail_is_promised_that_is_switched_off(success: bool, failure: bool, words: str) -> None:
    facts = replace(FACTS, awaited=messages.Awaited(success, failure))

    assert words in text_of(messages.initial_success(facts))
    assert words in text_of(delivery_delayed(replace(facts, expected=NOW), WAITING, CALLS[:1]))


def test_warnings_and_the_length_of_a_call_are_told() -> None:
    facts = replace(FACTS, call=timedelta(seconds=130), warnings=("Page 3 of the document is very dark.",))

    text = text_of(messages.initial_success(facts))

    assert "Expected call: about 2 min 10 s" in text
    assert "Please note: Page 3 of the document is very dark." in text


def test_nothing_to_fax_says_whether_the_text_would_have_been_faxed() -> None:
    off, on = (text_of(messages.initial_failure(FACTS, Outcome.NO_ATTACHMENT, (), detail)) for detail in (TEXT_OFF, ""))

    assert "switched off for you" in off
    assert "would have been faxed, too" in on


@pytest.mark.parametrize(
    ("position", "within", "label"),
    [
        (2, (), "attachment 2 (PDF)"),
        (1, (2,), "attachment 2.1 (PDF)"),
        (3, (2, 1), "attachment 2.1.3 (PDF)"),
        (0, (2,), "inside attachment 2 (PDF)"),
        (0, (), "inside the mail (PDF)"),
    ],
)
def test_a_part_is_called_by_where_it_lies(position: int, within: tuple[int, ...], label: str) -> None:
    assert messages.part_label(position, "application/pdf", within) == label


@pytest.mark.parametrize(
    ("state", "calls", "status", "words"),
    [
        (JobState.HELD, CALLS[:1], HELD, "it is held"),
        (JobState.ACCEPTED, (), CONGESTED, "still being made"),
        (JobState.READY, (), CONGESTED, "no line was free"),
        (JobState.CALLING, CALLS[:1], "4.4.1", "we go on trying"),
    ],
)
def test_a_delay_is_told_by_where_the_fax_is(
    state: JobState, calls: tuple[AttemptFacts, ...], status: str, words: str
) -> None:
    notice = delivery_delayed(FACTS, replace(WAITING, state=state), calls)

    report = report_of(notice)
    assert words in text_of(notice)
    assert f"Action: delayed\nStatus: {status}\n" in report
    assert ("Last-Attempt-Date" in report) == bool(calls)
    assert "Will-Retry-Until: Mon, 02 Mar 2026 18:04:05 +0000" in report
