"""What an administrator does with cover pages: look at them, add, remove and preview them.

What lives here: checking what is uploaded before the store is asked, and finding a cover by name and owner. What does
not: rows (`gateway.store.covers`), what a template may hold (`coverpages.markup`), which covers a sender may use
(`gateway.covers`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from coverpages.cover import Cover, shipped
from coverpages.fields import SAMPLE
from coverpages.language import TemplateError
from coverpages.markup import read_template
from gateway import covers
from gateway.admin.acts import Act, Changed, Door
from gateway.admin.settings import put
from gateway.cover_pages import FilledCover
from gateway.domain.cover_rules import FORMER_NAMES, checked_cover_name, cover_key
from gateway.domain.errors import NotFoundError, RefusedError, UsageError
from gateway.domain.setting_catalog import CATALOG
from gateway.store import covers as store
from gateway.store import tree
from gateway.store.covers import NewCover, OwnCover
from gateway.store.database import Database

DEFAULT = "cover.default"
MOST_PAGES = 3  # that the values of a preview may take


@dataclass(frozen=True, slots=True)
class CoverForm:
    """A cover as uploaded; `owner` is the path of a company or department."""

    owner: str
    name: str
    content: bytes
    title: str = ""
    description: str = ""
    paper: str = "letter"


@dataclass(frozen=True, slots=True)
class Listed:
    """A cover in a list; `own` is None of one that ships."""

    cover: Cover
    own: OwnCover | None
    is_default: bool

    @property
    def owner(self) -> str:
        """Whose it is, empty of one that ships."""
        return self.own.owner if self.own else ""


def add_cover(
    door: Door, form: CoverForm, now: datetime, try_out: Callable[[FilledCover], int], *, replace: bool = False
) -> Changed[OwnCover]:
    """Check a template, lay it out once, and keep it.

    Args:
        door: who does it.
        form: what is uploaded.
        now: the time.
        try_out: lays a filled cover out, confined, and returns its pages.
        replace: put it in the place of the one of that name.

    Raises:
        UsageError: a name that cannot be one.
        RefusedError: the template holds what it may not (each problem with its line), cannot be laid out, or the name
            is taken.
        NotFoundError: there is no such owner.
        NotAllowedError: says which right is missing.
    """
    name = checked_cover_name(form.name)
    key = cover_key(name)
    if key in shipped():
        raise RefusedError(f"{shipped()[key].name!r} is a cover page that ships with the gateway: choose another name")
    try:
        html = read_template(form.content)
    except TemplateError as error:
        raise RefusedError(f"cover page {name!r} was not added: {error}") from None
    pages = _tried(Cover(name, form.title, form.description, form.paper, html), try_out)
    if pages > MOST_PAGES:
        raise RefusedError(f"cover page {name!r} was not added: a short letter alone takes {pages} pages of it")

    def work(act: Act) -> OwnCover:
        new = NewCover(act.node.path, name, key, form.title or name, form.description, form.paper, html)
        kept = store.add(act.db, new, now, replace=replace)
        act.note(
            "covers.add", act.node, {}, {"name": name, "paper": form.paper, "digest": sha256(html.encode()).hexdigest()}
        )
        return kept

    return door.change("covers.upload", form.owner, work)


def _tried(cover: Cover, try_out: Callable[[FilledCover], int]) -> int:
    try:
        return try_out(FilledCover(cover, dict(SAMPLE)))
    except RefusedError:
        raise RefusedError(
            f"cover page {cover.name!r} was not added: it takes too long or too much to lay out"
        ) from None


def make_default(door: Door, path: str, name: str) -> Changed[str]:
    """Make a cover the default of a company, department or user, and of all below that have none; its name.

    Raises:
        NotFoundError: there is no such path, or no such cover there.
        NotAllowedError: says which right is missing.
    """

    def work(act: Act) -> str:
        one = find_cover(act.db, name, f"/{act.node.path}")
        put(act, act.node, DEFAULT, one.cover.name)
        return one.cover.name

    return door.change("covers.change", path, work)


def remove_cover(door: Door, owner: str, name: str) -> Changed[OwnCover]:
    """Take an uploaded cover away.

    Raises:
        NotFoundError: there is no such cover there.
        RefusedError: it is somebody's default, or it ships with the gateway.
        NotAllowedError: says which right is missing.
    """
    key = cover_key(name)
    if key in shipped():
        raise RefusedError(f"{name!r} ships with the gateway and stays; cover.only_own=on keeps a level from using it")

    def work(act: Act) -> OwnCover:
        gone = store.remove(act.db, act.node.path, key)
        act.note("covers.remove", act.node, {"name": gone.name}, {})
        return gone

    return door.change("covers.upload", owner, work)


def all_covers(db: Database) -> Sequence[Listed]:
    """Those that ship, and all that were uploaded; the default is that of the product, or of the owner."""
    ours = [Listed(cover, None, name == CATALOG[DEFAULT].default) for name, cover in shipped().items()]
    return ours + [
        Listed(covers.cover_of(db, own), own, _is_default(db, own.owner, own.key)) for own in store.listing(db)
    ]


def covers_at(db: Database, path: str) -> Sequence[Listed]:
    """The covers that may be used at a company, a department or a user.

    Raises:
        NotFoundError: there is no such path.
    """
    shelf = covers.shelf(db, path)
    default = _default_at(db, path)
    found = [Listed(covers.cover_of(db, own), own, own.key == default) for own in shelf.own.values()]
    if shelf.with_shipped:
        ours = (cover for name, cover in shipped().items() if name not in shelf.own)
        found += [Listed(cover, None, cover.name == default) for cover in ours]
    return found


def find_cover(db: Database, name: str, path: str = "") -> Listed:
    """One cover by name: of those usable at a path, else of all.

    Raises:
        NotFoundError: there is none of that name, or no such path.
        UsageError: several companies have one.
    """
    listed = covers_at(db, path) if path else all_covers(db)
    found = [one for one in listed if cover_key(one.cover.name) == cover_key(name)]
    if not found:
        raise NotFoundError(covers.no_cover(name, tuple(one.cover.name for one in listed)))
    if len(found) > 1:
        raise UsageError(f"{name!r} is a cover page of {', '.join(one.owner for one in found)}: say whose by --company")
    return found[0]


def default_of(db: Database, one: Listed) -> tuple[str, ...]:
    """Who has made an uploaded cover their default."""
    return store.users_of(db, one.own) if one.own else ()


def former_names(name: str) -> tuple[str, ...]:
    """What a cover that ships was called before; mails and settings may still say so."""
    return tuple(former for former, now in FORMER_NAMES.items() if now == name)


def _is_default(db: Database, path: str, key: str) -> bool:
    return _default_at(db, path) == key


def _default_at(db: Database, path: str) -> str:
    return cover_key(tree.effective(db, tree.node_by_path(db, path).id).text(DEFAULT))
