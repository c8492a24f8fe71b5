"""The settings file: one TOML, read into frozen sections; an unknown key is refused by name and line.

What lives here: reading and checking. What does not: the sections and their defaults (`sections`).
The file is chosen by `--config`, else by FAXGW_CONFIG; with neither, the defaults below hold, under ./var.
"""

import os
import re
import tomllib
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

from gateway.domain.errors import UsageError
from gateway.domain.nameservers import parse_nameserver
from gateway.domain.roles import Role
from gateway.sections import (
    Alarms,
    Archive,
    Calling,
    CallingTrunk,
    Dns,
    Http,
    Inbound,
    Logs,
    Notices,
    Queue,
    Relay,
    Rendering,
    Settings,
    Simulator,
    Smtp,
    Storage,
)

__all__ = [
    "Alarms", "Archive", "Calling", "CallingTrunk", "Dns", "Http", "Inbound", "Logs", "Notices", "Queue",
    "Relay", "Rendering", "Settings", "Simulator", "Smtp", "Storage", "load_settings",
]  # fmt: skip

type_hints = typing.get_type_hints


def load_settings(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings file, or give the defaults when none is named.

    Raises:
        UsageError: no such file, broken TOML, unknown section or key, or a value of the wrong kind; one line that
            names file, key and line.
    """
    chosen = path or (Path(environment["FAXGW_CONFIG"]) if environment.get("FAXGW_CONFIG") else None)
    if chosen is None:
        return Settings()
    try:
        text = chosen.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except FileNotFoundError:
        raise UsageError(f"{chosen}: there is no such settings file; check --config and FAXGW_CONFIG") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{chosen}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{chosen}: {error}") from None
    return _Reader(chosen, text).settings(tree)


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


def _shown(value: object) -> str:
    return str(list(value)) if isinstance(value, tuple) else repr(value)


def _are_roles(value: tuple[str, ...]) -> bool:
    return bool(value) and set(value) <= set(Role)


def _is_port(value: int) -> bool:
    return 0 <= value <= 65535


def _is_local_part(value: str) -> bool:
    return re.fullmatch(r"([A-Za-z0-9]+([.-][A-Za-z0-9]+)*)?", value, re.ASCII) is not None and value != "postmaster"


def _is_mail_address(value: str) -> bool:
    return not value or re.fullmatch(r"[!-?A-~]+@" + _DOMAIN.pattern, value, re.ASCII) is not None


_PORTS = ("port", "submission_port", "submission_starttls_port")
_FILES = {
    ("calling.trunks", "scenario"),
    ("smtp", "tls_certificate"),
    ("smtp", "tls_key"),
    ("calling", "scenario"),
    ("storage", "credentials"),
    ("archive", "logins"),
    ("archive", "known_hosts"),
    ("archive", "certificates"),
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
_RULES: tuple[tuple[str, str, Callable[[typing.Any], bool], str], ...] = (
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
    ("alarms", "free_octets", lambda octets: octets >= 0, "must be 0 or more"),
    ("rendering", "max_memory", lambda size: size >= _LEAST_MEMORY, f"must be at least {_LEAST_MEMORY} octets"),
    *((section, key, _is_positive, "must be more than 0") for section, key in _POSITIVE),
    *(
        (section, key, _is_file, "must name a file that is there")
        for section, key in sorted(_FILES)
        if section != "calling.trunks"
    ),
    ("queue", "stop_seconds", lambda seconds: seconds >= 0, "must be 0 or more"),
)


class _Reader:
    """Turns a TOML tree into sections; knows the text, to name lines."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def settings(self, tree: dict[str, object]) -> Settings:
        known = {entry.name: entry.type for entry in fields(Settings)}
        sections = {}
        for name, body in tree.items():
            if name not in known:
                raise self._error(f"unknown section [{name}]; known are {', '.join(known)}", "", name)
            if not isinstance(body, dict):
                raise self._error(f"{name} must be a section: write [{name}]", "", name)
            kind = known[name]
            assert isinstance(kind, type)
            sections[name] = self._section(name, kind, body)
        settings = Settings(**sections)
        self._check(settings)
        return settings

    def _section(self, name: str, kind: type, body: dict[str, object]) -> typing.Any:
        hints = type_hints(kind)
        values = {}
        for key, value in body.items():
            if key not in hints:
                raise self._error(f"unknown key {name}.{key}; known are {', '.join(hints)}", name, key)
            values[key] = self._value(name, key, hints[key], value)
        return kind(**values)

    def _value(self, section: str, key: str, kind: object, value: object) -> object:
        if kind is Path and isinstance(value, str):
            return self._path.parent / value
        if kind == tuple[str, ...] and isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return tuple(value)
        if kind == tuple[CallingTrunk, ...] and isinstance(value, list):
            return tuple(self._trunk(entry) for entry in value)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if (section, key) in _FILES and isinstance(value, str):
            return str(self._path.parent / value) if value else ""
        if isinstance(kind, type) and type(value) is kind:
            return value
        words = {Path: "a path in quotes", str: "text in quotes", int: "a whole number", float: "a number"}
        wanted = words.get(typing.cast(type, kind), "true or false" if kind is bool else "a list of texts")
        raise self._error(f"{section}.{key} must be {wanted}, not {value!r}", section, key)

    def _trunk(self, entry: object) -> CallingTrunk:
        """One of `calling.trunks`."""
        if not isinstance(entry, dict):
            raise self._error("calling.trunks must be a list of tables", "calling", "trunks")
        trunk: CallingTrunk = self._section("calling.trunks", CallingTrunk, entry)
        return trunk

    def _check(self, settings: Settings) -> None:
        """What types cannot say."""
        asked: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("smtp", "trusted_relays", settings.smtp.networks),
            ("smtp", "proxies", settings.smtp.balancers),
            ("calling", "trunks", settings.calling.checked_trunks),
            ("queue", "processes", settings.checked_processes),
        )
        for section, key, read in asked:
            try:
                read()
            except ValueError as error:
                raise self._error(f"{section}.{key}: {error}", section, key) from None
        if settings.calling.transport != "simulator":
            text = f"calling.transport: unknown transport {settings.calling.transport!r}; known is simulator"
            raise self._error(text, "calling", "transport")
        if bool(settings.smtp.tls_certificate) != bool(settings.smtp.tls_key):
            raise self._error("smtp.tls_certificate and smtp.tls_key go together", "smtp", "tls_certificate")
        self._check_ports(settings.smtp)
        if settings.relay.password and not settings.relay.start_tls:
            raise self._error("relay.password needs relay.start_tls = true", "relay", "password")
        self._check_rules(settings)

    def _check_ports(self, smtp: Smtp) -> None:
        for key in ("submission_port", "submission_starttls_port"):
            if getattr(smtp, key) and not smtp.tls_certificate:
                raise self._error(f"smtp.{key} needs smtp.tls_certificate and smtp.tls_key", "smtp", key)
        if len(set(smtp.ports)) < len(smtp.ports):
            raise self._error("smtp: two ports are the same", "smtp", "port")

    def _check_rules(self, settings: Settings) -> None:
        for section, key, holds, words in _RULES:
            value = getattr(getattr(settings, section), key)
            if not holds(value):
                raise self._error(f"{section}.{key} {words}, not {_shown(value)}", section, key)

    def _error(self, text: str, section: str, key: str) -> UsageError:
        return UsageError(f"{self._path}: {text} (line {self._line(section, key)})")

    def _line(self, section: str, key: str) -> int:
        """The line a key stands on: the first assignment of that name inside its section."""
        inside = section == ""
        for number, line in enumerate(self._lines, 1):
            if match := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
                inside = match.group(1) == section
                if section == "" and match.group(1) == key:
                    return number
            elif inside and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
                return number
        return 1
