"""The state table: complete, reachable, and drawn as it is."""

from pathlib import Path

import pytest

import gateway.fax
from gateway.domain.call import Cause, Phase
from gateway.fax.t30.diagram import diagram, updated
from gateway.fax.t30.moves import Verb
from gateway.fax.t30.receiver_moves import RECEIVER
from gateway.fax.t30.sender_moves import SENDER
from gateway.fax.t30.states import ISDN, PHASES, STANDARD, WAITS, Event, State, Timer
from gateway.fax.t30.table import EVERYWHERE, TABLE, find
from gateway.fax.t30.terminal import Terminal

README = Path(gateway.fax.__file__).parent / "README.md"
STARTS = {State.DIALLED, State.CALLED}
STATES = {state for state, _ in TABLE if state is not None} | {move.to for move in TABLE.values() if move.to}


def test_every_state_is_reached_from_one_of_the_first() -> None:
    reached = set(STARTS)
    while more := {m.to for (s, _), m in TABLE.items() if m.to and (s is None or s in reached)} - reached:
        reached |= more

    assert reached == STATES == set(State)


def test_every_state_can_come_to_the_end() -> None:
    ending = {State.END}
    while more := {s for (s, _), m in TABLE.items() if s and m.to in ending} - ending:
        ending |= more

    assert ending == STATES


def test_every_state_that_waits_says_what_happens_when_time_is_up() -> None:
    assert [state for state in WAITS if find(state, Event.TIMEOUT) is None] == []


def test_what_is_repeated_is_given_up_after_the_third_time() -> None:
    repeating = {state for (state, _), move in TABLE.items() if move.verb is Verb.REPEAT and state}

    for state in repeating:
        move = TABLE[state, Event.LAST_TIMEOUT]
        assert (move.to, move.verb) == (State.RELEASE, Verb.SEND_DCN)
        assert move.cause is not None


def test_a_call_that_ends_has_a_cause_and_one_that_goes_on_has_none() -> None:
    for (state, event), move in TABLE.items():
        ends = move.to in (State.RELEASE, State.END) and state is not State.RELEASE
        assert (move.cause is not None) == ends, (state, event)


def test_nothing_leaves_the_last_state() -> None:
    assert not [event for state, event in TABLE if state is State.END]


@pytest.mark.parametrize("event", [Event.DCN, Event.HANG_UP, Event.CANCEL])
def test_every_state_hears_the_end_of_the_call(event: Event) -> None:
    deaf = {state for state in STATES if find(state, event) is None}

    assert deaf <= {State.END}


def test_no_row_is_said_twice() -> None:
    assert len(TABLE) == len(SENDER) + len(RECEIVER) + len(EVERYWHERE)


def test_the_timers_of_isdn_stand_in_for_the_others() -> None:
    assert (ISDN.milliseconds(Timer.T1), ISDN.milliseconds(Timer.T2), ISDN.t5) == (5_000, 6_000, 10_000)
    assert ISDN.milliseconds(Timer.T4) == STANDARD.milliseconds(Timer.T4)


def test_every_state_has_a_phase() -> None:
    assert set(PHASES) == set(State)
    assert set(PHASES.values()) == set(Phase)


def test_every_verb_is_a_method() -> None:
    missing = {verb for verb in Verb if not callable(getattr(Terminal, verb.value, None))}

    assert missing == set()


def test_every_verb_is_used() -> None:
    assert {move.verb for move in TABLE.values()} == set(Verb)


def test_every_cause_of_a_call_is_in_the_table() -> None:
    ours = {move.cause for move in TABLE.values() if move.cause}

    assert ours | {Cause.LOCAL_ERROR} == set(Cause)


def test_an_event_that_no_row_names_has_no_move() -> None:
    assert find(State.PAGE, Event.CFR) is None


def test_a_states_own_row_goes_before_the_general_one() -> None:
    own = find(State.TRAIN, Event.DCN)
    general = find(State.PAGE, Event.DCN)

    assert own is not None
    assert own.cause is Cause.DISCONNECTED_AFTER_DCS
    assert general is not None
    assert general.cause is Cause.PROTOCOL


def test_the_drawing_has_an_arrow_for_every_row() -> None:
    drawn = diagram(SENDER)

    assert "D_POST --> I : CFR" in drawn
    assert "II_Q, T4 3 s" in drawn
    assert all(event.value in drawn for _, event in SENDER)


def test_the_readme_shows_the_table_as_it_is() -> None:
    text = README.read_text(encoding="utf-8")

    assert updated(text) == text, (
        "write it anew: python -c 'from pathlib import Path; from gateway.fax.t30.diagram import updated; "
        'p = Path("gateway/fax/README.md"); p.write_text(updated(p.read_text()))\''
    )
