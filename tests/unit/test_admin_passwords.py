"""Passwords set by administrators and changed by their owners, under the policy that holds."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.admin import administrators, passwords, policies
from gateway.admin.acts import Door, actor_of
from gateway.domain.actors import Actor
from gateway.domain.administrators import NewAdministrator
from gateway.domain.errors import NotAllowedError, NotFoundError, RefusedError
from gateway.domain.nodes import User
from gateway.domain.rights import granted
from gateway.signing_in import Verdict, sign_in
from gateway.store.database import Database
from tests.filled_store import NOW

GOOD, BETTER = "correct-horse-1", "battery-staple-2"
DAY = timedelta(days=1)


@pytest.fixture
def root(db: Database, user: User) -> Door:  # noqa: ARG001 - there is Anna
    return Door(db, Actor("root"), lambda: NOW)


def strict(door: Door, **fields: str) -> None:
    policies.keep(door, "", "global", fields)


def entered(door: Door, password: str, at: datetime = NOW) -> Verdict:
    return sign_in(door.db, "anna", password, at).verdict


def test_a_password_that_was_set_signs_in(root: Door) -> None:
    changed = passwords.set_password(root, "anna", GOOD)

    assert entered(root, GOOD) is Verdict.WELCOME
    assert [(entry.what, entry.target) for entry in changed.entries] == [("password.set", "anna")]


def test_everything_that_speaks_against_a_password_is_said_at_once(root: Door) -> None:
    with pytest.raises(RefusedError) as caught:
        passwords.set_password(root, "anna", "abc")

    assert "at least 8 characters, must have at least 1 digit, must have at least 1 special" in caught.value.text


@pytest.mark.parametrize("password", ["xx-Anna-11", "smith.1234", "anna@acme.example1"])
def test_personal_words_are_those_of_its_owner(root: Door, password: str) -> None:
    strict(root, no_personal="on")

    with pytest.raises(RefusedError, match="your name"):
        passwords.set_password(root, "anna", password)


def test_a_password_of_the_past_does_not_come_again(root: Door) -> None:
    strict(root, history="2")
    for password in (GOOD, BETTER):
        passwords.set_password(root, "anna", password)

    for password in (GOOD, BETTER):
        with pytest.raises(RefusedError, match="one of the last 2"):
            passwords.set_password(root, "anna", password)
    passwords.set_password(root, "anna", "third-one-3")
    passwords.set_password(root, "anna", GOOD)


def test_who_gets_a_password_must_change_it_where_the_policy_says_so(root: Door) -> None:
    strict(root, forced_change="on")
    passwords.set_password(root, "anna", GOOD)

    assert entered(root, GOOD) is Verdict.MUST_CHANGE
    passwords.change_own(root.db, "anna", GOOD, BETTER, NOW)
    assert entered(root, BETTER) is Verdict.WELCOME


def test_a_password_is_not_changed_too_soon(root: Door) -> None:
    strict(root, least_age="2")
    passwords.set_password(root, "anna", GOOD)

    with pytest.raises(RefusedError, match="2 days old"):
        passwords.change_own(root.db, "anna", GOOD, BETTER, NOW + DAY)
    passwords.change_own(root.db, "anna", GOOD, BETTER, NOW + 2 * DAY)


def test_nobody_changes_a_password_without_knowing_it(root: Door) -> None:
    passwords.set_password(root, "anna", GOOD)

    for _ in range(6):
        with pytest.raises(NotAllowedError, match="wrong"):
            passwords.change_own(root.db, "anna", BETTER, "third-one-3", NOW)
    with pytest.raises(NotAllowedError, match="locked until 2026-03-02 15:09 UTC"):
        passwords.change_own(root.db, "anna", GOOD, BETTER, NOW)


def test_a_lock_out_is_ended_by_an_administrator(root: Door) -> None:
    passwords.set_password(root, "anna", GOOD)
    for _ in range(6):
        entered(root, "wrong")
    held = passwords.state(root, "anna")

    assert passwords.release(root, "anna").answer
    assert (held.failures, held.locked_out_until) == (6, NOW + timedelta(minutes=5))
    assert entered(root, GOOD) is Verdict.WELCOME


def test_the_state_tells_ages_and_no_secret(root: Door) -> None:
    strict(root, most_age="30")
    passwords.set_password(root, "anna", GOOD)

    state = passwords.state(root, "anna")
    assert (state.policy, state.changed, state.expires, state.must_change) == ("global", NOW, NOW + 30 * DAY, False)
    assert "argon" not in repr(state)


def test_a_password_made_by_chance_fulfils_the_policy(root: Door) -> None:
    strict(root, least_length="30", specials="3")
    made = passwords.make_password_for(root, "anna")

    assert len(made) >= 30
    passwords.set_password(root, "anna", made)


def test_nobody_has_the_name(root: Door) -> None:
    with pytest.raises(NotFoundError, match="faxgw user list"):
        passwords.set_password(root, "nobody", GOOD)


def test_setting_a_password_takes_the_right_at_its_owners_place(root: Door) -> None:
    new = NewAdministrator("Acme/Sales", "Bo", "Li", "bo@acme.example", "bo", rights=granted(["users.view"]))
    administrators.add(root, new)
    bo = replace(root, actor=actor_of(root.db, "root", "bo", ""))

    with pytest.raises(NotAllowedError, match=r"users\.password is missing"):
        passwords.set_password(bo, "anna", GOOD)
    assert passwords.state(bo, "anna").has_password is False
