"""Commands on the store itself: status, check, sweep, backup, restore, upgrade.

What lives here: arguments and answers. What does not: the steps (`gateway.store`). They are for whoever runs the
machine, whose file system decides who may.
"""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from gateway.cli.context import Console, pass_console
from gateway.cli.output import Progress, form_option, say, write_one, write_rows
from gateway.cli.waiting import told_when_late
from gateway.domain.errors import ExitCode, NotFoundError
from gateway.store import backup as backups
from gateway.store import restore as restores
from gateway.store.check import Finding, Kind, check
from gateway.store.database import Database
from gateway.store.facts import Facts, existing, facts
from gateway.store.migrate import open_store
from gateway.store.processes import Here
from gateway.store.revisions import check_schema, known_revisions, revision_of
from gateway.store.sweep import Swept, sweep


@click.group()
def db() -> None:
    """The store and the contents: status, check, sweep, backup, restore, upgrade."""


@db.command("status")
@form_option
@pass_console
def db_status(console: Console, form: str) -> None:
    """Show what the store is: engine and library, schema, size, and where contents lie.

    Exit status: 0, or 1 when the schema is not this gateway's or the library is not safe.

    \b
    Examples:
      faxgw db status
      faxgw db status -o json
    """
    with _existing(console) as store:
        found = facts(store)
    storage = console.settings.storage
    row = {
        "engine": found.engine,
        "library": found.library,
        "safe": found.safe,
        "store": found.place,
        "revision": found.revision,
        "newest_revision": found.newest,
        "current": found.is_current,
        "megabytes": round(found.octets / 1e6, 1),
        "submissions": found.submissions,
        "jobs": found.jobs,
        "contents": storage.spool or str(storage.folder.absolute() / "spool"),
    }
    write_one(row, form)
    if not (found.is_current and found.safe):
        say(_advice(found))
        sys.exit(ExitCode.FAILED)


def _advice(found: Facts) -> str:
    """What to do about a store that is not as it should be."""
    if not found.safe:
        return "install pysqlite3 with SQLite 3.51.3 or later: make setup"
    newer = found.revision not in known_revisions()
    return "the store was written by a newer gateway; upgrade this one" if newer else "see faxgw db upgrade"


@db.command("check")
@form_option
@pass_console
def db_check(console: Console, form: str) -> None:
    """Check that the store is sound, while the daemon works or not: what is found is told, and nothing is changed.

    Looked at are the database file or server, every row that points to another, states that contradict each other,
    and every content that a row names: it must be in the spool and be what its digest says. Contents that no row names
    are told, and are no fault: the daemon's sweep takes them away.

    Exit status: 0 sound, 1 something is wrong or the store is newer than this gateway, 3 there is no store, 5 it is
    older (see faxgw db upgrade), 7 it cannot be reached.

    \b
    Examples:
      faxgw db check
      faxgw db check -o json > findings.json
    """
    with _fitting(console) as store, Progress(time.monotonic) as progress:
        found = list(_shown(check(store, console.spool, time.time()), progress))
    bad = sum(finding.bad for finding in found)
    rows = [{"about": one.kind.value, "wrong": one.bad, "finding": one.words} for one in found]
    write_rows(rows, ("about", "wrong", "finding"), form)
    if bad:
        say(f"{bad} things are wrong: a backup can be restored with faxgw db restore")
        sys.exit(ExitCode.FAILED)
    say("the store is sound")


@db.command("sweep")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@form_option
@pass_console
def db_sweep(console: Console, dry_run: bool, form: str) -> None:
    """Put contents aside that no row names and that are older than an hour, and erase those put aside an hour ago.

    The daemon does the same now and then. What is put aside comes back by itself when a row turns up that names it.

    \b
    Examples:
      faxgw db sweep --dry-run
      faxgw db sweep -o json
    """
    swept = Swept()
    with _fitting(console) as store, Progress(time.monotonic) as progress:
        for _ in sweep(store, console.spool, time.time(), swept, dry_run=dry_run):
            progress.show(f"{len(swept.orphans)} put aside")
    row = {
        "dry_run": dry_run,
        "put_aside": len(swept.orphans),
        "erased": len(swept.forgotten),
        "brought_back": len(swept.brought_back),
        "half_written": swept.half_written,
    }
    write_one(row, form)


@db.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@form_option
@pass_console
def db_backup(console: Console, target: Path, form: str) -> None:
    """Write the store and all contents to TARGET, a new folder, or one file when it ends with .tar; then verify it.

    The daemon goes on meanwhile: the backup is the store of one moment, with the contents that it names then. It is
    the same whichever engine the store is on, and can be restored to either. It holds faxes and mail addresses: keep
    it as safe as the store.

    Exit status: 0 done, 5 the store is older than this gateway, 6 TARGET is there already, 7 something cannot be read
    or written, 8 done, and contents that rows name were not in the spool.

    \b
    Examples:
      faxgw db backup /backup/faxgw-monday
      faxgw db backup /backup/faxgw-monday.tar -o json
    """
    about = (datetime.now(UTC), version("faxgw"))
    with _fitting(console, whole=True) as store, Progress(time.monotonic) as progress:
        made = backups.backup(store, console.spool, target, about, _told(progress))
    write_one(_manifest_row(made, target), form)
    if made.missing:
        say(f"{made.missing} contents that rows name are not in the spool: see faxgw db check")
        sys.exit(ExitCode.DONE_IN_PART)
    say(f"{target} is written and verified")


