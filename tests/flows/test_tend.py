"""What time alone brings about: jobs that fall due or expire, and a virtual clock that skips ahead."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.job import JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.replay import SignatureUse
from gateway.domain.submission import Refusal, SubmissionState
from gateway.flows.tend import Rhythm
from gateway.store import calls, outbox, refusals, signatures, submissions, tree
from gateway.store.outbox import NewMail
from tests.claims import claim_render
from tests.filled_store import NOW, WALL, calling, end, mail_to, no_mail, ready
from tests.flows.letters import ANNA
from tests.flows.stage import Stage, words

MINUTE = timedelta(minutes=1)


@pytest.fixture
def user(stage: Stage) -> User:
    found = tree.user_by_address(stage.db, ANNA)
    assert found is not None
    return found


def unanswered(stage: Stage, user: User, wait: timedelta = 3 * MINUTE) -> None:
    """A job whose first call nobody answered."""
    ready(stage.db, stage.process.id, mail_to(user))
    claim = calling(stage.db, stage.process.id)
    ending = end(JobEvent.RETRY, Outcome.NO_ANSWER, ended=NOW, not_before=NOW + wait)
    calls.finish_call(stage.db, claim, ending, NOW, no_mail)


def states(stage: Stage) -> list[JobState]:
    return [job.state for job in stage.jobs]


async def test_with_nothing_to_tend_nothing_moves(stage: Stage) -> None:
    assert await stage.tend().next() is False
    assert stage.clock.now() == NOW


# Due.


async def test_a_job_whose_time_has_come_is_ready(stage: Stage, user: User) -> None:
    unanswered(stage, user)
    stage.clock.skip_to(NOW + 3 * MINUTE)

    assert await stage.tend().next() is True

    assert states(stage) == [JobState.READY]


async def test_when_all_is_quiet_the_clock_skips_to_what_is_due(stage: Stage, user: User) -> None:
    unanswered(stage, user)

    assert await stage.tend().next() is True

    assert stage.clock.now() == NOW + 3 * MINUTE
    assert states(stage) == [JobState.READY]


async def test_it_skips_to_the_first_of_several(stage: Stage, user: User) -> None:
    unanswered(stage, user, 10 * MINUTE)
    unanswered(stage, user, 2 * MINUTE)

    await stage.tend().next()

    assert stage.clock.now() == NOW + 2 * MINUTE
    assert states(stage) == [JobState.WAITING, JobState.READY]


@pytest.mark.parametrize("what", ["a mail to render", "a render", "a ready job", "a call", "a notice"])
async def test_the_clock_does_not_skip_while_something_is_done(stage: Stage, user: User, what: str) -> None:
    unanswered(stage, user)
    job = stage.jobs[0]
    if what == "a notice":
        mail = NewMail("x", job.submission_id, job.id, 1, ANNA, b"x", "<1@fax>")
        calls_end = end(JobEvent.RETRY, Outcome.BUSY, ended=NOW, not_before=NOW + 3 * MINUTE)
        ready(stage.db, stage.process.id, mail_to(user, "+12025550109"))
        calls.finish_call(stage.db, calling(stage.db, stage.process.id), calls_end, NOW, lambda _job: mail)
    elif what in ("a ready job", "a call"):
        ready(stage.db, stage.process.id, mail_to(user, "+12025550109"))
        if what == "a call":
            calling(stage.db, stage.process.id)
    else:
        submissions.add(stage.db, mail_to(user, "+12025550109"))
        if what == "a render":
            claim_render(stage.db, stage.process.id, NOW)

    assert await stage.tend().next() is False

    assert stage.clock.now() == NOW


async def test_a_mail_that_was_put_off_does_not_hold_the_clock(stage: Stage, user: User) -> None:
    ready(stage.db, stage.process.id, mail_to(user))
    ending = end(JobEvent.RETRY, Outcome.BUSY, ended=NOW, not_before=NOW + 3 * MINUTE)
    mail = NewMail("x", stage.jobs[0].submission_id, None, 0, ANNA, b"x", "<1@fax>")
    calls.finish_call(stage.db, calling(stage.db, stage.process.id), ending, NOW, lambda _job: mail)
    claim = outbox.claim_mail(stage.db, stage.process.id, NOW)
    assert claim is not None
    outbox.mail_retry(stage.db, claim, NOW + MINUTE, "the relay was not reached", counted=False)

    assert await stage.tend().next() is True

    assert stage.clock.now() == NOW + 3 * MINUTE


# Over.


@pytest.mark.parametrize("rendered", [True, False])
async def test_a_job_past_its_time_is_cancelled_and_its_sender_told(stage: Stage, user: User, rendered: bool) -> None:
    if rendered:
        ready(stage.db, stage.process.id, mail_to(user))
    else:
        submissions.add(stage.db, mail_to(user))
    stage.clock.pass_time(hours=3)

    assert await stage.tend().next() is True

    job = stage.detail.job
    assert (job.state, job.outcome, job.outcome_detail) == (JobState.CANCELLED, Outcome.CANCELLED, "expired")
    assert stage.detail.submission.state is (SubmissionState.RENDERED if rendered else SubmissionState.CANCELLED)
    [notice] = stage.notices
    assert notice["Subject"].startswith("Fax to +1 202 555 0101 was not delivered: Job Cancelled")
    assert "cancelled by you" not in words(notice)


async def test_a_call_is_not_cut_by_the_time(stage: Stage, user: User) -> None:
    ready(stage.db, stage.process.id, mail_to(user))
    calling(stage.db, stage.process.id)
    stage.clock.pass_time(hours=4)

    assert await stage.tend().next() is False

    assert states(stage) == [JobState.CALLING]


async def test_who_wants_no_failure_notices_gets_none(stage: Stage, user: User) -> None:
    tree.set_setting(stage.db, "Acme", "notify.delivery_failure", "off")
    submissions.add(stage.db, mail_to(user))
    stage.clock.pass_time(hours=3)

    await stage.tend().next()

    assert states(stage) == [JobState.CANCELLED]
    assert stage.notices == []


# What is kept for some days only.


async def test_old_refusals_and_signatures_are_forgotten(stage: Stage, user: User) -> None:
    refusals.add_refusal(stage.db, Refusal(WALL, "192.0.2.1", ANNA, ANNA, (), "proof", "550 5.7.20 no"))
    signed = replace(mail_to(user), signature=SignatureUse("ab", alone=True, until=WALL + timedelta(days=5)))
    submissions.add(stage.db, signed)
    tend = stage.tend()

    stage.clock.skip_to(NOW + timedelta(days=100))  # a simulated line's clock runs ahead
    await tend.next()
    assert signatures.used_for(stage.db, "ab") == {"+12025550101"}

    stage.wall = WALL + timedelta(days=5)
    await tend.next()
    assert signatures.used_for(stage.db, "ab") == frozenset()
    assert len(refusals.refusals(stage.db)) == 1

    stage.wall = WALL + timedelta(days=90)
    await tend.next()
    assert refusals.refusals(stage.db) == ()


def test_what_is_done_now_and_then_is_done_again_when_the_clock_was_set_back() -> None:
    rhythm = Rhythm(10 * MINUTE)

    due = [rhythm.is_due(NOW + at * MINUTE) for at in (0, 9, 10, 15, 20, 5, 6)]

    assert due == [True, False, True, False, True, True, False]
