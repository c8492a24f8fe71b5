"""Notices as other programs read them: taken apart by MIME-tools for Perl, and their reports read by RFC 3464.

Our own parser, and Python's, would forgive what they write themselves.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.utils import formataddr
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.call import Cause
from gateway.domain.notice_templates import EVERY_KIND, Dress
from gateway.domain.outcome import OUTCOME_OF, Outcome
from gateway.mail import messages, notice_samples
from gateway.mail.messages import FailedPart, Notice, NoticeFacts, Preview, Private, Voice
from gateway.mail.notice_looks import start
from gateway.mail.notice_samples import SAMPLES
from tests import delivery_status

SCRIPT = Path(__file__).parents[1] / "mime_parts.pl"
HERE = bool(shutil.which("perl")) and Path("/usr/share/perl5/MIME/Parser.pm").exists()
pytestmark = pytest.mark.skipif(not HERE, reason="MIME-tools for Perl are not installed (libmime-tools-perl)")
VOICE = Voice("Fax-Gateway Köln, Zentrale", "postmaster@fax.example", "fax.example")
SUBJECT = "Angebot für Frau Müller, zweite Fassung: " + "sehr " * 60 + "wichtig 日本語"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 20
FACTS = replace(notice_samples.facts_of(VOICE), private=Private(SUBJECT, PDF))
JOB, CALLS = notice_samples.JOB, notice_samples.CALLS


def outcome_notice(outcome: Outcome, detail: str = "") -> Notice:
    failed = replace(JOB, outcome=outcome, outcome_detail=detail, pages_sent=0)
    return messages.delivery_failure(replace(FACTS, private=None), failed, CALLS[:1])


def corpus() -> dict[str, Notice]:
    """Every kind of notice, plain, dressed and full; every outcome, every cause."""
    dressed = replace(VOICE, dress=Dress("Müller & Söhne", {EVERY_KIND: start()}))
    made = {kind: notice_samples.sample(kind, VOICE) for kind in SAMPLES}
    made |= {f"{kind} dressed": notice_samples.sample(kind, dressed) for kind in SAMPLES}
    made |= {outcome.value: outcome_notice(outcome) for outcome in Outcome if outcome is not Outcome.SUCCESS}
    made |= {
        cause.value: outcome_notice(OUTCOME_OF[cause], cause.value) for cause in OUTCOME_OF if cause is not Cause.DONE
    }
    part = FailedPart(2, "application/pdf", "Plan „Süd“ <1>.pdf", "remove the password")
    made["full failure"] = messages.initial_failure(FACTS, Outcome.INVALID_ATTACHMENT, [part])
    made["full success"] = messages.delivery_success(FACTS, JOB, CALLS)
    made["preview"] = messages.initial_success(FACTS, Preview(PDF, 3, 3))
    made["no identity"] = messages.delivery_success(replace(FACTS, message_id=""), JOB, CALLS)
    return made


CORPUS = corpus()


@dataclass
class Read:
    """A mail as the other program sees it."""

    whole: dict[str, Any]

    def fields(self, name: str) -> list[str]:
        return [value for key, value in self.whole["fields"] if key.lower() == name.lower()]

    def parts(self) -> Iterator[dict[str, Any]]:
        waiting = [self.whole]
        while waiting:
            part = waiting.pop(0)
            yield part
            waiting += part["parts"]

    def body(self, media_type: str) -> bytes:
        return next((bytes.fromhex(part["body"]) for part in self.parts() if part["type"] == media_type), b"")


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    """All of them, taken apart in one run."""
    folder = tmp_path_factory.mktemp("mails")
    files = [folder / f"{number}.eml" for number in range(len(CORPUS))]
    for file, notice in zip(files, CORPUS.values(), strict=True):
        file.write_bytes(notice.message)
    ran = subprocess.run(["perl", SCRIPT, *files], capture_output=True, text=True, timeout=120, check=True)
    assert ran.stderr == ""
    return dict(zip(CORPUS, map(Read, json.loads(ran.stdout)), strict=True))


@pytest.mark.parametrize("name", CORPUS)
def test_another_program_reads_the_same_words(read: dict[str, Read], name: str) -> None:
    mail, notice = read[name], CORPUS[name]

    assert mail.whole["complaints"] == []
    assert mail.body("text/plain").decode() == notice.look.text
    assert mail.body("text/html").decode().rstrip("\n") == notice.look.html.rstrip("\n")
    assert mail.fields("Subject") == [notice.look.subject]
    assert mail.fields("Message-ID") == [notice.message_id]
    # RFC 3834 5: what answers a mail, and what comes of itself.
    assert mail.fields("Auto-Submitted") == ["auto-generated" if name.startswith("welcome") else "auto-replied"]
    assert not any(part["preamble"].strip() or part["epilogue"].strip() for part in mail.parts())


@pytest.mark.parametrize("name", CORPUS)
def test_names_that_are_not_ascii_come_through(read: dict[str, Read], name: str) -> None:
    [sender] = read[name].fields("From")

    assert sender.replace('"', "") == formataddr(("X", VOICE.address)).replace("X", VOICE.name, 1)


@pytest.mark.parametrize("name", [name for name, notice in CORPUS.items() if notice.message.count(b"delivery-status")])
def test_reports_hold_to_rfc_3464(read: dict[str, Read], name: str) -> None:
    mail = read[name]
    status = mail.body("message/delivery-status")

    assert (mail.whole["type"], mail.whole["report"]) == ("multipart/report", "delivery-status")
    assert mail.whole["parts"][1]["type"] == "message/delivery-status"
    assert delivery_status.problems(status) == []
    # RFC 6522 3: people first, then machines, then what identifies the mail that is reported on.
    kinds = [part["type"] for part in mail.whole["parts"]]
    assert kinds[1:] == ["message/delivery-status", "text/rfc822-headers"]


@pytest.mark.parametrize("name", ["full failure", Outcome.BUSY.value])
def test_a_report_identifies_the_mail_and_tells_its_subject_in_full_notices_alone(
    read: dict[str, Read], name: str
) -> None:
    returned = read[name].body("text/rfc822-headers")

    assert b"Message-ID: <offer@lindqvist-brandt.example>\n" in returned.replace(b"\r\n", b"\n")
    assert (b"Subject:" in returned) is (name == "full failure")


@pytest.mark.parametrize(("name", "file"), [("full success", "fax.pdf"), ("preview", "preview.pdf")])
def test_pages_come_through_octet_by_octet(read: dict[str, Read], name: str, file: str) -> None:
    [part] = [part for part in read[name].parts() if part["type"] == "application/pdf"]

    assert part["filename"] == file
    assert bytes.fromhex(part["body"]) == PDF


@pytest.mark.parametrize("name", [name for name in CORPUS if name.split(" ")[0] not in ("refusal", "welcome")])
def test_the_part_for_programs_is_json(read: dict[str, Read], name: str) -> None:
    told = json.loads(read[name].body("application/json"))

    assert told["version"] == 1
    assert told["jobs"][0]["job"] == "K7P2QX"


def test_a_strict_reader_would_complain_of_each_of_these() -> None:
    good = b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@x\nAction: failed\nStatus: 5.1.1\n"
    told = [
        delivery_status.problems(good.replace(before, after))
        for before, after in (
            (b"dns; x", b"x"),
            (b"Action: failed\n", b""),
            (b"5.1.1", b"5.01.1"),
            (b"5.1.1", b"2.0.0"),
            (b"Action: failed", b"Action: delayed"),
            (b"Status", b"State"),
            (b"\n\n", b"\n"),
            (b"dns; x", b"dns; x\nArrival-Date: yesterday"),
            (b"rfc822; a@x", "rfc822; ä@x".encode()),
        )
    ]

    assert delivery_status.problems(good) == []
    assert all(told)


def test_nothing_that_identifies_no_mail_is_returned(read: dict[str, Read]) -> None:
    facts: NoticeFacts = replace(FACTS, message_id="")

    notice = messages.initial_failure(facts, Outcome.NO_ATTACHMENT)

    assert b"rfc822-headers" not in notice.message
    assert read["no identity"].fields("In-Reply-To") == []
