"""The settings file: one TOML, read into frozen sections; an unknown key is refused by name and line.

What lives here: reading and checking. What does not: the sections and their defaults (`sections`), and what must hold
of single values (`section_rules`).
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
from gateway.section_rules import FILES, RULES, in_one_form
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


def _shown(value: object) -> str:
    return str(list(value)) if isinstance(value, tuple) else repr(value)


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
            values[key] = in_one_form(name, key, self._value(name, key, hints[key], value))
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
        if (section, key) in FILES and isinstance(value, str):
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
        if settings.relay.password and not (settings.relay.start_tls or settings.relay.implicit_tls):
            raise self._error("relay.password needs relay.start_tls or relay.implicit_tls = true", "relay", "password")
        if settings.relay.start_tls and settings.relay.implicit_tls:
            raise self._error("relay.start_tls and relay.implicit_tls exclude each other", "relay", "implicit_tls")
        self._check_rules(settings)

    def _check_ports(self, smtp: Smtp) -> None:
        for key in ("submission_port", "submission_starttls_port"):
            if getattr(smtp, key) and not smtp.tls_certificate:
                raise self._error(f"smtp.{key} needs smtp.tls_certificate and smtp.tls_key", "smtp", key)
        if len(set(smtp.ports)) < len(smtp.ports):
            raise self._error("smtp: two ports are the same", "smtp", "port")

    def _check_rules(self, settings: Settings) -> None:
        for section, key, holds, words in RULES:
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
