"""One DKIM-Signature field, read (RFC 6376 3.5).

What lives here: its tags as typed values, and the octets that it signs. What does not: whether we want such a
signature, and whether it verifies (`dkim`).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.mail.proof.canonical import Canonicalization, Field, relaxed_value, select_fields
from gateway.mail.proof.dns import ascii_name
from gateway.mail.proof.tags import TagError, base64_of, listed, read_tags

ALGORITHMS = ("rsa-sha256", "ed25519-sha256", "rsa-sha1")
_REQUIRED = ("v", "a", "b", "bh", "d", "h", "s")
_MOST_NAMES = 500  # in h=
_NAME = re.compile(rb"[!-9;-~]{1,200}")
_DOMAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_SECONDS = re.compile(rb"[0-9]{1,11}")  # since 1970, into the year 5138


@dataclass(frozen=True, slots=True)
class Signature:
    """What a signature says of itself. Domains are in lower case and A-labels; `identity` is the domain of i=."""

    field: Field
    algorithm: str
    domain: str
    selector: str
    identity: str
    header_form: Canonicalization
    body_form: Canonicalization
    signed: tuple[str, ...]
    body_hash: bytes
    octets: bytes
    limited: bool  # l= is there: text may follow that nobody signed
    signed_at: datetime | None
    expires: datetime | None

    @property
    def key_name(self) -> str:
        """Where its key is kept (RFC 6376 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    def covered(self, fields: Sequence[Field]) -> bytes:
        """The octets of the header that it signs: the named fields, then itself without its b= (RFC 6376 3.7)."""
        parts = [one.canonical(self.header_form) for one in select_fields(fields, self.signed)]
        return b"\r\n".join([*parts, _without_b(self.field).canonical(self.header_form)])

    def digest(self, fields: Sequence[Field]) -> str:
        """A name of the signed content that no replay can change: d=, bh= and the signed Message-ID, else b=.

        b= is taken decoded: how base64 is broken into lines is anybody's choice.
        """
        message_ids = "message-id" in self.signed and [one for one in fields if one.name == "message-id"]
        own = b"i" + relaxed_value(message_ids[-1].value) if message_ids else b"b" + self.octets
        return hashlib.sha256(b"\0".join((self.domain.encode("ascii"), self.body_hash.hex().encode(), own))).hexdigest()


def read_signature(field: Field) -> Signature:
    """Read one DKIM-Signature field.

    Raises:
        TagError: it cannot be read, or contradicts itself.
    """
    tags = read_tags(field.value)
    _require(tags)
    domain = _domain(tags, "d")
    times = {name: _moment(tags, name) for name in ("t", "x")}
    if times["t"] and times["x"] and times["x"] < times["t"]:
        raise TagError("x= is before t=")
    header_form, body_form = _forms(tags)
    signature = Signature(
        field=field,
        algorithm=tags["a"].decode("ascii"),
        domain=domain,
        selector=_domain(tags, "s"),
        identity=_identity(tags, domain),
        header_form=header_form,
        body_form=body_form,
        signed=_signed(tags["h"]),
        body_hash=base64_of(tags, "bh"),
        octets=base64_of(tags, "b"),
        limited="l" in tags,
        signed_at=times["t"],
        expires=times["x"],
    )
    if not ascii_name(signature.key_name):
        raise TagError("s= and d= make no name")
    return signature


def _require(tags: dict[str, bytes]) -> None:
    missing = [name for name in _REQUIRED if not tags.get(name)]
    if missing:
        raise TagError(f"{missing[0]}= is missing")
    if tags["v"] != b"1":
        raise TagError("v= is not 1")
    if tags["a"].decode("ascii", "replace") not in ALGORITHMS:
        raise TagError("a= names an algorithm that nobody knows")
    if "dns/txt" not in listed(tags, "q", "dns/txt"):
        raise TagError("q= is not dns/txt")


def _domain(tags: dict[str, bytes], name: str) -> str:
    try:
        domain = ascii_name(tags[name].decode("utf-8"))
    except UnicodeDecodeError:
        domain = ""
    if not _DOMAIN.fullmatch(domain):
        raise TagError(f"{name}= is no domain name")
    return domain


def _identity(tags: dict[str, bytes], domain: str) -> str:
    if "i" not in tags:
        return domain
    identity = _domain({"i": tags["i"].rpartition(b"@")[2]}, "i")
    if identity != domain and not identity.endswith("." + domain):
        raise TagError("i= does not belong to d=")
    return identity


def _moment(tags: dict[str, bytes], name: str) -> datetime | None:
    if name not in tags:
        return None
    if not _SECONDS.fullmatch(tags[name]):
        raise TagError(f"{name}= is no time")
    return datetime.fromtimestamp(int(tags[name]), UTC)


def _forms(tags: dict[str, bytes]) -> tuple[Canonicalization, Canonicalization]:
    header, _slash, body = tags.get("c", b"simple").partition(b"/")
    try:
        return Canonicalization(header.decode("ascii")), Canonicalization((body or b"simple").decode("ascii"))
    except ValueError as error:
        raise TagError("c= names no form that is known") from error


def _signed(names: bytes) -> tuple[str, ...]:
    parts = [part.strip() for part in names.split(b":", _MOST_NAMES)]
    if len(parts) > _MOST_NAMES:
        raise TagError(f"h= names more than {_MOST_NAMES} fields")
    if not all(_NAME.fullmatch(part) for part in parts):
        raise TagError("h= names no field")
    return tuple(part.decode("ascii").lower() for part in parts)


def _without_b(field: Field) -> Field:
    """The field with the value of b= taken out, and the blanks around it."""
    name, colon, value = field.raw.partition(b":")
    specs = value.split(b";")
    for number, spec in enumerate(specs):
        tag, equals, _value = spec.partition(b"=")
        if tag.strip(b" \t\r\n") == b"b":
            specs[number] = tag + equals
    return Field(field.name, name + colon + b";".join(specs))
