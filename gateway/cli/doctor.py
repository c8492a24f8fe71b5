"""faxgw doctor: what is missing on this machine, what will not work for it, and the command that gets it."""

import sys
import tempfile
from pathlib import Path

import click

from gateway import machine
from gateway.cli.context import Console, pass_console
from gateway.cli.output import form_option, say, write_rows
from gateway.domain.errors import ExitCode
from gateway.machine import Finding
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
    findings = [*machine.check(console.settings.storage.folder), office_worker(), *walls()]
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
