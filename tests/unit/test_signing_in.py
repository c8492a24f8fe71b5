"""Signing in: right and wrong, locked and locked out, expired and to be changed."""

from datetime import timedelta

import pytest

from gateway.domain.nodes import User
from gateway.domain.passwords import hash_password
from gateway.signing_in import Verdict, policy_of, sign_in
from gateway.store import passwords, policies, tree
from gateway.store.database import Database
from tests.filled_store import NOW

PASSWORD = "correct-horse-1"
HASH = hash_password(PASSWORD)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def anna(db: Database, user: User) -> str:
    passwords.set_password(db, user.user_name, HASH, NOW, must_change=False)
    return user.user_name


def test_the_right_password_is_welcome_in_any_case_of_the_name(db: Database, anna: str) -> None:
    tried = sign_in(db, anna.upper(), PASSWORD, NOW)

    assert tried.verdict is Verdict.WELCOME
    assert tried.login is not None
    assert tried.login.user_name == anna


@pytest.mark.parametrize("wrong", ["", "correct-horse-2", PASSWORD.upper()])
def test_a_wrong_password_is_wrong_and_counted(db: Database, anna: str, wrong: str) -> None:
    assert sign_in(db, anna, wrong, NOW).verdict is Verdict.WRONG
    assert passwords.login(db, anna).failures == (NOW,)  # type: ignore[union-attr]


def test_an_unknown_name_is_told_as_a_wrong_password_and_leaves_nothing(db: Database) -> None:
    tried = sign_in(db, "nobody", PASSWORD, NOW)

    assert (tried.verdict, tried.login) == (Verdict.WRONG, None)


def test_who_has_no_password_cannot_sign_in(db: Database, user: User) -> None:
    assert sign_in(db, user.user_name, "", NOW).verdict is Verdict.WRONG


def test_the_sixth_failure_locks_out_even_the_right_password(db: Database, anna: str) -> None:
    for count in range(6):
        assert sign_in(db, anna, "wrong", NOW + count * MINUTE / 10).verdict is Verdict.WRONG

    held = sign_in(db, anna, PASSWORD, NOW + MINUTE)
    assert (held.verdict, held.until) == (Verdict.LOCKED_OUT, NOW + 5 * MINUTE / 10 + 5 * MINUTE)
    assert sign_in(db, anna, PASSWORD, NOW + 6 * MINUTE).verdict is Verdict.WELCOME


def test_a_sign_in_forgets_the_failures_before_it(db: Database, anna: str) -> None:
    for _ in range(5):
        sign_in(db, anna, "wrong", NOW)
    sign_in(db, anna, PASSWORD, NOW)

    assert sign_in(db, anna, "wrong", NOW).verdict is Verdict.WRONG
    assert sign_in(db, anna, PASSWORD, NOW).verdict is Verdict.WELCOME


def test_a_password_that_an_administrator_set_may_have_to_be_changed(db: Database, anna: str) -> None:
    passwords.set_password(db, anna, HASH, NOW, must_change=True)

    assert sign_in(db, anna, PASSWORD, NOW).verdict is Verdict.MUST_CHANGE


def test_a_password_expires_by_the_policy_that_the_users_settings_name(db: Database, user: User, anna: str) -> None:
    policies.keep(db, tree.node_by_path(db, "Acme").id, "monthly", {"most_age": "30"})
    tree.set_setting(db, "Acme/Sales", policies.SETTING, "monthly")

    assert policy_of(db, user.id).most_age == 30
    assert sign_in(db, anna, PASSWORD, NOW + timedelta(days=29)).verdict is Verdict.WELCOME
    assert sign_in(db, anna, PASSWORD, NOW + timedelta(days=30)).verdict is Verdict.MUST_CHANGE


def test_a_policy_that_is_gone_gives_way_to_the_global_one(db: Database, user: User) -> None:
    tree.set_setting(db, "Acme", policies.SETTING, "no such policy")

    assert policy_of(db, user.id).name == "global"
