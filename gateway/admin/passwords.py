"""Passwords: set by an administrator, changed by their owner, and what is known of them.

What lives here: those steps, under the policy that holds. What does not: policies and hashes (`gateway.domain`), the
sign-in itself (`gateway.signing_in`), rows (`gateway.store.passwords`).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.admin.acts import Act, Changed, Door
from gateway.domain.errors import NotAllowedError, NotFoundError, RefusedError
from gateway.domain.password_policy import (
    LONGEST,
    PasswordPolicy,
    change_allowed,
    has_expired,
    is_used_before,
    locked_out_until,
    made_up,
    troubles,
)
from gateway.domain.passwords import hash_password, verify_password
from gateway.signing_in import Verdict, policy_of, sign_in
from gateway.store import administrators, named, passwords, tree
from gateway.store.database import Database
from gateway.store.passwords import Login


@dataclass(frozen=True, slots=True)
class PasswordState:
    """What an administrator may know of somebody's password."""

    user_name: str
    policy: str
    has_password: bool
    changed: datetime | None
    expires: datetime | None
    must_change: bool
    failures: int
    locked_out_until: datetime | None


def set_password(door: Door, user_name: str, password: str) -> Changed[PasswordPolicy]:
    """Give a user or an administrator a password.

    Raises:
        NotFoundError: nobody has that user name.
        NotAllowedError: the actor may not set it.
        RefusedError: the policy speaks against it; says all that does.
    """
    login = _login(door.db, user_name)

    def work(act: Act) -> PasswordPolicy:
        return give(act, user_name, password, door.now())

    return door.change(_right(login), f"#{login.node_id}", work)


def give(act: Act, user_name: str, password: str, now: datetime) -> PasswordPolicy:
    """As `set_password`, in an act that is going on, of an actor who was asked for the right; the policy it fulfils.

    Raises:
        NotFoundError, RefusedError: as `set_password`.
    """
    login = _login(act.db, user_name)
    policy = policy_of(act.db, login.node_id)
    refuse_weak(act.db, policy, login, password)
    passwords.set_password(act.db, login.user_name, hash_password(password), now, must_change=policy.forced_change)
    act.note("password.set", _called(login), {}, {"must_change": policy.forced_change})
    return policy


def change_own(db: Database, user_name: str, old: str, new: str, now: datetime) -> None:
    """Change one's own password; it must be known, and old enough to be changed.

    Raises:
        NotAllowedError: the old one is wrong, or too many wrong ones were tried.
        RefusedError: the policy speaks against the new one, or against a change so soon.
    """
    tried = sign_in(db, user_name, old, now)
    if tried.login is None or tried.verdict not in (Verdict.WELCOME, Verdict.MUST_CHANGE):
        until = f" until {tried.until:%Y-%m-%d %H:%M} UTC" if tried.until else ""
        raise NotAllowedError(f"the user name or the password is wrong, or signing in is locked{until}")
    login, policy = tried.login, policy_of(db, tried.login.node_id)
    forced = tried.verdict is Verdict.MUST_CHANGE
    if not forced and not change_allowed(policy, login.changed, now):
        raise RefusedError(f"a password must be {policy.least_age} days old before it is changed")
    refuse_weak(db, policy, login, new)
    passwords.set_password(db, login.user_name, hash_password(new), now, must_change=False)


def make_password(door: Door, node: str | int) -> str:
    """A password made by chance that the policy at a node allows.

    Raises:
        NotFoundError: there is no such node.
    """
    return made_up(policy_of(door.db, named.named(door.db, node).id), secrets.choice)


def make_password_for(door: Door, user_name: str) -> str:
    """As `make_password`, for somebody who is there.

    Raises:
        NotFoundError: nobody has that user name.
    """
    return make_password(door, _login(door.db, user_name).node_id)


def state(door: Door, user_name: str) -> PasswordState:
    """How somebody's password stands.

    Raises:
        NotFoundError: nobody has that user name.
        NotAllowedError: the actor may not see it.
    """
    login = _login(door.db, user_name)
    door.look("administrators.view" if login.is_administrator else "users.view", f"#{login.node_id}")
    policy, now = policy_of(door.db, login.node_id), door.now()
    expires = login.changed + timedelta(days=policy.most_age) if login.changed and policy.most_age else None
    return PasswordState(
        user_name=login.user_name,
        policy=policy.name,
        has_password=bool(login.password_hash),
        changed=login.changed,
        expires=expires,
        must_change=login.must_change or has_expired(policy, login.changed, now),
        failures=len(login.failures),
        locked_out_until=locked_out_until(policy, login.failures, now),
    )


def release(door: Door, user_name: str) -> Changed[bool]:
    """End a lock-out: the failures are forgotten; false when there were none.

    Raises:
        NotFoundError: nobody has that user name.
        NotAllowedError: the actor may not.
    """
    login = _login(door.db, user_name)

    def work(act: Act) -> bool:
        passwords.forget_failures(act.db, login.user_name)
        act.note("password.release", _called(login), {"failures": len(login.failures)}, {"failures": 0})
        return bool(login.failures)

    return door.change(_right(login), f"#{login.node_id}", work)


def refuse_weak(db: Database, policy: PasswordPolicy, login: Login, password: str) -> None:
    """Return when the policy has nothing against a new password.

    Raises:
        RefusedError: says all that it has.
    """
    found = troubles(policy, password, _personal(db, login))
    kept = [hashed for hashed in login.old_hashes if hashed]
    if len(password) <= LONGEST and is_used_before(policy, password, kept, verify_password):
        found.append(f"must not be one of the last {policy.history}")
    if found:
        raise RefusedError(f"the password {', '.join(found)} (policy {policy.name})")


def _login(db: Database, user_name: str) -> Login:
    found = passwords.login(db, user_name)
    if found is None:
        raise NotFoundError(
            f"nobody has the user name {user_name!r}; `faxgw user list` and `faxgw admin list` show them"
        )
    return found


def _personal(db: Database, login: Login) -> tuple[str, ...]:
    if login.is_administrator:
        return administrators.by_name(db, login.user_name).personal
    user = tree.user_by_id(db, login.node_id)
    return (user.first_name, user.last_name, user.user_name, *user.sending_addresses)


def _right(login: Login) -> str:
    return "administrators.password" if login.is_administrator else "users.password"


def _called(login: Login) -> str:
    return f"administrator {login.user_name}" if login.is_administrator else login.user_name
