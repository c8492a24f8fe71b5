"""Public keys of DKIM, as the DNS holds them (RFC 6376 3.6.1, RFC 8463).

What lives here: reading a key record, whether it may be used for a signature, and the check with it. What does not:
asking the DNS (`dns`), and how long a key must be (`dkim`).
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from dkim.crypto import UnparsableKeyError, parse_public_key

from gateway.mail.proof.signature import Signature
from gateway.mail.proof.tags import TagError, base64_of, listed, read_tags

_LONGEST_RECORD = 4096  # octets
_MOST_BITS = 8192  # a longer key costs us more time than it gives safety
_MOST_EXPONENT_BITS = 64


class Key(Protocol):
    """What checks signatures."""

    @property
    def bits(self) -> int:
        """The length that its strength goes by."""

    def verifies(self, octets: bytes, signature: bytes) -> bool:
        """Whether `signature` is that of `octets`, over their SHA-256."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    """A key of RSA, for PKCS #1 v1.5 (RFC 8017 8.2.2)."""

    modulus: int
    exponent: int

    @property
    def bits(self) -> int:
        """The length of the modulus."""
        return self.modulus.bit_length()

    def verifies(self, octets: bytes, signature: bytes) -> bool:
        """A signature has one form only: as long as the modulus, and less than it. Else one could be sent twice."""
        try:
            key = RSAPublicNumbers(self.exponent, self.modulus).public_key()
            key.verify(signature, octets, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):  # ValueError: numbers that make no key
            return False
        return True


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """A key of Ed25519; what it signs is the SHA-256 of the octets (RFC 8463 3)."""

    key: Ed25519PublicKey

    @property
    def bits(self) -> int:
        """The length of the key."""
        return 256

    def verifies(self, octets: bytes, signature: bytes) -> bool:
        """A signature has 64 octets, and one form only."""
        try:
            self.key.verify(signature, hashlib.sha256(octets).digest())
        except InvalidSignature:
            return False
        return True


def read_key(record: bytes, signature: Signature) -> Key:
    """The key in a TXT record, for this signature.

    Raises:
        TagError: it is none, is revoked, or is not meant for such a signature.
    """
    if len(record) > _LONGEST_RECORD:
        raise TagError("the key record is too long")
    tags = read_tags(record)
    if tags.get("v", b"DKIM1") != b"DKIM1" or "v" in list(tags)[1:] or "p" not in tags:  # v= must be the first
        raise TagError("the record holds no key")
    if not tags["p"]:
        raise TagError("the key is revoked")
    kind = tags.get("k", b"rsa").decode("ascii", "replace").lower()
    _require_purpose(tags, kind, signature)
    return _rsa(base64_of(tags, "p")) if kind == "rsa" else _ed25519(base64_of(tags, "p"))


def _require_purpose(tags: dict[str, bytes], kind: str, signature: Signature) -> None:
    if kind != signature.algorithm.partition("-")[0]:
        raise TagError(f"the key is not one of {signature.algorithm}")
    if "sha256" not in listed(tags, "h", "sha256"):
        raise TagError("the key does not allow sha256")
    if not {"*", "email"} & set(listed(tags, "s", "*")):
        raise TagError("the key is not meant for mail")
    if "s" in listed(tags, "t", "") and signature.identity != signature.domain:
        raise TagError("the key does not allow a subdomain in i=")


@lru_cache(maxsize=500)
def _rsa(octets: bytes) -> RsaKey:
    try:
        numbers = parse_public_key(octets)
    except (UnparsableKeyError, AssertionError) as error:  # AssertionError: a NULL that holds something
        raise TagError("the RSA key cannot be read") from error
    key = RsaKey(numbers["modulus"], numbers["publicExponent"])
    if key.bits > _MOST_BITS or not key.modulus & 1:
        raise TagError(f"an RSA key of {key.bits} bits cannot be used")
    if key.exponent < 3 or not key.exponent & 1 or key.exponent.bit_length() > _MOST_EXPONENT_BITS:
        raise TagError("the exponent of the RSA key cannot be used")
    return key


def _ed25519(octets: bytes) -> Ed25519Key:
    if len(octets) != 32:
        raise TagError("the Ed25519 key is not of 32 octets")
    return Ed25519Key(Ed25519PublicKey.from_public_bytes(octets))
