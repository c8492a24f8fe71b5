"""The inventory of numbers: how it follows people, what is found in it, and where a call leads."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.domain.errors import ConflictError
from gateway.domain.inventory import NumberPlace, NumberState
from gateway.domain.nodes import User
from gateway.store import bulk, numbers, routes, tree, tree_changes
from gateway.store.bulk import Newcomer
from gateway.store.database import Database
from gateway.store.numbers import NumberFilter, PlaceTotal
from gateway.store.tree import NewUser
from tests.filled_store import NOW

ONE, TWO, BERLIN = "+12025550142", "+12125550143", "+493012345678"


@pytest.fixture
def acme(db: Database, user: User) -> int:  # noqa: ARG001 - the user makes the company
    return tree.node_by_path(db, "Acme").id


def person(name: str, number: str = "", parent: str = "Acme/Sales", receiving: Sequence[str] = ()) -> NewUser:
    return NewUser(parent, name, "Ross", (f"{name}@acme.example",), tuple(receiving), name, fax_number=number)


def found(db: Database, **wanted: object) -> list[str]:
    return [one.number for one in numbers.listed(db, NumberFilter(**wanted))]  # type: ignore[arg-type]


def test_a_users_number_that_was_nobodys_is_the_companys(db: Database, acme: int) -> None:
    ben = tree.add_user(db, person("ben", ONE))

    owned = numbers.owned(db, ONE)
    assert owned is not None
    assert (owned.owner_id, owned.owner, owned.holder_id, owned.holder) == (acme, "Acme", ben.id, "Acme/Sales/ben")
    assert (owned.state, owned.place) == (NumberState.ASSIGNED, NumberPlace("US", "Washington D.C."))


def test_a_number_that_its_user_gives_up_is_unassigned(db: Database, user: User) -> None:
    ben = tree.add_user(db, person("ben", ONE))
    tree_changes.edit_user(db, ben.id, person("ben"))
    tree_changes.edit_user(db, user.id, replace(person("anna"), fax_number=ONE))
    tree_changes.remove(db, user.id, NOW)

    assert found(db, state=NumberState.UNASSIGNED) == [ONE]
    assert routes.route_for(db, ONE) is None
    assert routes.is_ours(db, ONE)


@pytest.mark.parametrize("number", [ONE, TWO])
def test_a_number_kept_for_others_cannot_be_had(db: Database, acme: int, number: str) -> None:
    legal = tree.add_department(db, "Acme", "Legal")
    numbers.add(db, ONE, legal.id, NOW)
    numbers.add(db, TWO, tree.add_company(db, "Other").id, NOW)
    ben = tree.add_user(db, person("ben"))

    for attempt in (
        lambda: tree.add_user(db, person("cora", number)),
        lambda: tree_changes.edit_user(db, ben.id, person("ben", number)),
    ):
        with pytest.raises(ConflictError, match="is kept for"):
            attempt()
    some = [Newcomer(1, acme, person("dora", number))]
    entered = bulk.enter(db, some, {acme: bulk.inherited(db, acme)}, NOW)
    assert "kept for" in entered.troubles[1]


def test_numbers_of_users_out_of_a_file_are_the_companys(db: Database, acme: int) -> None:
    some = [
        Newcomer(1, acme, person("ben", ONE)),
        Newcomer(2, acme, person("cora")),
        Newcomer(3, acme, person("dora", TWO)),
    ]
    bulk.enter(db, some, {acme: bulk.inherited(db, acme)}, NOW)

    assert found(db, under=acme, state=NumberState.ASSIGNED) == [ONE, TWO]


def test_who_leaves_a_department_takes_its_number_along(db: Database, acme: int) -> None:
    legal = tree.add_department(db, "Acme", "Legal")
    numbers.add(db, ONE, legal.id, NOW)
    ben = tree.add_user(db, person("ben", ONE, "Acme/Legal"))
    tree_changes.move(db, ben.id, tree.node_by_path(db, "Acme/Sales").id)

    owned = numbers.owned(db, ONE)
    assert owned is not None
    assert owned.owner_id == acme
    assert owned.holder == "Acme/Sales/ben"
    other = tree.add_company(db, "Other")
    tree_changes.move(db, ben.id, other.id)
    assert found(db, under=other.id) == [ONE]


def test_a_department_that_goes_leaves_its_numbers_to_its_parent(db: Database, acme: int) -> None:
    legal = tree.add_department(db, "Acme", "Legal")
    numbers.add(db, ONE, legal.id, NOW)
    numbers.add(db, TWO, acme, NOW)
    routes.set_rule(db, TWO, "7", legal.id, ["legal@acme.example"])
    tree_changes.remove(db, legal.id, NOW)

    owned = numbers.owned(db, ONE)
    assert owned is not None
    assert owned.owner_id == acme
    assert routes.rules(db, TWO) == ()


def test_a_companys_numbers_go_with_it(db: Database) -> None:
    other = tree.add_company(db, "Other")
    numbers.add(db, ONE, other.id, NOW)
    routes.set_rule(db, ONE, "", other.id, ["fax@other.example"])
    tree_changes.remove(db, other.id, NOW)

    assert numbers.owned(db, ONE) is None
    assert not routes.is_ours(db, ONE)


def test_rules_do_not_lead_from_one_company_to_another(db: Database, acme: int) -> None:
    legal = tree.add_department(db, "Acme", "Legal")
    numbers.add(db, ONE, acme, NOW)
    numbers.add(db, TWO, legal.id, NOW)
    for number in (ONE, TWO):
        routes.set_rule(db, number, "7", legal.id, ["legal@acme.example"])
    tree_changes.move(db, legal.id, tree.add_company(db, "Other").id)

    assert routes.rules(db, ONE) == ()
    assert [rule.path for rule in routes.rules(db, TWO)] == ["Other/Legal"]


def test_a_sub_address_leads_by_its_rule_else_to_whose_number_it_is(db: Database, acme: int) -> None:  # noqa: ARG001
    ben = tree.add_user(db, person("ben", ONE, receiving=["ben@acme.example"]))
    legal = tree.add_department(db, "Acme", "Legal")
    routes.set_rule(db, ONE, "7", legal.id, ["a@acme.example", "b@acme.example"])

    by_rule, by_number = routes.route_for(db, ONE, "7"), routes.route_for(db, ONE, "8")
    assert by_rule is not None
    assert by_number is not None
    assert (by_rule.node_id, by_rule.addresses, by_rule.rule) == (legal.id, ("a@acme.example", "b@acme.example"), True)
    assert (by_number.node_id, by_number.addresses, by_number.rule) == (ben.id, ("ben@acme.example",), False)


def test_a_rule_without_a_sub_address_takes_what_nobody_has(db: Database, user: User, acme: int) -> None:
    numbers.add(db, ONE, acme, NOW)
    assert routes.route_for(db, ONE) is None
    routes.set_rule(db, ONE, "", user.id, ())

    route = routes.route_for(db, ONE, "99")
    assert route is not None
    assert route.node_id == user.id
    tree.add_user(db, person("ben", ONE))
    assert [one.path for one in (routes.route_for(db, ONE),) if one] == ["Acme/Sales/ben"]
    assert routes.drop_rule(db, ONE, "")
    assert not routes.drop_rule(db, ONE, "")


@pytest.mark.parametrize("path", ["Acme/Sales/ben", "Acme/Sales", "Acme"])
def test_what_is_locked_anywhere_above_is_told(db: Database, path: str, user: User) -> None:  # noqa: ARG001
    tree.add_user(db, person("ben", ONE))
    node = tree.node_by_path(db, path)
    tree_changes.set_locked(db, node.id, locked=True)

    route = routes.route_for(db, ONE)
    assert route is not None
    assert route.locked


def test_an_ordered_number_does_not_ring_until_it_is_there(db: Database, acme: int) -> None:
    numbers.add(db, ONE, acme, NOW, pending=True)
    tree.add_user(db, person("ben", ONE))

    assert not routes.is_ours(db, ONE)
    assert routes.route_for(db, ONE) is None
    assert found(db, state=NumberState.PENDING) == [ONE]
    numbers.keep_for(db, ONE, acme, pending=False)
    assert routes.route_for(db, ONE) is not None


def test_where_a_fax_is_mailed_to_follows_what_is_configured_now(db: Database, acme: int) -> None:  # noqa: ARG001
    ben = tree.add_user(db, person("ben", ONE, receiving=["ben@acme.example"]))
    legal = tree.add_department(db, "Acme", "Legal")
    routes.set_rule(db, ONE, "7", legal.id, ["old@acme.example"])
    routes.set_rule(db, ONE, "7", legal.id, ["new@acme.example"])

    def now(sub_address: str, node_id: int) -> tuple[str, ...]:
        return db.read(lambda session: routes.addresses_now(session, ONE, sub_address, node_id))

    assert now("7", legal.id) == ("new@acme.example",)
    assert now("", legal.id) == ()
    assert now("7", ben.id) == ("ben@acme.example",)


def test_numbers_are_found_by_place_state_and_page(db: Database, acme: int) -> None:
    for number in (ONE, TWO, BERLIN):
        numbers.add(db, number, acme, NOW)
    tree.add_user(db, person("ben", TWO))

    assert found(db, country="us") == [ONE, TWO]
    assert found(db, area="york") == [TWO]
    assert found(db, starts_with="+49") == [BERLIN]
    assert found(db, after=ONE, limit=1) == [TWO]
    assert found(db, under=tree.node_by_path(db, "Acme/Sales").id) == [TWO]
    assert numbers.totals(db, NumberFilter()) == (
        PlaceTotal(NumberPlace("DE", "Berlin"), 1, 0, 0),
        PlaceTotal(NumberPlace("US", "New York, NY"), 0, 1, 0),
        PlaceTotal(NumberPlace("US", "Washington D.C."), 1, 0, 0),
    )