@db.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Also where there is a store: it makes room, a file is kept beside.")
@click.option("--dry-run", is_flag=True, help="Verify the backup and try all but the switch.")
@form_option
@pass_console
def db_restore(console: Console, source: Path, replace: bool, dry_run: bool, form: str) -> None:
    """Bring back the store and contents of the backup SOURCE. Stop the daemon first, on all machines.

    Faxes that were on their way when the backup was made are held, for they may have been sent since: none is faxed
    twice by itself. Notices, received faxes and copies for archives that waited then go again, mails with the same
    Message-ID. See what is held with `faxgw outbound list --state held`; let one go on with `faxgw outbound release
    JOB`, or end it with `faxgw outbound cancel JOB`. Mails that were taken after the backup are not in it.

    Exit status: 0 done, 3 no such backup, 5 a gateway runs on the store, 6 the backup is damaged or newer than this
    gateway, or there is a store already, 7 something cannot be read or written.

    \b
    Examples:
      faxgw db restore /backup/faxgw-monday --dry-run
      faxgw db restore /backup/faxgw-monday.tar --replace
    """
    storage = console.settings.storage
    storage.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    here = Here(socket.gethostname(), storage.folder / "locks")
    target = restores.Target(storage.database_url, console.spool, replace, here)
    with Progress(time.monotonic) as progress:
        done = restores.restore(source, target, datetime.now(UTC), _told(progress), dry_run=dry_run)
    row = _manifest_row(done.manifest, source) | {
        "held": done.quieted.held,
        "held_when_rendered": done.quieted.to_be_held,
        "mails_to_send": done.quieted.mails,
        "former_store": str(done.aside or ""),
    }
    write_one(row, form)
    say(f"nothing was changed: {source} can be restored" if dry_run else f"{source} is restored")
    if done.quieted.held or done.quieted.to_be_held:
        say("held faxes may have been sent since the backup: faxgw outbound list --state held, then release or cancel")


@db.command("upgrade")
@click.option("--dry-run", is_flag=True, help="Only tell whether there is something to do.")
@pass_console
def db_upgrade(console: Console, dry_run: bool) -> None:
    """Bring the schema of the store to that of this gateway, or make a new store. The daemon does so when it starts.

    It runs under a lock, so that several nodes may start at once, and all or nothing of it is done. While older nodes
    run that could not go on with the new schema, it is refused.

    Exit status: 0 done, 1 the store was written by a newer gateway, 5 older nodes run, 7 the store cannot be reached.

    \b
    Examples:
      faxgw db upgrade --dry-run
      faxgw db upgrade
    """
    storage, newest = console.settings.storage, known_revisions()[0]
    before = _revision(console)
    if before == newest:
        say(f"the store has revision {newest} already")
    elif before not in (None, *known_revisions()):
        with _fitting(console):
            say(f"the store has revision {before} of a newer gateway, with which this one can go on")
    elif dry_run:
        say(f"the store would go from {before or 'nothing'} to revision {newest}")
    else:
        with told_when_late():
            open_store(storage.database_url, storage.folder).close()
        say(f"the store went from {before or 'nothing'} to revision {newest}")


def _revision(console: Console) -> str | None:
    """The schema that is there, without making a file when there is none."""
    try:
        with _existing(console) as store:
            return revision_of(store)
    except NotFoundError:
        return None


@contextmanager
def _existing(console: Console) -> Iterator[Database]:
    with told_when_late():
        opened = existing(console.settings.storage.database_url)
    with closing(opened) as store:
        yield store


@contextmanager
def _fitting(console: Console, *, whole: bool = False) -> Iterator[Database]:
    """As `_existing`, of a schema that we can work on."""
    with _existing(console) as store:
        check_schema(store, whole=whole)
        yield store


def _shown(found: Iterator[Finding], progress: Progress) -> Iterator[Finding]:
    """The findings; steps are progress."""
    for finding in found:
        if finding.kind is Kind.STEP:
            progress.show(finding.words)
        else:
            yield finding


def _told(progress: Progress) -> backups.Told:
    return lambda done, of: progress.show(f"{done} of {of} contents")


def _manifest_row(manifest: backups.Manifest, place: Path) -> dict[str, object]:
    return {
        "backup": str(place),
        "made": manifest.made,
        "version": manifest.version,
        "engine": manifest.engine,
        "revision": manifest.revision,
        "contents": manifest.contents,
        "missing": manifest.missing,
    }
