"""A fax whose last page is in doubt: held, or sent again as the policy says, and never taken for a failure."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.job import JobEvent
from gateway.domain.outcome import Outcome
from gateway.domain.retry import History, Past, Retry, Stop, alarm_after, what_follows
from gateway.domain.retry_policy import Caps, Policy, Unconfirmed

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DOUBT = Past(Outcome.UNCONFIRMED, "no-answer-after-page", True, 0, 3, START)
AGAIN = Past(Outcome.UNCONFIRMED, "no-answer-after-page", True, 3, 0, START)
GONE = Past(Outcome.INVALID_NUMBER, "unallocated-number", False, 3, 0, START)
BUSY = Past(Outcome.BUSY, "busy", False, 3, 0, START)


def follows(unconfirmed: Unconfirmed, *attempts: Past, tries: int = 3) -> tuple[JobEvent, Retry | Stop]:
    policy = Policy(unconfirmed=unconfirmed, caps=Caps(tries_per_page=tries))
    return what_follows(History(attempts, START + timedelta(hours=3), policy=policy), START, 0.5)


def test_a_doubt_is_held_unless_the_policy_says_otherwise() -> None:
    assert Policy().unconfirmed is Unconfirmed.HOLD
    assert follows(Unconfirmed.HOLD, DOUBT) == (JobEvent.DOUBT, Stop())


@pytest.mark.parametrize(("policy", "anew"), [(Unconfirmed.RESEND_LAST, False), (Unconfirmed.RESEND_ALL, True)])
def test_a_doubt_is_sent_again_in_part_or_whole(policy: Unconfirmed, anew: bool) -> None:
    event, then = follows(policy, DOUBT)

    assert event is JobEvent.RETRY
    assert isinstance(then, Retry)
    assert (then.delay, then.anew) == (timedelta(minutes=1), anew)


def test_a_call_after_the_one_that_sends_again_goes_on_as_any_does() -> None:
    event, then = follows(Unconfirmed.RESEND_ALL, DOUBT, BUSY)

    assert event is JobEvent.RETRY
    assert isinstance(then, Retry)
    assert not then.anew


@pytest.mark.parametrize("policy", [Unconfirmed.RESEND_LAST, Unconfirmed.RESEND_ALL])
def test_what_stays_in_doubt_ends_in_doubt(policy: Unconfirmed) -> None:
    event, then = follows(policy, DOUBT, AGAIN, AGAIN)

    assert event is JobEvent.DOUBT
    assert then == Stop("tries on this page used up")


def test_a_later_failure_does_not_make_a_doubt_a_failure() -> None:
    assert follows(Unconfirmed.RESEND_LAST, DOUBT, GONE)[0] is JobEvent.DOUBT
    assert follows(Unconfirmed.RESEND_LAST, GONE)[0] is JobEvent.GAVE_UP


def test_the_operator_is_told_of_every_doubt() -> None:
    assert alarm_after(DOUBT.outcome, DOUBT.detail, [], Policy()) == "unconfirmed"
