"""SPF vectors in the form of the public RFC 7208 suite: zones, and checks with the results that are right.

What lives here: reading such YAML, and running one scenario against a DNS server of ours. The form: documents with
`description`, `zonedata` (name -> list of {kind: value} or TIMEOUT) and `tests` (name -> helo, host, mailfrom, result).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gateway.mail.proof.dns import Resolver
from gateway.mail.proof.spf import check_spf
from tests.dns_server import DnsServer, Manner, Text

TIMEOUT = "TIMEOUT"
KINDS = ("A", "AAAA", "MX", "PTR", "TXT", "CNAME")


@dataclass(frozen=True, slots=True)
class Vector:
    """One check, and the results that are right; `comment` says why in the suite's words."""

    name: str
    host: str
    helo: str
    mail_from: str
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Zones, names whose look-ups stay unanswered (but for the kinds they have), and checks."""

    description: str
    zones: dict[str, list[tuple[str, Text]]]
    silent: tuple[str, ...]
    vectors: tuple[Vector, ...]


def read_scenarios(path: Path) -> list[Scenario]:
    documents = yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # every scalar a text
    return [_scenario(document) for document in documents if document]


def results(scenario: Scenario, trouble: Manner = Manner.SERVFAIL) -> Iterator[tuple[Vector, str]]:
    """Run every check of a scenario, each with an empty memory; `trouble` is what TIMEOUT of the zones comes to.

    SERVFAIL is as good as silence to a check, and a busy machine does not take it for honest.
    """
    with DnsServer(scenario.zones) as server:
        for name in scenario.silent:
            server.behave(trouble, name)
            for kind, _ in scenario.zones[name]:
                server.behave(Manner.HONEST, name, kind)
        for vector in scenario.vectors:
            resolver = Resolver([server.address])
            yield vector, check_spf(resolver, vector.host, vector.helo, vector.mail_from).result.value


def _scenario(document: dict[str, Any]) -> Scenario:
    zones = {name.lower(): _records(entries) for name, entries in document["zonedata"].items()}
    silent = tuple(name.lower() for name, entries in document["zonedata"].items() if TIMEOUT in entries)
    vectors = tuple(_vector(name, test) for name, test in document["tests"].items())
    return Scenario(document["description"], zones, silent, vectors)


def _vector(name: str, test: dict[str, Any]) -> Vector:
    right = (test["result"],) if isinstance(test["result"], str) else tuple(test["result"])
    return Vector(name, test["host"], test["helo"], test["mailfrom"], right)


def _records(entries: list[Any]) -> list[tuple[str, Text]]:
    """Records of kind SPF stand for TXT records, unless the name has TXT records, or `TXT: NONE`, of its own."""
    pairs = [next(iter(entry.items())) for entry in entries if entry != TIMEOUT]
    own = any(kind == "TXT" for kind, _ in pairs)
    named = [("TXT" if kind == "SPF" and not own else kind, value) for kind, value in pairs]
    return [(kind, _text(kind, value)) for kind, value in named if kind in KINDS and value != "NONE"]


def _text(kind: str, value: Any) -> Text:
    if kind == "TXT":  # a letter of the YAML is an octet of the record
        return [part.encode("latin-1") for part in ([value] if isinstance(value, str) else value)] or [b""]
    return " ".join(value) if kind == "MX" else str(value)
