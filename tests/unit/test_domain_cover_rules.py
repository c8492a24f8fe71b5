"""Is there a cover page, and which: the four behaviours against every wish, as a table."""

import pytest

from gateway.domain.cover_rules import NOT_HONOURED, CoverChoice, CoverRule, checked_cover_name, choose_cover, cover_key
from gateway.domain.errors import BadDirectiveError, UsageError

DEFAULT, NONE, NAMED = CoverChoice("plain"), CoverChoice(""), CoverChoice("Blue")
LEFT_OUT = CoverChoice("", NOT_HONOURED)


@pytest.mark.parametrize(
    ("behavior", "wish", "choice"),
    [
        ("automatic", None, DEFAULT),
        ("automatic", "on", DEFAULT),
        ("automatic", "Blue", NAMED),
        ("on-demand", None, NONE),
        ("on-demand", "on", DEFAULT),
        ("on-demand", "Blue", NAMED),
        ("on-demand", "off", NONE),
        ("with-body-text", None, DEFAULT),
        ("with-body-text", "on", DEFAULT),
        ("with-body-text", "Blue", NAMED),
        ("with-body-text", "off", NONE),
        ("none", None, NONE),
        ("none", "off", NONE),
        ("none", "on", LEFT_OUT),
        ("none", "Blue", LEFT_OUT),
    ],
)
def test_behavior_and_wish_decide(behavior: str, wish: str | None, choice: CoverChoice) -> None:
    assert choose_cover(CoverRule(behavior, "plain"), wish, has_body_text=True) == choice


@pytest.mark.parametrize("has_body_text", [True, False])
def test_a_level_that_always_sends_a_cover_refuses_to_leave_it_out(has_body_text: bool) -> None:
    with pytest.raises(BadDirectiveError, match="NoCover"):
        choose_cover(CoverRule("automatic", "plain"), "off", has_body_text)


@pytest.mark.parametrize("wish", [None, "on", "Blue", "off"])
def test_with_body_text_there_is_no_cover_without_a_body(wish: str | None) -> None:
    assert choose_cover(CoverRule("with-body-text", "plain"), wish, has_body_text=False) == NONE


@pytest.mark.parametrize("behavior", ["automatic", "on-demand", "none"])
def test_elsewhere_the_body_does_not_matter(behavior: str) -> None:
    rule = CoverRule(behavior, "plain")

    assert choose_cover(rule, "on", has_body_text=False) == choose_cover(rule, "on", has_body_text=True)


@pytest.mark.parametrize("has_body_text", [True, False])
def test_a_level_may_let_an_automatic_cover_be_left_out(has_body_text: bool) -> None:
    rule = CoverRule("automatic", "plain", may_leave_out=True)

    assert choose_cover(rule, "off", has_body_text) == NONE
    assert choose_cover(rule, None, has_body_text) == DEFAULT


@pytest.mark.parametrize(("wish", "choice"), [(None, NONE), ("off", NONE), ("on", DEFAULT), ("Blue", NAMED)])
def test_a_level_may_let_a_token_bring_a_cover_where_they_are_switched_off(wish: str, choice: CoverChoice) -> None:
    rule = CoverRule("none", "plain", token_overrides=True)

    assert choose_cover(rule, wish, has_body_text=True) == choice


@pytest.mark.parametrize(("wish", "named"), [(None, "plain"), ("on", "plain"), ("off", "plain"), ("Blue", "Blue")])
def test_a_wish_comes_to_one_cover(wish: str, named: str) -> None:
    assert CoverRule("on-demand", "plain").named(wish) == named


@pytest.mark.parametrize(
    ("one", "other"),
    [("Gala Blue", "gala blue"), ("GALA_blue", "Gala  Blue"), ("builtin", "Plain"), ("Straße", "STRASSE")],
)
def test_names_that_mean_the_same_cover(one: str, other: str) -> None:
    assert cover_key(one) == cover_key(other)


def test_names_that_mean_different_covers() -> None:
    assert len({cover_key(name) for name in ("gala", "gala 2", "gala-2", "plain")}) == 4


@pytest.mark.parametrize("name", ["gala", "  Gala   Blue ", "Form 12-b", "v1.2", "営業部", "é"])
def test_a_cover_may_be_called_so(name: str) -> None:
    assert checked_cover_name(name) == " ".join(name.split())


@pytest.mark.parametrize("name", ["", " ", "on", "OFF", "a/b", "a_b", "a{b}", "a:b", "x" * 41, "a\nb\x00", "..", "%"])
def test_a_cover_may_not_be_called_what_no_token_can_say(name: str) -> None:
    with pytest.raises(UsageError, match="1 to 40 letters"):
        checked_cover_name(name)
