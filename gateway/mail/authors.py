"""The addresses of a From, To or Cc field, read strictly (RFC 5322 3.4).

What lives here: a reader that either understands the whole field or says that it does not. What does not: any
repair. Two programs that read a sloppy From differently are how a forged author gets through.
"""

import re

from gateway.domain.mail_names import ascii_address

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<quoted>"(?:[^"\\\r\n\x00]|\\[^\r\n\x00])*")
  | (?P<special>[<>@,:;.])
  | (?P<atom>[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010ffff]+)
    """,
    re.VERBOSE,
)
_ADDRESS = re.compile(
    r"[^\s()<>\[\]:;@\\,.\"\x00-\x1f\x7f]+(?:\.[^\s()<>\[\]:;@\\,.\"\x00-\x1f\x7f]+)*"
    r"@[^\s()<>\[\]:;@\\,.\"\x00-\x1f\x7f]+(?:\.[^\s()<>\[\]:;@\\,.\"\x00-\x1f\x7f]+)*"
)
# One address and nothing else, as most fields have it: the long way says the same of it.
_LABELS = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*"
_PLAIN = re.compile(rf"<({_LABELS}@{_LABELS})>|({_LABELS}@{_LABELS})")
_OUTSIDE = re.compile(r'"(?:[^"\\]|\\.)*"|[^"()]+|.', re.DOTALL)
_IN_COMMENT = re.compile(r"\\.|[^\\()]+|.", re.DOTALL)
MAX_DEPTH = 20  # of comments in comments

Token = tuple[str, str]


class _UnclearError(Exception):
    """The field does not follow the grammar."""


def authors_of(field: str) -> tuple[str, ...]:
    """The addresses of a field in lower case, domains in ASCII; empty when it has none, is malformed, or a group."""
    plain = _PLAIN.fullmatch(field)
    if plain is not None:
        return ((plain[1] or plain[2]).lower(),)
    try:
        return tuple(_mailbox(part) for part in _split(_tokens(_without_comments(field))))
    except _UnclearError:
        return ()


def _without_comments(field: str) -> str:
    """Comments become blanks. In a comment a quotation mark means nothing, in quotation marks a parenthesis neither."""
    kept: list[str] = []
    depth = position = 0
    while position < len(field):
        match = (_IN_COMMENT if depth else _OUTSIDE).match(field, position)
        assert match is not None  # both patterns end in any one character
        position = match.end()
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not 0 <= depth <= MAX_DEPTH:
            raise _UnclearError
        if not depth:
            kept.append(" " if match[0] == ")" else match[0])
    if depth:
        raise _UnclearError
    return "".join(kept)


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _UnclearError
        tokens.append((str(match.lastgroup), match[0]))
        position = match.end()
    return tokens


def _split(tokens: list[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token == ("special", ","):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _mailbox(tokens: list[Token]) -> str:
    """`phrase <address>` or a bare address; blanks may stand around them, never inside an address."""
    while tokens and tokens[-1][0] == "space":
        tokens = tokens[:-1]
    while tokens and tokens[0][0] == "space":
        tokens = tokens[1:]
    if tokens and tokens[-1] == ("special", ">"):
        tokens = _in_brackets(tokens)
    return _address(tokens)


def _in_brackets(tokens: list[Token]) -> list[Token]:
    opening = tokens.index(("special", "<")) if ("special", "<") in tokens else len(tokens)
    for kind, text in tokens[:opening]:
        if kind == "special" and text != ".":  # a dot as in "John Q. Public" is obs-phrase, and harmless
            raise _UnclearError
    return tokens[opening + 1 : -1]


def _address(tokens: list[Token]) -> str:
    """A dot-atom on both sides of one @; quoted local parts are legal and no registered address has one."""
    text = "".join(text for _kind, text in tokens)
    if any(kind in ("space", "quoted") for kind, _text in tokens) or not _ADDRESS.fullmatch(text):
        raise _UnclearError
    lower = text.lower()
    # No octets of an unknown charset, nothing invisible; and the Kelvin sign is no K, though its small letter is one.
    if not text.isascii() and (not text.isprintable() or _ascii(lower) != _ascii(text)):
        raise _UnclearError
    return ascii_address(lower)


def _ascii(text: str) -> str:
    return "".join(sign for sign in text if sign.isascii()).lower()
