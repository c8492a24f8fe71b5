"""Rights: granting and clearing parts, adding single ones back, and who may do what where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import UsageError
from gateway.domain.rights import ALL, PARTS, READ_ONLY, RIGHTS, Granted, granted, refusal, rights_of

NAMES = st.sampled_from([*PARTS, *RIGHTS])
SETS = st.lists(NAMES, max_size=12).map(granted)


def held(rights: Granted) -> set[str]:
    return {right.name for right in rights.rights()}


def test_every_part_that_the_product_names_is_there() -> None:
    named = "fax covers notifications archive security users departments administrators numbers blocks porting activity"
    more = "documents resend accounting reports settings"

    assert {*named.split(), *more.split()} <= set(PARTS)


def test_every_view_and_every_change_says_what_it_is_for() -> None:
    assert all(right.about and right.name.count(".") == 1 for right in RIGHTS.values())
    assert not any(right.changes for right in RIGHTS.values() if right.name.endswith(".view"))


def test_a_part_grants_all_of_it() -> None:
    assert held(granted(["users"])) == {name for name in RIGHTS if name.startswith("users.")}


def test_clearing_a_part_clears_what_was_granted_below_it() -> None:
    rights = granted(["users.view", "users.move", "fax.view"]).clear("users")

    assert held(rights) == {"fax.view"}


def test_single_rights_can_be_added_back_after_a_part_was_cleared() -> None:
    rights = ALL.clear("users").grant("users.view")

    assert held(rights) == set(RIGHTS) - set(rights_of("users")) | {"users.view"}


def test_clearing_one_right_leaves_the_others_of_its_part() -> None:
    assert held(granted(["users"]).clear("users.delete")) == set(rights_of("users")) - {"users.delete"}


def test_a_read_only_administrator_sees_all_and_changes_nothing() -> None:
    assert held(READ_ONLY) == {name for name, right in RIGHTS.items() if not right.changes}


@pytest.mark.parametrize("wrong", ["", "user", "users.fly", "users.", "USERS"])
def test_an_unknown_right_is_refused_and_the_known_are_named(wrong: str) -> None:
    with pytest.raises(UsageError, match=r"there are .*users"):
        granted([wrong])


def test_a_part_is_no_answer_to_whether_one_may() -> None:
    with pytest.raises(UsageError, match=r"users\.view"):
        ALL.allows("users")


@given(SETS, NAMES)
def test_what_was_granted_is_held_and_nothing_is_lost(rights: Granted, name: str) -> None:
    assert held(rights.grant(name)) == held(rights) | set(rights_of(name))


@given(SETS, NAMES)
def test_what_was_cleared_is_gone_and_nothing_else(rights: Granted, name: str) -> None:
    assert held(rights.clear(name)) == held(rights) - set(rights_of(name))


@given(SETS)
def test_names_kept_make_the_same_rights_again(rights: Granted) -> None:
    assert granted(sorted(rights.names)) == rights


COMPANY, DEPARTMENT, TEAM, OTHER = (1,), (1, 5), (1, 5, 9), (2,)


@pytest.mark.parametrize("target", [DEPARTMENT, TEAM])
def test_an_administrator_reaches_the_own_place_and_all_below(target: tuple[int, ...]) -> None:
    assert refusal(ALL, DEPARTMENT, "users.edit", target) == ""


@pytest.mark.parametrize("target", [COMPANY, OTHER, (1, 6), ()])
def test_nobody_reaches_beside_or_above_the_own_place(target: tuple[int, ...]) -> None:
    assert "outside" in refusal(ALL, DEPARTMENT, "users.view", target)


def test_a_refusal_names_the_right_that_is_missing() -> None:
    assert "users.delete is missing (delete users)" in refusal(granted(["users.view"]), COMPANY, "users.delete", TEAM)


def test_a_read_only_administrator_is_told_so() -> None:
    assert "read-only" in refusal(READ_ONLY, COMPANY, "users.delete", TEAM)
    assert refusal(READ_ONLY, COMPANY, "users.view", TEAM) == ""


@pytest.mark.parametrize("name", sorted(name for name, right in RIGHTS.items() if right.company_only))
def test_rights_of_a_whole_company_are_not_for_a_departments_administrator(name: str) -> None:
    assert "whole company" in refusal(ALL, DEPARTMENT, name, DEPARTMENT)
    assert refusal(ALL, COMPANY, name, COMPANY) == ""
