"""faxgw outbound: lists, one fax in every detail, its pages as sent, and its end."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.call import Cause, Phase
from gateway.domain.job import JobState
from renderers.faxpage import read_tiff
from tests.flows.commands import Commands, Ran
from tests.flows.letters import mail, pdf
from tests.flows.stage import BUSY, DONE, Ending, ScriptedTransport, Stage, staged

ONE, TWO = "+12025550101", "+12025550102"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(stage.folder, monkeypatch, capsys)


def waiting(stage: Stage, *numbers: str) -> list[str]:
    """Accepted faxes; their ids."""
    asyncio.run(stage.submit(mail(), *numbers or (ONE,)))
    return [job.public_id for job in stage.jobs]


def called(stage: Stage, *endings: Ending) -> str:
    """A fax of a cover and a page, after one call for each ending; its id."""
    asyncio.run(stage.rendered(mail("Dear all", attachments=[pdf()]), ONE))
    transport = ScriptedTransport(*endings, clock=stage.clock)
    for _ in endings:
        stage.clock.skip_to(stage.jobs[0].not_before)
        asyncio.run(stage.tend().next())
        asyncio.run(stage.transmit(transport).next())
    return stage.jobs[0].public_id


def test_the_newest_fax_is_listed_first(stage: Stage, faxgw: Commands) -> None:
    first, second = waiting(stage, ONE, TWO)

    rows = json.loads(faxgw("outbound", "list", "-o", "json").out)

    assert [row["job"] for row in rows] == [second, first]
    assert {row["status"] for row in rows} == {"In Progress"}
    assert rows[0] | {"job": "", "accepted": "", "not_before": "", "expires": ""} == {
        "job": "", "status": "In Progress", "state": "accepted", "destination": TWO, "pages": 0, "sent": 0, "dials": 0,
        "priority": 5, "outcome": "", "accepted": "", "not_before": "", "ended": None, "user": "anna",
        "department": "Sales", "sender": "anna@acme.example", "recipient": "", "reference": "", "billing_code": "",
        "tries": 0, "detail": "", "expires": "",
    }  # fmt: skip


def test_what_a_sender_asked_for_is_shown(stage: Stage, faxgw: Commands) -> None:
    wishes = "%{At:2026-03-03 08:00}%{Expire:+1h}%{Bill:K-7}%{Ref:4711}%{Priority:2}%{Preview} Offer"
    asyncio.run(stage.submit(mail(Subject=wishes), f"{ONE}/T33S=12"))
    job = stage.jobs[0].public_id

    shown = json.loads(faxgw("outbound", "show", job, "-o", "json").out)

    assert (shown["not_before"], shown["expires"]) == ("2026-03-03T08:00:00+00:00", "2026-03-03T09:00:00+00:00")
    assert (shown["billing_code"], shown["reference"], shown["sub_address"]) == ("K-7", "4711", "12")
    assert (shown["priority"], shown["preview"]) == (2, True)
    [listed] = json.loads(faxgw("outbound", "list", "-o", "json").out)
    assert (listed["priority"], listed["not_before"]) == (2, "2026-03-03T08:00:00+00:00")


def test_the_settings_that_hold_for_a_fax_are_shown_whatever_is_set_later(stage: Stage, faxgw: Commands) -> None:
    [job] = waiting(stage)
    faxgw("settings", "set", "Acme", "fax.paper=a4")

    shown = json.loads(faxgw("outbound", "show", job, "-o", "json").out)

    assert (shown["settings"]["fax.paper"], shown["settings"]["retry.dials"]) == ("letter", "12")
    assert (shown["user"]["first_name"], shown["user"]["locked"]) == ("Anna", False)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--number", "0102", [TWO]),
        ("--number", "999", []),
        ("--state", "accepted", [TWO, ONE]),
        ("--state", "sent", []),
        ("--outcome", "Busy", []),
        ("--limit", "1", [TWO]),
        ("--number-is", ONE, [ONE]),
        ("--number-begins", "+1202555", [TWO, ONE]),
        ("--number-ends", "101", [ONE]),
        ("--status", "success", []),
        ("--where", "anna@acme.example", [TWO, ONE]),
        ("--since", "2026-03-02", [TWO, ONE]),
        ("--until", "2026-03-02", []),
        ("--pages", "0", [TWO, ONE]),
        ("--pages", "2-", []),
        ("--sender", "ANNA@", [TWO, ONE]),
        ("--sort", "number", [ONE, TWO]),
        ("--sort", "-number", [TWO, ONE]),
    ],
)
def test_filters_choose_what_is_listed(
    stage: Stage, faxgw: Commands, option: str, value: str, expected: list[str]
) -> None:
    waiting(stage, ONE, TWO)

    rows = csv.DictReader(io.StringIO(faxgw("outbound", "list", option, value, "-o", "csv").out))

    assert [row["destination"] for row in rows] == expected


def test_columns_are_chosen_and_a_wide_table_has_them_all(stage: Stage, faxgw: Commands) -> None:
    waiting(stage, ONE)

    assert (
        faxgw("outbound", "list", "--columns", "destination,user", "-o", "csv").out == f"destination,user\n{ONE},anna\n"
    )
    assert "billing code" in faxgw("outbound", "list", "-o", "wide").out
    assert "billing code" not in faxgw("outbound", "list").out


def test_the_next_page_follows_the_last_fax_seen(stage: Stage, faxgw: Commands) -> None:
    first, second = waiting(stage, ONE, TWO)

    [line] = faxgw("outbound", "list", "--after", second, "--limit", "1", "-o", "jsonl").out.splitlines()

    assert json.loads(line)["job"] == first
    assert faxgw("outbound", "list", "--after", "23456789").code == 3


def test_a_fax_is_shown_with_attempts_notices_and_history(stage: Stage, faxgw: Commands) -> None:
    job = called(stage, BUSY, DONE)

    shown = json.loads(faxgw("outbound", "show", job.lower(), "-o", "json").out)

    assert (shown["status"], shown["outcome"], shown["sent"]) == ("Success", "Success", 2)
    assert [(one["number"], one["outcome"], one["first_page"]) for one in shown["attempts"]] == [
        (1, "Busy", 1),
        (2, "Success", 1),
    ]
    assert shown["attempts"][1]["remote"] == "+1 202 555 0101"
    assert [one["kind"] for one in shown["notices"]] == ["initial-success", "delivery-success"]
    assert [one["to"] for one in shown["history"]][-3:] == ["ready", "calling", "sent"]
    assert shown["parts"] == ["text of the mail: on the cover page", "attachment 1 (PDF): 1 page"]


def test_the_table_has_the_same_for_people(stage: Stage, faxgw: Commands) -> None:
    job = called(stage, DONE)

    out = faxgw("outbound", "show", job, "--trace").out

    assert out.startswith(f"job           {job}\n")
    assert "none" not in out
    for words in ("\nattempts\n", "\nnotices\n", "\nhistory\n", "\nsignals of attempt 1\n", "delivery-success"):
        assert words in out


def test_what_has_not_happened_yet_is_said_in_a_word(stage: Stage, faxgw: Commands) -> None:
    [job] = waiting(stage)

    ran = faxgw("outbound", "show", job)

    assert "\nattempts: none\n" in ran.out
    assert ran.err == ""


def test_the_pages_as_sent_are_saved(stage: Stage, faxgw: Commands, tmp_path: Path) -> None:
    job = called(stage, DONE)
    tiff, book = tmp_path / "sent.tif", tmp_path / "sent.pdf"

    ran = faxgw("outbound", "show", job, "--save-tiff", str(tiff), "--save-pdf", str(book))

    assert ran.code == 0
    assert ran.err.splitlines() == [f"{tiff} written", f"{book} written"]
    assert len(read_tiff(tiff)) == 2
    assert book.read_bytes().startswith(b"%PDF")


def test_pages_that_were_never_sent_cannot_be_saved(stage: Stage, faxgw: Commands, tmp_path: Path) -> None:
    [job] = waiting(stage)

    ran = faxgw("outbound", "show", job, "--save-tiff", str(tmp_path / "sent.tif"))

    assert ran.code == 3
    assert ran.err == f"faxgw: fax {job} has no pages as sent: no call was placed yet\n"


def test_a_place_that_cannot_be_written_is_named(stage: Stage, faxgw: Commands) -> None:
    job = called(stage, DONE)

    ran = faxgw("outbound", "show", job, "--save-tiff", "/no/such/folder/sent.tif")

    assert ran.code == 7
    assert ran.err.startswith("faxgw: /no/such/folder/sent.tif: cannot be written")


@pytest.mark.parametrize("command", ["show", "cancel"])
@pytest.mark.parametrize("job", ["23456789", "nonsense", ""])
def test_a_fax_that_is_not_there_is_not_found(faxgw: Commands, command: str, job: str) -> None:
    ran = faxgw("outbound", command, job)

    assert ran.code == 3
    assert "`faxgw outbound list` shows the ids" in ran.complaint


def test_a_waiting_fax_is_cancelled_and_its_sender_told(stage: Stage, faxgw: Commands) -> None:
    [job] = waiting(stage)

    ran = faxgw("outbound", "cancel", job)

    assert (ran.code, ran.complaint) == (0, f"fax {job} cancelled; nothing more will be sent")
    assert stage.jobs[0].state is JobState.CANCELLED
    assert "Job Cancelled" in stage.notices[-1]["Subject"]


def test_a_fax_in_its_call_is_asked_to_hang_up(stage: Stage, faxgw: Commands) -> None:
    asyncio.run(stage.rendered(mail(), ONE))
    transport = ScriptedTransport(Ending(Cause.CANCELLED, Phase.MESSAGE), clock=stage.clock)
    said: list[str] = []
    transport.during = lambda _order, watch: said.extend(
        [faxgw("outbound", "cancel", "--wait", "0", stage.jobs[0].public_id).err, str(watch.cancelled())]
    )

    asyncio.run(stage.transmit(transport).next())

    assert "is in its call: the line hangs up" in said[0]
    assert said[1] == "True"
    assert stage.jobs[0].state is JobState.CANCELLED


def test_of_several_faxes_each_is_cancelled_that_can_be(stage: Stage, faxgw: Commands) -> None:
    first, second = waiting(stage, ONE, TWO)
    faxgw("outbound", "cancel", first)

    ran = faxgw("outbound", "cancel", first, second)

    assert ran.code == 8
    assert "1 of 2 faxes cancelled" in ran.err
    assert f"job {first} is cancelled already" in ran.err
    assert faxgw("outbound", "cancel", first, second).code == 6


def test_faxes_are_held_and_released_by_what_they_have_in_common(stage: Stage, faxgw: Commands) -> None:
    asyncio.run(stage.rendered(mail(), ONE))
    [_, other] = waiting(stage, TWO)

    assert "1 faxes will be held. Say --yes" in faxgw("outbound", "hold", "--number-is", ONE, "--no-input").err
    assert faxgw("outbound", "hold", "--number-is", ONE, "--yes").code == 0
    assert f"fax {other} is accepted: it will be held" in faxgw("outbound", "hold", other).err
    assert [job.state for job in stage.jobs] == [JobState.HELD, JobState.ACCEPTED]

    ran = faxgw("outbound", "release", "--where", "Acme", "--yes")

    assert "goes on: it is ready" in ran.err
    assert [job.state for job in stage.jobs] == [JobState.READY, JobState.ACCEPTED]


def test_a_trial_stops_nothing(stage: Stage, faxgw: Commands) -> None:
    [job] = waiting(stage)

    assert "nothing was changed" in faxgw("outbound", "cancel", job, "--dry-run").err
    assert stage.jobs[0].state is JobState.ACCEPTED


def test_a_cancel_that_comes_too_late_says_so(stage: Stage, faxgw: Commands) -> None:
    asyncio.run(stage.rendered(mail(), ONE))
    job = stage.jobs[0].public_id
    transport = ScriptedTransport(DONE, clock=stage.clock)
    transport.during = lambda _order, _watch: said.append(faxgw("outbound", "cancel", "--wait", "0", job))
    said: list[Ran] = []
    asyncio.run(stage.transmit(transport).next())

    late = faxgw("outbound", "cancel", job)

    assert (said[0].code, "is in its call" in said[0].err) == (8, True)
    assert (late.code, late.complaint) == (6, f"faxgw: job {job} is sent already and cannot be cancelled")


def test_what_has_ended_cannot_be_cancelled(stage: Stage, faxgw: Commands) -> None:
    job = called(stage, DONE)

    ran = faxgw("outbound", "cancel", job)

    assert (ran.code, ran.complaint) == (6, f"faxgw: job {job} is sent already and cannot be cancelled")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list", "--state", "lost"), "'lost' is not one of"),
        (("list", "--limit", "0"), "0 is not in the range"),
        (("list", "--outcome", "busy"), "'busy' is not one of"),
        (("show",), "Missing argument 'JOB_ID'"),
        (("list", "--sort", "luck"), "a list goes by one of accepted"),
        (("list", "--columns", "job,luck"), "there is no column 'luck'"),
        (("list", "--pages", "many"), "'many' are no pages"),
        (("list", "--since", "soon"), "'soon' is no time"),
        (("cancel",), "Name the faxes by their ids"),
        (("hold", "7K3M9Q2P", "--state", "ready"), "not both"),
    ],
)
def test_wrong_usage_is_one_line(faxgw: Commands, arguments: tuple[str, ...], words: str) -> None:
    ran = faxgw("outbound", *arguments)

    assert ran.code == 2
    assert words in ran.complaint
