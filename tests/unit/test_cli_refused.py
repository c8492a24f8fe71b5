"""faxgw refused: mails that were refused, listed and shown with their evidence; and evidence in faxgw outbound show."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.admin.refused import moment
from gateway.cli.evidence_words import evidence_words
from gateway.domain.errors import UsageError
from gateway.domain.submission import Refusal
from gateway.store import refusals, tree
from tests.filled_store import NOW
from tests.flows.commands import Commands
from tests.flows.letters import ANNA, mail
from tests.flows.stage import Stage, staged

FIRST = Refusal(
    at=NOW,
    peer="192.0.2.1",
    mail_from="eve@mail.example",
    header_from="ann@corp.example",
    recipients=("+12025550101@fax.example",),
    rule="proof",
    reply="550 5.7.20 ann@corp.example is not proven: the mail has no DKIM signature",
    evidence={"rule": "proof", "spf": {"result": "pass"}, "dkim": [], "aligned": False},
)
SECOND = replace(FIRST, at=NOW + timedelta(hours=1), rule="registered", header_from="=cmd@corp.example")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(stage.folder, monkeypatch, capsys)


@pytest.fixture
def ids(stage: Stage) -> list[str]:
    return [refusals.add_refusal(stage.db, one).public_id for one in (FIRST, SECOND)]


def test_refusals_are_listed_newest_first(faxgw: Commands, ids: list[str]) -> None:
    rows = json.loads(faxgw("refused", "list", "-o", "json").out)

    assert [row["refusal"] for row in rows] == ids[::-1]
    assert rows[1] | {"at": ""} == {
        "refusal": ids[0], "at": "", "rule": "proof",
        "header_from": "ann@corp.example", "mail_from": "eve@mail.example", "peer": "192.0.2.1",
        "recipients": ["+12025550101@fax.example"], "reply": FIRST.reply,
    }  # fmt: skip


def test_a_list_for_people_is_a_table(faxgw: Commands, ids: list[str]) -> None:
    lines = faxgw("refused", "list").out.splitlines()

    assert lines[0].split() == ["refusal", "at", "rule", "header", "from", "peer", "reply"]
    assert [line.split()[0] for line in lines[2:]] == ids[::-1]


def test_a_list_for_spreadsheets_holds_no_formula(faxgw: Commands, ids: list[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(faxgw("refused", "list", "-o", "csv").out)))

    assert [row["refusal"] for row in rows] == ids[::-1]
    assert rows[0]["header_from"] == "'=cmd@corp.example"


@pytest.mark.parametrize(
    ("option", "value", "count"),
    [
        ("--rule", "proof", 1),
        ("--rule", "dns", 0),
        ("--peer", "192.0.2.1", 2),
        ("--peer", "192.0.2.2", 0),
        ("--sender", "EVE@", 2),
        ("--sender", "ann@corp", 1),
        ("--limit", "1", 1),
        ("--since", "2026-03-02", 2),
        ("--since", "2026-03-02T15:30", 1),
        ("--since", "2026-03-02T16:30+01:00", 1),
        ("--since", "2026-03-03", 0),
    ],
)
@pytest.mark.usefixtures("ids")
def test_a_list_can_be_narrowed(faxgw: Commands, option: str, value: str, count: int) -> None:
    assert len(json.loads(faxgw("refused", "list", option, value, "-o", "json").out)) == count


@pytest.mark.usefixtures("ids")
def test_since_may_be_a_span_before_the_gateways_time(faxgw: Commands) -> None:
    asked = [json.loads(faxgw("refused", "list", "--since", span, "-o", "json").out) for span in ("99999d", "0m")]

    assert [len(rows) for rows in asked] == [2, 0]


def test_a_time_that_is_none_is_told_with_examples(faxgw: Commands) -> None:
    ran = faxgw("refused", "list", "--since", "yesterday")

    assert ran.code == 2
    assert "'yesterday' is no time; write 2026-03-01" in ran.complaint


def test_with_nothing_refused_there_is_nothing_to_list(faxgw: Commands) -> None:
    ran = faxgw("refused", "list")

    assert (ran.out, ran.err) == ("", "nothing to list\n")


def test_one_refusal_is_shown_with_its_evidence(faxgw: Commands, ids: list[str]) -> None:
    shown = json.loads(faxgw("refused", "show", ids[0].lower(), "-o", "json").out)

    assert shown["evidence"] == FIRST.evidence
    assert (shown["refusal"], shown["reply"]) == (ids[0], FIRST.reply)


def test_a_refusal_is_shown_to_people_in_lines(faxgw: Commands, ids: list[str]) -> None:
    out = faxgw("refused", "show", ids[0]).out

    assert "rule         proof\n" in out
    assert "evidence     SPF pass for no domain, not the author's domain; no DKIM signature; decided by proof\n" in out


def test_a_refusal_that_is_none_is_not_found(faxgw: Commands) -> None:
    ran = faxgw("refused", "show", "R-00000000")

    assert ran.code == 3
    assert "`faxgw refused list` shows the ids" in ran.complaint


def test_an_accepted_fax_shows_what_was_known_of_its_sender(stage: Stage, faxgw: Commands) -> None:
    asyncio.run(stage.submit(mail(), "+12025550101"))

    shown = json.loads(faxgw("outbound", "show", stage.jobs[0].public_id, "-o", "json").out)

    assert shown["evidence"]["rule"] == "trusted-relay"
    assert (shown["evidence"]["header_from"], shown["evidence"]["trusted_relay"]) == (ANNA, True)
    assert shown["evidence"]["aligned"] is False
    told = faxgw("outbound", "show", stage.jobs[0].public_id).out
    assert "came from a trusted relay; asked for spf-and-dkim; decided by trusted-relay" in told


def test_who_signed_in_is_in_our_authentication_results(stage: Stage, faxgw: Commands) -> None:
    asyncio.run(stage.submit(mail(), "+12025550101", peer="203.0.113.9", authenticated_as="anna"))

    shown = json.loads(faxgw("outbound", "show", stage.jobs[0].public_id, "-o", "json").out)

    assert shown["evidence"]["authentication_results"].endswith(";\r\n auth=pass smtp.auth=anna\r\n")


def test_evidence_in_words() -> None:
    spf = {"result": "softfail", "domain": "corp.example", "reason": "~all"}
    dkim = [{"result": "pass", "domain": "corp.example", "aligned": True}, {"result": "fail", "domain": ""}]

    words = evidence_words({"spf": spf, "dkim": dkim, "authenticated_as": "ann", "setting": "dkim", "rule": "dkim"})

    assert words.split("; ") == [
        "signed in as ann",
        "SPF softfail for corp.example, ~all",
        "DKIM pass for corp.example, the author's own domain",
        "DKIM fail for no domain",
        "asked for dkim",
        "decided by dkim",
    ]
    assert evidence_words({}) == ""


def test_a_moment_without_a_zone_is_utc() -> None:
    clock = lambda: datetime(2026, 1, 2, tzinfo=UTC)  # noqa: E731

    assert moment("2026-03-01T14:30", clock) == datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
    assert moment(" 2h ", clock) == datetime(2026, 1, 1, 22, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "2", "h", "-1h", "2w", "٣h", "2026-13-01", "9999999h"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write 2026-03-01"):
        moment(text, lambda: NOW)


@pytest.mark.usefixtures("ids")
def test_an_administrator_sees_refusals_in_the_name_of_the_own_users_alone(faxgw: Commands, stage: Stage) -> None:
    own = refusals.add_refusal(stage.db, replace(FIRST, header_from=ANNA)).public_id
    foreign = json.loads(faxgw("refused", "list", "-o", "json").out)[-1]["refusal"]
    faxgw("admin", "add", "Acme/Sales", "Bo", "Li", "--email", "bo@acme.example", "--user-name", "bo")

    listed = json.loads(faxgw("refused", "list", "--as", "bo", "-o", "json").out)

    assert [row["refusal"] for row in listed] == [own]
    assert faxgw("refused", "show", own, "--as", "bo").code == 0
    assert faxgw("refused", "show", foreign, "--as", "bo").code == 4


def test_an_administrator_is_not_told_what_lies_near_a_name_elsewhere(faxgw: Commands, stage: Stage) -> None:
    tree.add_company(stage.db, "Secret Ventures")
    faxgw("admin", "add", "Acme", "Bo", "Li", "--email", "bo@acme.example", "--user-name", "bo")

    ran = faxgw("dept", "lock", "Secret Venture", "--as", "bo")

    assert ran.code == 3
    assert "Ventures" not in ran.complaint
