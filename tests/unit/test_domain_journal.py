"""Entries of the journal: what they hold of a change, and that no part of one can be changed unseen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.journal import FIRST, Entry, Note, Signature, as_text, differing, entry_after

AT = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
FACTS = st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.text(max_size=5), st.integers(), st.booleans()))


def entry() -> Entry:
    note = Note("user.lock", 7, "Acme/anna", {"locked": False}, {"locked": True})
    return entry_after(0, FIRST, note, Signature("account root", AT, "she left"))


def test_an_entry_says_who_changed_what_from_what_to_what_and_why() -> None:
    made = entry()

    assert (made.number, made.at, made.who, made.what) == (1, AT, "account root", "user.lock")
    assert (made.target, made.before, made.after) == ("Acme/anna", '{"locked":false}', '{"locked":true}')
    assert (made.reason, made.previous) == ("she left", "")
    assert made.is_sound


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 2),
        ("at", AT + timedelta(microseconds=1)),
        ("who", "account rood"),
        ("what", "user.unlock"),
        ("node_id", None),
        ("target", "Acme/ann"),
        ("before", "{}"),
        ("after", "{}"),
        ("reason", ""),
        ("previous", "ab"),
        ("digest", "0" * 64),
    ],
)
def test_a_change_of_any_part_breaks_the_seal(field: str, value: object) -> None:
    assert not replace(entry(), **{field: value}).is_sound  # type: ignore[arg-type]


def test_words_cannot_move_from_one_part_to_the_next_unseen() -> None:
    made = entry()

    assert not replace(made, who="account rootuser.lock", what="").is_sound


def test_entries_are_sealed_to_the_one_before() -> None:
    first = entry()
    second = entry_after(first.number, first.digest, Note("a.b", None, "x", {}, {"y": 1}), Signature("w", AT, ""))

    assert (second.number, second.previous) == (2, first.digest)


@given(FACTS, FACTS)
def test_what_differs_leads_from_one_state_to_the_other(before: dict[str, object], after: dict[str, object]) -> None:
    gone, come = differing(before, after)

    same = {name: value for name, value in before.items() if name not in gone}
    assert {**same, **come} == after
    assert not gone.items() & come.items()


@given(FACTS)
def test_the_same_facts_have_the_same_text_whatever_their_order(facts: dict[str, object]) -> None:
    assert as_text(dict(reversed(facts.items()))) == as_text(facts)
