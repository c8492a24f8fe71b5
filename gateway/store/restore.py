"""A backup becomes the store again: contents first, then all rows at one stroke, with nothing on its way to be sent.

What lives here: what may be restored where, and the switch. What does not: reading backups (`backup`, `archive`), what
becomes of faxes that were on their way (`quieting`).

The rows are made ready in a file of their own: brought to the present schema, what was on its way held. Only then they
take the place of what is there: a file by its name, a server's rows in one transaction.
"""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.domain.errors import ConflictError, RefusedError, UnavailableError
from gateway.store.archive import Reading, reading, sync
from gateway.store.backup import STORE, Manifest, Told, contents_in, verify
from gateway.store.copying import copy_rows, number_above
from gateway.store.database import Database, open_database
from gateway.store.engines import make_engine, translated
from gateway.store.migrate import METADATA, migrate
from gateway.store.processes import Here, alive, lease_clock
from gateway.store.quieting import Quieted, quiet
from gateway.store.revisions import known_revisions, revision_of
from gateway.store.spool import Spool

# Numbers that the store gave after the backup was made are not given again, as far as one can know.
GAP = 100_000


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, or would be; `aside` is where the store that was there lies now."""

    manifest: Manifest
    quieted: Quieted
    aside: Path | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where to restore to: a database by URL, and its spool. With `replace` a store that is there makes room.

    `here` tells which processes are of this machine: of those no lease counts when they are dead.
    """

    url: str
    spool: Spool
    replace: bool = False
    here: Here | None = None


def restore(source: Path, target: Target, wall: datetime, told: Told, *, dry_run: bool = False) -> Restored:
    """Restore a backup, after it was verified whole.

    Jobs that were on their way when it was made are held: they may have been sent since. With `dry_run` all is tried
    but for the switch.

    Raises:
        NotFoundError: there is no such backup.
        RefusedError: it is damaged or newer than this gateway, or there is a store already.
        ConflictError: a gateway runs on the store.
        UnavailableError: something cannot be read or written.
    """
    manifest = verify(source, told)
    if manifest.revision not in known_revisions():
        raise RefusedError(
            f"{source} has a newer schema ({manifest.revision}): restore it with faxgw {manifest.version} or later"
        )
    there = open_database(target.url)
    try:
        had_store = _check_target(there, target, wall)
        with reading(source) as archive, tempfile.TemporaryDirectory(dir=_near(there), prefix=".faxgw-") as folder:
            ready = _made_ready(archive, Path(folder) / STORE)
            quieted = _quieted(ready, manifest)
            if dry_run:
                return Restored(manifest, quieted)
            _put_contents(archive, target.spool, manifest, told)
            return Restored(manifest, quieted, _switch(ready, there, wall if had_store else None, target.here))
    finally:
        there.close()


def _check_target(there: Database, target: Target, wall: datetime) -> bool:
    """Whether there is a store, which may make room."""
    if revision_of(there) is None:
        return False
    _nobody_runs(there, wall, target.here)
    if not target.replace and not _is_empty(there):
        raise RefusedError("there is a store with faxes or people in it: --replace puts the backup in its place")
    return True


def _nobody_runs(there: Database, wall: datetime, here: Here | None) -> None:
    """Return when no lease of a living process holds; on a server leases go by its clock."""
    if alive(there, lease_clock(there, lambda: wall)(), here):
        text = "stop it first (faxgw nodes list shows where; one killed elsewhere counts until its lease is over)"
        raise ConflictError(f"a gateway runs on this store: {text}")


def _is_empty(there: Database) -> bool:
    """Whether nobody was ever added."""
    return (
        there.read(lambda session: session.connection().exec_driver_sql("SELECT id FROM node LIMIT 1").first()) is None
    )


def _near(there: Database) -> Path | None:
    """A folder on the file system where the file is wanted; for a server, wherever there is room."""
    return there.folder


def _made_ready(archive: Reading, file: Path) -> Path:
    """The rows as a file with the present schema."""
    file.touch(mode=0o600)
    try:
        with archive.open(STORE) as octets, file.open("wb") as copy:
            shutil.copyfileobj(octets, copy)
    except OSError as error:
        raise UnavailableError(f"{file.parent.parent} does not take the store: {error.strerror}") from error
    copied = open_database(f"sqlite:///{file}")
    try:
        # What ran when the backup was made does not run in it: nobody is hindered by an upgrade.
        copied.write(
            lambda session: session.connection().exec_driver_sql("UPDATE process SET lease_until = 0").rowcount
        )
        migrate(copied)
    finally:
        copied.close()
    return file


def _quieted(file: Path, manifest: Manifest) -> Quieted:
    copied = open_database(f"sqlite:///{file}")
    try:
        quieted = quiet(copied, manifest.made)
    finally:
        copied.close()
    engine = make_engine(copied.url, migrating=True)
    with translated(copied.url), engine.begin() as connection:
        for table in METADATA.sorted_tables:
            if table.dialect_options["sqlite"]["autoincrement"]:
                given = connection.exec_driver_sql(
                    "SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)
                ).scalar()
                number_above(connection, table.name, int(given or 0) + GAP)
    engine.dispose()
    return quieted


def _put_contents(archive: Reading, spool: Spool, manifest: Manifest, told: Told) -> None:
    for count, name in enumerate(contents_in(archive), 1):
        with archive.open(name) as octets:
            spool.put_stream(octets)
        told(count, manifest.contents)


def _switch(file: Path, there: Database, before: datetime | None, here: Here | None) -> Path | None:
    """Let the rows take the place of the store of `before`, if there is one; where that lies now, if it was a file."""
    if before is not None:
        _nobody_runs(there, before, here)  # a large backup takes its time: one may have been started meanwhile
    if there.is_near:
        return _rename(file, there, before)
    migrate(there)
    copied = open_database(f"sqlite:///{file}")
    try:
        copy_rows(copied, there)
    finally:
        copied.close()
    return None


def _rename(file: Path, there: Database, before: datetime | None) -> Path | None:
    """The old file is whole by itself when its last user has left, who is us."""
    place = Path(str(there.url.database))
    there.close()
    for left in ("-wal", "-shm"):
        if place.with_name(place.name + left).exists():
            raise ConflictError(f"{place} is in use: stop what uses it, and try again")
    aside = None
    try:
        if before is not None:
            aside = place.with_name(f"{place.name}.before-{before.astimezone(UTC):%Y%m%dT%H%M%S}")
            aside.hardlink_to(place)  # not renamed: whoever dies or looks in between finds one store or the other
        file.rename(place)
        sync(place.parent)
    except OSError as error:
        raise UnavailableError(f"{place} cannot be put in place: {error.strerror}") from error
    return aside
