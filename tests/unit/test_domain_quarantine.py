"""Numbers that are gone: which endings say so, how many it takes, how long it lasts, and the words of the refusal."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.call import Cause
from gateway.domain.errors import RefusedError
from gateway.domain.outcome import OUTCOME_OF, Outcome
from gateway.domain.quarantine import QuarantineRule, Standing, after_final, refuse_quarantined, speaks_of_number

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = QuarantineRule(2, 30 * DAY)
NUMBER = "+12025550106"


def met(at: datetime = NOW) -> Standing:
    return Standing(NUMBER, 0, at, Outcome.SIT_TONE, Cause.SIT_VACANT.value)


def after(*times: datetime, rule: QuarantineRule = RULE) -> Standing:
    standing = None
    for at in times:
        standing = after_final(standing, met(at), rule)
    assert standing is not None
    return standing


@pytest.mark.parametrize("cause", sorted(set(Cause)))
def test_only_the_network_s_word_that_a_number_is_gone_counts(cause: Cause) -> None:
    gone = {Cause.SIT_VACANT, Cause.SIT_INTERCEPT, Cause.UNALLOCATED}

    assert speaks_of_number(OUTCOME_OF[cause], cause.value) is (cause in gone)


def test_one_final_is_counted_and_the_second_puts_the_number_under_quarantine() -> None:
    once, twice = after(NOW), after(NOW, NOW + DAY)

    assert (once.finals, once.until) == (1, None)
    assert (twice.finals, twice.until) == (2, NOW + 31 * DAY)


def test_a_final_long_ago_counts_no_more() -> None:
    assert after(NOW, NOW + 30 * DAY).finals == 1


def test_with_zero_no_number_is_ever_refused() -> None:
    assert after(*[NOW] * 9, rule=QuarantineRule(0, DAY)).until is None


def test_a_shorter_rule_of_somebody_else_does_not_lift_a_quarantine() -> None:
    held = after(NOW, NOW)

    assert after_final(held, met(NOW + DAY), QuarantineRule(9, DAY)).until == held.until


def test_when_it_is_over_counting_begins_anew() -> None:
    again = after(NOW, NOW, NOW + 31 * DAY)

    assert (again.finals, again.until) == (1, None)


@pytest.mark.parametrize(("at", "refused"), [(NOW, True), (NOW + 30 * DAY - timedelta(seconds=1), True)])
def test_a_number_in_quarantine_is_refused(at: datetime, refused: bool) -> None:
    standing = after(NOW, NOW)

    with pytest.raises(RefusedError) as caught:
        refuse_quarantined(standing, at)

    assert standing.holds(at) is refused
    reply = str(caught.value.reply)
    assert reply.startswith(f"550 5.7.1 {NUMBER} is in quarantine until 2026-04-01: ")
    assert reply.endswith(f"faxgw quarantine release {NUMBER}")
    assert len(reply.encode("ascii")) < 510


@pytest.mark.parametrize("standing", [None, after(NOW), after(NOW - 30 * DAY, NOW - 30 * DAY)])
def test_others_are_not(standing: Standing | None) -> None:
    refuse_quarantined(standing, NOW)

    assert standing is None or not standing.holds(NOW)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=20), st.integers(0, 5), st.integers(1, 60))
def test_a_quarantine_never_begins_too_early_nor_lasts_too_long(days: list[int], needed: int, lasts: int) -> None:
    times = [NOW + day * DAY for day in sorted(days)]
    standing = after(*times, rule=QuarantineRule(needed, lasts * DAY))

    if standing.until is not None:
        assert 0 < needed <= len(times)
        assert standing.until <= times[-1] + lasts * DAY
    assert 1 <= standing.finals <= len(times)
