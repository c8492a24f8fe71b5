"""What an administrator does to the tree: companies, departments, users, their settings.

What lives here: checking what is typed, before the store is asked. What does not: rows (`gateway.store.tree`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway import covers
from gateway.covers import no_cover
from gateway.domain.addresses import NumberPlan, parse_number
from gateway.domain.errors import UsageError
from gateway.domain.nodes import Contact, Node, User, checked_address, checked_name
from gateway.domain.passwords import hash_password
from gateway.domain.setting_catalog import checked_value
from gateway.store import tree
from gateway.store.database import Database

MAX_RECEIVING = 3
DEFAULT_COVER = "cover.default"
NUMBER_FORM = "write + and 7 to 15 digits with the country code, as in +12025550123"
LEAST_PASSWORD = 8  # characters; the policies of a level come with administrators and rights


@dataclass(frozen=True, slots=True)
class UserForm:
    """A user as typed; `password` empty for none."""

    parent: str
    first_name: str
    last_name: str
    sending: Sequence[str]
    receiving: Sequence[str] = ()
    user_name: str = ""
    password: str = field(default="", repr=False)
    fax_number: str = ""
    contact: Contact = field(default_factory=Contact)


def add_company(db: Database, name: str, settings: Sequence[str] = ()) -> Node:
    """Create a company with its own settings ("name=value").

    Raises:
        UsageError: a bad name or setting.
        RefusedError: the name is taken.
    """
    pairs = _pairs(settings, covers.everywhere(db))
    node = tree.add_company(db, checked_name(name, "a company's name"))
    return _with_settings(db, node, pairs)


def add_department(db: Database, parent: str, name: str, settings: Sequence[str] = ()) -> Node:
    """Create a department in the company or department at the path `parent`.

    Raises:
        UsageError: a bad name or setting.
        NotFoundError: no such parent.
        RefusedError: the name is taken there.
    """
    pairs = _pairs(settings, covers.shelf(db, parent))
    node = tree.add_department(db, parent, checked_name(name, "a department's name"))
    return _with_settings(db, node, pairs)


def add_user(db: Database, form: UserForm, settings: Sequence[str] = ()) -> User:
    """Create a user.

    Raises:
        UsageError: a bad name, address, number, password or setting.
        NotFoundError: no such parent.
        RefusedError: a sending address, user name or fax number is taken; says by whom.
    """
    pairs = _pairs(settings, covers.shelf(db, form.parent))
    added = tree.add_user(db, _checked(form))
    for name, value in pairs:
        tree.set_setting(db, added.id, name, value)
    return added


def companies(db: Database) -> Sequence[Node]:
    """All companies, by name."""
    return tree.companies(db)


def departments(db: Database, under: str = "") -> Sequence[Node]:
    """All departments, or those below a path."""
    return tree.departments(db, under)


def users(db: Database, under: str = "") -> Sequence[User]:
    """All users, or those below a path."""
    return tree.users(db, under)


def _checked(form: UserForm) -> tree.NewUser:
    if len(form.receiving) > MAX_RECEIVING:
        raise UsageError(f"a user has at most {MAX_RECEIVING} receiving addresses, not {len(form.receiving)}")
    if form.password and len(form.password) < LEAST_PASSWORD:
        raise UsageError(f"the password must have {LEAST_PASSWORD} characters or more")
    sending = tuple(dict.fromkeys(checked_address(address) for address in form.sending))
    number = str(parse_number(form.fax_number, NumberPlan(), NUMBER_FORM)) if form.fax_number else ""
    return tree.NewUser(
        parent_path=form.parent,
        user_name=form.user_name.strip().lower() or sending[0],
        first_name=checked_name(form.first_name, "the first name"),
        last_name=checked_name(form.last_name, "the last name"),
        sending_addresses=sending,
        receiving_addresses=tuple(checked_address(address) for address in form.receiving),
        fax_number=number,
        password_hash=hash_password(form.password) if form.password else "",
        contact=form.contact,
    )


def _pairs(settings: Sequence[str], shelf: covers.Shelf) -> list[tuple[str, str]]:
    pairs = []
    for text in settings:
        name, separator, value = text.partition("=")
        if not separator:
            raise UsageError(f"write a setting as NAME=VALUE, not {text!r}")
        pairs.append((name, checked_value(name, value)))
        if name == DEFAULT_COVER and value not in shelf:  # the catalogue cannot know the covers
            raise UsageError(f"{no_cover(value, shelf.names)}; {DEFAULT_COVER} must be one of them")
    return pairs


def _with_settings(db: Database, node: Node, pairs: Sequence[tuple[str, str]]) -> Node:
    for name, value in pairs:
        tree.set_setting(db, node.id, name, value)
    return node
