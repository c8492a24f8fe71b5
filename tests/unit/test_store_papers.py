"""What calls need of their faxes, read with their claims; and several claims in one transaction."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import NotFoundError
from gateway.domain.job import JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.trunks import Route
from gateway.store import calls, due, jobs, material
from gateway.store.calls import CallClaim
from gateway.store.database import Database
from gateway.store.papers import Papers, papers_of
from tests.filled_store import NOW, anna, calling, end, mail_to, no_mail, owning, ready

ROUTES = (Route("first", 2), Route("second", 8))
LATER = NOW + timedelta(minutes=5)
NUMBERS = tuple(f"+1202555{last:04}" for last in range(100, 106))


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


def claimed(db: Database, owner: int, most: int = 10) -> list[CallClaim]:
    return calls.claim_calls(db, owner, ROUTES, NOW, most)


def asked(db: Database, *claims: CallClaim) -> dict[int, Papers]:
    of = [(claim.job, claim.attempt.id) for claim in claims]
    return db.read_by_hand(lambda cursor: papers_of(db.dialect, cursor, of))


def test_a_claim_of_many_has_an_attempt_and_an_event_for_each(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user, *NUMBERS))

    claims = claimed(db, owner)

    details = [jobs.detail(db, claim.job.public_id) for claim in claims]
    assert [str(claim.job.destination) for claim in claims] == list(NUMBERS)
    assert [detail.attempts for detail in details] == [(claim.attempt,) for claim in claims]
    assert [detail.job for detail in details] == [claim.job for claim in claims]
    assert {detail.events[-1].to_state for detail in details} == {"calling"}
    assert len({claim.attempt.call_uid for claim in claims}) == len(NUMBERS)


def test_the_calls_of_one_claim_have_a_line_each(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user, *NUMBERS))

    lines = [(claim.attempt.trunk, claim.attempt.line) for claim in claimed(db, owner)]

    assert lines == [("first", 1), ("first", 2), ("second", 1), ("second", 2), ("second", 3), ("second", 4)]


def test_users_take_turns_inside_one_claim_and_from_one_to_the_next(db: Database, owner: int) -> None:
    people = [anna(db, f"{name}@acme.example") for name in "abc"]
    for user in people:
        ready(db, owner, mail_to(user, *(f"+1202{user.id:03}{last:04}" for last in range(4))))

    turns = [claim.job.user_id for most in (2, 5, 2) for claim in claimed(db, owner, most)]

    assert turns == [user.id for user in people] * 3


def test_one_number_is_called_once_in_one_claim(db: Database, user: User, owner: int) -> None:
    for _ in range(3):
        ready(db, owner, mail_to(user, NUMBERS[0], NUMBERS[1]))

    claims = claimed(db, owner)

    assert sorted(str(claim.job.destination) for claim in claims) == [NUMBERS[0], NUMBERS[1]]


def test_no_more_are_claimed_than_are_wanted(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user, *NUMBERS))

    assert len(claimed(db, owner, 4)) == 4
    assert jobs.unfinished(db) == {JobState.CALLING: 4, JobState.READY: 2}


def test_a_claim_brings_what_would_be_asked_for_afterwards(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user, *NUMBERS[:2]))
    ready(db, owner, mail_to(anna(db, "other@acme.example"), NUMBERS[2]))

    claims = claimed(db, owner)

    assert {claim.job.id: claim.papers for claim in claims} == asked(db, *claims)
    assert [claim.papers.submission.id for claim in claims if claim.papers] == [
        claim.job.submission_id for claim in claims
    ]
    assert claims[0].papers is not None
    assert [part.name for part in claims[0].papers.submission.part_pages] == ["offer.pdf"]


def test_the_calls_before_are_those_of_the_job_and_not_this_one(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user, *NUMBERS[:2]))
    for _ in range(2):
        busy = end(JobEvent.RETRY, Outcome.NO_ANSWER, not_before=NOW)
        calls.finish_call(db, calling(db, owner), busy, NOW, no_mail)
        due.promote_due(db, LATER)

    claims = claimed(db, owner)

    assert sorted(len(claim.papers.before) for claim in claims if claim.papers) in ([1, 1], [0, 2])
    for claim in claims:
        assert claim.papers is not None
        assert {attempt.job_id for attempt in claim.papers.before} <= {claim.job.id}
        assert claim.attempt.id not in {attempt.id for attempt in claim.papers.before}
        assert [attempt.number for attempt in claim.papers.before] == list(range(1, claim.attempt.number))


def test_material_is_the_same_from_a_claim_and_from_the_store(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    [claim] = claimed(db, owner)

    known, read = (material.of_claim(db, one) for one in (claim, CallClaim(claim.job, claim.attempt)))

    assert (known.submission, known.held.sender, known.before) == (read.submission, read.held.sender, read.before)
    assert known.held.settings.explicit == read.held.settings.explicit


def test_a_submission_that_is_gone_is_told_by_name(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    [claim] = claimed(db, owner)
    stray = CallClaim(replace(claim.job, submission_id=999), claim.attempt)

    assert asked(db, stray) == {}
    with pytest.raises(NotFoundError, match="no submission 999"):
        material.of_claim(db, stray)
