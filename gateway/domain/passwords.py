"""Passwords as they are kept: Argon2id (RFC 9106), never the words themselves.

What lives here: hashing with a given salt, and checking. What does not: rules on what a password must be.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SALT_OCTETS = 16  # at least (RFC 9106 3.1)
_HASHER = PasswordHasher()  # RFC 9106's second recommended choice: 64 MiB, 3 passes, 4 lanes


def hash_password(password: str, salt: bytes) -> str:
    """The encoded hash, with its parameters and the salt: SALT_OCTETS octets, random and used once."""
    return _HASHER.hash(password, salt=salt)


def verify_password(encoded: str, password: str) -> bool:
    """Whether this is the password that `encoded` was made of; takes about 50 ms of CPU.

    An empty or broken `encoded` (a user without a password) takes as long, so that time tells nothing.
    """
    try:
        return _HASHER.verify(encoded or _nobody(), password) and bool(encoded)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return hash_password("", b"\0" * SALT_OCTETS)
