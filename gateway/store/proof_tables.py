"""Rows about who sent mails: refusals, the signatures that were used, and who was written to of a refusal.

What lives here: tables. What does not: queries (`refusals`, `signatures`).
"""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime


class RefusalRow(Row, table=True):
    """A mail that was refused in the SMTP session. Old ones are deleted, and no number is given twice."""

    __tablename__ = "refusal"
    __table_args__: Any = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    at: datetime = Field(index=True, sa_type=UtcTime)
    peer: str
    mail_from: str
    header_from: str
    recipients: str  # JSON list
    rule: str
    reply: str
    evidence: str  # JSON


class RefusalNoticeRow(Row, table=True):
    """When somebody was last written to of a refusal."""

    __tablename__ = "refusal_notice"

    address: str = Field(primary_key=True)
    at: datetime = Field(index=True, sa_type=UtcTime)


class SignatureRow(Row, table=True):
    """A DKIM signature that a submission relied on; one row for each, so that two uses at once meet here."""

    __tablename__ = "signature"

    digest: str = Field(primary_key=True)
    uses: str  # JSON: the submission that faxed the mail, by number (E.164)
    until: datetime = Field(index=True, sa_type=UtcTime)  # after that it is taken no more
