"""The Authentication-Results field: ours written, and those of others that claim to be ours taken out (RFC 8601).

What lives here: its syntax, in both directions, for values that strangers chose. What does not: the findings
themselves, and where a header block is kept.
"""

import re
from collections.abc import Iterator

from gateway.domain.evidence import DkimFinding, Evidence, SpfFinding
from gateway.domain.submission import Envelope
from gateway.mail.proof.dns import ascii_name

_NAME = "Authentication-Results"
_WIDTH = 78
_LONGEST_VALUE = 255
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+(?:@[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+)?")
_UNPRINTABLE = re.compile(r"[^ -~]")
_NEXT_FIELD = re.compile(rb"(?<=\r\n)(?![ \t])")
_OURS = re.compile(rb"authentication-results[ \t]*:(.*)", re.DOTALL | re.IGNORECASE)
_PART = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<quoted>"(?:[^"\\]|\\.)*")
  | (?P<word>[^ \t\r\n"();\\]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"\\.|[^\\()]+|[()]", re.DOTALL)


def authentication_results(authserv_id: str, evidence: Evidence, envelope: Envelope) -> str:
    """The field that tells what was found, folded at 78 octets, with its final CRLF.

    Values are the sender's: what is not printable becomes a question mark, what is no token is quoted.
    """
    results = list(_results(evidence, envelope)) or [["none"]]
    lines = [f"{_NAME}: {_value(authserv_id)}"]
    for result in results:
        lines[-1] += ";"
        _fold(lines, result)
    return "\r\n".join(lines) + "\r\n"


def without_foreign_results(block: bytes, authserv_id: str) -> bytes:
    """A header block without the Authentication-Results fields that bear our name (RFC 8601 5).

    One that names nobody in a readable way goes too: another reader may see our name in it.
    """
    own = _comparable(authserv_id)
    return b"".join(field for field in _NEXT_FIELD.split(block) if not _claims(field, own))


def _results(evidence: Evidence, envelope: Envelope) -> Iterator[list[str]]:
    """Each result in its words, between which a line may be folded."""
    if evidence.authenticated_as:
        yield ["auth=pass", f"smtp.auth={_value(evidence.authenticated_as)}"]
    if evidence.spf is not None:
        yield _spf(evidence.spf, envelope)
    for finding in evidence.dkim:
        yield _dkim(finding)


def _spf(finding: SpfFinding, envelope: Envelope) -> list[str]:
    if finding.scope == "helo":
        return [f"spf={finding.result}", *_reason(finding.reason), f"smtp.helo={_value(finding.domain)}"]
    return [f"spf={finding.result}", *_reason(finding.reason), f"smtp.mailfrom={_value(envelope.mail_from)}"]


def _dkim(finding: DkimFinding) -> list[str]:
    words = {"header.d": finding.domain, "header.s": finding.selector, "header.a": finding.algorithm}
    known = [f"{name}={_value(value)}" for name, value in words.items() if value]
    return [f"dkim={finding.result}", *_reason(finding.reason), *known]


def _reason(text: str) -> list[str]:
    return [f"reason={_quoted(text)}"] if text else []


def _value(text: str) -> str:
    """A token or an address as it is, all else as a quoted string (pvalue of RFC 8601 2.2)."""
    return text if len(text) <= _LONGEST_VALUE and _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    shown = _UNPRINTABLE.sub("?", text[:_LONGEST_VALUE])
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fold(lines: list[str], words: list[str]) -> None:
    """Add a result on a line of its own, and break that where it grows too long."""
    lines.append("")
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) >= _WIDTH:
            lines.append("")
        lines[-1] += " " + word


def _claims(field: bytes, own: str) -> bool:
    match = _OURS.fullmatch(field)
    if match is None:
        return False
    name = _authserv_id(match[1].decode("utf-8", "surrogateescape"))
    return name is None or _comparable(name) == own


def _comparable(name: str) -> str:
    """A name without regard to case, a final dot or the script its letters are written in."""
    return ascii_name(name) or name.lower()


def _authserv_id(value: str) -> str | None:
    """The id that a field begins with; None when it cannot be told (RFC 8601 2.2).

    Comments and blanks may stand around it; a version may follow.
    """
    position, name = 0, ""
    while position < len(value) and value[position] != ";":
        if value[position] == "(":
            position = _behind_comment(value, position)
            if name:
                break
            continue
        match = _PART.match(value, position)
        if match is None:
            return None
        position = match.end()
        if match.lastgroup == "space":
            if name:
                break
            continue
        name += _unquoted(match[0])
    return name or None


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL) if word.startswith('"') else word


def _behind_comment(value: str, start: int) -> int:
    """The offset behind the comment that begins at `start`; that of the end when it is never closed."""
    depth, position = 0, start
    while position < len(value):
        match = _COMMENT.match(value, position)
        if match is None:  # a backslash at the very end
            return len(value)
        position = match.end()
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return position
    return len(value)
