"""Numbers in quarantine as the store keeps them: counted with the end of a call, lifted, released, forgotten."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import NotFoundError
from gateway.domain.job import Job, JobEvent
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule
from gateway.store import calls, jobs, quarantine
from gateway.store.database import Database
from gateway.store.tree_version import TreeVersion
from tests.filled_store import FAR, NOW, anna, calling, end, mail_to, no_mail, opened, owning, ready

DAY = timedelta(days=1)
VACANT = "sit-vacant"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as found:
        yield found


@pytest.fixture
def user(db: Database) -> User:
    return anna(db)


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as found:
        yield found


def ended(db: Database, user: User, owner: int, outcome: Outcome, detail: str = "", **changes: object) -> Job:
    """A fax to FAR whose only call ended so."""
    ready(db, owner, mail_to(user))
    event = JobEvent.CONFIRMED if outcome is Outcome.SUCCESS else JobEvent.GAVE_UP
    return calls.finish_call(db, calling(db, owner), end(event, outcome, detail=detail, **changes), NOW, no_mail)


def gone(db: Database, user: User, owner: int, times: int = 1, at: datetime = NOW) -> None:
    for _ in range(times):
        ended(db, user, owner, Outcome.SIT_TONE, VACANT, ended=at)


def test_the_second_fax_to_a_number_that_is_gone_puts_it_under_quarantine(db: Database, user: User, owner: int) -> None:
    gone(db, user, owner)
    assert quarantine.quarantined(db) == {}

    gone(db, user, owner)

    standing = quarantine.quarantined(db)[FAR]
    assert (standing.finals, standing.last, standing.until) == (2, NOW, NOW + 30 * DAY)
    assert (standing.outcome, standing.detail) == (Outcome.SIT_TONE, VACANT)


def test_the_rule_comes_with_the_call(db: Database, user: User, owner: int) -> None:
    ended(db, user, owner, Outcome.INVALID_NUMBER, quarantine=QuarantineRule(1, DAY), ended=NOW)

    assert quarantine.quarantined(db)[FAR].until == NOW + DAY


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.NO_ANSWER, Outcome.VOICE_ANSWER, Outcome.NOT_A_FAX])
def test_other_endings_do_not_count(db: Database, user: User, owner: int, outcome: Outcome) -> None:
    for _ in range(3):
        ended(db, user, owner, outcome)

    assert quarantine.quarantined(db) == {}


def test_a_delivered_fax_lifts_it_and_counting_begins_anew(db: Database, user: User, owner: int) -> None:
    gone(db, user, owner, times=2)

    ended(db, user, owner, Outcome.SUCCESS)
    gone(db, user, owner)

    assert quarantine.quarantined(db) == {}


def test_a_fax_that_was_found_delivered_after_a_crash_lifts_it_too(db: Database, user: User, owner: int) -> None:
    gone(db, user, owner, times=2)
    ready(db, owner, mail_to(user), pages=1)
    claim = calling(db, owner)
    calls.record_page(db, claim, 0)

    calls.give_back(db, claim, NOW, no_mail)

    assert jobs.job(db, claim.job.public_id).outcome is Outcome.SUCCESS
    assert quarantine.quarantined(db) == {}


def test_a_release_is_told_how_it_stood_and_holds(db: Database, user: User, owner: int) -> None:
    gone(db, user, owner, times=2)

    assert quarantine.release(db, FAR).finals == 2
    gone(db, user, owner)

    assert quarantine.quarantined(db) == {}


def test_a_number_that_is_only_counted_cannot_be_released(db: Database, user: User, owner: int) -> None:
    gone(db, user, owner)

    with pytest.raises(NotFoundError, match="faxgw quarantine list"):
        quarantine.release(db, FAR)


def test_what_is_over_is_forgotten_and_nothing_else(db: Database, user: User, owner: int) -> None:
    assert quarantine.sweep(db, NOW) == 0
    gone(db, user, owner, times=2)

    assert quarantine.sweep(db, NOW + 29 * DAY) == 0
    assert quarantine.sweep(db, NOW + 30 * DAY) == 1
    assert quarantine.quarantined(db) == {}


def test_every_change_counts_as_a_change_of_the_tree(db: Database, user: User, owner: int) -> None:
    version = TreeVersion(db)
    before = version.read()

    gone(db, user, owner, times=2)
    held = version.read()
    quarantine.release(db, FAR)

    assert before < held < version.read()


# What else the end of a call leaves for the next.


@pytest.mark.parametrize("outcome", [Outcome.SUCCESS, Outcome.BUSY])
def test_a_call_that_changes_no_quarantine_leaves_the_tree_as_it_is(
    db: Database, user: User, owner: int, outcome: Outcome
) -> None:
    before = TreeVersion(db).read()

    ended(db, user, owner, outcome)

    assert TreeVersion(db).read() == before


def test_while_a_job_waits_behind_a_busy_tone_no_other_calls_that_number(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    ready(db, owner, mail_to(user, FAR, "+12025550199"))
    busy = end(JobEvent.RETRY, Outcome.BUSY, not_before=NOW + timedelta(minutes=3))
    calls.finish_call(db, calling(db, owner), busy, NOW, no_mail)

    assert calling(db, owner).job.destination.number == "+12025550199"
    assert calls.claim_call(db, owner, "trunk", 4, NOW) is None

    jobs.promote_due(db, NOW + timedelta(minutes=3))
    assert calling(db, owner, at=NOW + timedelta(minutes=3)).job.destination.number == FAR


def test_a_busy_job_that_is_cancelled_lets_the_others_go(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    ready(db, owner, mail_to(user))
    busy = end(JobEvent.RETRY, Outcome.BUSY, not_before=NOW + timedelta(minutes=3))
    job = calls.finish_call(db, calling(db, owner), busy, NOW, no_mail)

    jobs.cancel(db, job.public_id, NOW, no_mail)

    assert calling(db, owner).job.destination.number == FAR


def test_a_job_held_behind_a_busy_one_does_not_keep_the_clock(db: Database, user: User, owner: int) -> None:
    ready(db, owner, mail_to(user))
    ready(db, owner, mail_to(user))
    claim = calling(db, owner)
    assert not jobs.is_quiet(db)

    busy = end(JobEvent.RETRY, Outcome.BUSY, not_before=NOW + timedelta(minutes=3))
    calls.finish_call(db, claim, busy, NOW, no_mail)

    assert jobs.is_quiet(db)


def test_the_last_endings_of_a_trunk_are_told_newest_first(db: Database, user: User, owner: int) -> None:
    ended(db, user, owner, Outcome.FAST_BUSY, "reorder")
    ended(db, user, owner, Outcome.BUSY, "busy")
    ready(db, owner, mail_to(user))
    calling(db, owner)  # a call that runs has no ending yet

    assert calls.last_endings(db, "trunk", 5) == [(Outcome.BUSY, "busy"), (Outcome.FAST_BUSY, "reorder")]
    assert calls.last_endings(db, "trunk", 1) == [(Outcome.BUSY, "busy")]
    assert calls.last_endings(db, "other", 5) == []


def test_why_a_job_ended_and_what_the_operator_heard_stand_in_its_history(db: Database, user: User, owner: int) -> None:
    job = ended(db, user, owner, Outcome.GENERAL_ERROR, "local-error", reason="retries used up", alarm="general_error")

    told = [(event.name, event.to_state, event.detail) for event in jobs.detail(db, job.public_id).events]
    assert told[-2:] == [
        ("gave-up", "failed", "local-error: retries used up"),
        ("operator-told", "failed", "general_error"),
    ]
