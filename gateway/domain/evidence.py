"""What is known of who sent an envelope: findings of SPF and DKIM, and what the connection itself proves.

What lives here: frozen types, in the words of RFC 8601. What does not: gathering them (`gateway.mail.proof`), the
decision on them (`decision`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SpfResult(StrEnum):
    """What a check of SPF comes to (RFC 7208 2.6)."""

    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DkimResult(StrEnum):
    """What one signature comes to (RFC 8601 2.7.1)."""

    PASS = "pass"
    FAIL = "fail"  # it does not verify
    POLICY = "policy"  # we would not take it even if it verified: l=, sha1, a short key, fields left unsigned, expired
    NEUTRAL = "neutral"  # it cannot be read
    TEMPERROR = "temperror"  # the key cannot be had now
    PERMERROR = "permerror"  # there is no such key, or it is none


@dataclass(frozen=True, slots=True)
class SpfFinding:
    """One check of SPF. `domain` is that of MAIL FROM, or of HELO for the null sender (`scope` mfrom or helo).

    `aligned` tells whether the domain is the author's (RFC 9989). `shared` names the include that passed, when it
    belongs to a provider all of whose customers send from the same addresses.
    """

    result: SpfResult
    domain: str
    scope: str = "mfrom"
    aligned: bool = False
    reason: str = ""
    shared: str = ""


@dataclass(frozen=True, slots=True)
class DkimFinding:
    """One signature. `signed` are the names in h=, in lower case, as often as they stand there.

    `digest` names the signed content (d=, bh= and the Message-ID, where that is signed): the same for each replay.
    """

    result: DkimResult
    domain: str = ""
    selector: str = ""
    aligned: bool = False
    reason: str = ""
    algorithm: str = ""
    bits: int = 0
    signed: tuple[str, ...] = ()
    signed_at: datetime | None = None  # the older of t= and the signed Date
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the author whom the header names.

    `header_from` is empty unless there is exactly one. `spf` is None and `dkim` empty where they were not looked for.
    """

    header_from: str
    authenticated_as: str = ""
    trusted_relay: bool = False
    spf: SpfFinding | None = None
    dkim: tuple[DkimFinding, ...] = ()

    @property
    def spf_passes(self) -> bool:
        """Whether SPF says that the author's own domain lets this client send."""
        return self.spf is not None and self.spf.result is SpfResult.PASS and self.spf.aligned

    @property
    def signature(self) -> DkimFinding | None:
        """The first signature of the author's own domain that we take."""
        return next(iter(self.signatures), None)

    @property
    def signatures(self) -> tuple[DkimFinding, ...]:
        """All signatures of the author's own domain that we take."""
        return tuple(one for one in self.dkim if one.result is DkimResult.PASS and one.aligned)
