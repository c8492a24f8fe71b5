"""faxgw outbox: what waits or died is seen, sent again at once, or given up."""

import email
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.errors import ExitCode
from gateway.store import journal, outbox, undelivered
from gateway.store.outbox import MailState, NewMail
from tests.fakes import SinkRelay
from tests.filled_store import NOW, owning
from tests.flows.commands import Commands
from tests.flows.receptions import ben, fax_of
from tests.flows.stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(stage.folder, monkeypatch, capsys)


@pytest.fixture
def mails(stage: Stage) -> list[int]:
    """One that waits, one that died."""
    for count, dead in ((1, ""), (2, "550 no such user")):
        mail = NewMail("refusal", None, None, 0, f"u{count}@acme.example", b"Subject: x\r\n\r\ny\r\n", f"<{count}@fax>")
        outbox.add(stage.db, mail, NOW, dead=dead)
    return [mail.id for mail in reversed(outbox.listing(stage.db))]


def state(stage: Stage, mail_id: int) -> MailState:
    return undelivered.letter(stage.db, mail_id).mail.state


def test_mails_are_listed_newest_first_and_by_state(faxgw: Commands, mails: list[int]) -> None:
    rows = json.loads(faxgw("outbox", "list", "-o", "json").out)
    dead = json.loads(faxgw("outbox", "list", "--state", "dead", "-o", "json").out)

    assert [row["id"] for row in rows] == mails[::-1]
    assert [(row["recipient"], row["reply"], row["next"]) for row in dead] == [
        ("u2@acme.example", "550 no such user", None)
    ]


@pytest.mark.usefixtures("mails")
@pytest.mark.parametrize(
    ("given", "found"),
    [
        (("--recipient", "U1@"), ["u1@acme.example"]),
        (("--kind", "delivery-failure"), []),
        (("--since", "2026-03-03"), []),
        (("--since", "2026-03-01", "--limit", "1"), ["u2@acme.example"]),
    ],
)
def test_lists_are_narrowed(faxgw: Commands, given: tuple[str, ...], found: list[str]) -> None:
    rows = json.loads(faxgw("outbox", "list", *given, "-o", "json").out)

    assert [row["recipient"] for row in rows] == found


async def test_mails_on_a_job_are_those_on_its_submission_too(faxgw: Commands, stage: Stage) -> None:
    [job] = await stage.rendered()

    rows = json.loads(faxgw("outbox", "list", "--job", job.public_id, "-o", "json").out)

    assert [row["kind"] for row in rows] == ["initial-success"]
    missing = faxgw("outbox", "list", "--job", "ZZZZ")
    assert (missing.code, "no job ZZZZ" in missing.complaint) == (ExitCode.NOT_FOUND, True)


def test_the_message_is_printed_as_it_is_sent(faxgw: Commands, mails: list[int]) -> None:
    assert faxgw("outbox", "show", str(mails[0]), "--message").out == "Subject: x\r\n\r\ny\r\n"


def test_one_mail_in_detail(faxgw: Commands, mails: list[int]) -> None:
    shown = json.loads(faxgw("outbox", "show", str(mails[1]), "-o", "json").out)

    assert (shown["state"], shown["message_id"], shown["octets"]) == ("dead", "<2@fax>", 17)


def test_a_dead_mail_is_sent_again_with_tries_of_its_own(faxgw: Commands, stage: Stage, mails: list[int]) -> None:
    ran = faxgw("outbox", "retry", str(mails[1]), "--reason", "typo in DNS")

    assert (ran.code, ran.err) == (0, f"mail {mails[1]} is sent again\n")
    assert state(stage, mails[1]) is MailState.WAITING
    [entry] = journal.listing(stage.db, journal.Wanted())
    assert (entry.what, entry.target, entry.reason) == ("outbox.retry", f"mail {mails[1]}", "typo in DNS")


def test_a_dropped_mail_stays_to_be_seen_and_is_never_sent(
    faxgw: Commands, stage: Stage, mails: list[int], tmp_path: Path
) -> None:
    faxgw("outbox", "drop", *map(str, mails), "--yes")

    assert [state(stage, mail_id) for mail_id in mails] == [MailState.DROPPED] * 2
    with owning(stage.db, tmp_path) as process:
        assert outbox.claim_mail(stage.db, process, NOW) is None
    assert faxgw("outbox", "retry", str(mails[0])).code == ExitCode.CONFLICT


def test_dropping_asks(faxgw: Commands, stage: Stage, mails: list[int]) -> None:
    assert faxgw("outbox", "drop", str(mails[0]), "--no-input").code == ExitCode.USAGE
    assert state(stage, mails[0]) is MailState.WAITING


def test_what_can_be_done_is_done_and_the_rest_told(faxgw: Commands, stage: Stage, mails: list[int]) -> None:
    ran = faxgw("outbox", "retry", str(mails[1]), "4711")

    assert ran.code == ExitCode.DONE_IN_PART
    assert "there is no mail 4711 in the outbox" in ran.err
    assert state(stage, mails[1]) is MailState.WAITING


def test_a_mail_that_is_being_sent_is_left_alone(
    faxgw: Commands, stage: Stage, mails: list[int], tmp_path: Path
) -> None:
    with owning(stage.db, tmp_path) as process:
        outbox.claim_mail(stage.db, process, NOW)

    ran = faxgw("outbox", "drop", str(mails[0]), "--yes")

    assert ran.code == ExitCode.CONFLICT
    assert f"mail {mails[0]} is sending and cannot be dropped" in ran.complaint


async def test_a_mail_with_a_received_fax_is_shown_whole_and_dropped_with_its_pages(
    faxgw: Commands, stage: Stage
) -> None:
    ben(stage)
    fax = fax_of(stage)
    async with SinkRelay(refuse=lambda _whom: "550 5.1.1 nobody") as sink:
        await stage.forward(sink.port).next()
        await stage.notify(sink.port).next()

    [row] = json.loads(faxgw("outbox", "list", "--fax", fax.public_id, "-o", "json").out)
    whole = email.message_from_string(faxgw("outbox", "show", str(row["id"]), "--message").out)
    told = json.loads(faxgw("outbox", "show", str(row["id"]), "-o", "json").out)
    dropped = faxgw("outbox", "drop", str(row["id"]), "--yes")

    assert (row["kind"], row["state"]) == ("received-fax", "dead")
    assert [part.get_filename() for part in whole.walk() if part.get_filename()] == [f"fax-{fax.public_id}.pdf"]
    assert (told["fax"], told["part"]) == (fax.public_id, 0)
    assert told["octets"] > 5000
    assert (dropped.code, undelivered.letter(stage.db, row["id"]).rest_digest) == (0, "")
    assert faxgw("outbox", "list", "--fax", "nonsense").code == ExitCode.NOT_FOUND
