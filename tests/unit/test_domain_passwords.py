"""Passwords are kept as Argon2id and checked in the same time whether there is one or not."""

import pytest

from gateway.domain import passwords
from gateway.domain.passwords import hash_password, verify_password
from tests import economy


@pytest.fixture(autouse=True)
def strong(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the gateway hashes; the other tests make do with less."""
    monkeypatch.setattr(passwords, "HASHER", economy.STRONG)


def test_a_hash_takes_the_memory_and_time_of_rfc_9106s_second_recommendation() -> None:
    assert hash_password("correct horse").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


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
