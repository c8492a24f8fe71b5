"""What an administrator does about mails that wait or could not be delivered: list, show, try again, drop.

What lives here: those steps, for accounts of the machine, since the outbox is everybody's. What does not: rows
(`gateway.store.undelivered`).
"""

from collections.abc import Callable, Sequence

from gateway.admin.acts import Act, Changed, Door
from gateway.domain.actors import SYSTEM
from gateway.store import undelivered
from gateway.store.database import Database
from gateway.store.outbox import Mail
from gateway.store.undelivered import Letter, Wanted

__all__ = ["Letter", "Wanted", "drop", "listed", "retry", "shown"]


def listed(door: Door, wanted: Wanted) -> Sequence[Mail]:
    """Mails of the outbox, the newest first.

    Raises:
        NotAllowedError: the actor is an administrator of some part only.
        NotFoundError: there is no such job.
    """
    door.look(SYSTEM)
    return undelivered.listing(door.db, wanted)


def shown(door: Door, mail_id: int) -> Letter:
    """One mail with its message.

    Raises:
        NotFoundError, NotAllowedError: as said.
    """
    door.look(SYSTEM)
    return undelivered.letter(door.db, mail_id)


def retry(door: Door, mail_id: int) -> Changed[Mail]:
    """Send a mail at once, also one that was given up.

    Raises:
        NotFoundError, NotAllowedError: as said.
        ConflictError: it was sent, is being sent, or was dropped.
    """
    return _changed(door, mail_id, "outbox.retry", lambda db: undelivered.retry(db, mail_id, door.now()))


def drop(door: Door, mail_id: int) -> Changed[Mail]:
    """Give a mail up for good.

    Raises:
        NotFoundError, NotAllowedError: as said.
        ConflictError: it was sent, is being sent, or was dropped before.
    """
    return _changed(door, mail_id, "outbox.drop", lambda db: undelivered.drop(db, mail_id))


def _changed(door: Door, mail_id: int, what: str, step: Callable[[Database], Mail]) -> Changed[Mail]:
    def work(act: Act) -> Mail:
        before = undelivered.letter(act.db, mail_id).mail
        after = step(act.db)
        act.note(what, f"mail {mail_id}", _facts(before), {**_facts(after), "asked": True})
        return after

    return door.change(SYSTEM, None, work)


def _facts(mail: Mail) -> dict[str, object]:
    return {"state": mail.state.value, "tries": mail.tries}
