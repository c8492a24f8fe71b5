"""Contents that no row names are put aside, and erased later: strays of crashes, of lost races, of what was erased.

What lives here: one whole sweep as a row of small steps. What does not: rows (`references`), files (`spool`), when a
sweep is due (`gateway.flows.tidy`).

The rows are read first, the files are looked at afterwards. A content is young for an hour after it was put, whoever
puts it again makes it young anew, and a row follows its content within minutes: so what is old, and was in no row when
the sweep read them, is in none. Should a row be later still, the content is only put aside for now, and found there.
Nothing is ever deleted inside a transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.store.database import Database
from gateway.store.references import references
from gateway.store.spool import Spool

GRACE_SECONDS = 3600
MOST_NAMED = 200_000  # references in memory at one time, about
PREFIXES = tuple(f"{number:02x}" for number in range(256))


@dataclass(slots=True)
class Swept:
    """What a sweep found, by digest, and did with it, unless it only looked; files that were left half-written."""

    orphans: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    brought_back: list[str] = field(default_factory=list)
    half_written: int = 0

    @property
    def anything(self) -> bool:
        """Whether there was anything to be done."""
        return bool(self.orphans or self.forgotten or self.brought_back or self.half_written)


def sweep(db: Database, spool: Spool, now: float, swept: Swept, *, dry_run: bool = False) -> Iterator[None]:
    """One sweep over all contents, in steps of some milliseconds; `swept` grows.

    Args:
        db: the store, whose rows name contents.
        spool: the contents.
        now: seconds since 1970, as files are stamped.
        swept: is told what was found.
        dry_run: only look.

    Raises:
        UnavailableError: database, disk or bucket cannot be used; a later sweep begins anew.
    """
    limit = now - GRACE_SECONDS
    for part in _parts(spool):
        named: set[int] = set()
        for page in references(db):
            named.update(hash(reference.digest) for reference in page if reference.digest[:2] in part)
            yield
        for prefix in part:
            _look_aside(spool, prefix, named, limit, (swept, dry_run))
            _look(spool, prefix, named, limit, (swept, dry_run))
            yield
    _half_written(spool, limit, (swept, dry_run))


def _parts(spool: Spool) -> list[frozenset[str]]:
    """The prefixes, in as many parts as keep the references of one in bounds; an eighth of a percent tells how many."""
    contents = sum(1 for _ in spool.digests(PREFIXES[0])) * len(PREFIXES)
    count = min(len(PREFIXES), 1 + contents // MOST_NAMED)
    return [frozenset(PREFIXES[first::count]) for first in range(count)]


def _look(spool: Spool, prefix: str, named: set[int], limit: float, how: tuple[Swept, bool]) -> None:
    """Put aside what is old and in no row. What is not erased as surely named is kept: two digests may share a hash."""
    swept, dry_run = how
    for digest in spool.old(prefix, limit):
        if hash(digest) not in named and (dry_run or spool.retire(digest, limit)):
            swept.orphans.append(digest)


def _look_aside(spool: Spool, prefix: str, named: set[int], limit: float, how: tuple[Swept, bool]) -> None:
    """Erase what was put aside long ago, unless a row names it after all."""
    swept, dry_run = how
    for digest in spool.retired(prefix, limit):
        wanted = hash(digest) in named
        (swept.brought_back if wanted else swept.forgotten).append(digest)
        if not dry_run:
            spool.bring_back(digest) if wanted else spool.forget(digest)


def _half_written(spool: Spool, limit: float, how: tuple[Swept, bool]) -> None:
    swept, dry_run = how
    for path in spool.half_streamed(limit):
        swept.half_written += 1
        if not dry_run:
            path.unlink(missing_ok=True)
