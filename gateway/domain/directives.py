"""Directives in a subject: `%{Name}` and `%{Name:value}`, read and taken out before anything is printed.

What lives here: the tokens, their meaning and their conflicts. What does not: parameters of the address (`addresses`)
and the level's rules that decide whether a token is honoured (`cover_rules`). Other products' styles are plain text.
"""

import re
from dataclasses import dataclass

from gateway.domain.errors import BadDirectiveError

_TOKEN = re.compile(r"%\{([^{}]*)\}")
KNOWN = ("Cover", "NoCover", "Ref", "Fine", "Normal", "Priority")
MAX_VALUE = 64


@dataclass(frozen=True, slots=True)
class Directives:
    """What the subject asks of all recipients. `subject` is what is left of it.

    `cover` is None when nothing was said, "on", "off" or a cover's name. `resolution` is "" or a setting's value.
    `priority` is 0 (first) to 9 (last), None when not given.
    """

    subject: str = ""
    cover: str | None = None
    reference: str = ""
    resolution: str = ""
    priority: int | None = None


def parse_subject(text: str) -> Directives:
    """Read the tokens of a subject.

    Raises:
        BadDirectiveError: an unknown or misspelt token, a bad value, or two tokens that disagree; names the token.
    """
    found: dict[str, str | int] = {}
    for match in _TOKEN.finditer(text):
        for field, value in _read(match.group(1)).items():
            if found.setdefault(field, value) != value:
                raise BadDirectiveError(f"the subject's directives disagree on {field}: give one of them")
    if "%{" in _TOKEN.sub("", text):
        raise BadDirectiveError("a directive in the subject begins with %{ and is not closed by }")
    rest = " ".join(_TOKEN.sub(" ", text).split())
    return Directives(subject=rest, **found)  # type: ignore[arg-type]  # each field's type is set in _read


def _read(token: str) -> dict[str, str | int]:
    name, _, value = token.partition(":")
    value = value.strip()
    if len(value) > MAX_VALUE:
        raise BadDirectiveError(f"the value of %{{{name.strip()[:20]}}} is longer than {MAX_VALUE} characters")
    match name.strip().lower(), value:
        case "cover", _:
            return {"cover": value or "on"}
        case "nocover", "":
            return {"cover": "off"}
        case "ref", _ if value:
            return {"reference": value}
        case "fine", "":
            return {"resolution": "fine"}
        case "normal", "":
            return {"resolution": "standard"}
        case "priority", _ if re.fullmatch(r"[0-9]", value, re.ASCII):
            return {"priority": int(value)}
    shown = ascii(token)[1:-1][:30]
    known = ", ".join(f"%{{{known}}}" for known in KNOWN)
    raise BadDirectiveError(f"unknown directive %{{{shown}}} in the subject; known are {known}")
