import pytest

from gateway.domain.call import Cause
from gateway.domain.outcome import Outcome
from gateway.domain.trunks import Mode, Route, in_order, next_route

ROUTES = (Route("a", 1, Mode.T38), Route("b", 1, Mode.T38), Route("c", 1, Mode.AUDIO))


def test_calls_go_round_from_the_trunk_that_they_begin_with() -> None:
    assert [route.name for route in in_order(ROUTES, "b")] == ["b", "c", "a"]
    assert in_order(ROUTES, "") == in_order(ROUTES, "gone") == ROUTES


@pytest.mark.parametrize(
    ("used", "kept", "outcome", "detail", "then"),
    [
        ("a", "", Outcome.FAST_BUSY, Cause.REORDER, "b"),
        ("c", "b", Outcome.FAST_BUSY, Cause.REORDER, "a"),
        ("a", "", Outcome.SIT_TONE, Cause.SIT_NO_CIRCUIT, "b"),
        ("a", "", Outcome.NEGOTIATION_FAILED, Cause.CANNOT_TRAIN, "c"),
        ("c", "", Outcome.NEGOTIATION_FAILED, Cause.CANNOT_TRAIN, "a"),
        ("a", "c", Outcome.NEGOTIATION_FAILED, Cause.INCOMPATIBLE, "c"),
        ("a", "c", Outcome.BUSY, Cause.BUSY, "c"),
        ("a", "", Outcome.NO_ANSWER, Cause.NO_ANSWER, ""),
        ("gone", "b", Outcome.FAST_BUSY, Cause.REORDER, "b"),
    ],
)
def test_an_ending_says_which_trunk_is_next(used: str, kept: str, outcome: Outcome, detail: Cause, then: str) -> None:
    assert next_route(ROUTES, used, kept, outcome, detail.value) == then


@pytest.mark.parametrize("outcome", [Outcome.FAST_BUSY, Outcome.NEGOTIATION_FAILED])
def test_with_one_trunk_there_is_no_other(outcome: Outcome) -> None:
    assert next_route(ROUTES[:1], "a", "", outcome, "") == ""
    assert next_route((), "a", "kept", outcome, "") == "kept"
