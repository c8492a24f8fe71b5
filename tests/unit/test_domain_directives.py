"""Directives in a subject: read, taken out, or refused; never printed, never guessed."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.directives import KNOWN, Directives, parse_subject
from gateway.domain.errors import BadDirectiveError


@pytest.mark.parametrize(
    ("subject", "directives"),
    [
        ("", Directives()),
        ("Lease, signed", Directives(subject="Lease, signed")),
        ("%{Cover} Lease", Directives(subject="Lease", cover="on")),
        ("Lease %{cover:Blue Letter}", Directives(subject="Lease", cover="Blue Letter")),
        ("Le%{NoCover}ase", Directives(subject="Le ase", cover="off")),
        ("%{NOCOVER}%{Fine}", Directives(cover="off", resolution="fine")),
        ("%{ Normal } a", Directives(subject="a", resolution="standard")),
        ("%{Ref: 4711/b } a", Directives(subject="a", reference="4711/b")),
        ("%{Ref:a:b}", Directives(reference="a:b")),
        ("%{Priority:0}", Directives(priority=0)),
        ("%{Cover}%{Cover}", Directives(cover="on")),
        ("  a \t b  ", Directives(subject="a b")),
    ],
)
def test_tokens_are_read_and_taken_out(subject: str, directives: Directives) -> None:
    assert parse_subject(subject) == directives


@pytest.mark.parametrize(
    "subject", ["{x}", "::c=none", "<CODE:1>", "^NOCOVER", "/cover=x", "@+TO", "100 % {sic}", "%x"]
)
def test_other_products_styles_are_plain_text(subject: str) -> None:
    assert parse_subject(subject) == Directives(subject=subject)


@pytest.mark.parametrize(
    "token",
    [
        "Covr",
        "",
        "NoCover:yes",
        "Fine:1",
        "Ref",
        "Ref:",
        "Priority",
        "Priority:10",
        "Priority:x",
        "Priority:٣",
        "Preview:1",
    ],
)
def test_unknown_token_or_value_is_refused_and_named(token: str) -> None:
    with pytest.raises(BadDirectiveError, match=r"%\{") as caught:
        parse_subject(f"a %{{{token}}} b")

    assert caught.value.reply.enhanced == "5.5.4"
    assert str(caught.value.reply).isascii()


@pytest.mark.parametrize(
    "subject", ["%{Cover}%{NoCover}", "%{Cover:a}%{Cover:b}", "%{Fine} %{Normal}", "%{Ref:1}%{Ref:2}"]
)
def test_tokens_that_disagree_are_refused(subject: str) -> None:
    with pytest.raises(BadDirectiveError, match="disagree"):
        parse_subject(subject)


@pytest.mark.parametrize("subject", ["%{Cover", "a %{Cover b", "%{Cover}%{", "%{a{b}}"])
def test_a_token_that_is_not_closed_is_refused(subject: str) -> None:
    with pytest.raises(BadDirectiveError, match="not closed"):
        parse_subject(subject)


def test_a_value_is_at_most_64_characters() -> None:
    assert parse_subject(f"%{{Ref:{'x' * 64}}}").reference == "x" * 64
    with pytest.raises(BadDirectiveError, match="longer than 64"):
        parse_subject(f"%{{Ref:{'x' * 65}}}")


def test_the_refusal_lists_what_is_known() -> None:
    with pytest.raises(BadDirectiveError) as caught:
        parse_subject("%{Kover}")

    assert "%{Kover}" in caught.value.text
    assert all(f"%{{{name}}}" in caught.value.text for name in KNOWN)


@given(st.text())
def test_any_subject_is_read_or_refused_and_no_token_is_left(subject: str) -> None:
    with suppress(BadDirectiveError):
        assert "%{" not in parse_subject(subject).subject
        return
    with pytest.raises(BadDirectiveError) as caught:
        parse_subject(subject)
    assert str(caught.value.reply).isascii()


@given(st.text(st.characters(exclude_characters="%{}")))
def test_a_subject_without_tokens_keeps_its_words(subject: str) -> None:
    assert parse_subject(subject) == Directives(subject=" ".join(subject.split()))
