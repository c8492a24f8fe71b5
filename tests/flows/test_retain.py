"""Documents whose time is over: out of the rows, off the disk, and nothing else; what is shared or young stays."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.job import JobState
from gateway.flows.retain import Retain
from gateway.store import jobs, retention, tree
from gateway.store.check import check
from tests.flows.commands import Commands
from tests.flows.letters import mail
from tests.flows.stage import Stage, staged

DAY = timedelta(days=1)
CANARY = "zebrafish-4711"
ONE, BUSY = "+12025550100", "+12025550101"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


def retain(stage: Stage) -> Retain:
    """It is long ago, for files, that anything was put."""
    return Retain(stage.db, stage.spool, stage.clock, lambda: stage.clock.now() + timedelta(days=9000))


async def sent(stage: Stage, *numbers: str, **given: str) -> None:
    await stage.rendered(mail(f"The {CANARY} is ours.\n", **given), *(numbers or (ONE,)))
    transmit = stage.transmit(stage.simulator())
    while await transmit.next():
        continue


def found_anywhere(folder: Path, words: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]


async def test_documents_are_kept_until_their_day(stage: Stage) -> None:
    await sent(stage)
    before = set(stage.contents)
    stage.clock.skip_to(stage.clock.now() + 29 * DAY)

    assert retain(stage).round().jobs == 0
    assert set(stage.contents) == before


async def test_on_their_day_they_are_gone_and_rows_hashes_and_history_stay(stage: Stage) -> None:
    await sent(stage)
    [job] = stage.jobs
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)

    erased = retain(stage).round()

    assert (erased.jobs, erased.contents, erased.young) == (1, 3, 0)
    assert stage.contents == []
    detail = jobs.detail(stage.db, job.public_id)
    assert (detail.job.state, detail.job.pages_sent, len(detail.attempts)) == (JobState.SENT, job.pages_sent, 1)
    assert len(detail.events) >= 4
    assert len(retention.hashes_of(stage.db, job.id)) == 3


async def test_with_no_days_nothing_of_a_mail_is_found_on_the_disk(stage: Stage) -> None:
    for setting in ("retention.sent_days", "retention.failed_days"):
        tree.set_setting(stage.db, "Acme", setting, "0")
    await sent(stage)
    assert found_anywhere(stage.folder, CANARY.encode())

    retain(stage).round()

    assert found_anywhere(stage.folder, CANARY.encode()) == []
    assert stage.contents == []


async def test_a_notice_with_the_pages_is_emptied_when_it_was_sent(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "notify.content", "full-with-pages")
    await sent(stage)
    waiting = stage.notices[-1].as_bytes()
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)

    retain(stage).round()

    assert stage.notices[-1].as_bytes() == waiting  # nobody has it yet


async def test_what_another_mail_brought_too_stays(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "cover.behavior", "none")  # the text is the document
    await sent(stage, Message_ID="<1@acme.example>")
    first = stage.jobs[0]
    stage.clock.skip_to(stage.clock.now() + 20 * DAY)
    await sent(stage, Message_ID="<2@acme.example>")
    shared = jobs.submission(stage.db, stage.jobs[1].submission_id).pages_digest
    assert shared == jobs.submission(stage.db, first.submission_id).pages_digest
    stage.clock.skip_to(stage.clock.now() + 12 * DAY)

    assert retain(stage).round().jobs == 1

    assert shared in stage.contents
    assert jobs.submission(stage.db, first.submission_id).pages_digest == ""


async def test_the_mail_stays_until_the_last_of_its_faxes_is_over(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retention.failed_days", "60")
    await stage.rendered(mail(), ONE, BUSY)
    transmit = stage.transmit(stage.simulator())
    while await transmit.next():
        continue
    jobs.cancel(stage.db, stage.jobs[1].public_id, stage.clock.now(), lambda _job: None)
    content = jobs.submission(stage.db, stage.jobs[0].submission_id).content_digest
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)

    retain(stage).round()
    assert content in stage.contents

    stage.clock.skip_to(stage.clock.now() + 31 * DAY)
    retain(stage).round()
    assert stage.contents == []


async def test_a_content_that_came_just_now_waits_for_the_next_look(stage: Stage) -> None:
    await sent(stage)
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)
    young = Retain(stage.db, stage.spool, stage.clock, lambda: datetime.now(UTC))

    assert young.round().young == 3
    for digest in stage.contents:
        os.utime(stage.spool.path(digest), (0, 0))

    assert young.round().contents == 3
    assert stage.contents == []


async def test_who_dies_between_the_rows_and_the_disk_is_followed_by_another(stage: Stage) -> None:
    await sent(stage)
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)
    retention.plan(stage.db)
    retention.erase_rows(stage.db, stage.jobs[0].id, stage.clock.now())
    assert len(stage.contents) == 3

    retain(stage).round()

    assert stage.contents == []


async def test_the_store_is_sound_afterwards_and_a_second_round_finds_nothing(stage: Stage) -> None:
    await sent(stage)
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)
    retain(stage).round()

    assert retain(stage).round().jobs == 0
    assert [one for one in check(stage.db, stage.spool, stage.clock.now().timestamp()) if one.bad] == []


async def test_pages_that_were_erased_are_told_as_such(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faxgw = Commands(stage.folder, monkeypatch, capsys)
    await sent(stage)
    [job] = stage.jobs
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)
    monkeypatch.setattr("gateway.parts.build_clock", lambda _db: stage.clock)

    listed = faxgw("retention", "run", "--dry-run")
    assert stage.contents != []
    retain(stage).round()
    ran = faxgw("outbound", "show", job.public_id, "--save-pdf", str(stage.folder / "sent.pdf"))

    assert listed.out.splitlines()[2].split()[:2] == [job.public_id, "sent"]
    assert ran.code == 3
    assert f"the documents of fax {job.public_id} were erased on 2026-04-0" in ran.err
