"""Is there a cover page, and which: the four behaviours against every wish, as a table."""

import pytest

from gateway.domain.cover_rules import NOT_HONOURED, CoverChoice, choose_cover
from gateway.domain.errors import BadDirectiveError

DEFAULT, NONE, NAMED = CoverChoice("builtin"), CoverChoice(""), CoverChoice("Blue")
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
    assert choose_cover(behavior, "builtin", wish, has_body_text=True) == choice


@pytest.mark.parametrize("has_body_text", [True, False])
def test_a_level_that_always_sends_a_cover_refuses_to_leave_it_out(has_body_text: bool) -> None:
    with pytest.raises(BadDirectiveError, match="NoCover"):
        choose_cover("automatic", "builtin", "off", has_body_text)


@pytest.mark.parametrize("wish", [None, "on", "Blue", "off"])
def test_with_body_text_there_is_no_cover_without_a_body(wish: str | None) -> None:
    assert choose_cover("with-body-text", "builtin", wish, has_body_text=False) == NONE


@pytest.mark.parametrize("behavior", ["automatic", "on-demand", "none"])
def test_elsewhere_the_body_does_not_matter(behavior: str) -> None:
    with_body = choose_cover(behavior, "builtin", "on", has_body_text=True)

    assert choose_cover(behavior, "builtin", "on", has_body_text=False) == with_body
