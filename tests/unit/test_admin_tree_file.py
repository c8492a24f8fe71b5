"""The tree as a file: what it looks like, what applying it changes, and every way it can be wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.admin import contacts, tree_file, users
from gateway.admin import settings as setting_steps
from gateway.admin import tree as admin
from gateway.admin.acts import Door
from gateway.domain.errors import ConflictError, GatewayError, NotAllowedError, UsageError
from gateway.domain.nodes import Contact, EmergencyContact, NodeKind
from gateway.store import tree
from gateway.store.database import Database
from tests.actors import administrator, root
from tests.filled_store import opened

FILE = """\
version: 1
companies:
- name: Acme
  settings:
    fax.paper: a4
    notify.initial_success: 'off'
  locks:
  - fax.paper
  contacts:
  - name: Ada Byron
    email: ada@acme.example
    voice_phone: +1 202 555 0191
    extension: '12'
  departments:
  - name: Sales
    locked: true
    departments:
    - name: West
    users:
    - name: anna
      first_name: Anna
      last_name: Smith
      sending:
      - anna@acme.example
      - a@acme.example
      receiving:
      - fax@acme.example
      fax_number: '+12025550190'
      contact:
        city: Bonn
      custom:
      - '47'
      - ''
      - ''
      - ''
      settings:
        date.time_zone: Europe/Berlin
