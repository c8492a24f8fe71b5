"""Is there a cover page, and which: the level's behaviour, the address, the subject and the body decide.

What lives here: the table of the four behaviours. What does not: templates (`coverpages`), reading tokens
(`directives`, `addresses`).
"""

from dataclasses import dataclass

from gateway.domain.errors import BadDirectiveError


@dataclass(frozen=True, slots=True)
class CoverChoice:
    """The cover to fill, empty for none; `note` tells the sender when a wish was not honoured."""

    name: str
    note: str = ""


NOT_HONOURED = "the cover page that was asked for was left out: covers are switched off for you"


def choose_cover(behavior: str, default: str, wish: str | None, has_body_text: bool) -> CoverChoice:
    """Decide on the cover.

    Args:
        behavior: the setting `cover.behavior`.
        default: the setting `cover.default`.
        wish: None for none, "on", "off" or a cover's name; from the address, else from the subject.
        has_body_text: whether the mail has a body worth printing.

    Raises:
        BadDirectiveError: `off` is wished for where the level always sends a cover.
    """
    named = default if wish in (None, "on") else str(wish)
    if behavior == "automatic" and wish == "off":
        raise BadDirectiveError("a cover page is always sent for you: leave out %{NoCover} and cp=off")
    if behavior == "none":
        return CoverChoice("", NOT_HONOURED if wish not in (None, "off") else "")
    if wish == "off" or (wish is None and behavior == "on-demand"):
        return CoverChoice("")
    if behavior == "with-body-text" and not has_body_text:
        return CoverChoice("")
    return CoverChoice(named)
