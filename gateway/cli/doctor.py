"""faxgw doctor: what is missing on this machine, what will not work for it, and the command that gets it."""

import ssl
import sys
import tempfile
from pathlib import Path

import click

from gateway import machine
from gateway.archiving.logins import read_logins
from gateway.cli.context import Console, pass_console
from gateway.cli.output import form_option, say, write_rows
from gateway.domain.archive import Way
from gateway.domain.errors import ExitCode, UsageError
from gateway.machine import Finding
from gateway.settings import Archive
from renderers.confine import ConfinedCrashError
from renderers.libreoffice.profile import PACKAGES
from renderers.libreoffice.worker import AbsentError, Worker
from renderers.standing import look

COLUMNS = ("piece", "found", "without_it", "get_it")


@click.command()
@form_option
@pass_console
def doctor(console: Console, form: str) -> None:
    """Check this machine and the settings file; exit status 1 when a piece is missing.

    \b
    Examples:
      faxgw doctor
      faxgw doctor -o json
    """
    settings = console.settings
    findings = [*machine.check(settings.storage.folder), office_worker(), *walls(), *archives(settings.archive)]
    rows = [
        {
            "piece": finding.name,
            "found": finding.ok,
            "without_it": "" if finding.ok else finding.without,
            "get_it": "" if finding.ok else finding.remedy,
        }
        for finding in findings
    ]
    write_rows(rows, COLUMNS, form)
    missing = sum(not finding.ok for finding in findings)
    if missing:
        say(f"{missing} of {len(findings)} pieces missing: run the commands above")
        sys.exit(ExitCode.FAILED)
    say(f"all {len(findings)} pieces found")


def office_worker() -> Finding:
    """Start a LibreOffice worker, as the daemon keeps them, and end it; takes a second or two."""
    without, remedy = "office documents cost ten times as much", f"sudo apt-get install --reinstall {PACKAGES}"
    with tempfile.TemporaryDirectory(prefix="faxgw-doctor-") as folder:
        try:
            Worker.start(Path(folder)).end()
        except AbsentError as error:
            return Finding("LibreOffice worker", False, f"{without}: {error}", remedy)
    return Finding("LibreOffice worker", True, without, remedy)


def archives(section: Archive) -> list[Finding]:
    """Look at the files of the section [archive], those that it names; `faxgw archive test` speaks to the servers."""
    tries = zip(("logins", "known_hosts", "certificates"), section.files, (_logins, _keys, _authorities), strict=True)
    without = f"copies of faxes wait, and are given up after {section.give_up_days} days"
    found = []
    for name, path, read in tries:
        trouble = read(path) if path else ""
        found += [Finding(f"archive.{name}", not trouble, without, trouble)] if path else []
    logins, hosts, _ = section.files
    if logins and not hosts and not _logins(logins) and any(one.server.way is Way.SFTP for one in read_logins(logins)):
        found.append(Finding("archive.known_hosts", False, without, "name a file with the keys of SFTP servers"))
    return found


def _logins(path: Path) -> str:
    """What is wrong with the file; empty when nothing is."""
    try:
        read_logins(path)
    except UsageError as error:
        return error.text
    return ""


def _keys(path: Path) -> str:
    try:
        empty = not path.read_bytes().strip()
    except OSError as error:
        return f"{path}: it cannot be read ({error.strerror})"
    return f"{path}: it has no keys: ssh-keyscan HOST >> {path}, and compare them" if empty else ""


def _authorities(path: Path) -> str:
    try:
        ssl.create_default_context(cafile=str(path))
    except OSError as error:  # ssl.SSLError is one
        return f"{path}: it is no PEM file of authorities ({error.strerror})"
    return ""


def walls() -> list[Finding]:
    """Try from inside what a rendered document could reach."""
    try:
        standing = look()
    except ConfinedCrashError as error:
        return [Finding("confined rendering", False, f"nothing can be rendered: {error}", "make setup")]
    return [
        Finding(
            f"documents reach no network ({standing.network or 'no wall'})",
            bool(standing.network),
            "a document could call out from our address; rendering.require_no_network = true would not start so",
            "sudo apt-get install --no-install-recommends libseccomp2, or allow user namespaces",
        ),
        Finding(
            f"documents see no other files ({standing.files or 'no wall'})",
            bool(standing.files),
            "a document that takes over its converter can read whatever our user may read",
            "use Linux 5.19 or later, with landlock among its security modules",
        ),
    ]
