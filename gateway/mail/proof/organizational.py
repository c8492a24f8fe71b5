"""Whether two domains belong to one organization, after DMARC's own records (RFC 9989 4.10).

What lives here: the walk up the tree of names, the organizational domain, alignment in both its modes. What does not:
what a domain's owner wishes to be done with mail that fails (p=, sp=, np=): we decide for ourselves whom we take.

A signature or SPF of another subdomain counts only where a DMARC record ties the two together; without one a domain
is an organization of its own.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.mail.proof.dns import ascii_name

Texts = Callable[[str], tuple[bytes, ...]]

_MOST_LABELS = 7  # of the names asked about after the first one, which makes eight questions
_VERSION = re.compile(rb"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_TAG = re.compile(rb"[ \t]*([A-Za-z]+)[ \t]*=[ \t]*([^;]*?)[ \t]*\Z")
_DOMAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


class Mechanism(StrEnum):
    """What proved a domain; the value is the tag with which an author asks for strict alignment (RFC 9989 4.7)."""

    DKIM = "adkim"
    SPF = "aspf"


@dataclass(frozen=True, slots=True)
class _Record:
    """A DMARC record, and the domain it was found for."""

    domain: str
    tags: dict[str, str]

    @property
    def boundary(self) -> str:
        """`y`: a public suffix; `n`: an organization; `u`: the record does not say (RFC 9989 4.7, psd=)."""
        return self.tags.get("psd", "u")


def organizational_domain(domain: str, texts: Texts) -> str:
    """The domain of the organization that `domain` belongs to; empty when it is no domain name. At most 8 questions.

    Raises:
        DnsTroubleError: from `texts`, when the DNS does not answer.
    """
    name = domain_name(domain)
    return _select(name, _walk(name, texts)) if name else ""


def aligned(author: str, proven: str, texts: Texts, mechanism: Mechanism | None = None) -> bool:
    """Whether what proves the domain `proven` speaks for the author's domain (RFC 9989 4.10.2).

    Equal domains are, without a question to the DNS. Others are where both are of one organization, unless the
    author's record asks for strict alignment of this `mechanism`.

    Raises:
        DnsTroubleError: from `texts`, when the DNS does not answer.
    """
    one, other = domain_name(author), domain_name(proven)
    if not one or one == other:
        return bool(one)
    if _common_labels(one, other) < 2:
        return False
    records = _walk(one, texts)
    organization = _select(one, records)
    if mechanism is not None and _is_strict(one, organization, records, mechanism):
        return False
    return organization == _select(other, _walk(other, texts))


def domain_name(text: str) -> str:
    """A domain in lower case and A-labels; empty when it is none."""
    name = ascii_name(text)
    return name if _DOMAIN.fullmatch(name) else ""


def _common_labels(one: str, other: str) -> int:
    """How many labels two names share from the right. One alone is a top-level domain, and no organization."""
    pairs = zip(reversed(one.split(".")), reversed(other.split(".")), strict=False)
    count = 0
    for mine, theirs in pairs:
        if mine != theirs:
            break
        count += 1
    return count


def _walk(name: str, texts: Texts) -> tuple[_Record, ...]:
    """The DMARC records from the name upward, down to a record that marks a boundary (RFC 9989 4.10)."""
    found: list[_Record] = []
    for domain in _targets(name):
        record = _record(domain, texts)
        if record is not None:
            found.append(record)
            if record.boundary in ("y", "n"):
                break
    return tuple(found)


def _targets(name: str) -> Iterator[str]:
    """The name itself, then its parents, of which those of more than seven labels are passed over."""
    yield name
    labels = name.split(".")
    for start in range(max(1, len(labels) - _MOST_LABELS), len(labels)):
        yield ".".join(labels[start:])


def _record(domain: str, texts: Texts) -> _Record | None:
    """The one DMARC record of a domain: several are none (RFC 9989 4.10, step 2)."""
    records = [text for text in texts(f"_dmarc.{domain}") if _VERSION.match(text)]
    if len(records) != 1:
        return None
    tags: dict[str, str] = {}
    for spec in records[0].split(b";"):
        match = _TAG.match(spec)
        if match is not None:
            tags.setdefault(match[1].decode("ascii").lower(), match[2].decode("ascii", "replace").lower())
    return _Record(domain, tags)


def _select(name: str, records: tuple[_Record, ...]) -> str:
    """The organizational domain among the records of a walk that began at `name` (RFC 9989 4.10.2).

    A record of a top-level domain that fails to say psd=y is passed over: what nobody may own is no organization.
    """
    for record in records:
        if record.boundary == "n":
            return record.domain
        if record.boundary == "y" and record.domain != name:
            return _child(record.domain, name)
    owned = [record.domain for record in records if "." in record.domain]
    return owned[-1] if owned else name


def _child(parent: str, name: str) -> str:
    """The name one label below `parent` on the way to `name`."""
    return ".".join(name.split(".")[-parent.count(".") - 2 :])


def _is_strict(author: str, organization: str, records: tuple[_Record, ...], mechanism: Mechanism) -> bool:
    """What the record says that applies to the author: its own, else its organization's, else its suffix's (4.10.1)."""
    by_domain = {record.domain: record for record in records}
    record = by_domain.get(author) or by_domain.get(organization) or (records[-1] if records else None)
    return record is not None and record.tags.get(mechanism.value) == "s"
