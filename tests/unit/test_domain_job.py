"""The job's state machine: every state with every event, and what follows from the table."""

import pytest

from gateway.domain.errors import RefusedError
from gateway.domain.job import FINAL_STATES, TRANSITIONS, JobEvent, JobState, advance, status_word

S, E = JobState, JobEvent
# Written out again on purpose, as rows a person can check against the description of states: what is not here must
# be refused.
ALLOWED = {
    (S.ACCEPTED, E.RENDERED): S.READY,
    (S.ACCEPTED, E.SCHEDULED): S.WAITING,
    (S.ACCEPTED, E.REFUSED): S.FAILED,
    (S.ACCEPTED, E.CANCELLED): S.CANCELLED,
    (S.ACCEPTED, E.EXPIRED): S.CANCELLED,
    (S.READY, E.CLAIMED): S.CALLING,
    (S.READY, E.HELD): S.HELD,
    (S.READY, E.CANCELLED): S.CANCELLED,
    (S.READY, E.EXPIRED): S.CANCELLED,
    (S.CALLING, E.CONFIRMED): S.SENT,
    (S.CALLING, E.RETRY): S.WAITING,
    (S.CALLING, E.GAVE_UP): S.FAILED,
    (S.CALLING, E.DOUBT): S.UNCONFIRMED,
    (S.CALLING, E.OWNER_LOST): S.READY,
    (S.CALLING, E.HELD): S.HELD,
    (S.CALLING, E.CANCELLED): S.CANCELLED,
    (S.WAITING, E.DUE): S.READY,
    (S.WAITING, E.HELD): S.HELD,
    (S.WAITING, E.CANCELLED): S.CANCELLED,
    (S.WAITING, E.EXPIRED): S.CANCELLED,
    (S.HELD, E.RELEASED): S.READY,
    (S.HELD, E.SCHEDULED): S.WAITING,
    (S.HELD, E.CANCELLED): S.CANCELLED,
    (S.HELD, E.EXPIRED): S.CANCELLED,
}
PAIRS = [(state, event) for state in JobState for event in JobEvent]


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda value: value.value)
def test_every_state_takes_exactly_its_events(state: JobState, event: JobEvent) -> None:
    follows = ALLOWED.get((state, event))

    if follows is not None:
        assert advance(state, event) is follows
        return
    with pytest.raises(RefusedError) as caught:
        advance(state, event)
    assert state.value in caught.value.text
    assert event.value in caught.value.text


def test_the_table_has_a_row_for_every_state() -> None:
    assert set(TRANSITIONS) == set(JobState)


def test_final_states_are_those_nothing_leaves() -> None:
    assert {S.SENT, S.FAILED, S.UNCONFIRMED, S.CANCELLED} == FINAL_STATES


def test_every_state_can_be_reached_and_every_job_can_end() -> None:
    reached = _closure(S.ACCEPTED)

    assert reached == set(JobState)
    for state in JobState:
        assert _closure(state) & FINAL_STATES


@pytest.mark.parametrize("state", [state for state in JobState if state not in FINAL_STATES])
def test_a_job_that_has_not_ended_can_be_cancelled(state: JobState) -> None:
    assert advance(state, E.CANCELLED) is S.CANCELLED


def test_only_a_confirmed_call_makes_sent() -> None:
    ways = [(state, event) for (state, event), follows in ALLOWED.items() if follows is S.SENT]

    assert ways == [(S.CALLING, E.CONFIRMED)]


def test_status_has_the_three_words_of_lists() -> None:
    words = {state: status_word(state) for state in JobState}

    assert words[S.SENT] == "Success"
    assert {words[state] for state in FINAL_STATES - {S.SENT}} == {"Failed"}
    assert {words[state] for state in set(JobState) - FINAL_STATES} == {"In Progress"}


def _closure(start: JobState) -> set[JobState]:
    found, todo = {start}, [start]
    while todo:
        fresh = set(TRANSITIONS[todo.pop()].values()) - found
        found |= fresh
        todo += fresh
    return found
