"""A fax sent again: a new job of the same pages, unless something stands against it by now."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.admin.resend import Wish, send_again
from gateway.domain.blocks import Block
from gateway.domain.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError, UsageError
from gateway.domain.job import Job, JobState
from gateway.flows.retain import Retain
from gateway.refilling import Filling
from gateway.store import blocks, jobs, resend, tree, tree_changes
from gateway.store.check import check
from gateway.store.public_ids import public_id
from renderers.confine import Limits
from renderers.faxpage import read_tiff
from tests.actors import administrator, root
from tests.filled_store import NOW
from tests.flows.faxes import call, two_pages
from tests.flows.letters import mail, pdf
from tests.flows.stage import BUSY, DONE, Stage, staged

ONE, OTHER = "+12025550101", "+12025550199"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


def filling(stage: Stage) -> Filling:
    return Filling(stage.db, stage.spool, Limits(seconds=30, memory=2_000_000_000), 50)


def again(stage: Stage, job: Job, to: str = "", **given: object) -> Job:
    changed = send_again(root(stage.db), job.public_id, Wish(to, **given), stage.clock.now(), filling(stage))  # type: ignore[arg-type]
    return changed.answer


def sent(stage: Stage) -> Job:
    two_pages(stage)
    return asyncio.run(call(stage, DONE))


def troubles(stage: Stage) -> list[str]:
    """What a check of the store complains of, but for the mail that small faxes do not have."""
    found = check(stage.db, stage.spool, stage.clock.now().timestamp())
    return [one.words for one in found if one.bad and "submission 1 content" not in one.words]


def test_a_fax_that_was_sent_is_sent_again_as_another_job_of_the_same_pages(stage: Stage) -> None:
    first = sent(stage)
    second = again(stage, first)

    assert second.public_id != first.public_id
    assert (second.state, second.pages, second.submission_id) == (JobState.READY, 2, first.submission_id)
    done = asyncio.run(call(stage, DONE))
    assert (done.public_id, done.state, done.pages_sent) == (second.public_id, JobState.SENT, 2)
    assert troubles(stage) == []


def test_both_tell_of_the_other_and_the_journal_of_both(stage: Stage) -> None:
    first = sent(stage)
    changed = send_again(root(stage.db), first.public_id, Wish(), stage.clock.now(), filling(stage))
    second = changed.answer

    def told(job: Job) -> list[str]:
        return [event.detail for event in jobs.detail(stage.db, job.public_id).events if event.name == resend.RESENT]

    assert (told(first), told(second)) == ([f"as {second.public_id}"], [f"again {first.public_id}"])
    [entry] = changed.entries
    assert (entry.what, entry.target) == ("fax.resend", "Acme/Sales/anna")
    assert all(job.public_id in entry.after for job in (first, second))


def test_its_notice_stands_in_the_thread_of_the_first(stage: Stage) -> None:
    again(stage, sent(stage))
    asyncio.run(call(stage, DONE))

    first, second = (message for message in stage.notices if "delivered" in message["Subject"])
    assert first["References"] == second["References"] != ""
    assert first["Message-ID"] != second["Message-ID"]


def test_what_has_not_ended_goes_only_to_another_number_and_once(stage: Stage) -> None:
    waiting = two_pages(stage)
    with pytest.raises(RefusedError, match="has not ended"):
        again(stage, waiting)

    other = again(stage, waiting, OTHER)
    with pytest.raises(ConflictError, match=f"on its way to .* as {other.public_id}"):
        again(stage, waiting, OTHER)


def test_a_failed_fax_begins_anew_with_its_whole_time(stage: Stage) -> None:
    two_pages(stage, life=timedelta(minutes=1))
    stage.clock.pass_time(seconds=120)
    jobs.expire_due(stage.db, stage.clock.now(), lambda _job: None)
    [failed] = stage.jobs

    second = again(stage, failed)
    assert second.expires - second.accepted == timedelta(hours=3)
    assert asyncio.run(call(stage, BUSY)).dials == 1


def test_a_fax_without_pages_cannot_be_sent_again(stage: Stage) -> None:
    asyncio.run(stage.submit(mail()))
    [job] = stage.jobs
    with pytest.raises(RefusedError, match="never rendered"):
        again(stage, job, OTHER)


def test_after_its_documents_were_erased_it_says_when_and_what_to_do(stage: Stage) -> None:
    first = sent(stage)
    stage.clock.pass_time(seconds=31 * 86400)
    Retain(stage.db, stage.spool, stage.clock, lambda: stage.clock.now() + timedelta(days=9000)).round()

    with pytest.raises(NotFoundError, match=r"were erased on 2026-04-02, .* send the mail again"):
        again(stage, first)


def test_pages_of_a_fax_sent_again_outlive_the_first(stage: Stage) -> None:
    first = sent(stage)
    stage.clock.pass_time(seconds=29 * 86400)
    second = again(stage, first)
    asyncio.run(call(stage, DONE))
    stage.clock.pass_time(seconds=2 * 86400)
    retain = Retain(stage.db, stage.spool, stage.clock, lambda: stage.clock.now() + timedelta(days=9000))

    assert retain.round().jobs == 1
    assert again(stage, second).pages == 2
    assert troubles(stage) == []


@pytest.mark.parametrize("what", ["Acme/Sales/anna", "Acme"])
def test_nothing_is_sent_again_for_who_is_locked(stage: Stage, what: str) -> None:
    first = sent(stage)
    tree_changes.set_locked(stage.db, tree.node_by_path(stage.db, what).id, locked=True)

    with pytest.raises(RefusedError, match="is locked"):
        again(stage, first)


def test_nothing_is_sent_again_for_who_is_gone(stage: Stage) -> None:
    first = sent(stage)
    tree_changes.remove(stage.db, first.user_id, NOW)

    with pytest.raises(RefusedError, match="was deleted"):
        again(stage, first)


@pytest.mark.parametrize(("to", "why"), [("911", "emergency"), ("+882161234567", "not permitted"), ("x", "no|not")])
def test_a_number_that_is_never_called_is_refused(stage: Stage, to: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        again(stage, sent(stage), to)


def test_a_number_blocked_since_is_refused(stage: Stage) -> None:
    first = sent(stage)
    blocks.add(stage.db, tree.node_by_path(stage.db, "Acme").id, [Block(ONE, NOW)])

    with pytest.raises(RefusedError, match="blocked by your company"):
        again(stage, first)
    assert again(stage, first, OTHER).destination.number == OTHER


def test_it_takes_the_right_at_the_senders_place(stage: Stage) -> None:
    first = sent(stage)
    legal = tree.add_department(stage.db, "Acme", "Legal")
    for ada in (
        administrator(stage.db, "Acme", "activity"),
        administrator(stage.db, legal.path, "resend"),
        administrator(stage.db, "Acme", "resend", read_only=True),
    ):
        with pytest.raises(NotAllowedError):
            send_again(ada, first.public_id, Wish(), stage.clock.now(), filling(stage))

    ada = administrator(stage.db, "Acme/Sales", "resend.outbound")
    assert send_again(ada, first.public_id, Wish(), stage.clock.now(), filling(stage)).answer.state is JobState.READY


def test_a_trial_leaves_nothing(stage: Stage) -> None:
    first = sent(stage)
    door = root(stage.db, dry_run=True)
    send_again(door, first.public_id, Wish(OTHER), stage.clock.now(), filling(stage))

    assert [job.public_id for job in stage.jobs] == [first.public_id]


def test_a_sub_address_stays_with_its_number(stage: Stage) -> None:
    asyncio.run(stage.rendered(None, f"{ONE}/T33S=42"))
    first = asyncio.run(call(stage, DONE))
    assert first.sub_address == "42"

    assert again(stage, first, OTHER).sub_address == ""
    assert again(stage, first, "+12025550198", sub_address="7#").sub_address == "7#"
    assert again(stage, first).sub_address == "42"
    with pytest.raises(UsageError, match="sub-address"):
        again(stage, first, OTHER, sub_address="x")


async def test_a_cover_is_filled_anew_for_another_recipient_and_the_pages_are_not(stage: Stage) -> None:
    [first] = await stage.rendered(mail("Dear all, it is settled.", attachments=[pdf()]), f"{ONE}/to=Jo_Ann")
    await call(stage, DONE)
    changed = await asyncio.to_thread(again, stage, first, OTHER, recipient_name="Mia Chen")
    same = await asyncio.to_thread(again, stage, stage.jobs[0])

    before, after = (read_tiff(stage.spool.path(job.cover_digest)) for job in (stage.jobs[0], changed))
    assert (len(before), len(after), changed.pages) == (1, 1, stage.jobs[0].pages)
    assert before[0].mmr != after[0].mmr
    assert (changed.recipient_name, same.cover_digest) == ("Mia Chen", stage.jobs[0].cover_digest)


async def test_a_cover_that_is_gone_is_told(stage: Stage) -> None:
    [first] = await stage.rendered(mail(attachments=[pdf()]), ONE)
    await call(stage, DONE)
    tree.set_setting(stage.db, "Acme", "cover.only_own", "on")

    with pytest.raises(RefusedError, match="cover page cannot be filled again"):
        await asyncio.to_thread(again, stage, first, OTHER)
    assert len(stage.jobs) == 1


def test_ids_are_reserved_one_after_another(stage: Stage) -> None:
    job = two_pages(stage)
    numbers = [resend.reserve(stage.db) for _ in range(3)]

    assert len({public_id(number) for number in (*numbers, job.id)}) == 4
    assert two_pages(stage, OTHER).id > max(numbers)
