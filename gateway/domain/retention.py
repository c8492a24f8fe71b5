"""How long documents are kept: days after the end of a job, by how it ended, or of a call that brought a fax.

What lives here: the kinds of documents and when their time is over. What does not: erasing (`gateway.store.retention`).
"""

from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from gateway.domain.job import JobState


class Kept(StrEnum):
    """What is kept for a time of its own."""

    SENT = "sent"
    FAILED = "failed"
    RECEIVED = "received"


# The setting that says for how many days.
SETTING_OF = MappingProxyType(
    {
        Kept.SENT: "retention.sent_days",
        Kept.FAILED: "retention.failed_days",
        Kept.RECEIVED: "retention.received_days",
    }
)


def kind_of(state: JobState) -> Kept:
    """Of a job that has ended: what was not confirmed whole counts as failed."""
    return Kept.SENT if state is JobState.SENT else Kept.FAILED


def over_at(ended: datetime, days: int) -> datetime:
    """When documents are to be erased; with no days at once."""
    return ended + timedelta(days=days)
