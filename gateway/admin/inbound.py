"""What an administrator looks up and does about faxes that came in: lists, one fax, its files, delivering it again.

What lives here: those steps, within the actor's place and rights. What does not: rows (`gateway.store.received`), many
faxes at a time, writing answers (`gateway.cli`), the mails (`gateway.flows.forward`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.admin.acts import Act, Changed, Door
from gateway.domain.received import ReceivedEvent, ReceivedEventName, ReceivedFax
from gateway.store import forwardings, received, received_erasure, received_lists, resubmissions, undelivered
from gateway.store.forwardings import Forwarding
from gateway.store.outbox import Mail
from gateway.store.received_lists import Digits, ReceivedFilter, ReceivedLine, ReceivedSort
from gateway.store.received_rows import PageKept
from gateway.store.undelivered import Wanted

__all__ = [
    "Digits", "ReceivedDetail", "ReceivedFilter", "ReceivedLine", "ReceivedSort", "document_of", "inbound",
    "note_retrieved", "resubmit", "show",
]  # fmt: skip
MOST_MAILS = 200  # shown with one fax, the newest
VIEW, SAVE, RESEND = "activity.view", "documents.save", "resend.inbound"


@dataclass(frozen=True, slots=True)
class ReceivedDetail:
    """One received fax with its pages, its history, what is kept of its call, and how it was mailed."""

    fax: ReceivedFax
    holder: ReceivedLine
    pages: Sequence[PageKept]
    events: Sequence[ReceivedEvent]
    erased: datetime | None
    report: str  # JSON, as of a call that we placed
    forwardings: Sequence[Forwarding] = ()
    mails: Sequence[Mail] = ()


def inbound(door: Door, wanted: ReceivedFilter, where: str = "") -> Sequence[ReceivedLine]:
    """Received faxes of the actor's place, or of a company, department or user; the newest first if nothing is said.

    Raises:
        NotAllowedError: the actor may not see them.
        NotFoundError: there is no such place.
    """
    node = door.look(VIEW, where or (door.actor.place[-1] if door.actor.place else None))
    return received_lists.lines(door.db, wanted if node is None else replace(wanted, below=node.id))


def show(door: Door, fax_id: str) -> ReceivedDetail:
    """One received fax with all that belongs to it.

    Raises:
        NotFoundError: no fax has that id.
        NotAllowedError: the actor may not see it.
    """
    fax = _found(door, fax_id, VIEW)
    [line] = received_lists.lines(door.db, ReceivedFilter(faxes=(fax.public_id,)))
    pages, events = received.pages(door.db, fax.id), received.events(door.db, fax.id)
    erased, report = received_erasure.erased_at(door.db, fax.id), received_lists.report_of(door.db, fax.id)
    mails = undelivered.listing(door.db, Wanted(fax=fax.public_id, limit=MOST_MAILS))[::-1]
    mailed = forwardings.of_fax(door.db, fax.id)
    return ReceivedDetail(fax, line, pages, events, erased, report, mailed, mails)


def document_of(door: Door, fax_id: str) -> ReceivedFax:
    """A fax whose pages the actor may save.

    Raises:
        NotFoundError: no fax has that id, it came without pages, or they were erased; says when.
        RefusedError: it still comes in.
        NotAllowedError: the actor may not.
    """
    fax = _found(door, fax_id, SAVE)
    resubmissions.check_pages(fax, received_erasure.erased_at(door.db, fax.id))
    return fax


def note_retrieved(door: Door, fax: ReceivedFax, now: datetime) -> None:
    """Keep in the history of a fax that the actor has saved it."""
    received.add_event(door.db, fax.id, ReceivedEvent(now, ReceivedEventName.RETRIEVED, "", "success", str(door.actor)))


def resubmit(door: Door, fax_id: str, now: datetime) -> Changed[int]:
    """Have a fax mailed once more, to the addresses that hold now; answers how often that was asked for so far.

    Raises:
        NotFoundError: no fax has that id, it came without pages, or they were erased; says when.
        RefusedError: it still comes in, whom it is for is locked, or nobody has said where it should go.
        NotAllowedError: the actor may not.
    """
    fax = received.one(door.db, fax_id)

    def work(act: Act) -> int:
        count = resubmissions.resubmit(act.db, fax.public_id, now, str(act.actor))
        act.note("fax.resubmit", act.node, {}, {"fax": fax.public_id, "resubmission": count})
        return count

    return door.change(RESEND, fax.user_id, work)


def _found(door: Door, fax_id: str, right: str) -> ReceivedFax:
    fax = received.one(door.db, fax_id)
    door.look(right, fax.user_id)
    return fax
