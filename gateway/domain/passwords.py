"""Passwords, kept as Argon2id hashes only (RFC 9106).

What lives here: hashing and verifying. What does not: policies and lock-out.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher()  # Argon2id with the library's defaults, which follow RFC 9106's second recommendation


@cache
def _nobody() -> str:
    """Verified when a user name is unknown, so that both answers take the same time."""
    return HASHER.hash("nobody")


def hash_password(password: str) -> str:
    """The hash to store."""
    return HASHER.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether the password is the one of the stored hash; an empty hash takes as long and is never right."""
    try:
        HASHER.verify(stored or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)
