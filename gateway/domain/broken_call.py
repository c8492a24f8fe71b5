"""What is known of a call that broke off, and what that comes to: confirmed, not confirmed, or nobody can know.

What lives here: the facts a call's journal keeps, and the verdict on them. What does not: the journal's file
(`gateway.fax.call_journal`), the job's rows (`gateway.store.handback`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class JournaledCall:
    """What a call's own journal says of it.

    `pages_confirmed` counts the job's pages from the call's first. `last_page_sent` is true from just before the
    command that ends the last page was first sent, `withheld` when it was not sent after all. `ended` is true when the
    call's end was written; then `in_doubt` is what the engine said of the last page.
    """

    call_uid: str
    pages_confirmed: int = 0
    last_page_sent: bool = False
    withheld: bool = False
    ended: bool = False
    in_doubt: bool = False

    @property
    def may_hold_last_page(self) -> bool:
        """Whether the far end may hold a last page that it did not confirm to us."""
        return self.last_page_sent and not self.withheld and (self.in_doubt or not self.ended)


# Asked with a call's uid; None when there is no journal of it within reach.
ReadJournal = Callable[[str], JournaledCall | None]


def no_journal(_call_uid: str) -> None:
    """The answer where journals are out of reach: then the store's rows decide."""


class Fate(StrEnum):
    """What became of a fax whose call broke off."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not-confirmed"
    UNCONFIRMED = "unconfirmed"


def fate_of(pages: int, confirmed: int, *, last_page_out: bool) -> Fate:
    """The verdict on a fax of `pages` pages, of which `confirmed` from the first on are confirmed over all calls.

    A last page that is out behind others that are not confirmed leaves no doubt: the far end does not hold the whole.
    """
    if 0 < pages <= confirmed:
        return Fate.CONFIRMED
    return Fate.UNCONFIRMED if last_page_out and confirmed == pages - 1 else Fate.NOT_CONFIRMED
