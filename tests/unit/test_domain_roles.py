"""Roles by name."""

import pytest

from gateway.domain.errors import UsageError
from gateway.domain.roles import ALL, Role, in_order, parse_roles


def test_roles_are_read_in_any_order_and_case() -> None:
    assert parse_roles(["lines", " SMTP ", "", "lines"]) == {Role.SMTP, Role.LINES}


@pytest.mark.parametrize("words", [[], [""], ["smtp", "fax"], ["smtp lines"]])
def test_what_is_no_role_is_refused_with_the_names_of_all(words: list[str]) -> None:
    with pytest.raises(UsageError, match="smtp, prepare, lines, mail, inbound"):
        parse_roles(words)


def test_roles_are_told_in_the_order_of_a_fax() -> None:
    assert in_order({Role.MAIL, Role.INBOUND, Role.SMTP}) == (Role.SMTP, Role.MAIL, Role.INBOUND)
    assert in_order(reversed(ALL)) == ALL
