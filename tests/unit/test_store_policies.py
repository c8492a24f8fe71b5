"""Named policies as the store keeps them: seen from below, changed field by field, kept while they are in use."""

import pytest

from gateway.domain.errors import ConflictError, NotFoundError, UsageError
from gateway.domain.nodes import User
from gateway.domain.password_policy import GLOBAL
from gateway.store import policies, tree
from gateway.store.database import Database


def test_the_global_policy_ships(db: Database) -> None:
    assert policies.named(db, None, "Global") == GLOBAL
    assert [one.policy for one in policies.listed(db)] == [GLOBAL]


def test_fields_of_the_global_policy_can_be_changed_for_the_whole_system(db: Database, user: User) -> None:
    policies.keep(db, None, "global", {"history": "5"})
    policies.keep(db, None, "global", {"least_length": "12"})

    seen = policies.named(db, user.id, "global")
    assert seen is not None
    assert (seen.history, seen.least_length, seen.digits) == (5, 12, 1)


def test_a_policy_is_seen_at_its_place_and_below(db: Database, user: User) -> None:
    acme, sales = (tree.node_by_path(db, path).id for path in ("Acme", "Acme/Sales"))
    policies.keep(db, sales, "Strict", {"least_length": "14"})

    assert policies.named(db, user.id, "strict") is not None
    assert policies.named(db, acme, "strict") is None


def test_of_two_with_one_name_the_nearer_holds(db: Database, user: User) -> None:
    for place, length in (("Acme", "20"), ("Acme/Sales", "14")):
        policies.keep(db, tree.node_by_path(db, place).id, "strict", {"least_length": length})
    policies.keep(db, None, "strict", {"least_length": "30"})

    assert policies.named(db, user.id, "strict").least_length == 14  # type: ignore[union-attr]


@pytest.mark.usefixtures("user")
def test_a_policy_in_use_is_not_removed(db: Database) -> None:
    acme = tree.node_by_path(db, "Acme").id
    policies.keep(db, acme, "strict", {"digits": "2"})
    tree.set_setting(db, "Acme/Sales", policies.SETTING, "Strict")

    with pytest.raises(ConflictError, match=r"Acme/Sales names the policy 'strict'"):
        policies.remove(db, acme, "strict")


@pytest.mark.usefixtures("user")
def test_a_policy_that_nobody_names_is_removed(db: Database) -> None:
    acme = tree.node_by_path(db, "Acme").id
    policies.keep(db, acme, "strict", {"digits": "2"})

    policies.remove(db, acme, "strict")

    assert policies.named(db, acme, "strict") is None
    with pytest.raises(NotFoundError, match="no policy 'strict'"):
        policies.remove(db, acme, "strict")


def test_a_change_that_cannot_be_leaves_the_policy_as_it_was(db: Database) -> None:
    policies.keep(db, None, "strict", {"most_age": "30"})

    with pytest.raises(UsageError, match="least_age"):
        policies.keep(db, None, "strict", {"least_age": "31"})

    assert policies.named(db, None, "strict").least_age == 0  # type: ignore[union-attr]
