from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import LostClaimError
from gateway.domain.job import Job, JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.store import calls, jobs, outbox
from gateway.store.database import Database
from tests.filled_store import FAR, NOW, calling, end, mail_on, mail_to, no_mail, owning, ready

OTHER = "+12025550102"
THIRD = "+12025550103"
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


def now_of(db: Database, job: Job) -> Job:
    return jobs.job(db, job.public_id)


def claim_or_none(db: Database, owner: int, lines: int = 4, trunk: str = "trunk") -> calls.CallClaim | None:
    return calls.claim_call(db, owner, trunk, lines, NOW)


def test_a_claim_has_a_line_and_an_attempt_before_anybody_dials(db: Database, user: User, owner: int) -> None:
    [job] = ready(db, owner, mail_to(user)).jobs

    claim = calling(db, owner)

    assert (claim.job.id, claim.job.state, claim.job.dials, claim.line) == (job.id, JobState.CALLING, 1, 1)
    [attempt] = jobs.detail(db, job.public_id).attempts
    assert attempt == claim.attempt
    assert (attempt.number, attempt.first_page, attempt.started, attempt.ended) == (1, 0, NOW, None)
    assert len(attempt.call_uid) == 32


def test_with_nothing_ready_there_is_nothing_to_claim(db: Database, owner: int) -> None:
    assert claim_or_none(db, owner) is None


def test_one_destination_is_in_one_call_at_a_time(db: Database, user: User, owner: int) -> None:
    for number in (FAR, FAR, OTHER):
        ready(db, owner, mail_to(user, number))

    claims = [claim_or_none(db, owner) for _ in range(3)]

    assert [claim and claim.job.destination.number for claim in claims] == [FAR, OTHER, None]


def test_a_destination_is_free_again_after_its_call(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    second = ready(db, owner, mail_to(user)).jobs[0]
    calls.finish_call(db, calling(db, owner), end(JobEvent.CONFIRMED, Outcome.SUCCESS), LATER, no_mail)

    assert calling(db, owner).job.id == second.id


def test_lines_are_counted_for_each_trunk_over_all_processes(
    db: Database, user: User, owner: int, tmp_path: Path
) -> None:
    for number in (FAR, OTHER, THIRD):
        ready(db, owner, mail_to(user, number))

    with owning(db, tmp_path) as other:
        lines = [claim and claim.line for claim in (claim_or_none(db, who, lines=2) for who in (owner, other, other))]

    assert lines == [1, 2, None]
    elsewhere = claim_or_none(db, owner, trunk="another")
    assert elsewhere is not None
    assert elsewhere.line == 1


def test_the_lowest_free_line_is_taken(db: Database, user: User, owner: int) -> None:
    for number in (FAR, OTHER, THIRD):
        ready(db, owner, mail_to(user, number))
    first, _second = calling(db, owner), calling(db, owner)
    calls.finish_call(db, first, end(JobEvent.CONFIRMED, Outcome.SUCCESS), LATER, no_mail)

    assert calling(db, owner).line == 1


def test_priority_goes_before_time_and_time_before_number(db: Database, user: User, owner: int) -> None:
    minute = timedelta(minutes=1)
    for number, priority, at in ((FAR, 5, NOW), (OTHER, 1, NOW), (THIRD, 1, NOW - minute)):
        ready(db, owner, mail_to(user, number, priority=priority, at=at))

    order = [calling(db, owner).job.destination.number for _ in range(3)]

    assert order == [THIRD, OTHER, FAR]


def test_a_long_backlog_of_one_busy_number_does_not_hide_the_next(db: Database, user: User, owner: int) -> None:
    for _ in range(70):
        ready(db, owner, mail_to(user, FAR))
    last = ready(db, owner, mail_to(user, OTHER)).jobs[0]
    calling(db, owner)

    assert calling(db, owner).job.id == last.id


def test_confirmed_pages_are_kept_and_never_go_back(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)

    for index in (0, 1, 0):
        calls.record_page(db, claim, index)

    assert now_of(db, claim.job).pages_sent == 2
    assert jobs.detail(db, claim.job.public_id).attempts[0].pages_confirmed == 2


def test_a_last_page_that_was_sent_is_kept(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)
    assert not claim.attempt.last_page_sent

    calls.record_last_page(db, claim)

    assert jobs.detail(db, claim.job.public_id).attempts[0].last_page_sent
    assert now_of(db, claim.job).pages_sent == 0


def test_no_call_starts_before_its_time(db: Database, user: User, owner: int) -> None:
    [job] = ready(db, owner, mail_to(user, at=LATER)).jobs

    claim = calling(db, owner, at=NOW)

    assert (claim.job.not_before, claim.attempt.started) == (LATER, LATER)
    claimed = jobs.detail(db, job.public_id).events[-1]
    assert (claimed.to_state, claimed.at) == ("calling", LATER)


def test_a_retry_resumes_at_the_first_unconfirmed_page(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    first = calling(db, owner)
    calls.record_page(db, first, 0)
    dropped = end(JobEvent.RETRY, Outcome.TRANSMISSION_FAILED, not_before=LATER, ecm=False, slower=2, pages_confirmed=1)
    waiting = calls.finish_call(db, first, dropped, NOW + timedelta(minutes=1), no_mail)
    assert (waiting.state, waiting.not_before, waiting.ecm, waiting.slower) == (JobState.WAITING, LATER, False, 2)

    jobs.promote_due(db, LATER)
    second = calling(db, owner, at=LATER)
    calls.record_page(db, second, 0)

    assert (second.attempt.number, second.attempt.first_page) == (2, 1)
    assert now_of(db, second.job).pages_sent == 2


def test_what_is_not_in_the_fence_is_not_written(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)
    stale = replace(claim, job=replace(claim.job, fence=claim.job.fence - 1))

    with pytest.raises(LostClaimError, match=claim.job.public_id):
        calls.record_page(db, stale, 0)
    with pytest.raises(LostClaimError):
        calls.record_last_page(db, stale)
    with pytest.raises(LostClaimError):
        calls.finish_call(db, stale, end(JobEvent.CONFIRMED, Outcome.SUCCESS), LATER, mail_on)

    assert calls.cancel_asked(db, stale)
    assert not calls.cancel_asked(db, claim)
    assert (now_of(db, claim.job).pages_sent, outbox.listing(db)) == (0, ())
    assert not jobs.detail(db, claim.job.public_id).attempts[0].last_page_sent


def test_a_process_without_a_lease_calls_nobody(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))

    with pytest.raises(LostClaimError, match="start anew"):
        claim_or_none(db, 4711)
