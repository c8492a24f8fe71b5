"""The facts of a fax as XML, for programs that take faxes from a mailbox or an archive.

What lives here: the facts, and their writing by the schema `schemas/fax-1.xsd`, which documents each of them. What does
not: gathering them (`gateway.flows.forward`, `gateway.flows.archive`). No subject, no text, no name that a sender gave
a file: only what the call and the pages tell.

The schema is open at its ends: what a later version adds is optional, and comes behind what there is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

NAMESPACE = "urn:faxgw:fax:1"
MEDIA_TYPE = "application/xml"
SCHEMA = Path(__file__).with_name("schemas") / "fax-1.xsd"
# What XML 1.0 has no way to write; a far end may call itself anything.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Direction(StrEnum):
    """Which way a fax went."""

    RECEIVED = "received"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class End:
    """One end of a call: its number (E.164, empty: withheld), what its machine calls itself, and its sub-address."""

    number: str
    station: str = ""
    sub_address: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose fax it is: the node's path in the tree and its name."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The call: when it began and ended, how, at what rate (bit/s), with error correction or not, rows in error."""

    started: datetime
    ended: datetime | None = None
    cause: str = ""
    rate: int | None = None
    ecm: bool | None = None
    bad_rows: int = 0


@dataclass(frozen=True, slots=True)
class PageFacts:
    """One page: pels, rows, and both densities in lines an inch."""

    width: int
    rows: int
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file that lies beside: which pages of the fax it has, counted from 1, and how to know it."""

    name: str
    media_type: str
    first_page: int
    pages: int
    octets: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Which of several mails this is: 0 for the first time that a fax is mailed, and its part of so many."""

    resubmission: int = 0
    part: int = 1
    parts: int = 1


@dataclass(frozen=True, slots=True)
class FaxFacts:
    """All that is told of one fax. `state` is the fax's own word; without `complete`, pages may be missing."""

    direction: Direction
    id: str
    state: str
    complete: bool
    caller: End
    called: End
    holder: Holder
    call: CallFacts
    pages: Sequence[PageFacts]
    delivery: Delivery | None = None
    files: Sequence[FileFacts] = ()


def as_xml(facts: FaxFacts) -> bytes:
    """The facts by the schema, in UTF-8; the same facts make the same octets."""
    root = ElementTree.Element("fax", {"xmlns": NAMESPACE, **_attributes(facts)})
    _add(root, "state", facts.state)
    _end_of_line(root, "from", facts.caller)
    _end_of_line(root, "to", facts.called)
    _add(root, "holder", facts.holder.name, {"path": facts.holder.path})
    _call(root, facts.call)
    _pages(root, facts.pages)
    if facts.delivery is not None:
        numbers = (("resubmission", facts.delivery.resubmission), ("part", facts.delivery.part))
        _add(root, "delivery", "", _numbers((*numbers, ("parts", facts.delivery.parts))))
    _files(root, facts.files)
    ElementTree.indent(root)
    octets: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return octets + b"\n"


def _attributes(facts: FaxFacts) -> dict[str, str]:
    return {"direction": facts.direction.value, "id": facts.id, "complete": _truth(facts.complete)}


def _end_of_line(root: ElementTree.Element, name: str, end: End) -> None:
    element = _add(root, name)
    for child, text in (("number", end.number), ("station", end.station), ("subAddress", end.sub_address)):
        if text:
            _add(element, child, text)


def _call(root: ElementTree.Element, call: CallFacts) -> None:
    element = _add(root, "call")
    _add(element, "started", _moment(call.started))
    if call.ended is not None:
        _add(element, "ended", _moment(call.ended))
    if call.cause:
        _add(element, "cause", call.cause)
    if call.rate is not None:
        _add(element, "rate", str(call.rate))
    if call.ecm is not None:
        _add(element, "errorCorrection", _truth(call.ecm))
    _add(element, "damagedRows", str(call.bad_rows))


def _pages(root: ElementTree.Element, pages: Sequence[PageFacts]) -> None:
    element = _add(root, "pages", "", {"count": str(len(pages))})
    for number, page in enumerate(pages, 1):
        shape = (("width", page.width), ("rows", page.rows), ("across", page.across), ("down", page.down))
        _add(element, "page", "", _numbers((("number", number), *shape)))


def _files(root: ElementTree.Element, files: Sequence[FileFacts]) -> None:
    element = _add(root, "files")
    for file in files:
        names = {"name": file.name, "mediaType": file.media_type}
        numbers = _numbers((("firstPage", file.first_page), ("pages", file.pages), ("octets", file.octets)))
        _add(element, "file", "", {**names, **numbers, "sha256": file.sha256})


def _add(
    parent: ElementTree.Element, name: str, text: str = "", attributes: Mapping[str, str] | None = None
) -> ElementTree.Element:
    cleaned = {key: _written(value) for key, value in (attributes or {}).items()}
    element = ElementTree.SubElement(parent, name, cleaned)
    if text:
        element.text = _written(text)
    return element


def _numbers(pairs: Sequence[tuple[str, int]]) -> dict[str, str]:
    return {name: str(number) for name, number in pairs}


def _written(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
