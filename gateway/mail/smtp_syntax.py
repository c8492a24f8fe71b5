"""The arguments of MAIL and RCPT, read strictly (RFC 5321 4.1.2, RFC 6531 3.3).

What lives here: the grammar, and the parameters that we offer (SIZE, BODY, SMTPUTF8, AUTH). What does not: fax
addresses (`gateway.domain.addresses`). aiosmtpd reads addresses with the parser of mail headers, which takes comments,
encoded words and unclosed brackets; a look-alike of a permitted address must not get through that way.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from gateway.domain.errors import GatewayError, SmtpReply

MAX_ADDRESS = 512  # octets; a fax address with parameters is longer than the 256 that RFC 5321 4.5.3.1.3 demands
_ATEXT = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010ffff]"
_LOCAL = rf'(?:{_ATEXT}+(?:\.{_ATEXT}+)*|"(?:[\x20-\x21\x23-\x5b\x5d-\x7e\u0080-\U0010ffff]|\\[\x20-\x7e])*")'
_LABEL = r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\-\u0080-\U0010ffff]*[A-Za-z0-9\u0080-\U0010ffff])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[(?P<literal>[0-9A-Fa-f:.IPv]+)\])"
_MAILBOX = re.compile(rf"{_LOCAL}@{_DOMAIN}")
_PATH = re.compile(r'<(?P<path>(?:"(?:[^"\\]|\\.)*+"|[^<>"]++)*+)>(?P<rest>.*)')
_PARAMETER = re.compile(r"(?P<key>[A-Za-z0-9][A-Za-z0-9\-]*)(?:=(?P<value>[\x21-\x3c\x3e-\x7e]+))?")
_XTEXT = re.compile(r"<>|(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})+")


class SyntaxRefusedError(GatewayError):
    """A command that does not follow the grammar; the session goes on."""


@dataclass(frozen=True, slots=True)
class MailArgument:
    """What MAIL says. `address` is empty for the null sender; `size` is in octets, 0 when not declared."""

    address: str
    size: int = 0
    smtputf8: bool = False


def refuse(code: int, enhanced: str, text: str) -> SyntaxRefusedError:
    """The error that carries this reply."""
    return SyntaxRefusedError(text, reply=SmtpReply(code, enhanced, text))


def parse_mail(argument: str, extended: bool = True) -> MailArgument:
    """Read `FROM:<path> [parameters]`; `extended` is true after EHLO.

    Raises:
        SyntaxRefusedError: with the reply to give.
    """
    path, rest = _path(argument, "FROM:", "MAIL FROM:<address>")
    given = _parameters(rest, {"SIZE", "BODY", "SMTPUTF8", "AUTH"} if extended else set())
    utf8 = "SMTPUTF8" in given
    if utf8 and given["SMTPUTF8"]:
        raise refuse(501, "5.5.4", "SMTPUTF8 takes no value")
    if given.get("BODY", "7BIT").upper() not in ("7BIT", "8BITMIME"):
        raise refuse(501, "5.5.4", "BODY is 7BIT or 8BITMIME")
    if "AUTH" in given and not _XTEXT.fullmatch(given["AUTH"]):
        raise refuse(501, "5.5.4", "AUTH takes an address in xtext or <>")
    address = _mailbox(path, utf8, "5.1.7") if path else ""
    return MailArgument(address, _size(given.get("SIZE")), utf8)


def parse_rcpt(argument: str, smtputf8: bool = False) -> str:
    """Read `TO:<path>`: the address, or `postmaster` alone (RFC 5321 4.5.1).

    Raises:
        SyntaxRefusedError: with the reply to give.
    """
    path, rest = _path(argument, "TO:", "RCPT TO:<address>")
    _parameters(rest, set())
    if path.lower() == "postmaster":
        return "postmaster"
    return _mailbox(path, smtputf8, "5.1.3")


def _path(argument: str, keyword: str, form: str) -> tuple[str, str]:
    if argument[: len(keyword)].upper() != keyword:
        raise refuse(501, "5.5.4", f"write {form}")
    match = _PATH.fullmatch(argument[len(keyword) :].lstrip(" "))  # a space here is common among devices
    if match is None:
        raise refuse(501, "5.5.4", f"write {form}, in angle brackets")
    rest = match["rest"]
    if rest and not rest.startswith(" "):
        raise refuse(501, "5.5.4", f"write {form}; a space comes before parameters")
    return match["path"], rest


def _mailbox(path: str, utf8: bool, enhanced: str) -> str:
    if len(path.encode("utf-8", "surrogateescape")) > MAX_ADDRESS:
        raise refuse(501, enhanced, f"the address is longer than {MAX_ADDRESS} octets")
    if not path.isascii() and not utf8:
        raise refuse(553, "5.6.7", "an address with letters beyond ASCII needs SMTPUTF8 (RFC 6531)")
    match = _MAILBOX.fullmatch(path)
    if match is None or _has_surrogate(path) or not _literal_is_good(match["literal"]):
        raise refuse(553 if "@" in path else 501, enhanced, "the address is malformed: write name@domain")
    return path


def _has_surrogate(text: str) -> bool:
    """Octets that are no UTF-8 arrive as lone surrogates."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _literal_is_good(literal: str | None) -> bool:
    if literal is None:
        return True
    try:
        IPv6Address(literal[5:]) if literal[:5].upper() == "IPV6:" else IPv4Address(literal)
    except AddressValueError:
        return False
    return True


def _parameters(rest: str, offered: set[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for word in rest.split(" "):
        if not word:
            continue
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise refuse(501, "5.5.4", "a parameter is malformed: write KEY or KEY=VALUE")
        key = match["key"].upper()
        if key not in offered:
            raise refuse(555, "5.5.4", f"the parameter {key[:20]} is not offered here")
        if key in given:
            raise refuse(501, "5.5.4", f"the parameter {key} is given twice")
        given[key] = match["value"] or ""
    return given


def _size(value: str | None) -> int:
    if value is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,20}", value, re.ASCII):
        raise refuse(501, "5.5.4", "SIZE takes a number of octets (RFC 1870)")
    return int(value)
