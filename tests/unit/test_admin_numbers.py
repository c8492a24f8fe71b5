"""The inventory as administrators see and change it: within their place and rights, with an entry for each change."""

import pytest

from gateway.admin import numbers, routes, users
from gateway.admin.users import UserEdit, UserForm
from gateway.domain.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError, UsageError
from gateway.domain.nodes import User
from gateway.store import tree
from gateway.store.database import Database
from gateway.store.numbers import NumberFilter
from tests.actors import administrator, root

ONE, TWO, THREE = "+12025550142", "+12125550143", "+493012345678"


@pytest.fixture
def legal(db: Database, user: User) -> str:  # noqa: ARG001 - the user makes the company
    return tree.add_department(db, "Acme", "Legal").path


def form(number: str, parent: str = "Acme/Sales") -> UserForm:
    return UserForm(parent, "Ben", "Ortiz", ("ben@acme.example",), user_name="ben", fax_number=number)


def seen(db: Database, place: str) -> list[str]:
    return [one.number for one in numbers.listed(administrator(db, place, "numbers"), NumberFilter())]


def test_who_may_not_assign_numbers_gives_none_to_users_either(db: Database, legal: str, user: User) -> None:  # noqa: ARG001
    numbers.add(root(db), [ONE])
    ada = administrator(db, "Acme", "users")

    for attempt in (
        lambda: users.add_user(ada, form(ONE)),
        lambda: users.edit_user(ada, user.path, UserEdit(fax_number=ONE)),
        lambda: numbers.assign(ada, ONE, user.path),
    ):
        with pytest.raises(NotAllowedError, match=r"numbers\.assign"):
            attempt()
    with pytest.raises(NotAllowedError, match=r"numbers\.request"):
        users.add_user(ada, form(TWO))


def test_only_administrators_of_a_whole_company_bring_new_numbers(db: Database, legal: str) -> None:
    with pytest.raises(NotAllowedError, match="whole company"):
        numbers.add(administrator(db, legal, "numbers"), [ONE], legal)
    with pytest.raises(NotAllowedError, match="outside"):
        users.add_user(administrator(db, legal, "users", "numbers"), form(ONE, legal))

    added = users.add_user(administrator(db, "Acme", "users", "numbers"), form(ONE, legal))
    assert added.answer.fax_number == ONE


def test_a_departments_administrator_assigns_what_is_kept_for_it(db: Database, legal: str, user: User) -> None:
    numbers.add(root(db), [ONE], legal)
    numbers.add(root(db), [TWO])
    users.add_user(root(db), form("", legal))
    ada = administrator(db, legal, "numbers")

    changed = numbers.assign(ada, ONE, f"{legal}/ben")
    with pytest.raises(NotAllowedError):
        numbers.assign(ada, TWO, f"{legal}/ben", replacing=True)
    with pytest.raises(NotAllowedError):
        numbers.assign(ada, ONE, user.path)
    assert [(entry.what, entry.target) for entry in changed.entries] == [("number.assign", f"{legal}/ben")]
    assert seen(db, legal) == [ONE]


def test_who_has_a_companys_number_is_seen_by_the_departments_administrator(db: Database, legal: str) -> None:
    users.add_user(root(db), form(ONE, legal))
    numbers.add(root(db), [TWO])
    ada = administrator(db, legal, "numbers")

    assert seen(db, legal) == [ONE]
    assert numbers.show(ada, ONE).holder == f"{legal}/ben"
    with pytest.raises(NotAllowedError):
        numbers.show(ada, TWO)
    assert numbers.release(ada, ONE).answer.holder == ""


def test_a_number_stays_within_its_company_and_with_its_user(db: Database, legal: str, user: User) -> None:
    other = tree.add_company(db, "Other")
    numbers.add(root(db), [ONE], "Acme")
    numbers.assign(root(db), ONE, user.path)

    with pytest.raises(ConflictError, match="another company's"):
        numbers.add(root(db), [ONE], other.path)
    with pytest.raises(ConflictError, match="who is not in Acme/Legal"):
        numbers.add(root(db), [ONE], legal)
    with pytest.raises(ConflictError, match="another company's"):
        routes.lead(root(db), ONE, "7", other.path, ["fax@other.example"])


def test_what_is_no_number_of_the_inventory_is_told(db: Database, user: User) -> None:
    for attempt in (
        lambda: numbers.assign(root(db), ONE, user.path),
        lambda: numbers.show(root(db), ONE),
        lambda: routes.drop(root(db), ONE, "7"),
    ):
        with pytest.raises(NotFoundError, match="number add"):
            attempt()
    numbers.add(root(db), [ONE])
    with pytest.raises(RefusedError, match="nobody has"):
        numbers.release(root(db), ONE)


def test_a_list_is_taken_whole_or_not_at_all(db: Database, legal: str) -> None:
    lines = ["number;node;pending\n", f"{ONE};{legal}\n", "\n", "# new ones\n", f"{TWO};;yes\n"]
    assert numbers.load(root(db), lines, "Acme").answer == 2

    with pytest.raises(UsageError, match=r"line 2: .*; line 3: .*'Nowhere'") as refused:
        numbers.load(root(db), [f"{THREE}\n", "+1202\n", f"{ONE},Nowhere\n"], "Acme")
    assert "nothing was added" in refused.value.text
    assert [(one.number, one.owner, one.state) for one in numbers.listed(root(db), NumberFilter())] == [
        (ONE, legal, "unassigned"),
        (TWO, "Acme", "pending"),
    ]


def test_columns_are_found_by_their_heading(db: Database, legal: str) -> None:
    lines = ["State,Area,number,kept_for\n", f'pending,"New York, NY",{TWO},{legal}\n', f"assigned,,{ONE},\n"]

    assert numbers.load(root(db), lines, "Acme").answer == 2
    assert [(one.number, one.owner, one.state) for one in numbers.listed(root(db), NumberFilter())] == [
        (ONE, "Acme", "unassigned"),
        (TWO, legal, "pending"),
    ]


def test_what_is_there_as_it_should_be_is_no_change(db: Database, legal: str) -> None:
    numbers.add(root(db), [ONE], "Acme", pending=True)

    arrived = numbers.add(root(db), [ONE], "Acme")
    again = numbers.add(root(db), [ONE], "Acme")
    assert [entry.what for entry in arrived.entries] == ["number.add"]
    assert (again.entries, again.answer) == ((), 0)
    assert numbers.add(root(db, dry_run=True), [ONE], legal).answer == 1
    assert numbers.show(root(db), ONE).owner == "Acme"


def test_a_read_only_administrator_changes_no_route(db: Database, legal: str) -> None:
    numbers.add(root(db), [ONE])

    with pytest.raises(NotAllowedError, match="read-only"):
        routes.lead(administrator(db, "Acme", "numbers", read_only=True), ONE, "7", legal, ["a@acme.example"])


@pytest.mark.parametrize("addresses", [[], ["a@x.example", "b@x.example", "c@x.example", "d@x.example"], ["a"]])
def test_a_department_has_one_to_three_good_addresses(db: Database, legal: str, addresses: list[str]) -> None:
    numbers.add(root(db), [ONE])

    with pytest.raises(UsageError):
        routes.lead(root(db), ONE, "7", legal, addresses)
