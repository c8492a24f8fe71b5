"""What the store knows of passwords: the present one, those of the past, failures."""

from datetime import timedelta

import pytest

from gateway.domain.administrators import NewAdministrator
from gateway.domain.errors import ConflictError
from gateway.domain.nodes import User
from gateway.store import administrators, passwords, tree, tree_changes
from gateway.store.database import Database
from gateway.store.people import NewUser
from tests.filled_store import NOW

SECOND = timedelta(seconds=1)


@pytest.fixture
def ada(db: Database, user: User) -> str:  # noqa: ARG001 - the user makes the company
    new = NewAdministrator("Acme", "Ada", "Byron", "ada@acme.example", "Ada").checked()
    return administrators.add(db, new, NOW).user_name


def test_nobody_is_found_under_an_unknown_name(db: Database) -> None:
    assert passwords.login(db, "nobody") is None


@pytest.mark.parametrize("written", ["ADA", " ada "])
def test_names_are_found_without_regard_to_case(db: Database, ada: str, written: str) -> None:
    found = passwords.login(db, written)

    assert found is not None
    assert (found.user_name, found.is_administrator, found.password_hash) == (ada, True, "")


def test_a_new_password_pushes_the_old_one_into_the_past(db: Database, user: User) -> None:
    for hashed in ("first", "second", "third"):
        passwords.set_password(db, user.user_name, hashed, NOW, must_change=hashed == "third")

    found = passwords.login(db, user.user_name)
    assert found is not None
    assert found.old_hashes == ("third", "second", "first")
    assert (found.changed, found.must_change) == (NOW, True)


def test_only_so_many_old_passwords_are_kept(db: Database, ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MOST_KEPT", 3)

    for count in range(8):
        passwords.set_password(db, ada, f"hash {count}", NOW, must_change=False)

    found = passwords.login(db, ada)
    assert found is not None
    assert found.old_hashes == ("hash 7", "hash 6", "hash 5", "hash 4")


def test_failures_are_kept_until_a_password_is_set(db: Database, ada: str) -> None:
    passwords.note_failure(db, ada, NOW)
    passwords.note_failure(db, ada, NOW + SECOND)
    counted = passwords.login(db, ada)
    passwords.set_password(db, ada, "new", NOW, must_change=False)

    assert counted is not None
    assert counted.failures == (NOW, NOW + SECOND)
    assert passwords.login(db, ada).failures == ()  # type: ignore[union-attr]


def test_of_very_many_failures_the_latest_are_kept(db: Database, ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MOST_FAILURES", 3)

    for count in range(5):
        passwords.note_failure(db, ada, NOW + count * SECOND)

    assert passwords.login(db, ada).failures == tuple(NOW + n * SECOND for n in (2, 3, 4))  # type: ignore[union-attr]


def test_failures_are_forgotten_when_nobody_counts_them_any_more(db: Database, ada: str) -> None:
    passwords.note_failure(db, ada, NOW)
    passwords.note_failure(db, ada, NOW + SECOND)

    assert passwords.sweep(db, NOW) == 0
    assert passwords.sweep(db, NOW + SECOND) == 1


def test_a_new_user_name_takes_the_password_along(db: Database, ada: str) -> None:
    passwords.set_password(db, ada, "hash", NOW, must_change=True)
    passwords.note_failure(db, ada, NOW)

    administrators.edit(db, ada, {"user_name": "Countess"})

    found = passwords.login(db, "countess")
    assert found is not None
    assert (found.password_hash, found.must_change, found.failures) == ("hash", True, (NOW,))


def test_nothing_is_left_of_somebody_who_was_deleted(db: Database, ada: str) -> None:
    passwords.set_password(db, ada, "hash", NOW, must_change=True)
    passwords.note_failure(db, ada, NOW)
    administrators.remove(db, ada)

    again = NewAdministrator("Acme", "Ada", "Byron", "ada@acme.example", "ada").checked()
    administrators.add(db, again, NOW)

    found = passwords.login(db, "ada")
    assert found is not None
    assert (found.must_change, found.changed, found.failures, found.old_hashes) == (False, None, (), ("",))


def changed(user: User, user_name: str) -> NewUser:
    return NewUser("Acme/Sales", user.first_name, user.last_name, user.sending_addresses, user_name=user_name)


def test_a_users_new_name_takes_the_password_along_too(db: Database, user: User) -> None:
    passwords.set_password(db, user.user_name, "hash", NOW, must_change=True)

    tree_changes.edit_user(db, user.id, changed(user, "smith"))

    found = passwords.login(db, "smith")
    assert found is not None
    assert (found.password_hash, found.must_change, found.changed) == ("hash", True, NOW)


def test_a_user_does_not_take_the_name_of_an_administrator(db: Database, user: User, ada: str) -> None:
    with pytest.raises(ConflictError, match="belongs to an administrator"):
        tree_changes.edit_user(db, user.id, changed(user, ada.upper()))


def test_somebody_new_inherits_nothing_of_a_deleted_user(db: Database, user: User) -> None:
    passwords.set_password(db, user.user_name, "hash", NOW, must_change=True)
    passwords.note_failure(db, user.user_name, NOW)
    tree_changes.remove(db, user.id, NOW)

    tree.add_user(db, changed(user, user.user_name))

    found = passwords.login(db, user.user_name)
    assert found is not None
    assert (found.must_change, found.failures, found.old_hashes) == (False, (), ("",))
