"""A backup: the store as it was at one moment, and every content that it names; made while the daemon works.

What lives here: making and verifying one. What does not: bringing it back (`restore`), files (`archive`).

The store comes first, as one SQLite file whatever engine it is on; then the contents that its rows name, each checked
by its digest. What is put meanwhile is not in it, and what is swept meanwhile was named by no row for an hour.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from gateway.domain.errors import NotFoundError, RefusedError
from gateway.store.archive import Reading, Writing, reading, writing
from gateway.store.copying import snapshot
from gateway.store.database import Database, open_database
from gateway.store.references import references
from gateway.store.revisions import revision_of, schema_is_current
from gateway.store.spool import BLOCK, Spool

FORM = 1
MANIFEST, STORE = "manifest.json", "store.sqlite"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `store` is the SHA-256 of its SQLite file, `made` the time of the machine."""

    made: datetime
    version: str
    engine: str
    revision: str
    store: str
    contents: int
    missing: int


Told = Callable[[int, int], None]  # how many contents of how many are done


def backup(db: Database, spool: Spool, target: Path, about: tuple[datetime, str], told: Told) -> Manifest:
    """Make a backup in a folder, or in a tar file if `target` ends so, and verify it. It is there only when it is well.

    Contents that rows name and the spool does not hold are left out and counted.

    Args:
        db: the store, its schema current.
        spool: its contents.
        target: where to; nothing of that name is there.
        about: the time of the machine, and the version of the gateway.
        told: hears how far it is.

    Raises:
        RefusedError: the target is there, or the schema is not ours.
        UnavailableError: something cannot be read or written.
    """
    if not schema_is_current(db):
        raise RefusedError("the store has another schema than this gateway: see faxgw db status, faxgw db upgrade")
    with writing(target) as archive, tempfile.TemporaryDirectory(dir=_folder(target), prefix=".faxgw-") as folder:
        file = Path(folder) / STORE
        snapshot(db, file)
        with _opened(file) as copy:
            named = sorted({one.digest for page in references(copy) for one in page})
            left_out = _add_contents(archive, spool, named, told)
            missing = len(left_out - _in_rows(copy))
            revision = revision_of(copy) or ""
        with file.open("rb") as octets:
            digest = hashlib.file_digest(octets, "sha256").hexdigest()
        archive.add(STORE, file)
        made = Manifest(about[0], about[1], db.dialect.name, revision, digest, len(named) - len(left_out), missing)
        archive.add_text(MANIFEST, json.dumps({"form": FORM, **asdict(made), "made": made.made.isoformat()}, indent=2))
    verify(target, told)
    return made


def verify(source: Path, told: Told) -> Manifest:
    """Read a backup whole, and return when all of it is as it was written.

    Raises:
        NotFoundError: there is no such backup.
        RefusedError: it is none, or is damaged; says where.
        UnavailableError: it cannot be read.
    """
    with reading(source) as archive:
        manifest = read_manifest(archive, source)
        _check(archive, STORE, manifest.store, source)
        count = 0
        for name in contents_in(archive):
            _check(archive, name, name.rpartition("/")[2], source)
            count += 1
            told(count, manifest.contents)
        if count != manifest.contents:
            raise RefusedError(f"{source} is damaged: it holds {count} contents of {manifest.contents}")
        return manifest


def read_manifest(archive: Reading, source: Path) -> Manifest:
    """What a backup says of itself.

    Raises:
        RefusedError: it is no backup, or one of a form that a newer gateway makes.
    """
    try:
        with archive.open(MANIFEST) as file:
            said: dict[str, Any] = json.load(file)
        form = said.pop("form")
        if form != FORM:
            raise RefusedError(
                f"{source} was made by a newer gateway ({said.get('version')}): restore it with that one"
            )
        return Manifest(**said | {"made": datetime.fromisoformat(said["made"])})
    except (NotFoundError, ValueError, KeyError, TypeError, AttributeError):
        raise RefusedError(f"{source} is no backup of a store, or is damaged: {MANIFEST} cannot be read") from None


def contents_in(archive: Reading) -> Iterator[str]:
    """The names of the contents."""
    return (name for name in archive.names() if name.startswith("contents/"))


def _folder(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.parent


@contextmanager
def _opened(file: Path) -> Iterator[Database]:
    copy = open_database(f"sqlite:///{file}")
    try:
        yield copy
    finally:
        copy.close()  # the last who leaves has all written into the file, which stands alone then


def _in_rows(copy: Database) -> set[str]:
    """The mails that are in the store and not in the spool yet."""
    waiting = "SELECT content_digest FROM submission JOIN content ON content.submission_id = submission.id"
    return copy.read(lambda session: set(session.connection().exec_driver_sql(waiting).scalars()))


def _add_contents(archive: Writing, spool: Spool, digests: list[str], told: Told) -> set[str]:
    """Those that the spool does not hold."""
    left_out = set()
    for count, digest in enumerate(digests, 1):
        try:
            archive.add(f"contents/{digest[:2]}/{digest}", spool.path(digest))
        except NotFoundError:
            left_out.add(digest)
        told(count, len(digests))
    return left_out


def _check(archive: Reading, name: str, digest: str, source: Path) -> None:
    with archive.open(name) as file:
        if _digest(file) != digest:
            raise RefusedError(f"{source} is damaged: {name} is not what it was")


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()
