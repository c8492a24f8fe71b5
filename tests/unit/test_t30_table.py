"""The state table: complete, reachable, and drawn as it is."""

from pathlib import Path

import pytest

import gateway.fax
from gateway.domain.call import Cause, Phase
from gateway.fax.t30.answerer import Answerer
from gateway.fax.t30.diagram import diagram, updated
from gateway.fax.t30.ecm_caller import Caller
from gateway.fax.t30.states import PHASES, WAITS, Event, State
from gateway.fax.t30.table import ANSWERER, CALLER, Table, Verb, find

TABLES = pytest.mark.parametrize(("table", "start"), [(CALLER, State.DIALLED), (ANSWERER, State.CALLED)])
README = Path(gateway.fax.__file__).parent / "README.md"


def states(table: Table) -> set[State]:
    named = {state for state, _ in table if state is not None}
    return named | {move.to for move in table.values() if move.to is not None}


@TABLES
def test_every_state_is_reached_from_the_first(table: Table, start: State) -> None:
    reached = {start}
    while more := {m.to for (s, _), m in table.items() if m.to and (s is None or s in reached)} - reached:
        reached |= more

    assert reached == states(table)


@TABLES
def test_every_state_can_come_to_the_end(table: Table, start: State) -> None:
    ending = {State.END}
    while more := {s for (s, _), m in table.items() if s and m.to in ending} - ending:
        ending |= more

    assert ending == states(table)
    assert start in ending


@TABLES
def test_every_state_that_waits_says_what_happens_when_time_is_up(table: Table, start: State) -> None:
    del start
    waiting = states(table) & set(WAITS)

    assert [state for state in waiting if find(table, state, Event.TIMEOUT) is None] == []


@TABLES
def test_what_is_repeated_is_given_up_after_the_third_time(table: Table, start: State) -> None:
    del start
    repeating = {state for (state, _), move in table.items() if move.verb is Verb.REPEAT and state}

    for state in repeating:
        move = table[state, Event.LAST_TIMEOUT]
        assert (move.to, move.verb) == (State.RELEASE, Verb.SEND_DCN)
        assert move.cause is not None


@TABLES
def test_a_call_that_ends_has_a_cause_and_one_that_goes_on_has_none(table: Table, start: State) -> None:
    del start
    for (state, event), move in table.items():
        ends = move.to in (State.RELEASE, State.END) and state is not State.RELEASE
        assert (move.cause is not None) == ends, (state, event)


@TABLES
def test_nothing_leaves_the_last_state(table: Table, start: State) -> None:
    del start
    assert not [event for state, event in table if state is State.END]


@TABLES
@pytest.mark.parametrize("event", [Event.DCN, Event.HANG_UP, Event.CANCEL])
def test_every_state_hears_the_end_of_the_call(table: Table, start: State, event: Event) -> None:
    del start
    deaf = {state for state in states(table) if find(table, state, event) is None}

    assert deaf <= {State.END}


def test_every_state_has_a_phase() -> None:
    assert set(PHASES) == set(State)
    assert set(PHASES.values()) == set(Phase)


@pytest.mark.parametrize(("table", "station"), [(CALLER, Caller), (ANSWERER, Answerer)])
def test_every_verb_is_a_method(table: Table, station: type) -> None:
    missing = {move.verb for move in table.values() if not callable(getattr(station, move.verb.value, None))}

    assert missing == set()


def test_every_verb_and_every_state_is_used() -> None:
    used = {move.verb for table in (CALLER, ANSWERER) for move in table.values()}

    assert used == set(Verb)
    assert states(CALLER) | states(ANSWERER) == set(State)


def test_every_cause_of_a_call_is_in_the_table() -> None:
    ours = {move.cause for move in CALLER.values() if move.cause}

    assert ours | {Cause.LOCAL_ERROR} == set(Cause)


def test_an_event_that_no_row_names_has_no_move() -> None:
    assert find(CALLER, State.PAGE, Event.CFR) is None


def test_a_states_own_row_goes_before_the_general_one() -> None:
    own = find(CALLER, State.TRAIN, Event.DCN)
    general = find(CALLER, State.PAGE, Event.DCN)

    assert own is not None
    assert own.cause is Cause.DISCONNECTED_AFTER_DCS
    assert general is not None
    assert general.cause is Cause.PROTOCOL


def test_the_drawing_has_an_arrow_for_every_row() -> None:
    drawn = diagram(CALLER)

    assert "D_POST --> I : CFR" in drawn
    assert "II_Q, T4 3 s" in drawn
    assert all(event.value in drawn for _, event in CALLER)


def test_the_readme_shows_the_table_as_it_is() -> None:
    text = README.read_text(encoding="utf-8")

    assert updated(text) == text, (
        "write it anew: python -c 'from pathlib import Path; from gateway.fax.t30.diagram import updated; "
        'p = Path("gateway/fax/README.md"); p.write_text(updated(p.read_text()))\''
    )
