from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import NotFoundError, RefusedError
from gateway.domain.job import Job, JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.store import calls, jobs, outbox, submissions
from gateway.store.database import Database
from tests.claims import claim_render
from tests.filled_store import NOW, calling, end, mail_on, mail_to, no_mail, owning, ready

OTHER = "+12025550102"
SOON = NOW + timedelta(minutes=5)
EXPIRED = NOW + timedelta(hours=3)


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


def waiting(db: Database, owner: int, user: User) -> Job:
    """A job that waits until SOON for its second call."""
    ready(db, owner, mail_to(user))
    busy = end(JobEvent.RETRY, Outcome.BUSY, not_before=SOON)
    return calls.finish_call(db, calling(db, owner), busy, NOW, no_mail)


def state_of(db: Database, job: Job) -> JobState:
    return jobs.job(db, job.public_id).state


def test_a_waiting_job_is_promoted_when_its_time_comes(db: Database, user: User, owner: int) -> None:
    job = waiting(db, owner, user)

    assert jobs.promote_due(db, SOON - timedelta(microseconds=1)) == 0
    assert jobs.next_due(db) == SOON
    assert jobs.promote_due(db, SOON) == 1

    assert (state_of(db, job), jobs.next_due(db)) == (JobState.READY, None)
    last = jobs.detail(db, job.public_id).events[-1]
    assert (last.name, last.at) == ("due", SOON)


def test_what_nobody_could_send_in_time_is_cancelled_and_told(db: Database, user: User, owner: int) -> None:
    job = waiting(db, owner, user)

    assert jobs.expire_due(db, EXPIRED - timedelta(microseconds=1), mail_on) == 0
    assert jobs.expire_due(db, EXPIRED, mail_on) == 1

    ended = jobs.job(db, job.public_id)
    assert (ended.state, ended.outcome, ended.outcome_detail) == (JobState.CANCELLED, Outcome.CANCELLED, "expired")
    assert ended.ended == EXPIRED
    [mail] = outbox.listing(db)
    assert outbox.content(db, mail.id) == f"{job.public_id} cancelled expired".encode()


def test_a_running_call_does_not_expire(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)

    assert jobs.expire_due(db, EXPIRED, mail_on) == 0
    assert state_of(db, claim.job) is JobState.CALLING


def test_an_unrendered_job_expires_and_is_not_rendered(db: Database, user: User, owner: int) -> None:
    submissions.add(db, mail_to(user))

    assert jobs.expire_due(db, EXPIRED, no_mail) == 1
    assert claim_render(db, owner, EXPIRED) is None


@pytest.mark.parametrize("kind", ["accepted", "ready", "waiting"])
def test_outside_a_call_a_cancel_holds_at_once(db: Database, user: User, owner: int, kind: str) -> None:
    make = {
        "accepted": lambda: submissions.add(db, mail_to(user)).jobs[0],
        "ready": lambda: ready(db, owner, mail_to(user)).jobs[0],
        "waiting": lambda: waiting(db, owner, user),
    }
    job = make[kind]()

    assert jobs.cancel(db, job.public_id, NOW, mail_on) is True

    ended = jobs.job(db, job.public_id)
    assert (ended.state, ended.outcome, ended.outcome_detail) == (JobState.CANCELLED, Outcome.CANCELLED, "cancelled")
    assert len(outbox.listing(db)) == 1


def test_a_held_job_can_be_cancelled(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    held = calls.finish_call(db, calling(db, owner), end(JobEvent.HELD, Outcome.BUSY), NOW, no_mail)

    assert jobs.cancel(db, held.public_id, NOW, no_mail) is True


def test_an_ended_job_cannot_be_cancelled(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    job = calls.finish_call(db, calling(db, owner), end(JobEvent.CONFIRMED, Outcome.SUCCESS), NOW, no_mail)

    with pytest.raises(RefusedError, match=f"{job.public_id} is sent already"):
        jobs.cancel(db, job.public_id, NOW, mail_on)


@pytest.mark.parametrize("public_id", ["", "nonsense", "00000000"])
def test_an_unknown_id_is_not_found(db: Database, public_id: str) -> None:
    for ask in (jobs.job, jobs.detail):
        with pytest.raises(NotFoundError, match="outbound list"):
            ask(db, public_id)
    with pytest.raises(NotFoundError):
        jobs.cancel(db, public_id, NOW, no_mail)


def test_a_cancelled_job_of_several_leaves_the_others_alone(db: Database, user: User, owner: int) -> None:
    first, second = submissions.add(db, mail_to(user, "+12025550101", OTHER)).jobs

    jobs.cancel(db, first.public_id, NOW, no_mail)

    claim = claim_render(db, owner, NOW)
    assert claim is not None
    assert [job.id for job in claim.jobs] == [second.id]


def test_the_unfinished_are_counted_by_state(db: Database, user: User, owner: int) -> None:
    waiting(db, owner, user)
    ready(db, owner, mail_to(user, OTHER))
    submissions.add(db, mail_to(user))
    cancelled = submissions.add(db, mail_to(user)).jobs[0]
    jobs.cancel(db, cancelled.public_id, NOW, no_mail)

    assert jobs.unfinished(db) == {JobState.WAITING: 1, JobState.READY: 1, JobState.ACCEPTED: 1}


def test_the_store_is_quiet_when_only_time_can_bring_more(db: Database, user: User, owner: int) -> None:
    assert jobs.is_quiet(db)
    submissions.add(db, mail_to(user))
    assert not jobs.is_quiet(db)
    claim = claim_render(db, owner, NOW)
    assert claim is not None
    assert not jobs.is_quiet(db)
    jobs.cancel(db, claim.jobs[0].public_id, NOW, no_mail)
    assert jobs.is_quiet(db)

    waiting(db, owner, user)
    assert jobs.is_quiet(db)


@pytest.mark.parametrize("counted", [True, False])
def test_the_store_is_not_quiet_before_a_mail_was_tried(db: Database, user: User, owner: int, counted: bool) -> None:
    job = waiting(db, owner, user)
    jobs.cancel(db, job.public_id, NOW, mail_on)
    assert not jobs.is_quiet(db)

    claim = outbox.claim_mail(db, owner, NOW)
    assert claim is not None
    assert not jobs.is_quiet(db)

    outbox.mail_retry(db, claim, SOON, "451 later", counted=counted)
    assert jobs.is_quiet(db)


def test_a_ready_job_and_a_call_are_not_quiet(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    assert not jobs.is_quiet(db)
    calling(db, owner)
    assert not jobs.is_quiet(db)


def test_the_latest_time_is_that_of_the_history(db: Database, user: User, owner: int) -> None:
    assert jobs.latest_time(db) is None

    waiting(db, owner, user)
    jobs.promote_due(db, SOON)

    assert jobs.latest_time(db) == SOON


def steps_of(db: Database, question: str) -> list[str]:
    """How SQLite would answer it."""
    return [row[-1] for row in db.read_by_hand(lambda cursor: list(cursor.execute(f"EXPLAIN QUERY PLAN {question}")))]


@pytest.mark.one_engine
def test_what_is_asked_again_and_again_looks_into_indexes_and_at_no_whole_table(db: Database) -> None:
    steps = steps_of(db, jobs._busy_question(db.dialect)) + steps_of(db, jobs._FIRST_EXPIRY)

    assert [step for step in steps if step.startswith("SCAN") and "INDEX" not in step] == ["SCAN CONSTANT ROW"]
    assert not [step for step in steps if "TEMP B-TREE" in step]
