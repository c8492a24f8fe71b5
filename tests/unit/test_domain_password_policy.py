"""Password policies: each rule by itself, ages, lock-out, and passwords made for people."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import UsageError
from gateway.domain.password_policy import (
    GLOBAL,
    LIMITS,
    PasswordPolicy,
    change_allowed,
    changed,
    has_expired,
    is_used_before,
    locked_out_until,
    made_up,
    troubles,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LAX = PasswordPolicy("lax", letters=0, digits=0, specials=0)


@pytest.mark.parametrize(
    ("policy", "password", "said"),
    [
        (LAX, "x" * 7, "at least 8 characters"),
        (LAX, "x" * 101, "at most 100 characters"),
        (changed(LAX, {"letters": "2"}), "1234567a", "2 letters"),
        (changed(LAX, {"upper_case": "1"}), "abcdefgh", "1 upper-case letter"),
        (changed(LAX, {"digits": "1"}), "abcdefgh", "1 digit"),
        (changed(LAX, {"specials": "1"}), "abcdefg1", "1 special character"),
        (LAX, "abcdefg\x07", "control characters"),
    ],
)
def test_each_rule_is_told_by_itself(policy: PasswordPolicy, password: str, said: str) -> None:
    [trouble] = troubles(policy, password)

    assert said in trouble


@pytest.mark.parametrize("password", ["tr0ub4dor&3", "Łódź-2026!", "пароль-123", "pass word 1", "a" * 98 + "1!"])
def test_the_global_policy_takes_letters_of_any_alphabet(password: str) -> None:
    assert troubles(GLOBAL, password) == []


@pytest.mark.parametrize("password", ["xx-Anna-11", "MUELLER.99", "1!amueller", "hospital.example1"])
def test_personal_words_are_refused_where_the_policy_says_so(password: str) -> None:
    personal = ("Anna", "Mueller", "amueller", "a.mueller@hospital.example")
    strict = changed(LAX, {"no_personal": "on"})

    assert troubles(strict, password, personal) == ["must not hold your name, user name or address"]
    assert troubles(LAX, password, personal) == []


def test_words_of_two_letters_are_not_personal() -> None:
    assert troubles(changed(LAX, {"no_personal": "on"}), "Bo-likes-Al", ("Bo", "Al")) == []


def test_only_so_many_passwords_of_the_past_are_looked_at() -> None:
    policy = changed(LAX, {"history": "2"})

    def verify(kept: str, password: str) -> bool:
        return kept == f"hash of {password}"

    hashes = [f"hash of {word}" for word in ("newest", "older", "oldest")]
    assert is_used_before(policy, "older", hashes, verify)
    assert not is_used_before(policy, "oldest", hashes, verify)


@pytest.mark.parametrize(("hours", "allowed"), [(23, False), (24, True)])
def test_a_password_may_be_changed_when_it_is_old_enough(hours: int, allowed: bool) -> None:
    policy = changed(LAX, {"least_age": "1"})

    assert change_allowed(policy, NOW - timedelta(hours=hours), NOW) is allowed
    assert change_allowed(policy, None, NOW)


@pytest.mark.parametrize(("days", "expired"), [(89, False), (90, True)])
def test_a_password_expires(days: int, expired: bool) -> None:
    assert has_expired(changed(LAX, {"most_age": "90"}), NOW - timedelta(days=days), NOW) is expired
    assert not has_expired(LAX, NOW - timedelta(days=days), NOW)


def test_six_failures_lock_out_for_five_minutes_after_the_last() -> None:
    failures = [NOW - timedelta(seconds=second) for second in (200, 150, 100, 50, 20, 10)]

    assert locked_out_until(GLOBAL, failures[:5], NOW) is None
    assert locked_out_until(GLOBAL, failures, NOW) == NOW - timedelta(seconds=10) + timedelta(minutes=5)
    assert locked_out_until(GLOBAL, failures, NOW + timedelta(minutes=5)) is None
    assert locked_out_until(changed(GLOBAL, {"lock_out_attempts": "0"}), failures * 9, NOW) is None


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_numbers_out_of_range_are_refused_with_the_range(name: str) -> None:
    least, most = LIMITS[name]

    for wrong in (str(most + 1), "-1", "many", ""):
        with pytest.raises(UsageError, match=rf"{name} takes a whole number from {least} to {most}"):
            changed(GLOBAL, {name: wrong})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"no_personal": "yes"}, "takes on or off"),
        ({"colour": "red"}, "no 'colour'"),
        ({"name": "x"}, "no 'name'"),
        ({"least_age": "30", "most_age": "30"}, "must be below most_age"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        changed(GLOBAL, values)


POLICIES = st.fixed_dictionaries(
    {
        "least_length": st.integers(8, 100),
        "letters": st.integers(0, 20),
        "upper_case": st.integers(0, 20),
        "digits": st.integers(0, 20),
        "specials": st.integers(0, 20),
    }
).map(lambda values: changed(GLOBAL, {name: str(value) for name, value in values.items()}))


@given(POLICIES, st.integers())
def test_a_password_made_up_fulfils_its_policy(policy: PasswordPolicy, seed: int) -> None:
    password = made_up(policy, random.Random(seed).choice)

    assert troubles(policy, password) == []
    assert not set(password) & set("O0Il1")
