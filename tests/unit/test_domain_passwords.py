"""Passwords are kept as Argon2id and checked in the same time whether there is one or not."""

import pytest

from gateway.domain.passwords import hash_password, verify_password


def test_the_right_password_and_no_other_is_accepted() -> None:
    kept = hash_password("Straße 12")

    assert verify_password(kept, "Straße 12")
    assert not verify_password(kept, "Strasse 12")


def test_what_is_kept_is_argon2id_and_not_the_words() -> None:
    kept = hash_password("correct horse")

    assert kept.startswith("$argon2id$")
    assert "correct" not in kept


def test_one_password_gives_another_hash_each_time() -> None:
    assert hash_password("same") != hash_password("same")


@pytest.mark.parametrize("kept", ["", "no hash at all", "$argon2id$broken"])
def test_a_user_without_a_password_cannot_sign_in(kept: str) -> None:
    assert not verify_password(kept, "")
    assert not verify_password(kept, "anything")
