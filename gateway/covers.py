"""The cover pages that somebody may use: their company's and departments' own, and those that ship.

What lives here: finding a cover by its name, for mails, settings and commands alike, and what fills it. What does not:
rows (`gateway.store.covers`), when a cover is sent (`gateway.domain.cover_rules`), templates (`coverpages`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from coverpages.cover import Cover, shipped
from gateway.domain.cover_rules import cover_key
from gateway.domain.errors import BadDirectiveError, NotFoundError
from gateway.domain.job import Job
from gateway.domain.mail_names import readable_address
from gateway.domain.nodes import User
from gateway.domain.submission import Submission
from gateway.store import covers as store
from gateway.store.covers import OwnCover
from gateway.store.database import Database


@dataclass(frozen=True, slots=True)
class Shelf:
    """The covers that one node may use: its own by key, nearest first, and whether those that ship are among them."""

    db: Database
    own: Mapping[str, OwnCover]
    with_shipped: bool

    @property
    def names(self) -> tuple[str, ...]:
        """What the covers are called: own ones first."""
        ours = tuple(cover.name for cover in self.own.values())
        return ours + (tuple(shipped()) if self.with_shipped else ())

    def __contains__(self, name: str) -> bool:
        key = cover_key(name)
        return key in self.own or (self.with_shipped and key in shipped())

    def take(self, name: str) -> Cover:
        """The cover of that name.

        Raises:
            BadDirectiveError: there is none that may be used; names those that may.
        """
        self.check(name)
        key = cover_key(name)
        return shipped()[key] if key not in self.own else cover_of(self.db, self.own[key])

    def check(self, name: str) -> None:
        """Return when there is a cover of that name.

        Raises:
            BadDirectiveError: as `take`.
        """
        if name not in self:
            raise BadDirectiveError(no_cover(name, self.names), plain=no_cover("", self.names))


def cover_fields(submission: Submission, job: Job, sender: User) -> dict[str, str]:
    """What a cover may show, but for the date, the body and the number of pages."""
    contact = sender.contact
    place = " ".join(filter(None, (contact.city, contact.state, contact.postal_code)))
    fields = {
        "sender": job.sender_name or sender.full_name,
        "sender_email": readable_address(submission.sender_address),
        "sender_company": sender.company,
        "sender_phone": contact.phone,
        "sender_fax": sender.fax_number,
        "sender_address": ", ".join(filter(None, (contact.address1, contact.address2, place, contact.country))),
        "recipient_name": job.recipient_name,
        "recipient_company": job.recipient_company,
        "recipient_number": str(job.destination),
        "subject": submission.subject,
        "reference": submission.reference,
        "job_id": job.public_id,
    }
    return fields | {f"custom_{number}": value for number, value in enumerate(sender.custom, 1)}


def shelf(db: Database, node: int | str) -> Shelf:
    """The covers that the node with this id or path may use.

    Raises:
        NotFoundError: there is no such node.
    """
    held = store.held(db, node)
    return Shelf(db, {cover.key: cover for cover in held.covers}, held.with_shipped)


def everywhere(db: Database) -> Shelf:
    """The covers that are there for everybody."""
    return Shelf(db, {}, with_shipped=True)


def cover_of(db: Database, own: OwnCover) -> Cover:
    """An uploaded cover with its template.

    Raises:
        BadDirectiveError: it was removed meanwhile.
    """
    try:
        return Cover(own.name, own.title, own.description, own.paper, store.html(db, own.id))
    except NotFoundError:
        words = "was removed"
        raise BadDirectiveError(f"the cover page {own.name!r} {words}", plain=f"the cover page {words}") from None


def no_cover(name: str, names: tuple[str, ...]) -> str:
    """What is told of a name that nobody knows; without the name, where it is not to be said."""
    which = f"no cover page {name!r}" if name else "no such cover page"
    return f"there is {which} here; known are {', '.join(names) or 'none'}"
