"""Jobs that somebody holds: before they are rendered, while they wait, in their call; and that go on again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import NotFoundError, RefusedError
from gateway.domain.job import Job, JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.store import calls, jobs, processes, submissions
from gateway.store.database import Database
from tests.claims import claim_render
from tests.filled_store import (
    NOW,
    WALL,
    calling,
    end,
    killed,
    mail_to,
    no_mail,
    owning,
    process,
    ready,
    rendered,
)

LATER = NOW + timedelta(minutes=5)
HUNG_UP = end(JobEvent.CANCELLED, Outcome.CANCELLED)


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


@pytest.fixture
def job(db: Database, user: User, owner: int) -> Job:
    return ready(db, owner, mail_to(user)).jobs[0]


def state(db: Database, job: Job) -> JobState:
    return jobs.job(db, job.public_id).state


def test_a_job_that_is_held_is_not_called_until_it_is_released(db: Database, job: Job, owner: int) -> None:
    assert jobs.hold(db, job.public_id, NOW)
    assert calls.claim_call(db, owner, "trunk", 4, NOW) is None

    assert jobs.release(db, job.public_id, NOW) is JobState.READY
    assert calling(db, owner).job.id == job.id


def test_a_hold_on_a_job_without_pages_counts_when_it_has_them(db: Database, user: User, owner: int) -> None:
    [job] = submissions.add(db, mail_to(user)).jobs
    assert not jobs.hold(db, job.public_id, NOW)
    assert state(db, job) is JobState.ACCEPTED

    claim = claim_render(db, owner, NOW)
    assert claim is not None
    submissions.finish_render(db, claim, rendered(claim), NOW, [])

    assert state(db, job) is JobState.HELD


def test_a_hold_in_a_call_hangs_up_and_the_call_counts_for_nothing(db: Database, job: Job, owner: int) -> None:
    claim = calling(db, owner)
    assert not jobs.hold(db, job.public_id, NOW)
    assert calls.cancel_asked(db, claim)
    assert not calls.record_last_page(db, claim, 1)

    held = calls.finish_call(db, claim, HUNG_UP, LATER, no_mail)

    assert (held.state, held.outcome, held.pages_sent, held.hold_asked) == (JobState.HELD, None, 1, False)
    assert jobs.history(db, held) == []


@pytest.mark.parametrize(
    ("how", "outcome", "then"),
    [
        (JobEvent.CONFIRMED, Outcome.SUCCESS, JobState.SENT),
        (JobEvent.DOUBT, Outcome.UNCONFIRMED, JobState.UNCONFIRMED),
        (JobEvent.GAVE_UP, Outcome.BUSY, JobState.FAILED),
        (JobEvent.RETRY, Outcome.BUSY, JobState.HELD),
    ],
)
def test_what_the_call_itself_decides_goes_before_a_hold(
    db: Database, job: Job, owner: int, how: JobEvent, outcome: Outcome, then: JobState
) -> None:
    claim = calling(db, owner)
    jobs.hold(db, job.public_id, NOW)

    ended = calls.finish_call(db, claim, end(how, outcome, not_before=LATER), NOW, no_mail)

    assert (ended.state, ended.outcome) == (then, outcome)


def test_a_job_released_while_its_line_hangs_up_is_called_again(db: Database, job: Job, owner: int) -> None:
    claim = calling(db, owner)
    jobs.hold(db, job.public_id, NOW)
    assert jobs.release(db, job.public_id, NOW) is JobState.CALLING

    assert calls.finish_call(db, claim, HUNG_UP, LATER, no_mail).state is JobState.READY


def test_a_cancel_goes_before_a_hold(db: Database, job: Job, owner: int) -> None:
    claim = calling(db, owner)
    jobs.hold(db, job.public_id, NOW)
    jobs.cancel(db, job.public_id, NOW, no_mail)

    assert calls.finish_call(db, claim, HUNG_UP, LATER, no_mail).state is JobState.CANCELLED


def test_a_process_that_dies_in_a_call_on_hold_leaves_it_held(db: Database, user: User, tmp_path: Path) -> None:
    dying, living = process(db, tmp_path), process(db, tmp_path)
    [job] = ready(db, dying.id, mail_to(user)).jobs
    calling(db, dying.id)
    jobs.hold(db, job.public_id, NOW)

    killed(dying)
    processes.reap(db, living, WALL, NOW, no_mail)

    assert state(db, job) is JobState.HELD
    killed(living)


def test_a_release_waits_for_the_time_of_a_job(db: Database, job: Job, owner: int) -> None:
    retry = end(JobEvent.RETRY, Outcome.BUSY, not_before=LATER)
    calls.finish_call(db, calling(db, owner), retry, NOW, no_mail)
    jobs.hold(db, job.public_id, NOW)
    assert jobs.promote_due(db, LATER) == 0

    assert jobs.release(db, job.public_id, NOW) is JobState.WAITING
    assert jobs.promote_due(db, LATER) == 1


def test_a_job_that_is_held_expires_and_can_be_cancelled(db: Database, user: User, job: Job, owner: int) -> None:
    other = ready(db, owner, mail_to(user)).jobs[0]
    for one in (job, other):
        jobs.hold(db, one.public_id, NOW)

    jobs.cancel(db, job.public_id, NOW, no_mail)
    jobs.expire_due(db, other.expires, no_mail)

    assert [jobs.job(db, one.public_id).outcome_detail for one in (job, other)] == ["cancelled", "expired"]


def test_what_cannot_be_held_or_released_is_refused_with_its_state(db: Database, job: Job) -> None:
    with pytest.raises(RefusedError, match="is ready and not held"):
        jobs.release(db, job.public_id, NOW)
    jobs.hold(db, job.public_id, NOW)
    with pytest.raises(RefusedError, match="held already"):
        jobs.hold(db, job.public_id, NOW)
    jobs.cancel(db, job.public_id, NOW, no_mail)
    for deed in (jobs.hold, jobs.release):
        with pytest.raises(RefusedError, match="is cancelled already"):
            deed(db, job.public_id, NOW)
    with pytest.raises(NotFoundError):
        jobs.hold(db, "00000000", NOW)


def test_many_jobs_fall_due_in_one_commit_each_with_its_event(db: Database, user: User, owner: int) -> None:
    numbers = [f"+1202555{place:04}" for place in range(30)]
    ready(db, owner, mail_to(user, *numbers))
    for _ in numbers:
        calls.finish_call(
            db, calling(db, owner), end(JobEvent.RETRY, Outcome.NO_ANSWER, not_before=LATER), NOW, no_mail
        )

    assert (jobs.promote_due(db, NOW), jobs.next_due(db)) == (0, LATER)
    assert (jobs.promote_due(db, LATER), jobs.next_due(db)) == (len(numbers), None)
    last = jobs.detail(db, jobs.listing(db)[0].public_id).events[-1]
    assert (last.name, last.from_state, last.to_state, last.at) == ("due", "waiting", "ready", LATER)
