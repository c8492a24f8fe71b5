"""What is done to the tree: checked before the store is asked, allowed or not, noted in the journal."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.admin import contacts, settings
from gateway.admin import tree as admin
from gateway.admin import users as people
from gateway.admin.acts import Door
from gateway.domain.errors import (
    BadNumberError,
    ConflictError,
    GatewayError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from gateway.domain.nodes import Contact, EmergencyContact, NodeKind, User
from gateway.domain.passwords import verify_password
from gateway.store import journal, tree
from gateway.store.database import Database
from tests.actors import administrator, root
from tests.filled_store import opened

DEPARTMENT, USER, COMPANY = NodeKind.DEPARTMENT, NodeKind.USER, NodeKind.COMPANY
GOOD = "Correct-h0rse"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as database:
        admin.add_company(root(database), "Acme")
        yield database


@pytest.fixture
def door(db: Database) -> Door:
    return root(db)


def form(**changes: object) -> people.UserForm:
    given = {"parent": "Acme", "first_name": "Anna", "last_name": "Smith", "sending": ["anna@acme.example"], **changes}
    return people.UserForm(**given)  # type: ignore[arg-type]


def anna(door: Door, **changes: object) -> User:
    return people.add_user(door, form(**changes)).answer


def last(db: Database) -> tuple[str, str, object, object]:
    entry = journal.listing(db, journal.Wanted(limit=1))[0]
    return entry.what, entry.target, json.loads(entry.before), json.loads(entry.after)


# Users are made and edited.


def test_a_user_is_kept_in_the_forms_that_are_compared(door: Door) -> None:
    typed = form(
        sending=[" Anna@ACME.example", "anna@acme.example"], fax_number="1-202-555-0190", first_name=" Anna  M. "
    )

    user = people.add_user(door, typed).answer

    assert user.sending_addresses == ("anna@acme.example",)
    assert (user.user_name, user.fax_number, user.first_name) == ("anna@acme.example", "+12025550190", "Anna M.")


def test_contact_custom_fields_and_settings_are_kept_and_noted(db: Database, door: Door) -> None:
    typed = form(contact=Contact(city=" Bonn "), custom=("4711", "", "", "x"))

    user = people.add_user(door, typed, settings.pairs_of(["fax.paper=a4"])).answer

    assert tree.effective(db, user.id).text("fax.paper") == "a4"
    assert (user.contact, user.custom) == (Contact(city="Bonn"), ("4711", "", "", "x"))
    assert last(db) == ("user.add", "Acme/anna@acme.example", {}, {
        "user_name": "anna@acme.example", "first_name": "Anna", "last_name": "Smith",
        "sending": ["anna@acme.example"], "city": "Bonn", "custom1": "4711", "custom4": "x",
        "settings": {"fax.paper": "a4"},
    })  # fmt: skip


def test_a_password_is_kept_as_a_hash_and_never_noted(db: Database, door: Door) -> None:
    anna(door, password=GOOD)

    found = tree.credentials(db, "anna@acme.example")
    assert found is not None
    assert verify_password(found.password_hash, GOOD)
    assert GOOD not in repr(form(password=GOOD)) + repr(journal.listing(db, journal.Wanted()))


def test_without_a_password_nobody_signs_in(db: Database, door: Door) -> None:
    anna(door)

    found = tree.credentials(db, "anna@acme.example")
    assert found is not None
    assert not verify_password(found.password_hash, "")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"sending": ["anna"]}, UsageError),
        ({"sending": []}, UsageError),
        ({"receiving": ["x"]}, UsageError),
        ({"receiving": ["a@b.example"] * 4}, UsageError),
        ({"password": "short"}, RefusedError),
        ({"first_name": "a/b"}, UsageError),
        ({"last_name": " "}, UsageError),
        ({"user_name": "a/b"}, UsageError),
        ({"custom": ("x" * 201, "", "", "")}, UsageError),
        ({"contact": Contact(city="a\x00b")}, UsageError),
        ({"fax_number": "55501"}, BadNumberError),
        ({"fax_number": "911"}, RefusedError),
        ({"parent": "Zenith"}, NotFoundError),
    ],
)
def test_a_form_with_a_mistake_makes_nobody(door: Door, changes: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        people.add_user(door, form(**changes))

    assert people.users(door) == ()


@pytest.mark.parametrize("setting", ["cover.default=gala", "settings.inheritance=snapshot"])
def test_a_bad_setting_stops_all_of_it(door: Door, setting: str) -> None:
    pairs = settings.pairs_of(["fax.paper=a4", setting])

    with pytest.raises(UsageError):
        admin.add_department(door, "Acme", "Sales", pairs)
    with pytest.raises(UsageError):
        people.add_user(door, form(), pairs)

    assert (admin.departments(door), people.users(door)) == ((), ())


@pytest.mark.parametrize("text", ["fax.paper", "fax.paper=a5", "=x", "nothing=x", "fax.station_id=A=B"])
def test_a_setting_that_is_none_is_refused_as_typed(text: str) -> None:
    with pytest.raises(UsageError):
        settings.pairs_of([text])


def test_a_default_cover_must_be_there_and_those_there_are_named(db: Database, door: Door) -> None:
    with pytest.raises(
        UsageError, match=r"no cover page .gala. here; known are business, medical, plain; cover\.default"
    ):
        admin.add_company(door, "Zenith", [("cover.default", "gala")])

    bolt = admin.add_company(door, "Bolt", [("cover.default", "medical")]).answer
    assert tree.effective(db, bolt.id).text("cover.default") == "medical"


def test_only_what_is_named_is_edited_and_noted(db: Database, door: Door) -> None:
    before = anna(door, receiving=["fax@acme.example"], contact=Contact(city="Bonn"))

    edit = people.UserEdit(last_name="Jones", add_sending=["a.jones@acme.example"], contact={"phone": "5550"})
    after = people.edit_user(door, before.path, edit).answer

    assert (after.first_name, after.last_name, after.contact) == ("Anna", "Jones", Contact(city="Bonn", phone="5550"))
    assert after.sending_addresses == ("anna@acme.example", "a.jones@acme.example")
    assert after.receiving_addresses == ("fax@acme.example",)
    what, _, gone, come = last(db)
    assert (what, gone) == ("user.edit", {"last_name": "Smith", "sending": ["anna@acme.example"]})
    assert come == {"last_name": "Jones", "phone": "5550", "sending": list(after.sending_addresses)}


def test_addresses_and_number_can_be_dropped_and_replaced(door: Door) -> None:
    user = anna(
        door, sending=["a@acme.example", "b@acme.example"], fax_number="+12025550190", custom=("1", "2", "3", "4")
    )

    after = people.edit_user(
        door, user.path, people.UserEdit(drop_sending=["a@acme.example"], fax_number="", custom={2: ""})
    ).answer

    assert (after.sending_addresses, after.fax_number, after.custom) == (("b@acme.example",), "", ("1", "", "3", "4"))
    assert people.edit_user(door, user.path, people.UserEdit(sending=["c@acme.example"])).answer.sending_addresses == (
        "c@acme.example",
    )


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (people.UserEdit(user_name="ben"), ConflictError),
        (people.UserEdit(add_sending=["ben@acme.example"]), ConflictError),
        (people.UserEdit(fax_number="+12025550191"), ConflictError),
        (people.UserEdit(drop_sending=["anna@acme.example"]), UsageError),
        (people.UserEdit(drop_sending=["eve@acme.example"]), UsageError),
        (people.UserEdit(first_name=""), UsageError),
    ],
)
def test_an_edit_that_cannot_be_leaves_the_user_as_is(
    db: Database, door: Door, edit: people.UserEdit, error: type[Exception]
) -> None:
    user = anna(door, user_name="anna")
    anna(door, first_name="Ben", user_name="ben", sending=["ben@acme.example"], fax_number="+12025550191")

    with pytest.raises(error):
        people.edit_user(door, user.path, edit)

    assert tree.user_by_id(db, user.id) == user


# Nodes are renamed, moved, locked and deleted.


def test_a_department_moves_with_all_that_is_in_it(db: Database, door: Door) -> None:
    for name in ("Sales", "Law"):
        admin.add_department(door, "Acme", name)
    admin.add_department(door, "Acme/Sales", "West", [("fax.paper", "a4")])
    user = anna(door, parent="Acme/Sales/West")
    settings.give(door, "Acme/Law", [("fax.resolution", "superfine")])

    admin.move(door, "Acme/Sales/West", "Acme/Law", DEPARTMENT)

    assert last(db)[2:] == ({"path": "Acme/Sales/West"}, {"path": "Acme/Law/West"})
    held = tree.effective(db, user.id)
    assert (held.text("fax.paper"), held.text("fax.resolution")) == ("a4", "superfine")
    assert tree.user_by_id(db, user.id).path == "Acme/Law/West/anna@acme.example"


@pytest.mark.parametrize(
    ("node", "parent", "error"),
    [
        ("Acme/Sales", "Acme/Sales/West", RefusedError),
        ("Acme/Sales", "Acme/Sales", RefusedError),
        ("Acme/Sales/West", "Acme", ConflictError),
        ("Acme/Sales/West", "anna@acme.example", RefusedError),
        ("anna@acme.example", "Acme/Sales", UsageError),
        ("Acme", "Acme/Sales", UsageError),
        ("Acme/Sales", "Nowhere", NotFoundError),
    ],
)
def test_what_cannot_be_moved_stays(door: Door, node: str, parent: str, error: type[Exception]) -> None:
    for place, name in (("Acme", "Sales"), ("Acme", "West"), ("Acme/Sales", "West")):
        admin.add_department(door, place, name)
    anna(door)
    before = admin.show_tree(door)

    with pytest.raises(error):
        admin.move(door, node, parent, DEPARTMENT)

    assert admin.show_tree(door) == before


def test_a_new_name_is_as_unique_as_the_old_one(db: Database, door: Door) -> None:
    for name in ("Sales", "Law"):
        admin.add_department(door, "Acme", name)

    assert admin.rename(door, "Acme/Sales", "Vertrieb", DEPARTMENT).answer.path == "Acme/Vertrieb"
    assert admin.rename(door, "Acme/Law", "LAW", DEPARTMENT).answer.path == "Acme/LAW"
    with pytest.raises(ConflictError, match="a department named 'LAW' in Acme"):
        admin.rename(door, "Acme/Vertrieb", "Law", DEPARTMENT)
    assert admin.rename(door, "Acme", "Bolt", COMPANY).answer.path == "Bolt"
    assert tree.node_by_path(db, "Bolt/Vertrieb").name == "Vertrieb"


@pytest.mark.parametrize(("node", "kind"), [("Acme", COMPANY), ("Acme/Sales", DEPARTMENT), ("anna@acme.example", USER)])
def test_a_lock_at_any_level_reaches_the_user_and_is_taken_back(
    db: Database, door: Door, node: str, kind: NodeKind
) -> None:
    admin.add_department(door, "Acme", "Sales")
    user = anna(door, parent="Acme/Sales")

    admin.lock(door, node, kind, locked=True)
    assert tree.user_by_id(db, user.id).locked
    assert last(db)[2:] == ({"locked": False}, {"locked": True})
    assert admin.lock(door, node, kind, locked=True).entries == ()
    admin.lock(door, node, kind, locked=False)

    assert not tree.user_by_id(db, user.id).locked


def test_a_department_that_is_not_empty_is_refused_and_says_what_is_in_it(door: Door) -> None:
    admin.add_department(door, "Acme", "Sales")
    admin.add_department(door, "Acme/Sales", "West")
    for number in range(6):
        anna(door, parent="Acme/Sales", user_name=f"u{number}", sending=[f"u{number}@acme.example"])

    with pytest.raises(ConflictError) as refused:
        admin.remove(door, "Acme/Sales", DEPARTMENT)

    assert refused.value.text == (
        "Acme/Sales is not empty: it holds the department West, the user u0, the user u1, the user u2, the user u3, "
        "and 2 more; --move-to PLACE moves them first"
    )


def test_what_is_in_a_department_can_be_moved_before_it_is_deleted(db: Database, door: Door) -> None:
    for place, name in (("Acme", "Sales"), ("Acme", "Law"), ("Acme/Sales", "West")):
        admin.add_department(door, place, name)
    user = anna(door, parent="Acme/Sales")

    changed = admin.remove(door, "Acme/Sales", DEPARTMENT, "Acme/Law")

    assert [entry.what for entry in changed.entries] == ["dept.move", "user.move", "dept.delete"]
    assert [one.path for one in admin.departments(door)] == ["Acme/Law", "Acme/Law/West"]
    assert tree.user_by_id(db, user.id).path == "Acme/Law/anna@acme.example"


def test_a_user_who_was_deleted_is_nobody_and_leaves_all_names_free(db: Database, door: Door) -> None:
    gone = anna(door, user_name="anna", fax_number="+12025550190", contact=Contact(city="Bonn"), password=GOOD)
    settings.give(door, gone.path, [("fax.paper", "a4")])

    admin.remove(door, gone.path, USER)

    assert (people.users(door), tree.user_by_address(db, "anna@acme.example")) == ((), None)
    assert tree.credentials(db, "anna") is None
    with pytest.raises(NotFoundError):
        people.show(door, f"#{gone.id}")
    again = anna(door, user_name="anna", fax_number="+12025550190")
    assert again.id != gone.id
    assert tree.effective(db, again.id).text("fax.paper") == "letter"


def test_of_a_user_who_was_deleted_only_the_name_stays(db: Database, door: Door) -> None:
    gone = anna(door, contact=Contact(city="Bonn"), custom=("1", "", "", ""), fax_number="+12025550190")

    admin.remove(door, gone.path, USER)

    left = tree.user_by_id(db, gone.id)
    assert (left.full_name, left.path, left.company) == ("Anna Smith", "Acme/anna@acme.example", "Acme")
    assert (left.contact, left.custom, left.fax_number, left.sending_addresses) == (Contact(), ("",) * 4, "", ())


def test_an_empty_company_can_go_and_its_name_come_back(db: Database, door: Door) -> None:
    contacts.keep(door, "Acme", EmergencyContact("Ada", "ada@acme.example", "5550"))

    admin.remove(door, "Acme", COMPANY)

    assert admin.companies(door) == ()
    again = admin.add_company(door, "Acme").answer
    assert contacts.listed(door, "Acme") == ()
    assert tree.node_by_path(db, "acme").id == again.id


# Emergency contacts.


def test_a_company_has_three_emergency_contacts_at_most(db: Database, door: Door) -> None:
    for name in ("Ada", "Bo", "Cy"):
        contacts.keep(door, "Acme", EmergencyContact(name, f"{name}@acme.example", "+1 202 555 0191", "12"))

    with pytest.raises(ConflictError, match="Ada, Bo, Cy"):
        contacts.keep(door, "Acme", EmergencyContact("Di", "di@acme.example", "5550"))
    contacts.keep(door, "Acme", EmergencyContact("BO", "bo@acme.example", "5551"))
    assert last(db)[0] == "contact.set"
    contacts.remove(door, "Acme", "ada")

    assert [(one.name, one.voice_phone) for one in contacts.listed(door, "Acme")] == [
        ("BO", "5551"), ("Cy", "+1 202 555 0191"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "contact",
    [
        EmergencyContact("", "ada@acme.example", "5550"),
        EmergencyContact("Ada", "ada", "5550"),
        EmergencyContact("Ada", "ada@acme.example", " "),
        EmergencyContact("Ada", "ada@acme.example", "5" * 41),
    ],
)
def test_a_contact_that_cannot_be_reached_is_refused(door: Door, contact: EmergencyContact) -> None:
    with pytest.raises(UsageError):
        contacts.keep(door, "Acme", contact)


def test_only_companies_have_contacts_and_only_those_there_can_go(door: Door) -> None:
    admin.add_department(door, "Acme", "Sales")

    with pytest.raises(UsageError, match="is a department"):
        contacts.listed(door, "Acme/Sales")
    with pytest.raises(NotFoundError, match="no emergency contact 'Ada'"):
        contacts.remove(door, "Acme", "Ada")


# What is looked at, and by whom.


def test_departments_and_users_are_listed_below_a_node(door: Door) -> None:
    admin.add_department(door, "Acme", "Sales", [("fax.paper", "a4")])
    anna(door)
    anna(door, parent="Acme/Sales", sending=["ben@acme.example"])

    assert [node.path for node in admin.departments(door, "Acme")] == ["Acme/Sales"]
    assert [user.sending_addresses for user in people.users(door, "sales")] == [("ben@acme.example",)]


def test_the_tree_is_shown_from_the_top_down_with_its_numbers(door: Door) -> None:
    admin.add_company(door, "Bolt")
    admin.add_department(door, "Acme", "Sales")
    admin.add_department(door, "Acme/Sales", "West")
    anna(door, parent="Acme/Sales/West")
    anna(door, sending=["ben@acme.example"], first_name="Ben")

    whole = [(one.depth, one.title, one.users) for one in admin.show_tree(door)]
    part = [one.path for one in admin.show_tree(door, "Acme/Sales", with_users=False)]

    assert whole == [
        (0, "Acme", 2), (1, "Sales", 1), (2, "West", 1), (3, "Anna Smith", 1), (1, "Ben Smith", 1), (0, "Bolt", 0),
    ]  # fmt: skip
    assert part == ["Acme/Sales", "Acme/Sales/West"]


Attempt = Callable[[Door], object]
ATTEMPTS: dict[str, tuple[str, Attempt]] = {
    "add a department": ("departments.add", lambda door: admin.add_department(door, "Acme/Sales", "East")),
    "rename it": ("departments.edit", lambda door: admin.rename(door, "Acme/Sales/West", "W", DEPARTMENT)),
    "move it": ("departments.move", lambda door: admin.move(door, "Acme/Sales/West", "Acme/Sales/North", DEPARTMENT)),
    "lock it": ("departments.lock", lambda door: admin.lock(door, "Acme/Sales/West", DEPARTMENT, locked=True)),
    "delete it": ("departments.delete", lambda door: admin.remove(door, "Acme/Sales/North", DEPARTMENT)),
    "list departments": ("departments.view", lambda door: admin.departments(door, "Acme/Sales")),
    "add a user": ("users.add", lambda door: people.add_user(door, form(parent="Acme/Sales", sending=["x@a.example"]))),
    "edit one": ("users.edit", lambda door: people.edit_user(door, "anna", people.UserEdit(last_name="J"))),
    "move one": ("users.move", lambda door: admin.move(door, "anna", "Acme/Sales", USER)),
    "lock one": ("users.lock", lambda door: admin.lock(door, "anna", USER, locked=True)),
    "delete one": ("users.delete", lambda door: admin.remove(door, "anna", USER)),
    "list users": ("users.view", lambda door: people.users(door, "Acme/Sales")),
    "show one": ("users.view", lambda door: people.show(door, "anna")),
    "set a fax setting": ("fax.change", lambda door: settings.give(door, "anna", [("fax.paper", "a4")])),
    "set a date setting": ("settings.change", lambda door: settings.give(door, "anna", [("date.show_zone", "on")])),
    "see a setting": ("notifications.view", lambda door: settings.explain(door, "anna", "notify.content")),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_each_right_allows_its_own_and_nothing_without_it_is_done(db: Database, door: Door, name: str) -> None:
    right, attempt = ATTEMPTS[name]
    for place, department in (("Acme", "Sales"), ("Acme/Sales", "West"), ("Acme/Sales", "North")):
        admin.add_department(door, place, department)
    anna(door, parent="Acme/Sales/West", user_name="anna")
    all_but = ["departments", "users", "fax", "settings", "notifications"]

    with pytest.raises(NotAllowedError, match=right.replace(".", r"\.")):
        attempt(_without(db, right, all_but))
    with pytest.raises(GatewayError, match=r"outside the part of the tree|there is no"):
        attempt(administrator(db, _elsewhere(door), *all_but))
    attempt(administrator(db, "Acme/Sales", right))


def _without(db: Database, right: str, parts: list[str]) -> Door:
    full = administrator(db, "Acme/Sales", *parts)
    return replace(full, actor=replace(full.actor, rights=full.actor.rights.clear(right)))


def _elsewhere(door: Door) -> str:
    return admin.add_company(door, "Bolt").answer.path


def test_companies_are_for_accounts_of_the_machine(db: Database) -> None:
    ada = administrator(db, "Acme", "companies", "departments", "users")

    for attempt in (
        lambda: admin.add_company(ada, "Zenith"),
        lambda: admin.lock(ada, "Acme", COMPANY, locked=True),
        lambda: admin.remove(ada, "Acme", COMPANY),
    ):
        with pytest.raises(NotAllowedError, match="accounts of the machine"):
            attempt()
    assert admin.rename(ada, "Acme", "Acme Ltd", COMPANY).answer.path == "Acme Ltd"


def test_an_administrator_sees_his_own_part_when_he_names_none(db: Database, door: Door) -> None:
    admin.add_company(door, "Bolt")
    admin.add_department(door, "Acme", "Sales")
    anna(door, parent="Acme/Sales")
    anna(door, sending=["ben@acme.example"])
    ada = administrator(db, "Acme/Sales", "users", "departments", "companies")

    assert [one.first_name for one in people.users(ada)] == ["Anna"]
    assert [one.path for one in admin.show_tree(ada)] == ["Acme/Sales", "Acme/Sales/anna@acme.example"]


def test_what_all_users_share_is_no_administrators_to_set(db: Database) -> None:
    ada = administrator(db, "Acme", "fax", "settings")

    with pytest.raises(NotAllowedError, match=r"quarantine\.days is set by accounts of the machine alone"):
        settings.give(ada, "Acme", [("quarantine.days", "3")])
