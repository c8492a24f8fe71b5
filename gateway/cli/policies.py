"""Commands on password policies and passwords: policy list, show, set, remove; password set, change, redeem and so on.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.policies`, `gateway.admin.passwords`).
"""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.admin import passwords, policies
from gateway.admin.welcome import redeem
from gateway.cli.acting import as_option, changing, confirm, confirming, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, say, write_one, write_rows
from gateway.cli.secret import needed_password, password_options
from gateway.domain.errors import UsageError
from gateway.domain.password_policy import PasswordPolicy

COLUMNS = ("name", "belongs_to", *(name for name in asdict(PasswordPolicy()) if name != "name"))
AT = click.option("--at", "where", default="", metavar="NODE", help="A company or department; else the whole system.")


@click.group()
def policy() -> None:
    """Password and session policies; which one holds where says the setting security.policy."""


@policy.command("list")
@AT
@as_option
@form_option
@pass_console
def policy_list(console: Console, where: str, form: str) -> None:
    """List the policies that a node's settings may name.

    \b
    Examples:
      faxgw policy list
      faxgw policy list --at Acme/Billing -o json
    """
    found = policies.listed(console.door, where)
    write_rows([_row(one.policy, one.path) for one in found], COLUMNS, form)


@policy.command("show")
@click.argument("name")
@AT
@as_option
@form_option
@pass_console
def policy_show(console: Console, name: str, where: str, form: str) -> None:
    """Show one policy.

    \b
    Examples:
      faxgw policy show global
      faxgw policy show strict --at Acme
    """
    write_one(asdict(policies.shown(console.door, name, where)), form)


@policy.command("set")
@click.argument("name")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
@AT
@changing
@pass_console
def policy_set(console: Console, name: str, fields: tuple[str, ...], where: str) -> None:
    """Add a policy, or change fields of one; `global` without --at is the one that holds where none is named.

    \b
    Examples:
      faxgw policy set strict --at Acme least_length=14 history=5 most_age=90
      faxgw policy set global forced_change=on
    """
    changed = policies.keep(console.door, where, name, dict(_pair(field) for field in fields))
    tell(changed, f"policy {name} is kept; it holds where the setting security.policy names it")


@policy.command("remove")
@click.argument("name")
@AT
@changing
@confirming
@pass_console
def policy_remove(console: Console, name: str, where: str) -> None:
    """Delete a policy that no node's settings name.

    \b
    Examples:
      faxgw policy remove strict --at Acme
      faxgw policy remove old --yes
    """
    confirm(console, f"Delete the policy {name}?")
    tell(policies.remove(console.door, where, name), f"policy {name} removed")


@click.group()
def password() -> None:
    """Passwords of users and administrators."""


@password.command("set")
@click.argument("user_name")
@password_options
@changing
@pass_console
def password_set(console: Console, user_name: str, password_file: Path | None, generate: bool) -> None:
    """Give a user or an administrator a new password.

    \b
    Examples:
      faxgw password set anna@acme.example
      faxgw password set anna@acme.example --generate
    """
    if generate:
        new = passwords.make_password_for(console.door, user_name)
    else:
        new = needed_password(password_file, f"New password of {user_name}", no_input=console.no_input)
    changed = passwords.set_password(console.door, user_name, new)
    must = "; it must be changed at once" if changed.answer.forced_change else ""
    tell(changed, f"the password of {user_name} is set{must}")
    if generate and not changed.dry_run:
        click.echo(new)


@password.command("change")
@click.argument("user_name")
@click.option("--old-file", type=click.Path(path_type=Path, exists=True), help="Holds the present password.")
@click.option("--password-file", type=click.Path(path_type=Path, exists=True), help="Holds the new one.")
@pass_console
def password_change(console: Console, user_name: str, old_file: Path | None, password_file: Path | None) -> None:
    """Change one's own password: it asks for the old and the new one.

    \b
    Examples:
      faxgw password change anna@acme.example
      faxgw password change ada --old-file old.txt --password-file new.txt
    """
    old = _present(old_file)
    new = needed_password(password_file, "New password")
    passwords.change_own(console.database, user_name, old, new, datetime.now(UTC))
    say(f"the password of {user_name} is changed")


@password.command("redeem")
@click.argument("user_name")
@click.option("--code-file", type=click.Path(path_type=Path, exists=True), help="Holds the code of the mail.")
@click.option("--password-file", type=click.Path(path_type=Path, exists=True), help="Holds the new password.")
@pass_console
def password_redeem(console: Console, user_name: str, code_file: Path | None, password_file: Path | None) -> None:
    """Choose a password with the code of a welcome message; the code is used up by it.

    Five wrong codes, or seven days, end it; `faxgw user welcome` sends another.

    \b
    Examples:
      faxgw password redeem anna@acme.example
      faxgw password redeem anna --code-file code.txt --password-file new.txt
    """
    code = needed_password(code_file, "") if code_file else click.prompt("Code of the welcome message", err=True)
    new = needed_password(password_file, "New password")
    redeem(console.database, user_name, code, new, datetime.now(UTC))
    say(f"the password of {user_name} is set; the code is used up")


@password.command("show")
@click.argument("user_name")
@as_option
@form_option
@pass_console
def password_show(console: Console, user_name: str, form: str) -> None:
    """Show how somebody's password stands: its age, failures, a lock-out; never the password.

    \b
    Examples:
      faxgw password show anna@acme.example
      faxgw password show ada -o json
    """
    write_one(asdict(passwords.state(console.door, user_name)), form)


@password.command("release")
@click.argument("user_name")
@changing
@pass_console
def password_release(console: Console, user_name: str) -> None:
    """End a lock-out after wrong passwords.

    \b
    Examples:
      faxgw password release anna@acme.example
      faxgw password release ada --reason "called, it was her"
    """
    tell(passwords.release(console.door, user_name), f"{user_name} may sign in again")


def _present(file: Path | None) -> str:
    if file is not None:
        return needed_password(file, "")
    typed: str = click.prompt("Present password", hide_input=True, err=True)
    return typed


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise UsageError(f"{text!r}: write FIELD=VALUE")
    return name.strip(), value.strip()


def _row(one: PasswordPolicy, path: str) -> Row:
    return {"belongs_to": path or "the system", **asdict(one)}
