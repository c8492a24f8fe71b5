"""Codes that are good for one thing, once: choosing a password.

What lives here: making, reading and digesting a code, and how long it is good. What does not: rows
(`gateway.store.first_passwords`), the mail that brings one (`gateway.mail.welcome_letter`).

A code has 80 bits of chance, so a plain digest keeps it: nobody can try them all.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from gateway.domain.errors import UsageError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
LENGTH, GROUP = 16, 4
LIFE = timedelta(days=7)
MOST_TRIES = 5  # wrong codes, after which the right one is good for nothing, too
_READ_AS = str.maketrans("ILO", "110", "- ")


def made_code(choose: Callable[[str], str]) -> str:
    """A new code in groups, as in 7K3M-9Q2P-2B8Q-X4TD; `choose` takes one sign by chance."""
    signs = "".join(choose(ALPHABET) for _ in range(LENGTH))
    return "-".join(signs[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def code_digest(text: str) -> str:
    """What is kept of a code, as typed: any case, with or without hyphens, I and L read as 1, O as 0.

    Raises:
        UsageError: it cannot be a code.
    """
    signs = text.strip().upper().translate(_READ_AS)
    if len(signs) != LENGTH or any(sign not in ALPHABET for sign in signs):
        raise UsageError(f"a code has {LENGTH} letters and digits, as in 7K3M-9Q2P-2B8Q-X4TD")
    return hashlib.sha256(f"first password {signs}".encode()).hexdigest()
