"""What follows an attempt: delays, caps, independent sequences, jitter, and the profile of the next call."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.call import Cause
from gateway.domain.outcome import Outcome
from gateway.domain.retry import DELAYS, SIT_DELAYS, Caps, History, Past, Retry, Stop, decide_retry, delays_for

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MIDDLE = 0.5  # the chance that leaves a delay as the table has it
ROOMY = Caps(dials=100, tries_per_page=100, lifetime=timedelta(days=9))
NO_SESSION = {Outcome.BUSY, Outcome.FAST_BUSY, Outcome.NO_ANSWER, Outcome.SIT_TONE, Outcome.NOT_A_FAX}


def past(outcome: Outcome, detail: str = "", first_page: int = 0, confirmed: int = 0) -> Past:
    return Past(outcome, detail, outcome not in NO_SESSION, first_page, confirmed)


def follow(*attempts: Past, caps: Caps = ROOMY, reached: bool = False, chance: float = MIDDLE) -> Retry | Stop:
    return decide_retry(History(attempts, START + caps.lifetime, reached, caps), START, chance)


def minutes(decision: Retry | Stop) -> float | None:
    return decision.delay.total_seconds() / 60 if isinstance(decision, Retry) else None


def walked(outcome: Outcome, detail: str = "", reached: bool = False) -> list[float]:
    """The delays of an outcome that comes again and again, until the job stops."""
    delays: list[float] = []
    while True:
        attempts = [past(outcome, detail)] * (len(delays) + 1)
        delay = minutes(follow(*attempts, reached=reached))
        if delay is None:
            return delays
        delays.append(delay)


@pytest.mark.parametrize(
    ("outcome", "delays"),
    [
        (Outcome.BUSY, [3, 5, 10, 20, 40]),
        (Outcome.ECM_RETRANSMIT, [1, 2, 5]),
        (Outcome.FAST_BUSY, [2, 5, 15, 30]),
        (Outcome.GENERAL_ERROR, [5, 15]),
        (Outcome.INVALID_ATTACHMENT, []),
        (Outcome.INVALID_NUMBER, []),
        (Outcome.CANCELLED, []),
        (Outcome.NEGOTIATION_FAILED, [1, 2, 5]),
        (Outcome.NO_ANSWER, [5, 15, 60]),
        (Outcome.NO_ATTACHMENT, []),
        (Outcome.NOT_A_FAX, [5]),
        (Outcome.TRANSMISSION_FAILED, [1, 2, 5]),
        (Outcome.UNAUTHORIZED, []),
        (Outcome.VOICE_ANSWER, []),
        (Outcome.UNCONFIRMED, []),
    ],
)
def test_each_outcome_has_its_delays(outcome: Outcome, delays: list[float]) -> None:
    assert walked(outcome) == delays


@pytest.mark.parametrize(
    ("cause", "delays"),
    [
        (Cause.SIT_NO_CIRCUIT, [2, 5, 15, 30]),
        (Cause.SIT_REORDER, [2, 5, 15, 30]),
        (Cause.ANNOUNCEMENT, [15]),
        (Cause.SIT_INTERCEPT, []),
        (Cause.SIT_VACANT, []),
    ],
)
def test_operator_messages_are_told_apart_by_their_tones(cause: Cause, delays: list[float]) -> None:
    assert walked(Outcome.SIT_TONE, cause.value) == delays


def test_an_operator_message_of_unknown_kind_is_final() -> None:
    assert walked(Outcome.SIT_TONE, "something-new") == []


def test_every_outcome_stands_in_the_table() -> None:
    assert set(DELAYS) | {Outcome.SIT_TONE} == set(Outcome)


def test_a_number_reached_before_is_tried_once_more() -> None:
    assert walked(Outcome.NOT_A_FAX, reached=True) == [5, 30]
    assert walked(Outcome.VOICE_ANSWER, reached=True) == [30]


def test_capabilities_that_cannot_agree_are_not_asked_again() -> None:
    stop = follow(past(Outcome.NEGOTIATION_FAILED, Cause.INCOMPATIBLE.value))

    assert stop == Stop("no retry after this outcome")


def test_sequences_are_walked_independently() -> None:
    busy, silent = past(Outcome.BUSY), past(Outcome.NO_ANSWER)

    assert minutes(follow(busy, busy, silent)) == 5
    assert minutes(follow(busy, silent, busy)) == 5
    assert minutes(follow(busy, silent, busy, silent)) == 15


def test_operator_messages_of_two_kinds_are_two_sequences() -> None:
    circuit = past(Outcome.SIT_TONE, Cause.SIT_NO_CIRCUIT.value)
    reorder = past(Outcome.SIT_TONE, Cause.SIT_REORDER.value)

    assert minutes(follow(circuit, circuit, reorder)) == 2


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.75), (0.5, 1.0), (1.0, 1.25)])
def test_jitter_spreads_a_delay_by_a_quarter(chance: float, factor: float) -> None:
    assert minutes(follow(past(Outcome.BUSY), chance=chance)) == pytest.approx(3 * factor)


def test_dials_are_capped_over_all_outcomes() -> None:
    mixed = [past(Outcome.BUSY), past(Outcome.NO_ANSWER), past(Outcome.FAST_BUSY)]

    assert follow(*mixed, caps=Caps(dials=3)) == Stop("dials used up")
    assert isinstance(follow(*mixed, caps=Caps(dials=4)), Retry)


def test_tries_are_capped_on_one_page() -> None:
    broken = past(Outcome.TRANSMISSION_FAILED, first_page=2)

    assert isinstance(follow(broken, broken, caps=Caps()), Retry)
    assert follow(broken, broken, broken, caps=Caps()) == Stop("tries on this page used up")


def test_a_page_confirmed_on_the_way_begins_the_count_anew() -> None:
    steps = [
        past(Outcome.TRANSMISSION_FAILED, first_page=0),
        past(Outcome.TRANSMISSION_FAILED, first_page=0),
        past(Outcome.TRANSMISSION_FAILED, first_page=0, confirmed=1),
    ]

    assert isinstance(follow(*steps, caps=Caps()), Retry)


def test_calls_that_began_no_session_are_no_tries() -> None:
    broken, busy = past(Outcome.NEGOTIATION_FAILED), past(Outcome.BUSY)

    assert isinstance(follow(broken, busy, busy, broken, caps=Caps()), Retry)
    assert follow(broken, busy, broken, busy, broken, busy, caps=Caps()) == Stop("tries on this page used up")


def test_a_retry_that_would_come_after_the_lifetime_is_not_made() -> None:
    caps = Caps(lifetime=timedelta(minutes=4))

    assert isinstance(follow(past(Outcome.BUSY), caps=caps), Retry)
    assert follow(past(Outcome.BUSY), past(Outcome.BUSY), caps=caps) == Stop(
        "the job's lifetime ends before the next attempt"
    )


def test_ecm_failures_slow_down_step_by_step_and_the_last_try_has_no_ecm() -> None:
    failed = past(Outcome.ECM_RETRANSMIT)

    profiles = [follow(*[failed] * times) for times in (1, 2, 3)]

    assert [(step.slower, step.ecm) for step in profiles if isinstance(step, Retry)] == [
        (1, True),
        (2, True),
        (3, False),
    ]


def test_the_cap_on_tries_does_not_rob_the_last_try_without_ecm() -> None:
    failed = past(Outcome.ECM_RETRANSMIT)

    assert follow(failed, failed, caps=Caps()) == Retry(timedelta(minutes=2), ecm=False, slower=2)


def test_negotiation_slows_at_once_and_transmission_at_its_second_failure() -> None:
    refused, broken = past(Outcome.NEGOTIATION_FAILED), past(Outcome.TRANSMISSION_FAILED)

    assert follow(refused) == Retry(timedelta(minutes=1), slower=1)
    assert follow(broken) == Retry(timedelta(minutes=1), slower=0)
    assert follow(broken, broken) == Retry(timedelta(minutes=2), slower=1)


def test_busy_in_between_does_not_forget_the_slower_rate() -> None:
    failed, busy = past(Outcome.ECM_RETRANSMIT), past(Outcome.BUSY)

    assert follow(failed, failed, busy) == Retry(timedelta(minutes=3), slower=2)


OUTCOMES = st.builds(
    past,
    st.sampled_from(sorted(Outcome)),
    st.sampled_from(["", *SIT_DELAYS]),
    st.integers(0, 3),
    st.integers(0, 3),
)


@given(st.lists(OUTCOMES, min_size=1, max_size=15), st.booleans(), st.floats(0, 1))
def test_whatever_happened_a_retry_keeps_every_limit(attempts: list[Past], reached: bool, chance: float) -> None:
    decision = decide_retry(History(attempts, START + Caps().lifetime, reached), START, chance)

    if isinstance(decision, Retry):
        assert len(attempts) < Caps().dials
        assert timedelta(0) < decision.delay <= Caps().lifetime
        assert decision.slower <= len(attempts)


@pytest.mark.parametrize(("outcome", "reached"), list(product(Outcome, (False, True))))
def test_every_job_comes_to_an_end(outcome: Outcome, reached: bool) -> None:
    delays = delays_for(outcome, "", reached)

    assert isinstance(follow(*[past(outcome)] * (len(delays) + 1), reached=reached), Stop)
