"""Which value holds: the nearest explicit one, unless a level above has locked the setting; tried on random lines."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.inheritance import Held, Level, settle
from gateway.domain.nodes import NodeKind
from gateway.domain.setting_catalog import CATALOG

NAME, OTHER = "fax.paper", "retry.dials"
VALUES = st.sampled_from(["letter", "a4", "legal"])


def level(number: int, value: str | None = None, *, locks: bool = False) -> Level:
    kind = NodeKind.DEPARTMENT if number else NodeKind.COMPANY
    explicit = {} if value is None else {NAME: value}
    return Level(number, kind, f"level {number}", explicit, frozenset({NAME} if locks else ()))


LINES = st.lists(st.tuples(st.none() | VALUES, st.booleans()), min_size=1, max_size=6).map(
    lambda drawn: [level(number, value, locks=locks) for number, (value, locks) in enumerate(drawn)]
)


def naive(line: list[Level]) -> str:
    """The rule, written once more: of the levels down to the first that locks, the last that says something."""
    first_lock = next((number for number, one in enumerate(line) if one.locks), len(line))
    said = [one.explicit[NAME] for one in line[: first_lock + 1] if NAME in one.explicit]
    return said[-1] if said else CATALOG[NAME].default


@given(LINES)
def test_the_nearest_explicit_value_holds_unless_it_is_locked_above(line: list[Level]) -> None:
    assert settle(line)[NAME].value == naive(line)


@given(LINES)
def test_what_holds_tells_where_it_comes_from(line: list[Level]) -> None:
    held = settle(line)[NAME]

    if held.origin is None:
        assert (held.value, held.source) == (CATALOG[NAME].default, "default")
    else:
        assert (held.value, held.source) == (held.origin.explicit[NAME], held.origin.path)


@given(LINES, VALUES)
def test_below_a_lock_nothing_that_is_said_matters(line: list[Level], value: str) -> None:
    locked = [*line, level(len(line), locks=True)]

    below = [*locked, level(len(locked), value)]

    assert settle(below)[NAME].value == settle(locked)[NAME].value
    assert settle(below)[NAME].locked in [one for one in locked if one.locks]


@given(LINES)
def test_a_level_is_not_bound_by_its_own_lock(line: list[Level]) -> None:
    open_line = [level(one.node_id, one.explicit.get(NAME)) for one in line]

    held = settle([*open_line[:-1], level(len(line) - 1, "a4", locks=True)])[NAME]

    assert (held.value, held.locked) == ("a4", None)


@given(LINES)
def test_one_setting_says_nothing_of_another(line: list[Level]) -> None:
    assert settle(line)[OTHER] == Held(CATALOG[OTHER].default)


def test_all_settings_of_the_catalogue_hold_something() -> None:
    assert set(settle([level(0)])) == set(CATALOG)
