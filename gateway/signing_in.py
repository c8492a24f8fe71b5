"""Signing in with a password: the lock-out, what the policy says of its age, and the answer.

What lives here: one sign-in, for SMTP AUTH and for whoever else asks for a password. What does not: policies and hashes
(`gateway.domain`), rows (`gateway.store.passwords`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gateway.domain.password_policy import GLOBAL, PasswordPolicy, has_expired, locked_out_until
from gateway.domain.passwords import verify_password
from gateway.store import passwords, policies, tree
from gateway.store.database import Database
from gateway.store.passwords import Login


class Verdict(Enum):
    """How a sign-in ended."""

    WELCOME = "welcome"
    WRONG = "wrong"  # the name or the password: which of them is nobody's business
    LOCKED_OUT = "locked-out"  # too many failures: the password was not even looked at
    LOCKED = "locked"  # by an administrator
    MUST_CHANGE = "must-change"  # the password is right, and good for nothing but to be changed


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in's end; `login` is None when nobody has the name. `until` is the end of a lock-out."""

    verdict: Verdict
    login: Login | None = None
    until: datetime | None = None


def policy_of(db: Database, node_id: int) -> PasswordPolicy:
    """The policy that holds at a node; the global one where the setting names one that is gone."""
    name = tree.effective(db, node_id).text(policies.SETTING)
    return policies.named(db, node_id, name) or policies.named(db, None, GLOBAL.name) or GLOBAL


def sign_in(db: Database, user_name: str, password: str, now: datetime) -> SignIn:
    """Try a password. An unknown name takes as long as a wrong password, and is told as such.

    Raises:
        UnavailableError: the store cannot be asked, or a failure not be counted.
    """
    login = passwords.login(db, user_name)
    policy = GLOBAL if login is None else policy_of(db, login.node_id)
    until = None if login is None else locked_out_until(policy, login.failures, now)
    if until is not None:
        return SignIn(Verdict.LOCKED_OUT, login, until)
    if not verify_password("" if login is None else login.password_hash, password) or login is None:
        if login is not None:
            passwords.note_failure(db, login.user_name, now)
        return SignIn(Verdict.WRONG, login)
    if login.failures:
        passwords.forget_failures(db, login.user_name)
    if login.locked:
        return SignIn(Verdict.LOCKED, login)
    if login.must_change or has_expired(policy, login.changed, now):
        return SignIn(Verdict.MUST_CHANGE, login)
    return SignIn(Verdict.WELCOME, login)
