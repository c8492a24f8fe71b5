"""What an administrator does to users: add, edit, look at. Moving, locking and deleting them is as for departments.

What lives here: checking what is typed, and the acts, with what the journal says. What does not: users from a file
(`bulk`), passwords (`passwords`), rows (`gateway.store`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from gateway.admin import passwords
from gateway.admin.acts import Act, Changed, Door
from gateway.admin.numbers import check_wanted
from gateway.admin.tree import below, check_kind, check_new
from gateway.domain.addresses import NumberPlan, parse_number
from gateway.domain.errors import UsageError
from gateway.domain.nodes import Contact, NodeKind, User, checked_address, checked_name
from gateway.store import tree, tree_changes
from gateway.store.people import NewUser

MAX_RECEIVING = 3
MAX_SENDING = 50
LONGEST_TEXT = 200  # characters of a contact detail or a custom field
NUMBER_FORM = "write + and 7 to 15 digits with the country code, as in +12025550123"
CONTACT_FIELDS = tuple(one.name for one in fields(Contact))


@dataclass(frozen=True, slots=True)
class UserForm:
    """A user as typed; an empty `user_name` is the first sending address, an empty `password` is none."""

    parent: str
    first_name: str
    last_name: str
    sending: Sequence[str]
    receiving: Sequence[str] = ()
    user_name: str = ""
    password: str = field(default="", repr=False)
    fax_number: str = ""
    contact: Contact = field(default_factory=Contact)
    custom: Sequence[str] = ("", "", "", "")


@dataclass(frozen=True, slots=True)
class UserEdit:
    """What is to be changed of a user; None stays as it is. `add_sending`, `drop_sending` change single addresses."""

    first_name: str | None = None
    last_name: str | None = None
    user_name: str | None = None
    sending: Sequence[str] | None = None
    add_sending: Sequence[str] = ()
    drop_sending: Sequence[str] = ()
    receiving: Sequence[str] | None = None
    fax_number: str | None = None
    contact: Mapping[str, str] = field(default_factory=dict)
    custom: Mapping[int, str] = field(default_factory=dict)  # by number, from 1


def add_user(door: Door, form: UserForm, settings: Sequence[tuple[str, str]] = ()) -> Changed[User]:
    """Create a user, with settings of their own.

    Raises:
        UsageError: a bad name, address, number or setting.
        NotFoundError: no such parent.
        ConflictError: a sending address, user name or fax number is taken, says by whom; or a setting is locked above.
        RefusedError: the password is none that the policy allows.
        NotAllowedError: says which right is missing.
    """

    def work(act: Act) -> User:
        check_new(act, settings)
        new = replace(checked(form), parent_path=act.node.path)
        check_wanted(act, new.fax_number, act.node)
        user = tree.add_user(act.db, new, dict(settings))
        given = {"settings": dict(settings)} if settings else {}
        act.note("user.add", user, {}, {**facts(user), **given})
        if form.password:
            act.need("users.password", user)
            passwords.give(act, user.user_name, form.password, door.now())
        return user

    return door.change("users.add", form.parent, work)


def edit_user(door: Door, who: str, edit: UserEdit) -> Changed[User]:
    """Change what is known of a user.

    Raises:
        UsageError, NotFoundError, ConflictError, NotAllowedError: as `add_user`.
    """

    def work(act: Act) -> User:
        check_kind(act.node, NodeKind.USER)
        before = tree.user_by_id(act.db, act.node.id)
        new = checked(_merged(before, edit))
        if new.fax_number != before.fax_number:
            check_wanted(act, new.fax_number, before)
        after = tree_changes.edit_user(act.db, before.id, new)
        act.note("user.edit", before, facts(before), facts(after))
        return after

    return door.change("users.edit", who, work)


def users(door: Door, under: str = "", search: str = "") -> Sequence[User]:
    """All users, or those below a node, whose path, name, address or number holds `search`.

    Raises:
        NotFoundError, NotAllowedError: as `add_user`.
    """
    return tree.users(door.db, below(door, under, "users.view"), search)


def show(door: Door, who: str) -> User:
    """One user.

    Raises:
        NotFoundError, NotAllowedError, UsageError: as `edit_user`.
    """
    found = door.look("users.view", who)
    assert found is not None  # a node was named
    return tree.user_by_id(door.db, check_kind(found, NodeKind.USER).id)


def facts(user: User | NewUser) -> dict[str, object]:
    """What the journal says of a user: all that is not empty."""
    told: dict[str, Any] = {
        "user_name": user.user_name,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "sending": list(user.sending_addresses),
        "receiving": list(user.receiving_addresses),
        "fax_number": user.fax_number,
        **asdict(user.contact),
        **{f"custom{number}": text for number, text in enumerate(user.custom, 1)},
    }
    return {name: value for name, value in told.items() if value}


def checked(form: UserForm) -> NewUser:
    """The form as it is kept.

    Raises:
        UsageError: names what is wrong in it.
        BadNumberError: the fax number is none.
    """
    sending = tuple(dict.fromkeys(checked_address(address) for address in form.sending))
    receiving = tuple(dict.fromkeys(checked_address(address) for address in form.receiving))
    if not 1 <= len(sending) <= MAX_SENDING:
        raise UsageError(f"a user has 1 to {MAX_SENDING} sending addresses, not {len(sending)}")
    if len(form.receiving) > MAX_RECEIVING:
        raise UsageError(f"a user has at most {MAX_RECEIVING} receiving addresses, not {len(form.receiving)}")
    first, second, third, fourth = (_text(text, "a custom field") for text in form.custom)
    return NewUser(
        parent_path=form.parent,
        user_name=checked_name((form.user_name or form.sending[0]).strip().lower(), "a user name"),
        first_name=checked_name(form.first_name, "the first name"),
        last_name=checked_name(form.last_name, "the last name"),
        sending_addresses=sending,
        receiving_addresses=receiving,
        fax_number=str(parse_number(form.fax_number, NumberPlan(), NUMBER_FORM)) if form.fax_number else "",
        contact=Contact(*(_text(getattr(form.contact, name), name) for name in CONTACT_FIELDS)),
        custom=(first, second, third, fourth),
    )


def _merged(user: User, edit: UserEdit) -> UserForm:
    dropped = {checked_address(address) for address in edit.drop_sending}
    unknown = dropped - set(user.sending_addresses)
    if unknown:
        raise UsageError(f"{', '.join(sorted(unknown))} is no sending address of {user.path}")
    kept = [address for address in user.sending_addresses if address not in dropped]
    sending = [*(kept if edit.sending is None else edit.sending), *edit.add_sending]
    custom = [edit.custom.get(number, text) for number, text in enumerate(user.custom, 1)]
    return UserForm(
        parent="",
        first_name=_given(edit.first_name, user.first_name),
        last_name=_given(edit.last_name, user.last_name),
        sending=sending,
        receiving=user.receiving_addresses if edit.receiving is None else edit.receiving,
        user_name=_given(edit.user_name, user.user_name),
        fax_number=_given(edit.fax_number, user.fax_number),
        contact=replace(user.contact, **edit.contact),
        custom=custom,
    )


def _given(value: str | None, before: str) -> str:
    return before if value is None else value


def _text(text: str, what: str) -> str:
    trimmed = " ".join(text.split())
    if len(trimmed) > LONGEST_TEXT or not trimmed.isprintable():
        raise UsageError(f"{what} has at most {LONGEST_TEXT} printable characters, not {text[:40]!r}")
    return trimmed
