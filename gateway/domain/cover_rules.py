"""Is there a cover page, and which: the level's behaviour, the address, the subject and the body decide.

What lives here: the table of the four behaviours, and what a cover may be called. What does not: templates
(`coverpages`), which covers there are (`gateway.covers`), reading tokens (`directives`, `addresses`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.domain.errors import BadDirectiveError, UsageError

MAX_NAME = 40
# What covers were called before; settings and mails may still say so.
FORMER_NAMES: Mapping[str, str] = MappingProxyType({"builtin": "plain"})


@dataclass(frozen=True, slots=True)
class CoverRule:
    """What holds for a user: the settings `cover.behavior` and `cover.default`, and two exceptions.

    `may_leave_out`: %{NoCover} is honoured where a cover is automatic. `token_overrides`: a cover that is asked for
    is sent where covers are switched off.
    """

    behavior: str
    default: str
    may_leave_out: bool = False
    token_overrides: bool = False

    def named(self, wish: str | None) -> str:
        """The cover that a wish comes to, if one comes at all."""
        return self.default if wish in (None, "on", "off") else str(wish)


@dataclass(frozen=True, slots=True)
class CoverChoice:
    """The cover to fill, empty for none; `note` tells the sender when a wish was not honoured."""

    name: str
    note: str = ""


NOT_HONOURED = "the cover page that was asked for was left out: covers are switched off for you"


def choose_cover(rule: CoverRule, wish: str | None, has_body_text: bool) -> CoverChoice:
    """Decide on the cover.

    Args:
        rule: what holds for the sender.
        wish: None for none, "on", "off" or a cover's name; from the address, else from the subject.
        has_body_text: whether the mail has a body worth printing.

    Raises:
        BadDirectiveError: `off` is wished for where the level always sends a cover.
    """
    if rule.behavior == "automatic" and wish == "off" and not rule.may_leave_out:
        raise BadDirectiveError("a cover page is always sent for you: leave out %{NoCover} and cp=off")
    if rule.behavior == "none" and not (rule.token_overrides and wish not in (None, "off")):
        return CoverChoice("", NOT_HONOURED if wish not in (None, "off") else "")
    if wish == "off" or (wish is None and rule.behavior == "on-demand"):
        return CoverChoice("")
    if rule.behavior == "with-body-text" and not has_body_text:
        return CoverChoice("")
    return CoverChoice(rule.named(wish))


def checked_cover_name(name: str) -> str:
    """A cover's name, trimmed: what a subject and an address can say.

    Raises:
        UsageError: says what it may be.
    """
    trimmed = " ".join(name.split())
    plain = trimmed.replace("-", "").replace(" ", "").replace(".", "")
    if not plain.isalnum() or len(trimmed) > MAX_NAME or trimmed.casefold() in ("on", "off"):
        allowed = f"1 to {MAX_NAME} letters, digits, spaces, dots and hyphens, and not on or off"
        raise UsageError(f"a cover page's name has {allowed}; not {name!r}")
    return trimmed


def cover_key(name: str) -> str:
    """What covers are told apart by: case does not matter, and an address writes spaces as underscores."""
    key = " ".join(name.replace("_", " ").split()).casefold()
    return FORMER_NAMES.get(key, key)
