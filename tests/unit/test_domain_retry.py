"""What follows an attempt: delays, caps, independent sequences, jitter, night, and the profile of the next call."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.call import Cause
from gateway.domain.job import JobEvent
from gateway.domain.outcome import OUTCOME_OF, Outcome
from gateway.domain.retry import History, Past, Retry, Stop, alarm_after, decide_retry, met_no_machine, what_follows
from gateway.domain.retry_policy import DELAYS, RATES, WALK_OF, WALK_OF_DETAIL, Caps, Policy, Walk, walk_of

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MIDDLE = 0.5  # the chance that leaves a delay as the table has it
ROOMY = Caps(dials=100, tries_per_page=100, lifetime=timedelta(days=9))
NO_SESSION = {
    Outcome.BUSY, Outcome.FAST_BUSY, Outcome.NO_ANSWER, Outcome.SIT_TONE, Outcome.NOT_A_FAX, Outcome.VOICE_ANSWER,
}  # fmt: skip
BUSY, SILENT = Outcome.BUSY, Outcome.NO_ANSWER
NEW_YORK = ("America/New_York",)
EVENING = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)  # 20:00 in New York
NIGHT = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)  # 22:00 there
MORNING = datetime(2026, 3, 3, 13, 0, tzinfo=UTC)  # 08:00 there


def past(
    outcome: Outcome, detail: str = "", first_page: int = 0, confirmed: int = 0, at: datetime = START, rate: int = 0
) -> Past:
    return Past(outcome, detail, outcome not in NO_SESSION, first_page, confirmed, at, rate or None)


def follow(
    *attempts: Past,
    caps: Caps = ROOMY,
    reached: bool = False,
    chance: float = MIDDLE,
    policy: Policy | None = None,
    zones: tuple[str, ...] = (),
    now: datetime = START,
) -> Retry | Stop:
    chosen = policy or Policy(caps=caps)
    return decide_retry(History(attempts, now + chosen.caps.lifetime, reached, chosen, zones), now, chance)


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


# The table, row by row.


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
        (Outcome.SIT_TONE, [15]),
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


def test_an_operator_message_of_unknown_kind_is_heard_once_more() -> None:
    assert walked(Outcome.SIT_TONE, "something-new") == [15]


def test_every_outcome_stands_in_the_table_and_every_walk_has_delays() -> None:
    assert set(WALK_OF) == set(Outcome)
    assert set(DELAYS) == set(Walk)


def test_every_detail_of_the_table_is_a_cause_of_its_outcome() -> None:
    assert [key for key in WALK_OF_DETAIL if OUTCOME_OF[Cause(key[1])] is not key[0]] == []


def test_a_number_reached_before_is_tried_once_more() -> None:
    assert walked(Outcome.NOT_A_FAX, reached=True) == [5, 30]
    assert walked(Outcome.VOICE_ANSWER, reached=True) == [30]


@pytest.mark.parametrize("cause", [Cause.INCOMPATIBLE, Cause.NOTHING_TO_POLL, Cause.PASSWORD_REFUSED])
def test_ends_that_cannot_agree_are_not_asked_again(cause: Cause) -> None:
    assert follow(past(Outcome.NEGOTIATION_FAILED, cause.value)) == Stop("no retry after this outcome")


def test_where_we_were_too_slow_for_the_far_end_all_rates_are_tried_once_more() -> None:
    too_poor = past(Outcome.NEGOTIATION_FAILED, Cause.CANNOT_TRAIN.value)
    too_slow = past(Outcome.NEGOTIATION_FAILED, Cause.INCOMPATIBLE.value)

    assert follow(too_poor, too_slow) == Retry(timedelta(minutes=1), slower=0)
    assert isinstance(follow(too_poor, too_slow, too_slow), Stop)


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (Outcome.SUCCESS, JobEvent.CONFIRMED),
        (Outcome.UNCONFIRMED, JobEvent.DOUBT),
        (Outcome.CANCELLED, JobEvent.CANCELLED),
        (Outcome.INVALID_NUMBER, JobEvent.GAVE_UP),
        (Outcome.BUSY, JobEvent.RETRY),
    ],
)
def test_each_ending_moves_the_job(outcome: Outcome, event: JobEvent) -> None:
    history = History([past(outcome)], START + timedelta(hours=3))

    assert what_follows(history, START, MIDDLE)[0] is event


# Sequences.


def test_sequences_are_walked_independently() -> None:
    busy, silent = past(Outcome.BUSY), past(Outcome.NO_ANSWER)

    assert minutes(follow(busy, busy, silent)) == 5
    assert minutes(follow(busy, silent, busy)) == 5
    assert minutes(follow(busy, silent, busy, silent)) == 15


def test_a_full_network_is_one_sequence_whatever_it_sounds_like() -> None:
    circuit = past(Outcome.SIT_TONE, Cause.SIT_NO_CIRCUIT.value)
    reorder = past(Outcome.SIT_TONE, Cause.SIT_REORDER.value)

    assert minutes(follow(circuit, past(Outcome.FAST_BUSY), reorder)) == 15


def test_an_announcement_does_not_use_up_the_calls_of_a_full_network() -> None:
    circuit = past(Outcome.SIT_TONE, Cause.SIT_NO_CIRCUIT.value)
    unknown = past(Outcome.SIT_TONE, Cause.ANNOUNCEMENT.value)

    assert minutes(follow(unknown, circuit)) == 2
    assert minutes(follow(circuit, unknown)) == 15


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.75), (0.5, 1.0), (1.0, 1.25)])
def test_jitter_spreads_a_delay_by_a_quarter(chance: float, factor: float) -> None:
    assert minutes(follow(past(Outcome.BUSY), chance=chance)) == pytest.approx(3 * factor)


def test_figures_of_a_level_take_the_place_of_the_table() -> None:
    policy = Policy(caps=ROOMY, delays={**DELAYS, Walk.BUSY: (timedelta(minutes=7),)}, jitter=0.5)

    assert minutes(follow(past(BUSY), policy=policy, chance=0)) == 3.5
    assert follow(past(BUSY), past(BUSY), policy=policy) == Stop("retries used up")


# Caps.


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


def test_a_broken_transmission_that_brought_pages_uses_up_no_retry_of_later_pages() -> None:
    steps = [past(Outcome.TRANSMISSION_FAILED, first_page=page, confirmed=1) for page in range(11)]
    stuck = past(Outcome.TRANSMISSION_FAILED, first_page=11)

    assert minutes(follow(*steps, caps=Caps())) == 1
    assert follow(*steps, stuck, caps=Caps()) == Stop("dials used up")
    assert minutes(follow(*steps, stuck)) == 2


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


# Night at the destination.


@pytest.mark.parametrize(("now", "minutes_later"), [(EVENING, 30), (EVENING + timedelta(minutes=31), 11 * 60 + 29)])
def test_where_a_person_answered_no_call_is_made_at_night(now: datetime, minutes_later: int) -> None:
    person = past(Outcome.VOICE_ANSWER, at=now)

    decision = follow(person, reached=True, zones=NEW_YORK, now=now)

    assert minutes(decision) == minutes_later
    assert isinstance(decision, Retry)
    assert decision.waits_for_day is (minutes_later > 30)


def test_a_busy_line_later_does_not_let_a_person_be_called_at_night() -> None:
    decision = follow(past(Outcome.VOICE_ANSWER), past(BUSY, at=NIGHT), reached=True, zones=NEW_YORK, now=NIGHT)

    assert decision == Retry(MORNING - NIGHT, waits_for_day=True)


def test_a_number_that_never_took_a_fax_is_called_again_once_in_a_night() -> None:
    evening, night = past(SILENT, at=EVENING), past(SILENT, at=NIGHT)
    to_morning = Retry(MORNING - NIGHT, waits_for_day=True)

    assert minutes(follow(night, zones=NEW_YORK, now=NIGHT)) == 5
    assert follow(night, night, zones=NEW_YORK, now=NIGHT) == to_morning
    assert minutes(follow(evening, evening, zones=NEW_YORK, now=EVENING + timedelta(minutes=55))) == 15
    assert follow(evening, night, zones=NEW_YORK, now=NIGHT) == to_morning
    assert minutes(follow(night, night, reached=True, zones=NEW_YORK, now=NIGHT)) == 15
    assert minutes(follow(night, night, zones=("Asia/Tokyo",), now=NIGHT)) == 15


def test_a_busy_line_is_called_at_night() -> None:
    night = past(SILENT, at=NIGHT)

    assert minutes(follow(night, night, past(BUSY, at=NIGHT), zones=NEW_YORK, now=NIGHT)) == 3


def test_how_often_an_unanswered_call_is_made_again_at_night_is_a_setting() -> None:
    night = past(SILENT, at=NIGHT)
    never, twice = (Policy(caps=ROOMY, night_calls_again=most) for most in (0, 2))

    assert follow(night, policy=never, zones=NEW_YORK, now=NIGHT) == Retry(MORNING - NIGHT, waits_for_day=True)
    assert minutes(follow(night, night, policy=twice, zones=NEW_YORK, now=NIGHT)) == 15


def test_a_morning_behind_the_end_of_the_job_is_not_waited_for() -> None:
    night = past(SILENT, at=NIGHT)

    assert follow(night, night, caps=Caps(), zones=NEW_YORK, now=NIGHT) == Stop(
        "the job's lifetime ends before the next attempt"
    )


# The profile of the next call.


def test_ecm_failures_slow_down_step_by_step_and_the_last_try_has_no_ecm() -> None:
    failed = past(Outcome.ECM_RETRANSMIT)

    profiles = [follow(*[failed] * times) for times in (1, 2, 3)]

    assert [(step.slower, step.ecm) for step in profiles if isinstance(step, Retry)] == [
        (1, True),
        (2, True),
        (3, False),
    ]


def test_a_step_goes_below_the_rate_that_failed_not_below_the_one_allowed() -> None:
    decision = follow(past(Outcome.ECM_RETRANSMIT, rate=7200))

    assert isinstance(decision, Retry)
    assert RATES[decision.slower] == 4800


def test_the_cap_on_tries_does_not_rob_the_last_try_without_ecm() -> None:
    failed = past(Outcome.ECM_RETRANSMIT)

    assert follow(failed, failed, caps=Caps()) == Retry(timedelta(minutes=2), ecm=False, slower=2)


def test_what_else_used_up_tries_or_dials_makes_the_last_try_come_sooner() -> None:
    failed, broken = past(Outcome.ECM_RETRANSMIT), past(Outcome.TRANSMISSION_FAILED)
    busy = [past(BUSY)] * 3

    by_tries = follow(broken, failed, caps=Caps())
    by_dials = follow(failed, *busy, caps=Caps(dials=5))

    assert [one.ecm for one in (by_tries, by_dials) if isinstance(one, Retry)] == [False, False]
    assert follow(broken, broken, caps=Caps()) == Retry(timedelta(minutes=2), ecm=True, slower=1)


def test_without_retries_for_ecm_other_calls_keep_their_error_correction() -> None:
    policy = Policy(caps=ROOMY, delays={**DELAYS, Walk.ECM: ()})

    assert follow(past(BUSY), policy=policy) == Retry(timedelta(minutes=3))


def test_negotiation_slows_at_once_and_transmission_at_its_second_failure() -> None:
    refused, broken = past(Outcome.NEGOTIATION_FAILED), past(Outcome.TRANSMISSION_FAILED)

    assert follow(refused) == Retry(timedelta(minutes=1), slower=1)
    assert follow(broken) == Retry(timedelta(minutes=1), slower=0)
    assert follow(broken, broken) == Retry(timedelta(minutes=2), slower=1)


def test_busy_in_between_does_not_forget_the_slower_rate() -> None:
    failed, busy = past(Outcome.ECM_RETRANSMIT), past(Outcome.BUSY)

    assert follow(failed, failed, busy) == Retry(timedelta(minutes=3), slower=2)


def test_a_call_that_met_no_machine_makes_later_ones_patient() -> None:
    assert met_no_machine([past(Outcome.NOT_A_FAX), past(BUSY)])
    assert not met_no_machine([past(Outcome.VOICE_ANSWER), past(BUSY)])


# What the operator hears.

NO_CIRCUIT = (Outcome.SIT_TONE, Cause.SIT_NO_CIRCUIT.value)


@pytest.mark.parametrize(
    ("outcome", "detail", "before", "told"),
    [
        (Outcome.GENERAL_ERROR, "", [], "general_error"),
        (Outcome.FAST_BUSY, "", [], ""),
        (Outcome.FAST_BUSY, "", [(Outcome.FAST_BUSY, "")], "fast_busy"),
        (Outcome.FAST_BUSY, "", [NO_CIRCUIT], "fast_busy"),
        (*NO_CIRCUIT, [(Outcome.FAST_BUSY, "")], "fast_busy"),
        (Outcome.FAST_BUSY, "", [(Outcome.BUSY, ""), (Outcome.FAST_BUSY, "")], ""),
        (Outcome.BUSY, "", [(Outcome.BUSY, "")], ""),
    ],
)
def test_the_operator_is_told_of_faults_and_of_a_full_network(
    outcome: Outcome, detail: str, before: Sequence[tuple[Outcome, str]], told: str
) -> None:
    assert alarm_after(outcome, detail, before, Policy()) == told


def test_how_many_fast_busies_are_told_is_a_setting() -> None:
    full = (Outcome.FAST_BUSY, "")

    assert alarm_after(*full, [full], Policy(fast_busy_alarm=3)) == ""
    assert alarm_after(*full, [full, full], Policy(fast_busy_alarm=3)) == "fast_busy"
    assert alarm_after(*full, [], Policy(fast_busy_alarm=1)) == "fast_busy"


# Whatever happens.

OUTCOMES = st.builds(
    past,
    st.sampled_from(sorted(Outcome)),
    st.sampled_from(["", *sorted(Cause)]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - given a zone
    st.sampled_from([0, *RATES, 1]),
)
ZONES = st.sampled_from([(), NEW_YORK, ("Europe/London",), ("Asia/Tokyo", "Asia/Kolkata"), ("America/Adak", *NEW_YORK)])


@given(st.lists(OUTCOMES, min_size=1, max_size=15), st.booleans(), st.floats(0, 1), ZONES)
def test_whatever_happened_a_retry_keeps_every_limit(
    attempts: list[Past], reached: bool, chance: float, zones: tuple[str, ...]
) -> None:
    caps = Caps()
    decision = follow(*attempts, caps=caps, reached=reached, chance=chance, zones=zones)

    if isinstance(decision, Retry):
        assert len(attempts) < caps.dials
        assert timedelta(0) < decision.delay <= caps.lifetime
        assert 0 <= decision.slower < len(RATES)


@given(st.lists(OUTCOMES, min_size=1, max_size=11), st.booleans(), st.floats(0, 1))
def test_whatever_happened_a_delay_is_one_of_its_sequence_within_the_jitter(
    attempts: list[Past], reached: bool, chance: float
) -> None:
    decision = follow(*attempts, reached=reached, chance=chance)

    if isinstance(decision, Retry):
        last = attempts[-1]
        sequence = Policy().delays_for(last.outcome, last.detail, reached) or DELAYS[Walk.NEGOTIATION][:1]
        same = sum(walk_of(one.outcome, one.detail) is walk_of(last.outcome, last.detail) for one in attempts)
        each_page = last.outcome is Outcome.TRANSMISSION_FAILED
        steps = sequence[:same] if each_page else sequence[same - 1 : same]
        slack = timedelta(milliseconds=1)
        assert any(step * 0.75 - slack <= decision.delay <= step * 1.25 + slack for step in steps)


@given(st.lists(OUTCOMES, max_size=8), st.sampled_from([BUSY, SILENT, Outcome.FAST_BUSY, Outcome.GENERAL_ERROR]))
def test_what_else_happened_does_not_move_a_sequence(others: list[Past], outcome: Outcome) -> None:
    strangers = [one for one in others if walk_of(one.outcome, one.detail) is not WALK_OF[outcome]]

    assert minutes(follow(*strangers, past(outcome, first_page=9))) == minutes(follow(past(outcome)))


@given(st.lists(OUTCOMES, min_size=1, max_size=8), ZONES, st.integers(0, 24 * 60))
def test_a_person_is_never_called_at_night(attempts: list[Past], zones: tuple[str, ...], minute: int) -> None:
    now = START + timedelta(minutes=minute)
    person = past(Outcome.VOICE_ANSWER, at=now)

    decision = follow(person, *attempts, reached=True, zones=zones, now=now)

    if isinstance(decision, Retry):
        assert not Policy().night.holds(now + decision.delay, zones)


@pytest.mark.parametrize(("outcome", "reached"), list(product(Outcome, (False, True))))
def test_every_job_comes_to_an_end(outcome: Outcome, reached: bool) -> None:
    delays = Policy().delays_for(outcome, "", reached)

    assert isinstance(follow(*[past(outcome)] * (len(delays) + 1), reached=reached), Stop)


def test_attempts_without_a_time_are_not_counted_as_made_at_night() -> None:
    untimed = replace(past(SILENT), started=None)

    assert minutes(follow(untimed, zones=NEW_YORK, now=NIGHT)) == 5
