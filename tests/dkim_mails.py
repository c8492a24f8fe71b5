"""Mails signed with real keys, and the zone those keys stand in. dkimpy signs; it is not what checks.

`Signer.sign` puts a signature on top of a mail; `resign` changes tags of one and signs anew by RFC 6376 alone, for
signatures that dkimpy would not make.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from gateway.mail.proof.dns import DnsTroubleError

NOW = datetime.now(UTC).replace(microsecond=0)
HEADER = (
    b"From: Alice <alice@customer.example>\r\n"
    b"To: <+4930123@fax.example>\r\n"
    b"Subject: the plan\r\n"
    b"Date: " + format_datetime(NOW).encode() + b"\r\n"
    b"Message-ID: <one@customer.example>\r\n"
)
MAIL = HEADER + b"\r\nHello,  \r\nworld\r\n"
SIGNED = (b"from", b"to", b"subject", b"date", b"message-id")


@cache
def rsa_key(bits: int, number: int = 0) -> rsa.RSAPrivateKey:
    """A key of RSA; `number` tells keys of one length apart."""
    del number
    return rsa.generate_private_key(65537, bits)


@cache
def ed25519_key(number: int = 0) -> ed25519.Ed25519PrivateKey:
    del number
    return ed25519.Ed25519PrivateKey.generate()


@dataclass(frozen=True)
class Signer:
    """A domain with one key. `bits` is 0 for Ed25519."""

    domain: str = "customer.example"
    selector: str = "s1"
    bits: int = 2048
    number: int = 0

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def public(self) -> str:
        """p= of the key record."""
        if self.bits:
            key = rsa_key(self.bits, self.number).public_key()
            form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
            return base64.b64encode(key.public_bytes(*form)).decode()
        return base64.b64encode(ed25519_key(self.number).public_key().public_bytes_raw()).decode()

    @property
    def modulus(self) -> int:
        return rsa_key(self.bits, self.number).public_key().public_numbers().n

    @property
    def record(self) -> bytes:
        return f"v=DKIM1; k={'rsa' if self.bits else 'ed25519'}; p={self.public}".encode()

    @property
    def zone(self) -> dict[str, tuple[bytes, ...]]:
        return {self.name: (self.record,)}

    def signature(
        self, mail: bytes, *, form: str = "relaxed/relaxed", names: Iterable[bytes] = SIGNED, **more: object
    ) -> bytes:
        """A DKIM-Signature field for `mail`."""
        algorithm = b"rsa-sha256" if self.bits else b"ed25519-sha256"
        canonical = tuple(part.encode() for part in form.split("/"))
        signing = dkim.DKIM(mail, signature_algorithm=algorithm)
        signed: bytes = signing.sign(
            self.selector.encode(),
            self.domain.encode(),
            self._private(),
            canonicalize=canonical,
            include_headers=list(names),
            **more,
        )
        return signed

    def sign(self, mail: bytes = MAIL, **more: object) -> bytes:
        return self.signature(mail, **more) + mail

    def resign(self, mail: bytes = MAIL, *, names: Iterable[bytes] = SIGNED, **tags: str | None) -> bytes:
        """`mail` with a signature whose tags are ours to choose, relaxed in both forms. None leaves a tag out."""
        header, _gap, body = mail.partition(b"\r\n\r\n")
        body = dkim.canonicalization.Relaxed.canonicalize_body(body)
        values: dict[str, str | None] = {
            "v": "1",
            "a": "rsa-sha256" if self.bits else "ed25519-sha256",
            "c": "relaxed/relaxed",
            "d": self.domain,
            "s": self.selector,
            "h": ":".join(name.decode() for name in names),
            "bh": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        }
        values.update(tags)
        text = "; ".join(f"{name}={value}" for name, value in values.items() if value is not None) + "; b="
        fields, _rest = dkim.rfc822_parse(header + b"\r\n\r\n")
        selected = dkim.select_headers([(name, value) for name, value in fields], [name.lower() for name in names])
        relaxed = dkim.canonicalization.Relaxed.canonicalize_headers([*selected, (b"dkim-signature", text.encode())])
        covered = b"".join(name + b":" + value for name, value in relaxed).removesuffix(b"\r\n")
        signed = base64.b64encode(self._sign(covered, str(values["a"]))).decode()
        return f"DKIM-Signature: {text}{signed}\r\n".encode() + mail

    def _private(self) -> bytes:
        if self.bits:
            form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL)
            return rsa_key(self.bits, self.number).private_bytes(*form, serialization.NoEncryption())
        return base64.b64encode(ed25519_key(self.number).private_bytes_raw())

    def _sign(self, covered: bytes, algorithm: str) -> bytes:
        if not self.bits:
            return ed25519_key(self.number).sign(hashlib.sha256(covered).digest())
        sort = hashes.SHA1() if algorithm.endswith("sha1") else hashes.SHA256()
        return rsa_key(self.bits, self.number).sign(covered, padding.PKCS1v15(), sort)


class Zone:
    """TXT records by name. A name that maps to None is one whose server is down; `asked` are the questions."""

    def __init__(self, *parts: Mapping[str, tuple[bytes, ...] | None]) -> None:
        self._records = {name.lower(): records for part in parts for name, records in part.items()}
        self.asked: list[str] = []

    def texts(self, name: str) -> tuple[bytes, ...]:
        self.asked.append(name)
        records = self._records.get(name, ())
        if records is None:
            raise DnsTroubleError(f"no answer for {name}")
        return records