"""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as database:
        yield database


@pytest.fixture
def door(db: Database) -> Door:
    return root(db)


def whats(changed: object) -> list[str]:
    return [entry.what for entry in getattr(changed, "entries", ())]


def test_a_tree_is_written_as_people_would_write_it(door: Door) -> None:
    admin.add_company(door, "Acme", [("fax.paper", "a4"), ("notify.initial_success", "off")])
    setting_steps.lock(door, "Acme", ["fax.paper"], locked=True)
    contacts.keep(door, "Acme", EmergencyContact("Ada Byron", "ada@acme.example", "+1 202 555 0191", "12"))
    admin.add_department(door, "Acme", "Sales")
    admin.add_department(door, "Acme/Sales", "West")
    form = users.UserForm("Acme/Sales", "Anna", "Smith", ["anna@acme.example", "a@acme.example"], ["fax@acme.example"],
                          "anna", "", "+12025550190", Contact(city="Bonn"), ("47", "", "", ""))  # fmt: skip
    users.add_user(door, form, [("date.time_zone", "Europe/Berlin")])
    admin.lock(door, "Acme/Sales", NodeKind.DEPARTMENT, locked=True)

    assert tree_file.export(door) == FILE


def test_a_file_makes_the_tree_it_describes_and_twice_changes_nothing(db: Database, door: Door) -> None:
    made = tree_file.apply(door, FILE)

    assert tree_file.export(door) == FILE
    user = tree.user_by_address(db, "a@acme.example")
    assert user is not None
    assert (user.path, user.locked, user.contact.city) == ("Acme/Sales/anna", True, "Bonn")
    assert whats(made) == [
        "company.add", "settings.set", "settings.lock", "contact.set", "dept.add", "dept.lock", "dept.add", "user.add",
    ]  # fmt: skip
    assert tree_file.apply(door, FILE).entries == ()


def test_a_trial_tells_the_difference_and_changes_nothing(db: Database, door: Door) -> None:
    tree_file.apply(door, FILE)
    changed = FILE.replace("fax.paper: a4", "fax.paper: legal").replace("city: Bonn", "city: Berlin")

    tried = tree_file.apply(root(db, dry_run=True), changed)

    assert [(entry.what, entry.target, entry.before, entry.after) for entry in tried.entries] == [
        ("settings.set", "Acme", '{"fax.paper":"a4"}', '{"fax.paper":"legal"}'),
        ("user.edit", "Acme/Sales/anna", '{"city":"Bonn"}', '{"city":"Berlin"}'),
    ]
    assert tree_file.export(door) == FILE


def test_a_node_gets_exactly_what_stands_in_the_file(db: Database, door: Door) -> None:
    tree_file.apply(door, FILE)
    setting_steps.give(door, "anna", [("retry.dials", "3")])

    tree_file.apply(door, FILE.replace("    fax.paper: a4\n", "").replace("  locks:\n  - fax.paper\n", ""))

    assert tree.explicit_settings(db, "anna") == {"date.time_zone": "Europe/Berlin"}
    assert tree.explicit_settings(db, "Acme") == {"notify.initial_success": "off"}
    setting_steps.give(door, "anna", [("fax.paper", "legal")])  # is locked no more


def test_a_user_who_stands_elsewhere_is_moved(door: Door) -> None:
    tree_file.apply(door, FILE)
    admin.move(door, "anna", "Acme/Sales/West", NodeKind.USER)

    changed = tree_file.apply(door, FILE)

    assert whats(changed) == ["user.move"]
    assert tree_file.export(door) == FILE


def test_two_users_may_have_exchanged_their_addresses_and_numbers(db: Database, door: Door) -> None:
    admin.add_company(door, "Acme")
    for name, number in (("anna", "+12025550190"), ("ben", "+12025550191")):
        form = users.UserForm("Acme", name, "S", [f"{name}@acme.example"], user_name=name, fax_number=number)
        users.add_user(door, form)
    text = tree_file.export(door)
    swapped = text.replace("anna@", "x@").replace("ben@", "anna@").replace("x@", "ben@")
    swapped = swapped.replace("0190", "x").replace("0191", "0190").replace("x'", "0191'")

    tree_file.apply(door, swapped)

    found = tree.user_by_address(db, "anna@acme.example")
    assert found is not None
    assert (found.user_name, found.fax_number) == ("ben", "+12025550190")
    assert tree_file.export(door) == swapped


def test_what_the_file_does_not_name_stays_unless_it_is_pruned(door: Door) -> None:
    tree_file.apply(door, FILE)
    admin.add_company(door, "Bolt")
    admin.add_department(door, "Acme", "Law")
    users.add_user(door, users.UserForm("Acme/Law", "Ben", "Ortiz", ["ben@acme.example"], user_name="ben"))

    assert tree_file.apply(door, FILE).answer == 2
    pruned = tree_file.apply(door, FILE, prune=True)

    assert whats(pruned) == ["user.delete", "dept.delete"]
    assert [one.path for one in admin.companies(door)] == ["Acme", "Bolt"]
    assert tree_file.export(door, "Acme") == FILE


def test_contacts_and_names_are_made_what_the_file_says(door: Door) -> None:
    tree_file.apply(door, FILE)
    changed = FILE.replace("Ada Byron", "Bo Li").replace("name: Sales", "name: SALES")

    assert whats(tree_file.apply(door, changed)) == ["contact.delete", "contact.set", "dept.rename"]
    assert tree_file.export(door) == changed


def test_a_new_user_with_an_address_of_somebody_else_stops_all(door: Door) -> None:
    admin.add_company(door, "Bolt")
    users.add_user(door, users.UserForm("Bolt", "Eve", "Fox", ["anna@acme.example"], user_name="eve"))

    with pytest.raises(ConflictError, match=r"Acme/Sales/anna: anna@acme.example is a sending address of Eve Fox"):
        tree_file.apply(door, FILE)

    assert [one.path for one in admin.companies(door)] == ["Bolt"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("version: 1", "version: 2", "has version 2; this gateway reads 1"),
        ("version: 1", "- x", "that is no YAML"),
        ("companies:", "firms:", "the document: there is no 'firms'; there are version, companies"),
        ("fax.paper: a4", "fax.paper: a5", "companies/Acme: fax.paper takes letter, a4, legal; not 'a5'"),
        ("fax.paper: a4", "fax.papr: a4", "companies/Acme: there is no 'fax.papr'"),
        ("'off'", "off", "notify.initial_success is a text; write 'False' with quotes"),
        ("locked: true", "locked: 1", "Acme/Sales: locked is true or false, not 1"),
        ("- fax.paper", "- fax.papr", "unknown setting 'fax.papr' in locks"),
        ("- '47'", "- 47", "custom is a list of texts"),
        ("- '47'", "- '4'\n      - '7'", "there are four custom fields, not 5"),
        ("date.time_zone: Europe/Berlin", "settings.inheritance: live", "is given at company"),
        ("    - name: West", "    - named: West", "there is no 'named'"),
        ("    - name: West", "    - West", "there must be names with values, not 'West'"),
        ("- name: Acme", "- name: ''", "companies: a company has a name"),
        ("city: Bonn", "town: Bonn", "there is no 'town'"),
        ("      first_name: Anna\n", "", "the first name must have"),
        ("anna@acme.example", "anna", "'anna' is not a mail address"),
        ("fax.paper: a4", "cover.default: gala", "no cover page 'gala'"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_nothing_is_changed(
    door: Door, before: str, after: str, words: str
) -> None:
    assert before in FILE

    with pytest.raises(GatewayError) as caught:
        tree_file.apply(door, FILE.replace(before, after, 1))

    assert words in caught.value.text
    assert admin.companies(door) == ()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: Zo\xeb")

    for name in ("missing.yaml", "latin.yaml"):
        with pytest.raises(UsageError, match=name):
            tree_file.read_file(tmp_path / name)


def test_an_administrator_applies_and_exports_what_the_rights_allow(db: Database, door: Door) -> None:
    tree_file.apply(door, FILE)
    ada = administrator(db, "Acme", "departments.view", "fax", "users")

    changed = FILE.replace("city: Bonn", "city: Berlin")
    assert whats(tree_file.apply(ada, changed)) == ["user.edit"]
    with pytest.raises(NotAllowedError, match=r"settings\.change"):
        tree_file.apply(ada, changed.replace("Europe/Berlin", "UTC"))
    with pytest.raises(NotAllowedError):
        tree_file.export(ada)
    with pytest.raises(UsageError, match="whole companies"):
        tree_file.export(door, "Acme/Sales")
