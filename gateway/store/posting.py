"""Mails put in the outbox, taken and settled by statements that cost little: there are two for each fax.

What lives here: those statements. What does not: transactions and lists (`outbox`, through which callers come here),
mails that were not taken by the relay (`outbox`, too).
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import cast

from sqlalchemy import Dialect

from gateway.domain.errors import LostClaimError
from gateway.store.by_hand import KEPT, STEPPING_OVER, Cursor, Insertion, Rows, marked
from gateway.store.columns import EPOCH, MICROSECOND
from gateway.store.fax_tables import OutboxRow
from gateway.store.mails import DELAYED, MailClaim, MailState, NewMail, Post, claim_from, take
from gateway.store.process_tables import ProcessRow

_SENT = (
    "UPDATE outbox SET state = 'sent', owner = NULL, reply = ?, sent = ?"
    " WHERE id = ? AND fence = ? AND state = 'sending' RETURNING id"
)
# A notice on a delay says nothing any more when its job has ended.
_OVER = f"kind = '{DELAYED}' AND EXISTS (SELECT 1 FROM job WHERE job.id = outbox.job_id AND job.ended IS NOT NULL)"
_DUE = f"state = 'waiting' AND not_before <= ? AND NOT ({_OVER}) ORDER BY not_before, id LIMIT 1"


class Posting:
    """What is said of mails to one kind of database; see `posting`."""

    def __init__(self, dialect: Dialect) -> None:
        self._mails = Rows(OutboxRow, dialect)
        self._new = Insertion(OutboxRow, dialect)
        self._processes = Rows(ProcessRow, dialect)
        self._sent = marked(_SENT, dialect.paramstyle)

    def check_process(self, cursor: Cursor, process_id: int) -> None:
        """As `fax_rows.check_process`: the process's row stays until our commit.

        Raises:
            LostClaimError: the process was given up for dead.
        """
        if not self._processes.find(cursor, "id = ?", [process_id], KEPT):
            raise LostClaimError("this process was given up for dead: it must start anew")

    def owner_of(self, cursor: Cursor, post: Post | None) -> int | None:
        """Which process takes a mail as it is added; asked first in a transaction, for it may lock that process's row.

        Raises:
            LostClaimError: the process was given up for dead.
        """
        if post is None or not post.has_room():
            return None
        self.check_process(cursor, post.process)
        return post.process

    def add(
        self, cursor: Cursor, mails: Iterable[NewMail | None], now: datetime, owner: int | None = None
    ) -> list[MailClaim]:
        """Add mails; of a submission's, what is there already is left alone. With `owner` it takes them: the claims."""
        claims = []
        for mail in mails:
            added = self._add_one(cursor, _row(mail, now, owner)) if mail is not None else None
            if added is not None and owner is not None:
                claims.append(claim_from(cast(OutboxRow, added)))
        return claims

    def _add_one(self, cursor: Cursor, row: SimpleNamespace) -> SimpleNamespace | None:
        values = vars(row)
        if row.received_id is not None:  # who adds those has looked whether they are there
            return SimpleNamespace(**self._new.add_one(cursor, values))
        added = self._new.add_unless_there(cursor, values)
        return None if added is None else SimpleNamespace(**added)

    def claim(self, cursor: Cursor, process_id: int, now: datetime) -> MailClaim | None:
        """Take the mail that has been due for longest.

        Raises:
            LostClaimError: the process was given up for dead.
        """
        self.check_process(cursor, process_id)
        for found in self._mails.find(cursor, _DUE, [(now - EPOCH) // MICROSECOND], STEPPING_OVER):
            take(found.row, process_id)
            self._mails.keep(cursor, found)
            return claim_from(found.row)
        return None

    def sent(self, cursor: Cursor, claim: MailClaim, now: datetime, reply: str) -> None:
        """The relay took a mail.

        Raises:
            LostClaimError: the mail is another process's by now.
        """
        values = (reply, (now - EPOCH) // MICROSECOND, claim.id, claim.fence)
        if cursor.execute(self._sent, values).fetchone() is None:
            raise LostClaimError(f"mail {claim.id} is another process's by now")


def _row(mail: NewMail, now: datetime, owner: int | None) -> SimpleNamespace:
    """A new mail as its row, taken by its owner if it has one."""
    row = SimpleNamespace(
        submission_id=mail.submission_id,
        job_id=mail.job_id,
        kind=mail.kind,
        attempt_no=mail.attempt_no,
        recipient=mail.recipient,
        message=mail.message,
        message_id=mail.message_id,
        state=MailState.WAITING.value,
        created=now,
        not_before=now,
        fence=0,
        tries=0,
        received_id=mail.received_id,
        part=mail.part,
        message_digest=mail.message_digest,
        owner=None,
    )
    if owner is not None:
        take(cast(OutboxRow, row), owner)
    return row


@lru_cache(maxsize=8)
def posting(dialect: Dialect) -> Posting:
    """Made once for each engine."""
    return Posting(dialect)
