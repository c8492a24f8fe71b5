"""Directives in a subject: `%{Name}` and `%{Name:value}`, read and taken out before anything is printed.

What lives here: the tokens, their meaning and their conflicts, and the same as header fields (`X-Fax-*`). What does
not: parameters of the address (`addresses`), the level's rules that decide whether a token is honoured
(`cover_rules`), what comes of times (`schedule`). Other products' styles are plain text; bodies are never read.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from gateway.domain.errors import BadDirectiveError
from gateway.domain.schedule import FORMS, When, read_when

KNOWN = ("Cover", "NoCover", "Ref", "Fine", "Normal", "At", "Expire", "Priority", "Bill", "Preview")
KNOWN_FIELDS = (
    "X-Fax-Cover", "X-Fax-Reference", "X-Fax-Resolution", "X-Fax-Priority", "X-Fax-At", "X-Fax-Expire",
    "X-Fax-Billing-Code", "X-Fax-Preview",
)  # fmt: skip
MAX_VALUE = 64
MAX_SUBJECT = 998  # characters that are kept of what is left
_TOKEN = re.compile(r"%\{([^{}]*)\}")
_PRIORITIES = MappingProxyType({"high": 2, "normal": 5, "low": 8} | {str(digit): digit for digit in range(10)})
_YES, _NO = ("yes", "on", "true", "1"), ("no", "off", "false", "0")

Value = str | int | bool | When
FaxFields = tuple[tuple[str, str], ...]  # names and values, in the header's order among those of one name


@dataclass(frozen=True, slots=True)
class Directives:
    """What a mail asks for all its recipients. `subject` is what is left of the subject.

    `cover` is None when nothing was said, "on", "off" or a cover's name. `resolution` is "" or a setting's value.
    `priority` is 0 (first) to 9 (last), None when not given.
    """

    subject: str = ""
    cover: str | None = None
    reference: str = ""
    resolution: str = ""
    priority: int | None = None
    at: When | None = None
    expire: When | None = None
    billing_code: str = ""
    preview: bool | None = None

    def over(self, weaker: "Directives") -> "Directives":
        """These, and where they say nothing the weaker ones."""
        if weaker == Directives():
            return self
        silent = {one.name for one in fields(self) if getattr(self, one.name) in (None, "")} - {"subject"}
        return replace(self, **{name: getattr(weaker, name) for name in silent})


def parse_subject(text: str) -> Directives:
    """Read the tokens of a subject.

    Raises:
        BadDirectiveError: an unknown or misspelt token, a bad value, or two tokens that disagree; names the token.
    """
    if "%{" not in text:
        return Directives(subject=" ".join(text.split())[:MAX_SUBJECT])
    found = _agreed((f"%{{{_shown(match[1])}}}", _read_token(match[1])) for match in _TOKEN.finditer(text))
    if "%{" in _TOKEN.sub("", text):
        raise BadDirectiveError("a directive in the subject begins with %{ and is not closed by }, or holds another")
    rest = " ".join(_TOKEN.sub(" ", text).split())
    return Directives(subject=rest[:MAX_SUBJECT], **found)


def trusted_fields(given: FaxFields, *, authenticated: bool, signed: Sequence[str]) -> FaxFields:
    """The fields that count: all of a sender who signed in, else those inside the author's own signature.

    Args:
        given: the X-Fax-* fields of the header.
        authenticated: whether the mail came over SMTP AUTH.
        signed: the h= of a passing, aligned DKIM signature, in lower case. A name that stands there k times covers
            the last k fields of that name (RFC 6376 5.4.2); what was put above them since does not count.
    """
    if authenticated or not given:
        return given
    covered = Counter(signed)
    kept: list[tuple[str, str]] = []
    for name, value in reversed(given):
        if covered[name.lower()] > 0:
            covered[name.lower()] -= 1
            kept.append((name, value))
    return tuple(reversed(kept))


def parse_fields(trusted: FaxFields) -> Directives:
    """Read X-Fax-* fields, of which the sender is sure.

    Raises:
        BadDirectiveError: an unknown name, a bad value, or two that disagree; names the field.
    """
    return Directives(**_agreed((f"{name}: {_shown(value)}", _read_field(name, value)) for name, value in trusted))


def _agreed(readings: Iterable[tuple[str, Mapping[str, Value]]]) -> dict[str, Any]:
    """All that was read, each with what it was written as; what says the same twice says it once."""
    found: dict[str, tuple[str, Value]] = {}
    for written, reading in readings:
        for field, value in reading.items():
            first, before = found.setdefault(field, (written, value))
            if before != value:
                words = "disagree: give one of them"
                raise BadDirectiveError(f"{first} and {written} {words}", plain=f"two directives {words}")
    return {field: value for field, (_, value) in found.items()}


def _read_token(token: str) -> Mapping[str, Value]:
    name, _, value = token.partition(":")
    key = name.strip().lower()
    if key not in _TOKENS:
        known = ", ".join(f"%{{{known}}}" for known in KNOWN)
        words = f"in the subject; known are {known}"
        raise BadDirectiveError(
            f"unknown directive %{{{_shown(token)}}} {words}", plain=f"an unknown directive stands {words}"
        )
    return _read(_TOKENS[key], f"%{{{name.strip()}}}", value)


def _read_field(name: str, value: str) -> Mapping[str, Value]:
    key = name.lower()
    if key not in _FIELDS:
        words = f"in the header; known are {', '.join(KNOWN_FIELDS)}"
        raise BadDirectiveError(
            f"unknown directive {_shown(name)} {words}", plain=f"an unknown directive stands {words}"
        )
    return _read(_FIELDS[key], name, value)


def _read(reader: Callable[[str], Mapping[str, Value]], label: str, value: str) -> Mapping[str, Value]:
    value = " ".join(value.split())
    if len(value) > MAX_VALUE:
        raise BadDirectiveError(f"the value of {label} is longer than {MAX_VALUE} characters")
    try:
        return reader(value)
    except _WrongValueError as error:
        plain = f"{label} {error}"
        raise BadDirectiveError(f"{plain}; not '{_shown(value)}'" if value else plain, plain=plain) from None


class _WrongValueError(Exception):
    """A value that the directive does not take; the text says what it takes."""


def _without_value(field: str, meaning: Value) -> Callable[[str], Mapping[str, Value]]:
    def read(value: str) -> Mapping[str, Value]:
        if value:
            raise _WrongValueError("takes no value")
        return {field: meaning}

    return read


def _text(field: str) -> Callable[[str], Mapping[str, Value]]:
    def read(value: str) -> Mapping[str, Value]:
        if not value:
            raise _WrongValueError("needs a value")
        return {field: value}

    return read


def _time(field: str) -> Callable[[str], Mapping[str, Value]]:
    def read(value: str) -> Mapping[str, Value]:
        when = read_when(value)
        if when is None:
            raise _WrongValueError(f"takes a time, as {FORMS}")
        return {field: when}

    return read


def _cover(value: str) -> Mapping[str, Value]:
    return {"cover": value.lower() if value.lower() in ("on", "off") else value or "on"}


def _cover_field(value: str) -> Mapping[str, Value]:
    if value.lower() in _YES:
        return {"cover": "on"}
    return {"cover": "off"} if value.lower() in _NO else _cover(value)


def _priority(value: str) -> Mapping[str, Value]:
    if value.lower() not in _PRIORITIES:
        raise _WrongValueError("takes 0 (first) to 9 (last), high, normal or low")
    return {"priority": _PRIORITIES[value.lower()]}


def _resolution(value: str) -> Mapping[str, Value]:
    known = {"fine": "fine", "normal": "standard", "standard": "standard"}
    if value.lower() not in known:
        raise _WrongValueError("takes fine or normal")
    return {"resolution": known[value.lower()]}


def _preview(value: str) -> Mapping[str, Value]:
    if value.lower() not in _YES + _NO:
        raise _WrongValueError("takes yes or no")
    return {"preview": value.lower() in _YES}


def _shown(text: str) -> str:
    return ascii(text)[1:-1][:30]


_TOKENS: Mapping[str, Callable[[str], Mapping[str, Value]]] = MappingProxyType(
    {
        "cover": _cover,
        "nocover": _without_value("cover", "off"),
        "ref": _text("reference"),
        "fine": _without_value("resolution", "fine"),
        "normal": _without_value("resolution", "standard"),
        "at": _time("at"),
        "expire": _time("expire"),
        "priority": _priority,
        "bill": _text("billing_code"),
        "preview": _without_value("preview", True),
    }
)
_FIELDS: Mapping[str, Callable[[str], Mapping[str, Value]]] = MappingProxyType(
    {
        "x-fax-cover": _cover_field,
        "x-fax-reference": _text("reference"),
        "x-fax-resolution": _resolution,
        "x-fax-priority": _priority,
        "x-fax-at": _time("at"),
        "x-fax-expire": _time("expire"),
        "x-fax-billing-code": _text("billing_code"),
        "x-fax-preview": _preview,
    }
)
