"""A fax sent again by an administrator: a new job from the pages that were sent before, to its number or another.

What lives here: whether it may be, its cover, the act. What does not: the row (`gateway.store.resend`), filling covers
(`gateway.refilling`).

Pages, sender's name, header and settings are those of the fax; what may stop a new mail stops it, too: a locked or
deleted user, a blocked number, one in quarantine, one that is never called.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.admin.acts import Act, Changed, Door
from gateway.domain.addresses import Destination, parse_number
from gateway.domain.blocks import refuse_blocked
from gateway.domain.errors import RefusedError, UsageError
from gateway.domain.frozen import Frozen
from gateway.domain.job import Job
from gateway.domain.numbers import NumberPlan
from gateway.domain.quarantine import refuse_quarantined
from gateway.domain.routes import checked_sub_address
from gateway.refilling import Filling, Refill
from gateway.store import frozen, jobs, resend, tree, tree_changes
from gateway.store.blocks import blocked
from gateway.store.database import Database
from gateway.store.public_ids import public_id
from gateway.store.quarantine import quarantined
from gateway.store.resend import NewCopy

RESEND = "resend.outbound"
LONGEST_NAME = 100  # characters
NUMBER_FORM = "write + and 7 to 15 digits with the country code, as in +12025550123"


@dataclass(frozen=True, slots=True)
class Wish:
    """Where it goes instead; None stays as it was, but the sub-address, which is that of the old number alone."""

    to: str = ""
    sub_address: str | None = None
    recipient_name: str | None = None
    recipient_company: str | None = None


def send_again(door: Door, public: str, wish: Wish, now: datetime, filling: Filling) -> Changed[Job]:
    """Put a new job for the pages of a fax into the queue; answers it.

    A cover page stays as it is for the same recipient, and is filled anew for another.

    Raises:
        NotFoundError: there is no such fax, or its documents were erased; says when.
        BadNumberError: `to` is no number.
        RefusedError: it has not ended, has no pages, or nobody may fax there; says why.
        ConflictError: the same document is on its way to that number just now.
        NotAllowedError: the actor may not.
    """
    original = jobs.job(door.db, public.strip().upper())
    door.look(RESEND, original.user_id)  # before anything is rendered for somebody who may not
    copy = _copied(door, original, wish, now, filling)

    def work(act: Act) -> Job:
        _check_wanted(act.db, original, copy.destination, now)
        made = resend.add(act.db, original, copy, now)
        entry = {"fax": made.public_id, "again": original.public_id, "number": str(made.destination)}
        act.note("fax.resend", act.node, {}, entry)
        return made

    return door.change(RESEND, original.user_id, work)


def _copied(door: Door, original: Job, wish: Wish, now: datetime, filling: Filling) -> NewCopy:
    """The new job, checked as far as it goes, with its cover in the spool; a trial fills none."""
    resend.check(door.db, original)
    held = frozen.of_submission(door.db, original.submission_id, original.user_id)
    same = NewCopy(
        number=None,
        destination=original.destination,
        sub_address=original.sub_address if wish.sub_address is None else checked_sub_address(wish.sub_address),
        recipient_name=_given(wish.recipient_name, original.recipient_name),
        recipient_company=_given(wish.recipient_company, original.recipient_company),
        cover_digest=original.cover_digest,
        pages=original.pages,
        lifetime=held.settings.caps().lifetime,
    )
    copy = _elsewhere(same, wish, held.settings.number_plan()) if wish.to else same
    if original.ended is None and copy.destination == original.destination:
        raise RefusedError(f"fax {original.public_id} is {original.state.value}: it has not ended yet")
    _check_wanted(door.db, original, copy.destination, now)
    if original.cover_digest and not door.dry_run and _is_for_another(original, copy):
        return _with_cover(original, copy, held, now, filling)
    return copy


def _elsewhere(copy: NewCopy, wish: Wish, plan: NumberPlan) -> NewCopy:
    """To another number: a sub-address is an extension of the old one."""
    destination = parse_number(wish.to, plan, NUMBER_FORM)
    kept = wish.sub_address is not None or destination == copy.destination
    return replace(copy, destination=destination, sub_address=copy.sub_address if kept else "")


def _check_wanted(db: Database, original: Job, destination: Destination, now: datetime) -> None:
    """Return when the fax could be sent there now, by a new mail.

    Raises:
        RefusedError: says why not.
    """
    sender = tree.user_by_id(db, original.user_id)
    if not tree_changes.is_there(db, sender.id):
        raise RefusedError(f"{sender.path} was deleted: nothing is sent for who is gone")
    if sender.locked:
        raise RefusedError(f"{sender.path} is locked: nothing is sent for a locked user")
    parse_number(destination.number, NumberPlan(), NUMBER_FORM)  # which are never called may have changed
    refuse_quarantined(quarantined(db).get(destination.number), now)
    refuse_blocked(destination, blocked(db, original.user_id))


def _is_for_another(original: Job, copy: NewCopy) -> bool:
    before = (original.destination, original.recipient_name, original.recipient_company)
    return before != (copy.destination, copy.recipient_name, copy.recipient_company)


def _with_cover(original: Job, copy: NewCopy, held: Frozen, now: datetime, filling: Filling) -> NewCopy:
    """With a cover for the new recipient, which shows the id that the job is going to have."""
    number = resend.reserve(filling.db)
    job = replace(
        original,
        id=number,
        public_id=public_id(number),
        destination=copy.destination,
        recipient_name=copy.recipient_name,
        recipient_company=copy.recipient_company,
    )
    submission = jobs.submission(filling.db, original.submission_id)
    digest, pages = filling.refill(Refill(submission, held, job, now))
    return replace(copy, number=number, cover_digest=digest, pages=submission.pages + pages)


def _given(value: str | None, before: str) -> str:
    """A name as a cover shows it.

    Raises:
        UsageError: it is too long, or cannot be printed.
    """
    if value is None:
        return before
    trimmed = " ".join(value.split())
    if len(trimmed) > LONGEST_NAME or not trimmed.isprintable():
        raise UsageError(f"a recipient has at most {LONGEST_NAME} printable characters, not {value[:40]!r}")
    return trimmed
