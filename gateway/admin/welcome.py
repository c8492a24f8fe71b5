"""Welcome messages: sent to a user when an administrator says so, plain or with a code for a first password.

What lives here: sending one, and choosing a password with the code. What does not: the words
(`gateway.mail.welcome_letter`), rows (`gateway.store.first_passwords`).
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from gateway.admin.acts import Act, Changed, Door
from gateway.admin.passwords import refuse_weak
from gateway.admin.tree import check_kind
from gateway.domain.errors import NotAllowedError, RefusedError
from gateway.domain.first_password import LIFE, code_digest, made_code
from gateway.domain.nodes import NodeKind, User
from gateway.domain.passwords import hash_password
from gateway.mail.messages import Notice, NoticeKind, Voice
from gateway.mail.welcome_letter import Code, Welcome, welcome_letter
from gateway.signing_in import policy_of
from gateway.store import first_passwords, outbox, passwords, tree
from gateway.store.database import Database
from gateway.store.first_passwords import Tried
from gateway.store.joined import together
from gateway.store.mails import CREDENTIALS
from gateway.store.outbox import NewMail

SEND, PASSWORD = "notifications.welcome", "users.password"
SETTING = "notify.welcome"


class Kind(StrEnum):
    """Which message; the values of the setting `notify.welcome` but for `none`."""

    PLAIN = "welcome"
    WITH_CREDENTIALS = CREDENTIALS


def send(door: Door, who: str, kind: Kind | None, voice_for: Callable[[int], Voice]) -> Changed[User]:
    """Send a user the welcome message; without a kind the one that the settings say. Answers the user.

    Raises:
        RefusedError: the settings say none, or the user is locked.
        NotFoundError, UsageError: there is no such user.
        NotAllowedError: says which right is missing.
    """

    def work(act: Act) -> User:
        user = tree.user_by_id(act.db, check_kind(act.node, NodeKind.USER).id)
        chosen = kind or _by_settings(act.db, user)
        if user.locked:
            raise RefusedError(f"{user.path} is locked: nothing is sent to a locked user")
        code = _given_code(act, user) if chosen is Kind.WITH_CREDENTIALS else None
        dates = tree.effective(act.db, user.id).date_style()
        notice = welcome_letter(Welcome(user, voice_for(user.id), door.now(), dates, code))
        outbox.add(act.db, _mail(chosen, notice), door.now())
        act.note("user.welcome", user, {}, {"message": chosen.value, "to": notice.recipient})
        return user

    return door.change(SEND, who, work)


def redeem(db: Database, user_name: str, code: str, password: str, now: datetime) -> None:
    """Choose a password with the code of a welcome message, which is used up by it.

    Raises:
        UsageError: that cannot be a code.
        NotAllowedError: the code is wrong, used or over, or the user is locked; a stranger is told no more than that.
        RefusedError: the policy speaks against the password; says all that does. The code stays good.
    """
    digest = code_digest(code)
    login = passwords.login(db, user_name)
    if login is None or login.is_administrator or login.locked:
        raise _not_good()
    tried = first_passwords.attempt(db, login.node_id, digest, now)
    if tried is Tried.OVER:
        raise NotAllowedError("the code is good no more: ask your fax administrator for another welcome message")
    if tried is not Tried.GOOD:
        raise _not_good()
    refuse_weak(db, policy_of(db, login.node_id), login, password)
    hashed = hash_password(password)

    def within(transaction: Database) -> None:
        if not first_passwords.use_up(transaction, login.node_id, digest):
            raise _not_good()
        passwords.set_password(transaction, login.user_name, hashed, now, must_change=False)

    together(db, within)


def _by_settings(db: Database, user: User) -> Kind:
    value = tree.effective(db, user.id).text(SETTING)
    if value == "none":
        raise RefusedError(f"{SETTING} is none for {user.path}: say which message, --plain or --with-credentials")
    return Kind(value)


def _given_code(act: Act, user: User) -> Code:
    act.need(PASSWORD, user)
    code = Code(made_code(secrets.choice), act.at + LIFE)
    first_passwords.give(act.db, user.id, code_digest(code.text), code.expires)
    return code


def _mail(kind: Kind, notice: Notice) -> NewMail:
    assert notice.kind is NoticeKind.WELCOME
    return NewMail(
        kind=kind.value,
        submission_id=None,
        job_id=None,
        attempt_no=0,
        recipient=notice.recipient,
        message=notice.message,
        message_id=notice.message_id,
    )


def _not_good() -> NotAllowedError:
    return NotAllowedError("the user name or the code is wrong, or the code was used, or tried too often")
