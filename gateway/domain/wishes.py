"""What holds for a mail once all who may say something have been heard.

What lives here: the order of precedence for what concerns all recipients. What does not: reading the parts
(`directives`, `schedule`), what concerns one recipient (`addresses`), the cover page, where the level's rule has the
last word (`cover_rules`).

Precedence, the strongest first: rule of the level, address parameter (that recipient alone), token of the subject,
trusted X-Fax-* field, setting of user, department, company, default of the product.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.directives import parse_fields, parse_subject, trusted_fields
from gateway.domain.evidence import Evidence
from gateway.domain.schedule import Times, settle_times
from gateway.domain.setting_catalog import Effective
from gateway.domain.submission import HeaderFacts

NORMAL_PRIORITY = 5


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is done for all recipients. `cover` is None, "on", "off" or a cover's name; `subject` has no tokens."""

    subject: str
    reference: str
    resolution: str
    cover: str | None
    priority: int
    billing_code: str
    preview: bool
    times: Times


def settle_wishes(facts: HeaderFacts, evidence: Evidence, settings: Effective, now: datetime) -> Wishes:
    """Hear subject, trusted header fields and settings; `now` is when the mail was taken.

    Raises:
        BadDirectiveError: 5.5.4, a directive that is unknown, contradicts another, or asks for what cannot be.
    """
    signature = evidence.signature
    trusted = trusted_fields(
        facts.fax_fields,
        authenticated=bool(evidence.authenticated_as),
        signed=() if signature is None else signature.signed,
    )
    asked = parse_subject(facts.subject).over(parse_fields(trusted))
    zone = settings.date_style().zone
    return Wishes(
        subject=asked.subject,
        reference=asked.reference,
        resolution=asked.resolution or settings.text("fax.resolution"),
        cover=asked.cover,
        priority=NORMAL_PRIORITY if asked.priority is None else asked.priority,
        billing_code=asked.billing_code,
        preview=bool(asked.preview),
        times=settle_times(asked.at, asked.expire, now, zone, settings.caps().lifetime),
    )
