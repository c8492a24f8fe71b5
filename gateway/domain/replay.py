"""A DKIM signature says nothing of the envelope: whoever holds a signed mail can send it to any number (RFC 6376 8.6).

What lives here: the rule that keeps such a mail from being faxed elsewhere. What does not: the memory of signatures
(`gateway.store.signatures`), checking them (`gateway.mail.proof`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.errors import RefusedError, SmtpReply

MEMORY = timedelta(days=5)  # from the time of a signature on, which is taken for three days
REPLAYED = SmtpReply(
    550,
    "5.7.1",
    "replay: a mail with this DKIM signature was already faxed to another number; write the mail anew for this one",
)


class TakenBeforeError(RefusedError):
    """What was taken before stands against a mail that would be good otherwise; `rule` is the record's name for why."""

    def __init__(self, rule: str, reply: SmtpReply) -> None:
        super().__init__(reply.text, reply=reply)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class SignatureUse:
    """A signature that a submission relies on, to be remembered with it.

    `digest` names the one mail that was signed, see `DkimFinding`. `alone` tells that nothing else proves the sender;
    `addressed` are the fax numbers (E.164) in a To or Cc that it covers. It need not be remembered after `until`, by
    the world's time. `beside` are the digests of the author's other good signatures on the mail: who has it could leave
    this one away and rely on one of them.
    """

    digest: str
    alone: bool
    until: datetime
    addressed: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()

    @property
    def digests(self) -> tuple[str, ...]:
        """All that the mail is known by, in an order that is the same for everybody."""
        return tuple(sorted({self.digest, *self.beside}))


def is_replay(use: SignatureUse, earlier: frozenset[str], wanted: frozenset[str]) -> bool:
    """Whether a mail that was faxed to the `earlier` numbers must not go to the `wanted` ones.

    A number that it was faxed to is no replay: that is a duplicate, which makes no second fax.
    """
    return use.alone and bool(earlier) and not wanted - earlier <= use.addressed
