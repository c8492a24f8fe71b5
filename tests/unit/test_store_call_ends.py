from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import LostClaimError
from gateway.domain.job import Job, JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.retry import Past
from gateway.store import calls, jobs, outbox
from gateway.store.database import Database
from tests.filled_store import NOW, calling, end, mail_on, mail_to, no_mail, owning, ready

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


def now_of(db: Database, job: Job) -> Job:
    return jobs.job(db, job.public_id)


def test_the_end_of_a_call_is_one_commit(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)
    done = end(
        JobEvent.CONFIRMED, Outcome.SUCCESS, detail="done", pages_confirmed=3, report_json='{"rate": 14400}',
        tiff_digest="aa" * 32,
    )  # fmt: skip

    job = calls.finish_call(db, claim, done, LATER, mail_on)

    detail = jobs.detail(db, job.public_id)
    assert job == detail.job
    assert (job.state, job.outcome, job.outcome_detail, job.ended) == (JobState.SENT, Outcome.SUCCESS, "done", LATER)
    assert (job.pages_sent, job.dials, job.tries) == (3, 1, 1)
    [attempt] = detail.attempts
    assert (attempt.ended, attempt.outcome, attempt.session) == (done.ended, Outcome.SUCCESS, True)
    assert (attempt.report, attempt.tiff_digest) == ('{"rate": 14400}', "aa" * 32)
    assert [event.to_state for event in detail.events][-2:] == ["calling", "sent"]
    assert [mail.kind for mail in detail.notices] == ["delivery"]


def test_a_mail_that_cannot_be_composed_leaves_the_call_open(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)

    def broken(_job: Job) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        calls.finish_call(db, claim, end(JobEvent.CONFIRMED, Outcome.SUCCESS), LATER, broken)

    assert now_of(db, claim.job).state is JobState.CALLING


def test_the_mail_may_read_the_store_while_it_is_composed(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)
    seen = []

    def look(job: Job) -> None:
        seen.append((job.state, now_of(db, job).state))

    calls.finish_call(db, claim, end(JobEvent.GAVE_UP, Outcome.BUSY), LATER, look)

    assert seen == [(JobState.FAILED, JobState.CALLING)]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (JobEvent.CONFIRMED, JobState.SENT),
        (JobEvent.RETRY, JobState.WAITING),
        (JobEvent.GAVE_UP, JobState.FAILED),
        (JobEvent.DOUBT, JobState.UNCONFIRMED),
        (JobEvent.HELD, JobState.HELD),
        (JobEvent.CANCELLED, JobState.CANCELLED),
    ],
)
def test_every_end_frees_the_line_and_the_destination(
    db: Database, user: User, owner: int, event: JobEvent, state: JobState
) -> None:
    ready(db, owner, mail_to(user))
    ready(db, owner, mail_to(user))

    ended = calls.finish_call(db, calling(db, owner, lines=1), end(event, Outcome.NO_ANSWER), LATER, no_mail)

    assert ended.state is state
    assert calling(db, owner, lines=1).line == 1


@pytest.mark.parametrize(("anew", "pages_sent"), [(True, 0), (False, 2)])
def test_a_fax_begins_anew_also_after_a_call_whose_pages_were_noted(
    db: Database, user: User, owner: int, anew: bool, pages_sent: int
) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)
    calls.record_last_page(db, claim, 2)

    calls.finish_call(db, claim, end(JobEvent.RETRY, Outcome.UNCONFIRMED, pages_confirmed=2, anew=anew), LATER, no_mail)

    assert now_of(db, claim.job).pages_sent == pages_sent


@pytest.mark.parametrize(("told", "kept"), [(None, NOW), (NOW + timedelta(seconds=9), NOW + timedelta(seconds=9))])
def test_an_attempt_began_when_it_was_dialled(
    db: Database, user: User, owner: int, told: datetime | None, kept: datetime
) -> None:
    ready(db, owner, mail_to(user))

    job = calls.finish_call(
        db, calling(db, owner), end(JobEvent.CONFIRMED, Outcome.SUCCESS, started=told), LATER, no_mail
    )

    assert jobs.detail(db, job.public_id).attempts[0].started == kept


def test_a_call_without_a_session_is_a_dial_and_no_try(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))

    job = calls.finish_call(
        db, calling(db, owner), end(JobEvent.RETRY, Outcome.BUSY, session=False, not_before=LATER), LATER, no_mail
    )

    assert (job.dials, job.tries) == (1, 0)


def test_a_call_ends_only_once(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)
    calls.finish_call(db, claim, end(JobEvent.CONFIRMED, Outcome.SUCCESS), LATER, mail_on)

    with pytest.raises(LostClaimError):
        calls.finish_call(db, claim, end(JobEvent.GAVE_UP, Outcome.BUSY), LATER, mail_on)

    assert len(outbox.listing(db)) == 1


def test_a_call_that_broke_off_by_our_fault_is_given_back(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)
    calls.record_page(db, claim, 0)

    calls.give_back(db, claim, LATER, mail_on)

    again = calling(db, owner)
    assert (again.job.id, again.attempt.first_page, again.line) == (claim.job.id, 1, 1)
    assert jobs.history(db, claim.job) == []
    with pytest.raises(LostClaimError):
        calls.give_back(db, claim, LATER, mail_on)


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (JobEvent.RETRY, JobState.CANCELLED),
        (JobEvent.HELD, JobState.CANCELLED),
        (JobEvent.CONFIRMED, JobState.SENT),
        (JobEvent.DOUBT, JobState.UNCONFIRMED),
        (JobEvent.GAVE_UP, JobState.FAILED),
    ],
)
def test_a_cancel_in_call_wins_unless_the_call_decided_first(
    db: Database, user: User, owner: int, event: JobEvent, state: JobState
) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)
    assert jobs.cancel(db, claim.job.public_id, NOW, no_mail) is False
    assert calls.cancel_asked(db, claim)

    job = calls.finish_call(db, claim, end(event, Outcome.BUSY), LATER, mail_on)

    assert job.state is state
    assert (job.outcome is Outcome.CANCELLED) is (state is JobState.CANCELLED)


def test_the_history_is_what_the_retry_policy_needs(db: Database, user: User, owner: int) -> None:
    [job] = ready(db, owner, mail_to(user)).jobs
    first = end(JobEvent.RETRY, Outcome.BUSY, session=False, not_before=NOW)
    calls.finish_call(db, calling(db, owner), first, LATER, no_mail)
    jobs.promote_due(db, LATER)
    claim = calling(db, owner)
    calls.record_page(db, claim, 0)
    assert jobs.history(db, job) == [Past(Outcome.BUSY, "busy", False, 0, 0, NOW)]

    broken = end(JobEvent.GAVE_UP, Outcome.TRANSMISSION_FAILED, report_json='{"rate": 7200}')
    calls.finish_call(db, claim, broken, LATER, no_mail)

    started = jobs.detail(db, job.public_id).attempts[1].started
    expected = Past(Outcome.TRANSMISSION_FAILED, "transmission_failed", True, 0, 1, started, 7200)
    assert jobs.history(db, job)[1:] == [expected]


def test_a_number_was_reached_once_it_confirmed_a_page(db: Database, user: User, owner: int) -> None:
    [job] = ready(db, owner, mail_to(user)).jobs
    claim = calling(db, owner)
    assert not jobs.reached_before(db, job.destination)

    calls.record_page(db, claim, 0)

    assert jobs.reached_before(db, job.destination)
