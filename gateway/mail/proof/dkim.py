"""The signatures of a mail, checked: who vouches for its header and its body (RFC 6376, RFC 8301, RFC 8463).

What lives here: which signatures we take, and the order of the checks: cheap ones first, the body last and at most
once in each form. What does not: the forms (`canonical`), the tags (`signature`), the keys (`keys`), whether a
signer is the author (`organizational`), and whether a signature is enough (`gateway.domain.decision`).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

from gateway.domain.evidence import DkimFinding, DkimResult
from gateway.mail.proof.canonical import Canonicalization, Field, hash_body, relaxed_value, select_fields, split_fields
from gateway.mail.proof.dns import DnsTroubleError
from gateway.mail.proof.keys import Key, read_key
from gateway.mail.proof.signature import Signature, read_signature
from gateway.mail.proof.tags import TagError
from gateway.mail.smtp_data import header_end

Texts = Callable[[str], tuple[bytes, ...]]

MAX_HEADER = 262_144  # octets
MAX_FIELDS = 1000
_MOST_KEYS = 5  # records under one name that are tried
_LEAST_BITS = 1024  # RFC 8301 3.2
_GOOD_BITS = 2048
_CLOCKS_APART = timedelta(minutes=5)
_FAR_FUTURE = timedelta(hours=10)  # a clock set to another zone is off by as much, and honest
_MUST_BE_SIGNED = ("from", "subject", "date")  # and every X-Fax-* field: they decide who pays, and for what
# Fields that stand once (RFC 5322 3.6, RFC 2045): of two, readers differ on which one holds.
_ONCE = frozenset(
    (
        "sender",
        "reply-to",
        "to",
        "cc",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
    )
)


class _Mail:
    """A stored mail: its fields, and the hash of its body in either form, computed once when it is asked for."""

    def __init__(self, file: BinaryIO, fields: Sequence[Field], body: int) -> None:
        self.fields = fields
        self.count = Counter(field.name for field in fields)
        self._file, self._body = file, body
        self._hashes: dict[Canonicalization, bytes] = {}

    def body_hash(self, form: Canonicalization) -> bytes:
        if form not in self._hashes:
            self._file.seek(self._body)
            self._hashes[form] = hash_body(self._file, form)
        return self._hashes[form]


def check_dkim(message: Path, texts: Texts, now: datetime, *, most: int = 5) -> tuple[DkimFinding, ...]:
    """Check the first `most` signatures of a mail, from the top; `aligned` is left for the caller to set.

    `texts` gives the TXT records of a name and raises `DnsTroubleError` when the DNS does not answer.

    Raises:
        OSError: the file cannot be read.
    """
    with message.open("rb") as file:
        block = file.read(MAX_HEADER + 4)
        end = header_end(block)
        end = len(block) if end is None else end
        fields = split_fields(block[:end]) if end <= MAX_HEADER else None
        if fields is None or len(fields) > MAX_FIELDS:
            return (DkimFinding(DkimResult.NEUTRAL, reason="the header cannot be read"),)
        mail = _Mail(file, fields, min(end + 2, len(block)))
        signatures = [field for field in fields if field.name == "dkim-signature"]
        return tuple(_check(mail, field, texts, now) for field in signatures[:most])


def _check(mail: _Mail, field: Field, texts: Texts, now: datetime) -> DkimFinding:
    try:
        signature = read_signature(field)
    except TagError as error:
        return DkimFinding(DkimResult.NEUTRAL, reason=str(error))
    times = _times(signature, mail)
    finding = DkimFinding(
        result=DkimResult.POLICY,
        domain=signature.domain,
        selector=signature.selector,
        algorithm=signature.algorithm,
        signed=signature.signed,
        signed_at=min(times, default=None),  # an old mail that is signed anew is old
        digest=signature.digest(mail.fields),
    )
    unwanted = _unwanted(signature, mail) or _untimely(times, signature.expires, now)
    return replace(finding, reason=unwanted) if unwanted else _look_up(finding, signature, mail, texts)


def _times(signature: Signature, mail: _Mail) -> list[datetime]:
    """When it was made, as t= and the signed Date say."""
    return [at for at in (signature.signed_at, _date(signature, mail)) if at is not None]


def _date(signature: Signature, mail: _Mail) -> datetime | None:
    """The signed Date."""
    dates = select_fields([field for field in mail.fields if field.name == "date"], signature.signed)
    if not dates:
        return None
    try:
        date = parsedate_to_datetime(relaxed_value(dates[0].value)[:100].decode("ascii"))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _unwanted(signature: Signature, mail: _Mail) -> str:
    """Why we would not take it even if it verified; empty when we would."""
    if signature.limited:
        return "l= leaves a part of the body unsigned"
    if signature.algorithm == "rsa-sha1":
        return "sha1 proves nothing any more"
    if mail.count["from"] != 1:
        return "the mail has not exactly one From"
    return next(_unsigned(signature, mail), "")


def _unsigned(signature: Signature, mail: _Mail) -> Iterator[str]:
    """A field could be put on top of the signed one, where readers look first, so each must be signed."""
    signed = Counter(signature.signed)
    for name, count in mail.count.items():
        needed = name in _MUST_BE_SIGNED or name.startswith("x-fax-")
        if needed and not signed[name]:
            yield f"{name[:100]} is not signed"
        elif (needed or (name in _ONCE and signed[name])) and count > signed[name]:
            yield f"{name[:100]} stands there more often than it is signed"


def _untimely(times: Sequence[datetime], expires: datetime | None, now: datetime) -> str:
    if expires is not None and expires + _CLOCKS_APART < now:
        return "the signature has expired"
    if any(at > now + _FAR_FUTURE for at in times):
        return "the signature is of the future"
    return ""


def _look_up(finding: DkimFinding, signature: Signature, mail: _Mail, texts: Texts) -> DkimFinding:
    """Ask for the key. Of several records any one may fit (RFC 6376 6.1.2)."""
    try:
        records = texts(signature.key_name)
    except DnsTroubleError:
        return replace(finding, result=DkimResult.TEMPERROR, reason="the DNS does not give the key now")
    if not records:
        return replace(finding, result=DkimResult.PERMERROR, reason="there is no such key")
    tried = [_try_key(finding, signature, mail, record) for record in records[:_MOST_KEYS]]
    return min(tried, key=lambda one: _ORDER.index(one.result))


_ORDER = (DkimResult.PASS, DkimResult.FAIL, DkimResult.POLICY, DkimResult.PERMERROR)


def _try_key(finding: DkimFinding, signature: Signature, mail: _Mail, record: bytes) -> DkimFinding:
    try:
        key = read_key(record, signature)
    except TagError as error:
        return replace(finding, result=DkimResult.PERMERROR, reason=str(error))
    finding = replace(finding, bits=key.bits)
    if signature.algorithm.startswith("rsa") and key.bits < _LEAST_BITS:
        return replace(finding, reason=f"a key of {key.bits} bits is too short")
    return _verify(finding, signature, mail, key)


def _verify(finding: DkimFinding, signature: Signature, mail: _Mail, key: Key) -> DkimFinding:
    """The header first: a body is only worth its time when its hash in the header is the signer's."""
    if not key.verifies(signature.covered(mail.fields), signature.octets):
        return replace(finding, result=DkimResult.FAIL, reason="the signature does not fit the header")
    if mail.body_hash(signature.body_form) != signature.body_hash:
        return replace(finding, result=DkimResult.FAIL, reason="the body is not the one that was signed")
    weak = signature.algorithm.startswith("rsa") and key.bits < _GOOD_BITS
    return replace(finding, result=DkimResult.PASS, reason=f"{key.bits}-bit key" if weak else "")
