"""Password and session policies: what a password must be, how long it lasts, when signing in is locked out.

What lives here: named policies, what speaks against a password, ages, lock-out, and passwords made for people. What
does not: hashing (`passwords`), which policy holds for whom (the setting `security.policy`), rows.
"""

import string
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from gateway.domain.errors import UsageError

LONGEST = 100  # characters
SPECIALS = "!#$%&*+-./:;<=>?@^_~"
_LEAST_PERSONAL = 3  # characters: shorter words are in everything
_UNLIKE = str.maketrans("", "", "O0Il1")  # look alike on paper


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """One policy. Ages in days, 0 for no limit; `lock_out_attempts` 0: no lock-out."""

    name: str = "global"
    least_length: int = 8
    letters: int = 1
    upper_case: int = 0
    digits: int = 1
    specials: int = 1
    history: int = 0
    least_age: int = 0
    most_age: int = 0
    no_personal: bool = False
    lock_out_attempts: int = 6
    lock_out_minutes: int = 5
    session_minutes: int = 60
    forced_change: bool = False  # who gets a password from an administrator must change it first

    @property
    def lock_out(self) -> timedelta:
        """How long signing in stays locked out."""
        return timedelta(minutes=self.lock_out_minutes)


GLOBAL = PasswordPolicy()
# Least and most of each number; what is not named here is a switch.
LIMITS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "least_length": (8, LONGEST),
        "letters": (0, 20),
        "upper_case": (0, 20),
        "digits": (0, 20),
        "specials": (0, 20),
        "history": (0, 24),
        "least_age": (0, 365),
        "most_age": (0, 3650),
        "lock_out_attempts": (0, 100),
        "lock_out_minutes": (1, 1440),
        "session_minutes": (5, 1440),
    }
)


def changed(policy: PasswordPolicy, values: Mapping[str, str]) -> PasswordPolicy:
    """The policy with other values, given as people write them: whole numbers, on and off.

    Raises:
        UsageError: an unknown field, a value out of range, or fields that contradict each other.
    """
    known = tuple(field.name for field in fields(PasswordPolicy) if field.name != "name")
    made: dict[str, Any] = {}
    for name, text in values.items():
        if name not in known:
            raise UsageError(f"a policy has no {name!r}; it has {', '.join(known)}")
        made[name] = _number(name, text) if name in LIMITS else _switch(name, text)
    return _consistent(replace(policy, **made))


def troubles(policy: PasswordPolicy, password: str, personal: Collection[str] = ()) -> list[str]:
    """What speaks against a password, in words for its owner; empty when nothing does.

    Args:
        policy: what it must fulfil.
        password: the new password; letters are counted of any alphabet.
        personal: names, addresses and the like of its owner.
    """
    counts = (
        (policy.letters, sum(sign.isalpha() for sign in password), "letter"),
        (policy.upper_case, sum(sign.isupper() for sign in password), "upper-case letter"),
        (policy.digits, sum(sign.isdigit() for sign in password), "digit"),
        (policy.specials, sum(_is_special(sign) for sign in password), "special character"),
    )
    found = [_too_few(wanted, noun) for wanted, count, noun in counts if count < wanted]
    if len(password) < policy.least_length:
        found.insert(0, f"must have at least {policy.least_length} characters")
    if len(password) > LONGEST:
        found.insert(0, f"must have at most {LONGEST} characters")
    if not password.isprintable():
        found.append("must not hold control characters")
    if policy.no_personal and _is_personal(password, personal):
        found.append("must not hold your name, user name or address")
    return found


def is_used_before(
    policy: PasswordPolicy, password: str, hashes: Collection[str], verify: Callable[[str, str], bool]
) -> bool:
    """Whether it is one of the last passwords that must not come again; `hashes` newest first, the present one too."""
    return any(verify(kept, password) for kept in tuple(hashes)[: policy.history])


def change_allowed(policy: PasswordPolicy, last_change: datetime | None, now: datetime) -> bool:
    """Whether the password is old enough to be changed by its owner."""
    return last_change is None or now >= last_change + timedelta(days=policy.least_age)


def has_expired(policy: PasswordPolicy, last_change: datetime | None, now: datetime) -> bool:
    """Whether the password must be changed before it is good for anything else."""
    return policy.most_age > 0 and last_change is not None and now >= last_change + timedelta(days=policy.most_age)


def locked_out_until(policy: PasswordPolicy, failures: Collection[datetime], now: datetime) -> datetime | None:
    """Until when no sign-in is looked at, after so many failures within the lock-out time; None when it may go on."""
    recent = sorted(moment for moment in failures if moment > now - policy.lock_out)
    if policy.lock_out_attempts == 0 or len(recent) < policy.lock_out_attempts:
        return None
    return recent[-1] + policy.lock_out


def made_up(policy: PasswordPolicy, choose: Callable[[str], str]) -> str:
    """A password that fulfils the policy, of signs that do not look alike; `choose` takes one of a text by chance."""
    kinds = (
        (max(policy.letters - policy.upper_case, 4), string.ascii_lowercase),
        (max(policy.upper_case, 2), string.ascii_uppercase),
        (max(policy.digits, 2), string.digits),
        (max(policy.specials, 1), SPECIALS),
    )
    signs = [choose(kind.translate(_UNLIKE)) for count, kind in kinds for _ in range(count)]
    while len(signs) < max(policy.least_length, 12):
        signs.append(choose(string.ascii_letters.translate(_UNLIKE)))
    return "".join(_shuffled(signs, choose))


def _shuffled(signs: list[str], choose: Callable[[str], str]) -> list[str]:
    """In an order by the same chance that chose the signs."""
    keys = [(choose(string.hexdigits) + choose(string.hexdigits) + choose(string.hexdigits), sign) for sign in signs]
    return [sign for _, sign in sorted(keys)]


def _too_few(wanted: int, noun: str) -> str:
    return f"must have at least {wanted} {noun}{'s' if wanted > 1 else ''}"


def _is_special(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "PSZ"


def _is_personal(password: str, personal: Collection[str]) -> bool:
    folded = password.casefold()
    words = {part for text in personal for part in _parts(text.casefold())}
    return any(len(word) >= _LEAST_PERSONAL and word in folded for word in words)


def _parts(text: str) -> set[str]:
    """The text whole, and its words."""
    return {text, *"".join(sign if sign.isalnum() else " " for sign in text).split()}


def _number(name: str, text: str) -> int:
    least, most = LIMITS[name]
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise UsageError(f"{name} takes a whole number from {least} to {most}, not {text!r}")
    return int(text)


def _switch(name: str, text: str) -> bool:
    if text not in ("on", "off"):
        raise UsageError(f"{name} takes on or off, not {text!r}")
    return text == "on"


def _consistent(policy: PasswordPolicy) -> PasswordPolicy:
    if policy.most_age and policy.least_age >= policy.most_age:
        raise UsageError(f"least_age ({policy.least_age} days) must be below most_age ({policy.most_age} days)")
    needed = max(policy.letters, policy.upper_case) + policy.digits + policy.specials
    if needed > LONGEST:
        raise UsageError(f"no password of {LONGEST} characters has room for {needed} demanded ones")
    return policy
