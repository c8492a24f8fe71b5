"""faxgw block: numbers that nobody may fax, at the very next recipient."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.errors import ExitCode, RefusedError
from gateway.domain.job import JobState
from gateway.store import tree
from tests.flows.commands import Commands
from tests.flows.letters import ANNA, mail
from tests.flows.stage import DOMAIN, Stage, staged, words

ONE, TWO = "+12025550142", "+12025550143"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(stage.folder, monkeypatch, capsys)


async def test_the_next_recipient_is_refused_and_taken_again_after_a_removal(faxgw: Commands, stage: Stage) -> None:
    await stage.desk.check_recipient(f"{ONE}@{DOMAIN}", ANNA, "")
    added = faxgw("block", "add", "202-555-0142", "--note", "asked us to stop")

    with pytest.raises(RefusedError) as refused:
        await stage.desk.check_recipient(f"{ONE}@{DOMAIN}", ANNA, "")
    removed = faxgw("block", "remove", ONE)

    assert (added.code, added.err) == (0, "1 number blocked\n")
    assert str(refused.value.reply).startswith(f"550 5.7.1 {ONE} is blocked by your company")
    assert (removed.code, removed.err) == (0, "1 number may be faxed again\n")
    await stage.desk.check_recipient(f"{ONE}@{DOMAIN}", ANNA, "")


async def test_a_mail_whose_author_shows_only_in_its_header_is_refused_whole(faxgw: Commands, stage: Stage) -> None:
    faxgw("block", "add", ONE)
    await stage.desk.check_recipient(f"{ONE}@{DOMAIN}", "list@elsewhere.example", "")

    with pytest.raises(RefusedError, match="blocked by your company"):
        await stage.submit(mail(), ONE, mail_from="list@elsewhere.example")

    assert list(stage.jobs) == []


def test_a_blocked_number_is_looked_up_in_any_form(faxgw: Commands) -> None:
    faxgw("block", "add", ONE, "--note", "why")

    found = faxgw("block", "lookup", "202 555 0142", "-o", "json")

    assert json.loads(found.out)["number"] == ONE
    assert json.loads(found.out)["note"] == "why"
    other = faxgw("block", "lookup", TWO)
    assert (other.code, other.err) == (ExitCode.NOT_FOUND, f"{TWO} is not blocked\n")


def test_what_was_exported_can_be_imported(faxgw: Commands, stage: Stage) -> None:
    faxgw("block", "add", ONE, TWO, "--note", 'said "no", twice')
    file = stage.folder / "list.csv"
    exported = faxgw("block", "export", str(file))
    faxgw("block", "remove", ONE, TWO)

    imported = faxgw("block", "import", str(file))

    assert (exported.err, imported.err) == ("2 numbers written\n", "2 numbers blocked\n")
    rows = list(csv.DictReader(io.StringIO(faxgw("block", "list", "-o", "csv").out)))
    assert [(row["number"], row["note"]) for row in rows] == [(ONE, 'said "no", twice'), (TWO, 'said "no", twice')]
    assert faxgw("block", "count").out == "2\n"


def test_a_bad_list_blocks_nothing_and_names_each_line(faxgw: Commands) -> None:
    ran = faxgw("block", "import", "-", typed=f"{ONE}\nfoo\n\n12\n")

    assert ran.code == ExitCode.USAGE
    assert "line 2: 'foo' is not a fax number" in ran.complaint
    assert "; line 4: " in ran.complaint
    assert faxgw("block", "count").out == "0\n"


def test_a_trial_says_what_it_would_do(faxgw: Commands) -> None:
    ran = faxgw("block", "add", ONE, "--dry-run")

    assert f'"number":"{ONE}"' in ran.out
    assert "nothing was changed" in ran.err
    assert faxgw("block", "list").err == "nothing to list\n"


async def test_what_waits_for_a_blocked_number_is_cancelled_and_told(faxgw: Commands, stage: Stage) -> None:
    await stage.rendered(mail(), ONE, TWO)
    faxgw("block", "add", ONE)

    assert await stage.tend().next()

    assert {str(job.destination): (job.state, job.outcome_detail) for job in stage.jobs} == {
        ONE: (JobState.CANCELLED, "number-blocked"),
        TWO: (JobState.READY, ""),
    }
    told = stage.notices[-1]
    assert "Your company has blocked this fax number." in words(told)


async def test_another_companys_list_stops_nothing(faxgw: Commands, stage: Stage) -> None:
    await stage.rendered(mail(), ONE)
    tree.add_company(stage.db, "Other")
    faxgw("block", "add", ONE, "--company", "Other")

    await stage.tend().next()

    assert [job.state for job in stage.jobs] == [JobState.READY]


async def test_a_fax_that_was_not_rendered_yet_is_stopped_before(faxgw: Commands, stage: Stage) -> None:
    await stage.submit(mail(), ONE)
    faxgw("block", "add", ONE)

    await stage.tend().next()

    assert [job.state for job in stage.jobs] == [JobState.CANCELLED]
    assert not await stage.prepare().next()
