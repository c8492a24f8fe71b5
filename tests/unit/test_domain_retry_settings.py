"""The retry policy as settings: sequences that people can read, what is refused, and the policy that values make."""

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import UsageError
from gateway.domain.night import Night
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule
from gateway.domain.retry_policy import STRANGERS, Policy, Walk, minutes
from gateway.domain.retry_settings import SETTINGS, read_delays, write_delays
from gateway.domain.setting_catalog import CATALOG, Effective, checked_value


def test_the_defaults_are_the_policy() -> None:
    assert Effective({}).retry_policy() == Policy()
    assert Effective({}).quarantine_rule() == QuarantineRule()


def test_every_walk_is_a_setting() -> None:
    names = {name for name, *_ in SETTINGS}

    assert {f"retry.{walk}" for walk in Walk} | {f"retry.{walk}_unreached" for walk in STRANGERS} <= names
    assert names <= set(CATALOG)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("retry.busy", "3,5,10,20,40"),
        ("retry.no_answer", "5,15,60"),
        ("retry.voice_answer", "30"),
        ("retry.voice_answer_unreached", "none"),
        ("retry.not_a_fax_unreached", "5"),
        ("retry.night_begin", "21:00"),
        ("retry.night_end", "08:00"),
        ("quarantine.after", "2"),
    ],
)
def test_defaults_can_be_read(name: str, text: str) -> None:
    assert CATALOG[name].default == text


@pytest.mark.parametrize(("name", "default"), [(name, default) for name, default, *_ in SETTINGS])
def test_every_default_is_a_value_that_is_taken(name: str, default: str) -> None:
    assert checked_value(name, default) == default


@pytest.mark.parametrize(
    ("text", "delays"),
    [
        ("3,5,10", minutes(3, 5, 10)),
        ("0.5", (timedelta(seconds=30),)),
        ("1, 2", minutes(1, 2)),
        ("none", ()),
    ],
)
def test_a_sequence_is_minutes_with_commas(text: str, delays: tuple[timedelta, ...]) -> None:
    assert read_delays(text) == delays


@pytest.mark.parametrize(
    "text", ["", ",", "3,", "0", "-3", "3 5", "3;5", "1e3", "10081", "none,3", "½", ",".join(["1"] * 21)]
)
def test_what_is_no_sequence_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"retry\.busy"):
        checked_value("retry.busy", text)


@given(st.lists(st.integers(1, 10080), max_size=20))
def test_a_sequence_is_read_as_it_was_written(values: list[int]) -> None:
    assert read_delays(write_delays(minutes(*values))) == minutes(*values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retry.jitter_percent", "91"),
        ("retry.night_begin", "9:00"),
        ("retry.night_begin", "24:00"),
        ("retry.night_end", "08:60"),
        ("retry.night_end", "eight"),
        ("retry.night_calls_again", "-1"),
        ("retry.fast_busy_alarm", "0"),
        ("retry.patience_seconds", "34"),
        ("quarantine.after", "101"),
        ("quarantine.days", "0"),
        ("quarantine.days", "9" * 5000),
    ],
)
def test_figures_out_of_bounds_are_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError):
        checked_value(name, value)


def test_the_values_of_a_level_make_its_policy() -> None:
    policy = Effective(
        {
            "retry.busy": "1,2",
            "retry.voice_answer_unreached": "45",
            "retry.jitter_percent": "0",
            "retry.night_begin": "20:30",
            "retry.night_end": "07:00",
            "retry.night_calls_again": "0",
            "retry.patience_seconds": "90",
        }
    ).retry_policy()

    assert policy.delays_for(Outcome.BUSY, "", reached_before=False) == minutes(1, 2)
    assert policy.delays_for(Outcome.VOICE_ANSWER, "", reached_before=False) == minutes(45)
    assert policy.delays_for(Outcome.VOICE_ANSWER, "", reached_before=True) == minutes(30)
    assert (policy.jitter, policy.night, policy.night_calls_again) == (0, Night(time(20, 30), time(7)), 0)
    assert policy.patience == timedelta(seconds=90)


def test_the_rule_of_quarantine_is_a_level_s_own() -> None:
    rule = Effective({"quarantine.after": "5", "quarantine.days": "7"}).quarantine_rule()

    assert rule == QuarantineRule(5, timedelta(days=7))
