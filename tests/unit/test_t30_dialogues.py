"""Scripted far ends and callers, as data: each dialogue of `tests/dialogues/t30_*.txt` is a test."""

import pytest

from tests import t30_dialogues
from tests.t30_dialogues import PAGE, Dialogue

CALLER = t30_dialogues.read("t30_caller.txt")
ANSWERER = t30_dialogues.read("t30_answerer.txt")


@pytest.mark.parametrize("dialogue", CALLER, ids=lambda dialogue: dialogue.title)
def test_the_caller_keeps_to_the_dialogue(dialogue: Dialogue) -> None:
    t30_dialogues.play_caller(dialogue)


@pytest.mark.parametrize("dialogue", ANSWERER, ids=lambda dialogue: dialogue.title)
def test_the_answerer_keeps_to_the_dialogue(dialogue: Dialogue) -> None:
    received = t30_dialogues.play_answerer(dialogue)

    assert all(page.bitmap == PAGE for page in received)


def test_no_two_dialogues_have_the_same_title() -> None:
    for dialogues in (CALLER, ANSWERER):
        titles = [dialogue.title for dialogue in dialogues]
        assert len(set(titles)) == len(titles) > 20


def test_a_dialogue_that_does_not_hold_names_its_line() -> None:
    wrong = Dialogue("wrong", {}, ("< answered", "> DCN"))

    with pytest.raises(AssertionError, match=r"wrong, line 2: > DCN: sent CNG"):
        t30_dialogues.play_caller(wrong)
