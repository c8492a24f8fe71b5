"""What an administrator does about copies of faxes in archives: list, show, make again, drop; try a place out.

What lives here: those steps, within the actor's place and rights. What does not: rows (`gateway.store.archive_lists`),
making copies (`gateway.flows.archive`), the settings archive.* (`settings`).
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.admin.acts import Act, Changed, Door
from gateway.archiving.carrier import Carrier
from gateway.domain.actors import SYSTEM
from gateway.domain.archive import Place, Way, parse_place
from gateway.domain.errors import RefusedError, UnreachableError, UsageError
from gateway.mail.relay import Relay
from gateway.store import archive_lists, node_settings
from gateway.store.archive_lists import Transfer, WantedTransfers
from gateway.store.database import Database

__all__ = ["Transfer", "Tried", "WantedTransfers", "drop", "listed", "place_at", "retry", "shown", "try_out"]
VIEW, CHANGE = "archive.view", "archive.change"
DESTINATION = "archive.destination"


@dataclass(frozen=True, slots=True)
class Tried:
    """A place that is to be tried out, and the company whose login is used."""

    place: Place
    text: str
    company: str


def listed(door: Door, wanted: WantedTransfers, where: str = "") -> Sequence[Transfer]:
    """Copies of the actor's place, or of a company, department or user; the newest first.

    Raises:
        NotAllowedError: the actor may not see them.
        NotFoundError: there is no such place, or no such fax.
    """
    node = door.look(VIEW, where or (door.actor.place[-1] if door.actor.place else None))
    return archive_lists.listing(door.db, wanted if node is None else replace(wanted, below=node.id))


def shown(door: Door, number: int) -> Transfer:
    """One copy.

    Raises:
        NotFoundError: there is none of that number.
        NotAllowedError: the actor may not see it.
    """
    found = archive_lists.one(door.db, number)
    door.look(VIEW, found.user_id)
    return found


def retry(door: Door, number: int, now: datetime) -> Changed[Transfer]:
    """Make a copy at once, where and as the settings want it now; also one that was given up.

    Raises:
        NotFoundError: there is none of that number.
        ConflictError: it was made, is being made, was dropped, or the fax was erased.
        NotAllowedError: the actor may not.
    """
    return _changed(door, number, "archive.retry", lambda db: archive_lists.retry(db, number, now))


def drop(door: Door, number: int, now: datetime) -> Changed[Transfer]:
    """Give a copy up for good.

    Raises:
        NotFoundError, ConflictError, NotAllowedError: as `retry`.
    """
    return _changed(door, number, "archive.drop", lambda db: archive_lists.drop(db, number, now))


def place_at(door: Door, node: str, text: str = "") -> Tried:
    """The place that holds at a node, or another for it; who names another must be an account of the machine.

    Raises:
        NotFoundError: there is no such node, or no place is set there.
        NotAllowedError: the actor may not.
        UsageError: it is no place.
    """
    found = door.look(SYSTEM if text else CHANGE, node)
    assert found is not None  # a node is named
    text = text or node_settings.effective(door.db, found.id).text(DESTINATION)
    if not text:
        raise UsageError(f"no place is set at {found.path}: faxgw settings set {found.path} {DESTINATION}=PLACE")
    try:
        return Tried(parse_place(text), text, found.path.partition("/")[0])
    except ValueError as error:
        raise UsageError(f"{DESTINATION}: {error}") from None


async def try_out(tried: Tried, carrier: Carrier, relay: Relay, letter: Callable[[str], bytes]) -> None:
    """Sign in there, write a small file, name it, take it away; to an address, send a letter, which `letter` writes.

    Raises:
        UnreachableError: nobody answers, or not as who he should be.
        RefusedError: it does not work; says why.
        UsageError: the file of logins is not as it should be.
    """
    if tried.place.way is not Way.MAIL:
        await carrier.try_out(tried.place, tried.company, f"faxgw-test-{secrets.token_hex(4)}")
        return
    sent = await relay.send(tried.place.address, letter(tried.place.address))
    if not sent.reached:
        raise UnreachableError(f"the relay was not reached: {sent.reply}")
    if not sent.done:
        raise RefusedError(f"the relay refuses: {sent.code} {sent.reply}")


def _changed(door: Door, number: int, what: str, step: Callable[[Database], Transfer]) -> Changed[Transfer]:
    before = archive_lists.one(door.db, number)

    def work(act: Act) -> Transfer:
        after = step(act.db)
        act.note(what, f"copy {number} of fax {before.fax}", _facts(before), {**_facts(after), "asked": True})
        return after

    return door.change(CHANGE, before.user_id, work)


def _facts(transfer: Transfer) -> dict[str, object]:
    return {"state": transfer.state.value, "place": transfer.order.place, "tries": transfer.tries}
