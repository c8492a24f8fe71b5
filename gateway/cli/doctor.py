"""faxgw doctor: what is missing on this machine, what will not work for it, and the command that gets it."""

import sys

import click

from gateway import machine
from gateway.cli.context import Console, pass_console
from gateway.cli.output import form_option, say, write_rows
from gateway.domain.errors import ExitCode

COLUMNS = ("piece", "found", "without_it", "get_it")


@click.command()
@form_option
@pass_console
def doctor(console: Console, form: str) -> None:
    """Check this machine and the settings file; exit status 1 when a piece is missing."""
    findings = machine.check(console.settings.storage.folder)
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
