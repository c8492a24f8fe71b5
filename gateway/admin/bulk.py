"""Many users from a CSV file: all of them or none, with every line that is bad and why.

What lives here: checking lines, and the act. What does not: the file's form (`gateway.domain.people_file`), rows
(`gateway.store.bulk`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TextIO

from gateway.admin.acts import Act, Changed, Door, Target
from gateway.admin.numbers import check_wanted
from gateway.admin.settings import check_may_set, check_named
from gateway.admin.tree import kind_of
from gateway.admin.users import UserForm, checked, facts
from gateway.domain.errors import GatewayError, NotAllowedError, UsageError
from gateway.domain.journal import Note
from gateway.domain.nodes import Contact, NodeKind
from gateway.domain.people_file import CONTACT, CUSTOM, PARENT, Line, lines
from gateway.domain.setting_catalog import checked_value, setting_named
from gateway.store import bulk
from gateway.store.bulk import Inherited, Newcomer

AT_ONCE = 500  # users written by one statement
MOST_USERS = 50_000  # of one file: nobody else writes to the store meanwhile
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A line that cannot be taken, and why."""

    line: int
    reason: str


class BadLinesError(UsageError):
    """Some lines of a file cannot be taken, so that nothing of it was."""

    def __init__(self, troubles: tuple[Trouble, ...]) -> None:
        count = len(troubles)
        super().__init__(f"{count} {'line' if count == 1 else 'lines'} cannot be taken: nobody was added")
        self.troubles = troubles


@dataclass(frozen=True, slots=True)
class _Place:
    """Where users of a file stand: the node, and what they inherit there."""

    node: Target
    inherited: Inherited


@dataclass(slots=True)
class _Import:
    """One run over the file: the places that were met so far, and the lines that cannot be taken."""

    act: Act
    parent: str
    places: dict[str, _Place | str] = field(default_factory=dict)
    allowed: set[tuple[str, int]] = field(default_factory=set)
    troubles: list[Trouble] = field(default_factory=list)


def add_users(door: Door, file: Path, parent: str = "", tell: Tell = lambda _: None) -> Changed[int]:
    """Create all users of a file, or none; how many.

    Args:
        door: who does it.
        file: the CSV file.
        parent: where users stand whose line does not say.
        tell: told how many lines were read so far.

    Raises:
        BadLinesError: names every line that cannot be taken.
        UsageError: the file cannot be read, or has too many lines.
        NotAllowedError: says which right is missing.
    """

    def work(act: Act) -> int:
        run = _Import(act, parent)
        count = 0
        with _opened(file) as text:
            for some in _batches(lines(text, with_parent=not parent)):
                _enter(run, [one for one in (_newcomer(run, line) for line in some) if one is not None], door)
                count += len(some)
                tell(count)
                if count > MOST_USERS:
                    raise UsageError(f"{file}: more than {MOST_USERS} users; split the file")
        if run.troubles:
            raise BadLinesError(tuple(sorted(run.troubles, key=lambda one: one.line)))
        return count

    return door.change("users.add", parent or _home(door), work)


def _enter(run: _Import, some: list[Newcomer], door: Door) -> None:
    inherited = {place.node.id: place.inherited for place in run.places.values() if isinstance(place, _Place)}
    entered = bulk.enter(run.act.db, some, inherited, door.now())
    run.troubles += [Trouble(line, reason) for line, reason in entered.troubles.items()]
    if run.troubles:
        return  # all will be taken back: the journal need not be told
    paths = {place.node.id: place.node.path for place in run.places.values() if isinstance(place, _Place)}
    run.act.note_all([_note(one, entered.nodes[one.line], paths[one.parent_id]) for one in some])
    run.act.keep_notes()


def _newcomer(run: _Import, line: Line) -> Newcomer | None:
    """A line as a user to be, or None and a trouble more."""
    try:
        if line.trouble:
            raise UsageError(line.trouble)
        place = _place(run, line.texts.get(PARENT) or run.parent)
        settings = {name: _setting(run, place, name, value) for name, value in line.settings.items()}
        new = checked(_form(line))
        check_wanted(run.act, new.fax_number, place.node)
        return Newcomer(line.number, place.node.id, new, settings)
    except NotAllowedError:
        raise
    except GatewayError as error:
        run.troubles.append(Trouble(line.number, error.text))
        return None


def _place(run: _Import, name: str) -> _Place:
    """Where a user is to stand; what was found out of a place is remembered."""
    if not name:
        raise UsageError("it does not say where the user is to stand")
    if name not in run.places:
        try:
            run.places[name] = _found(run, name)
        except NotAllowedError:
            raise
        except GatewayError as error:
            run.places[name] = error.text
    found = run.places[name]
    if isinstance(found, str):
        raise UsageError(found)
    return found


def _found(run: _Import, name: str) -> _Place:
    node = run.act.find(name, "users.add")
    if kind_of(node) is NodeKind.USER:
        raise UsageError(f"{node.path} is a user: only companies and departments hold others")
    return _Place(node, bulk.inherited(run.act.db, node.id))


def _setting(run: _Import, place: _Place, name: str, value: str) -> str:
    if (name, place.node.id) not in run.allowed:
        check_may_set(run.act, name, place.node)
        run.allowed.add((name, place.node.id))
    wanted = checked_value(name, value)
    check_named(run.act.db, place.node.id, name, wanted)
    if NodeKind.USER not in setting_named(name).levels:
        raise UsageError(f"{name} is given at {' or '.join(setting_named(name).levels)}, not at users")
    return wanted


def _form(line: Line) -> UserForm:
    texts = line.texts
    return UserForm(
        parent="",
        first_name=texts["first_name"],
        last_name=texts["last_name"],
        sending=line.several("sending"),
        receiving=line.several("receiving"),
        user_name=texts.get("user_name", ""),
        fax_number=texts.get("fax_number", ""),
        contact=Contact(**{name: texts.get(name, "") for name in CONTACT}),
        custom=[texts.get(name, "") for name in CUSTOM],
    )


def _note(one: Newcomer, number: int, parent: str) -> Note:
    given = {"settings": dict(one.settings)} if one.settings else {}
    return Note("user.add", number, f"{parent}/{one.new.user_name}", {}, {**facts(one.new), **given})


def _home(door: Door) -> int | None:
    """What the right to add users is asked of at first: an administrator's own place."""
    return door.actor.place[-1] if door.actor.place else None


def _opened(file: Path) -> TextIO:
    try:
        return file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None


def _batches(found: Iterable[Line]) -> Iterator[list[Line]]:
    walk = iter(found)
    while some := list(islice(walk, AT_ONCE)):
        yield some
