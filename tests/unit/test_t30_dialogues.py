"""Scripted far ends and callers, as data: each dialogue of `tests/dialogues/t30_*.txt` is a test."""

from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.states import STANDARD, Timers
from gateway.fax.t30.table import TABLE
from tests.t30_dialogues import BIG_PAGE, PAGE, Played, play_answerer, play_caller
from tests.t30_scripts import Dialogue, read_all

CALLER = read_all("caller")
ANSWERER = read_all("answerer")


def is_timed(dialogue: Dialogue) -> bool:
    """True when a line of the dialogue says how long the station waits."""
    return any(" after " in line for line in dialogue.lines)


def breaks(play: Callable[[Dialogue, Timers], Played], dialogue: Dialogue, timers: Timers) -> bool:
    """True when a dialogue does not hold with these timers."""
    try:
        play(dialogue, timers)
    except AssertionError:
        return True
    return False


def is_what_was_sent(received: ReceivedPage) -> bool:
    """True for a page pel for pel, or as far as it came; one with bad rows has all its rows."""
    sent = BIG_PAGE if received.bitmap.octets[:4000] == BIG_PAGE.octets[:4000] else PAGE
    if received.bad_rows:
        return received.bitmap.shape == sent.shape
    return sent.octets.startswith(received.bitmap.octets)


@pytest.mark.parametrize("dialogue", CALLER, ids=lambda dialogue: dialogue.title)
def test_the_caller_keeps_to_the_dialogue(dialogue: Dialogue) -> None:
    received = play_caller(dialogue).received

    assert all(is_what_was_sent(page) for page in received)


@pytest.mark.parametrize("dialogue", ANSWERER, ids=lambda dialogue: dialogue.title)
def test_the_answerer_keeps_to_the_dialogue(dialogue: Dialogue) -> None:
    received = play_answerer(dialogue).received

    assert all(is_what_was_sent(page) for page in received)


def test_the_dialogues_walk_every_row_of_the_state_table() -> None:
    played = [play_caller(one) for one in CALLER] + [play_answerer(one) for one in ANSWERER]
    walked = frozenset().union(*(one.rows for one in played))

    assert sorted(f"{state}: {event}" for state, event in TABLE.keys() - walked) == []


@pytest.mark.parametrize("factor", [0.5, 2])
@pytest.mark.parametrize("timer", [timer.name for timer in fields(Timers)])
def test_a_timer_half_or_twice_as_long_breaks_a_dialogue(timer: str, factor: float) -> None:
    wrong = replace(STANDARD, **{timer: int(getattr(STANDARD, timer) * factor)})

    assert any(breaks(play_caller, one, wrong) for one in CALLER if is_timed(one)) or any(
        breaks(play_answerer, one, wrong) for one in ANSWERER if is_timed(one)
    )


def test_no_two_dialogues_have_the_same_title() -> None:
    for dialogues in (CALLER, ANSWERER):
        titles = [dialogue.title for dialogue in dialogues]
        assert len(set(titles)) == len(titles)


def test_there_are_as_many_dialogues_as_were_promised() -> None:
    assert len(CALLER) + len(ANSWERER) >= 120


def test_a_dialogue_that_does_not_hold_names_its_line() -> None:
    wrong = Dialogue("wrong", (), ("< answered", "> DCN"))

    with pytest.raises(AssertionError, match=r"wrong, line 2: > DCN: sent CNG"):
        play_caller(wrong)
