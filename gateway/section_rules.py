"""What must hold of values in the settings file, beside their types; and the one form of names of mail.

What lives here: the rules, each with the words for who breaks it. What does not: reading the file (`settings`).
"""

import re
import typing
from collections.abc import Callable
from pathlib import Path

from gateway.domain.mail_names import ascii_address
from gateway.domain.nameservers import parse_nameserver
from gateway.domain.roles import Role

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", re.ASCII)  # RFC 1035 2.3.1, RFC 1123 2.1
_LEAST_MEMORY = 256_000_000  # octets; with less no converter starts


def _is_positive(value: float) -> bool:
    return value > 0


def _is_bucket(value: str) -> bool:
    return not value or re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w./-]*)?", value, re.ASCII) is not None


def _are_domains(value: tuple[str, ...]) -> bool:
    return bool(value) and all(_DOMAIN.fullmatch(name) for name in value)


def _are_nameservers(value: tuple[str, ...]) -> bool:
    try:
        for text in value:
            parse_nameserver(text)
    except ValueError:
        return False
    return True


def _is_file(value: str) -> bool:
    """Whether the file is there, or none is named; one that we may not look at is left to who opens it."""
    try:
        return not value or Path(value).is_file()
    except PermissionError:
        return True


def _are_roles(value: tuple[str, ...]) -> bool:
    return bool(value) and set(value) <= set(Role)


def _is_port(value: int) -> bool:
    return 0 <= value <= 65535


def _is_local_part(value: str) -> bool:
    return re.fullmatch(r"([A-Za-z0-9]+([.-][A-Za-z0-9]+)*)?", value, re.ASCII) is not None and value != "postmaster"


def _is_mail_address(value: str) -> bool:
    return not value or re.fullmatch(r"[!-?A-~]+@" + _DOMAIN.pattern, value, re.ASCII) is not None


_PORTS = ("port", "submission_port", "submission_starttls_port")
FILES = {
    ("calling.trunks", "scenario"),
    ("smtp", "tls_certificate"),
    ("smtp", "tls_key"),
    ("calling", "scenario"),
    ("storage", "credentials"),
    ("archive", "logins"),
    ("archive", "known_hosts"),
    ("archive", "certificates"),
    ("relay", "certificates"),
}
_POSITIVE = (
    ("calling", "lines"),
    ("inbound", "lines"),
    ("rendering", "workers"),
    ("rendering", "max_pages"),
    ("rendering", "max_seconds"),
    ("smtp", "max_size"),
    ("smtp", "max_recipients"),
    ("smtp", "max_connections"),
    ("smtp", "max_connections_per_address"),
    ("queue", "lease_seconds"),
    ("queue", "poll_seconds"),
    ("relay", "connections"),
    ("archive", "connections"),
    ("archive", "give_up_days"),
    ("alarms", "mail_minutes"),
    ("alarms", "job_minutes"),
    ("alarms", "call_minutes"),
    ("alarms", "render_minutes"),
    ("alarms", "outbox_minutes"),
    ("alarms", "archive_minutes"),
    ("alarms", "line_minutes"),
    ("alarms", "dead_letters"),
)
LEAST_MAIL = 100_000  # octets: a page and the words around it
LEVELS = ("debug", "info", "warning", "error")
_FORMATS = ("json", "text")
# Section, key, what must hold of the value, and how a mistake is told.
RULES: tuple[tuple[str, str, Callable[[typing.Any], bool], str], ...] = (
    *(("smtp", key, _is_port, "must be 0 to 65535") for key in _PORTS),  # 0: the system chooses one, or none is wanted
    *((section, "processes", lambda count: 1 <= count <= 64, "must be 1 to 64") for section in ("smtp", "queue")),
    ("smtp", "bounce_address", _is_local_part, "must be a local part of letters, digits, dots and hyphens, or empty"),
    ("smtp", "least_rate", lambda rate: rate >= 0, "must be 0 or more"),
    ("smtp", "greeting_delay", lambda seconds: 0 <= seconds <= 60, "must be 0 to 60 seconds"),  # RFC 5321 4.5.3.2.1
    ("storage", "spool", _is_bucket, "must be empty or s3://BUCKET/PREFIX, without credentials"),
    ("relay", "largest_mail", lambda size: size == 0 or size >= LEAST_MAIL, f"must be 0, or {LEAST_MAIL} or more"),
    ("relay", "port", lambda port: 1 <= port <= 65535, "must be 1 to 65535"),
    ("smtp", "domains", _are_domains, "must name at least one domain, each of letters, digits, hyphens and dots"),
    ("queue", "roles", _are_roles, f"must be some of {', '.join(Role)}"),
    ("dns", "nameservers", _are_nameservers, 'must be IP addresses, with a port if it is not 53 ("127.0.0.1:5353")'),
    ("dns", "timeout", lambda seconds: 0 < seconds <= 8, "must be more than 0 and at most 8"),  # a whole check has 8 s
    ("simulator", "speed", lambda speed: 0 <= speed < float("inf"), "must be 0 or more"),
    ("http", "port", _is_port, "must be 0 to 65535"),
    ("logs", "level", lambda level: level in LEVELS, f"must be one of {', '.join(LEVELS)}"),
    ("logs", "format", lambda form: form in _FORMATS, f"must be one of {', '.join(_FORMATS)}"),
    ("alarms", "mail", _is_mail_address, "must be a mail address, or empty"),
    ("smtp", "postmaster", _is_mail_address, "must be a mail address, or empty"),
    ("notices", "sender_address", lambda text: text and _is_mail_address(text), "must be a mail address"),
    ("alarms", "free_octets", lambda octets: octets >= 0, "must be 0 or more"),
    ("rendering", "max_memory", lambda size: size >= _LEAST_MEMORY, f"must be at least {_LEAST_MEMORY} octets"),
    *((section, key, _is_positive, "must be more than 0") for section, key in _POSITIVE),
    *(
        (section, key, _is_file, "must name a file that is there")
        for section, key in sorted(FILES)
        if section != "calling.trunks"
    ),
    ("queue", "stop_seconds", lambda seconds: seconds >= 0, "must be 0 or more"),
)
# Domains and addresses: they may be written in any letters, and are known by the name that the DNS has for them.
_NAMES = {
    ("smtp", "domains"),
    ("smtp", "hostname"),
    ("smtp", "postmaster"),
    ("relay", "mail_from"),
    ("notices", "sender_address"),
    ("alarms", "mail"),
}


def in_one_form(section: str, key: str, value: object) -> object:
    """The value; a domain or an address with the domain in ASCII, so that either spelling of it will do."""
    if (section, key) not in _NAMES:
        return value
    if isinstance(value, tuple):
        return tuple(ascii_address(name.lower()) for name in value)
    if not isinstance(value, str) or value.isascii():
        return value
    local, at, domain = value.rpartition("@")
    return ascii_address(f"{local}{at}{domain.lower()}")
