"""Commands on administrators and on their rights.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.administrators`).
"""

from pathlib import Path

import click

from gateway.admin import administrators as steps
from gateway.admin import passwords
from gateway.cli.acting import as_option, changing, confirm, confirming, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, write_one, write_rows
from gateway.cli.secret import password_options, read_password
from gateway.domain.administrators import Administrator, NewAdministrator
from gateway.domain.rights import ALL, RIGHTS, Granted, granted

COLUMNS = ("user_name", "name", "place", "email", "time_zone", "read_only", "locked")
RIGHT_COLUMNS = ("right", "held", "about")


@click.group()
def admin() -> None:
    """Administrators of companies and departments."""


@admin.command("add")
@click.argument("place")
@click.argument("first_name")
@click.argument("last_name")
@click.option("--email", required=True, help="Mail address.")
@click.option("--user-name", default="", help="The address when none is given.")
@click.option("--time-zone", default="UTC", show_default=True, help="Times are shown in it.")
@click.option("--language", default="en", show_default=True, help="In which the gateway speaks.")
@click.option("--right", "names", multiple=True, help="A right, or a part of the rights; all when none is given.")
@click.option("--read-only", is_flag=True, help="Sees what the rights allow, and changes nothing.")
@password_options
@changing
@pass_console
def admin_add(
    console: Console,
    /,
    place: str,
    names: tuple[str, ...],
    read_only: bool,
    password_file: Path | None,
    generate: bool,
    **fields: str,
) -> None:
    """Add an administrator at PLACE, a company or a department.

    \b
    Examples:
      faxgw admin add Acme Ada Byron --email ada@acme.example --generate
      faxgw admin add Acme/Billing Bo Li --email bo@acme.example --right users --right activity.view
    """  # fmt: skip
    rights = granted(names, read_only=read_only) if names else Granted(ALL.names, read_only)
    password = passwords.make_password(console.door, place) if generate else read_password(password_file)
    new = NewAdministrator(place, rights=rights, **fields)
    changed = steps.add(console.door, new, password)
    tell(changed, f"administrator {changed.answer.user_name} added at {changed.answer.path}")
    if generate and not changed.dry_run:
        click.echo(password)


@admin.command("list")
@click.argument("under", default="")
@as_option
@form_option
@pass_console
def admin_list(console: Console, under: str, form: str) -> None:
    """List administrators, of one company or department with all below it when UNDER is given.

    \b
    Examples:
      faxgw admin list
      faxgw admin list Acme -o csv
    """
    write_rows([_row(one) for one in steps.listed(console.door, under)], COLUMNS, form)


@admin.command("show")
@click.argument("name")
@as_option
@form_option
@pass_console
def admin_show(console: Console, name: str, form: str) -> None:
    """Show one administrator, by user name, mail address or id.

    \b
    Examples:
      faxgw admin show ada@acme.example
      faxgw admin show ada@acme.example -o json
    """
    one = steps.shown(console.door, name)
    write_one({"id": one.id, **_row(one), "language": one.language, "rights": sorted(one.rights.names)}, form)


@admin.command("edit")
@click.argument("name")
@click.option("--first-name", help="First name.")
@click.option("--last-name", help="Last name.")
@click.option("--email", help="Mail address.")
@click.option("--user-name", help="Name to sign in with.")
@click.option("--time-zone", help="As in Europe/Berlin.")
@click.option("--language", help="As in en.")
@changing
@pass_console
def admin_edit(console: Console, /, name: str, **fields: str | None) -> None:
    """Change what is known of an administrator.

    \b
    Examples:
      faxgw admin edit ada --time-zone Europe/London
      faxgw admin edit ada --email ada@new.example --reason "new domain"
    """
    given = {field: text for field, text in fields.items() if text is not None}
    changed = steps.edit(console.door, name, given)
    tell(changed, f"administrator {changed.answer.user_name} changed")


@admin.command("lock")
@click.argument("name")
@changing
@pass_console
def admin_lock(console: Console, name: str) -> None:
    """Lock an administrator: nobody acts or signs in as NAME.

    \b
    Examples:
      faxgw admin lock bo
      faxgw admin lock bo --reason "on leave"
    """
    tell(steps.set_locked(console.door, name, locked=True), f"administrator {name} is locked")


@admin.command("unlock")
@click.argument("name")
@changing
@pass_console
def admin_unlock(console: Console, name: str) -> None:
    """Unlock an administrator, and forget wrong passwords.

    \b
    Examples:
      faxgw admin unlock bo
      faxgw admin unlock bo --reason "back again"
    """
    tell(steps.set_locked(console.door, name, locked=False), f"administrator {name} is unlocked")


@admin.command("delete")
@click.argument("name")
@changing
@confirming
@pass_console
def admin_delete(console: Console, name: str) -> None:
    """Delete an administrator; what was done under that name stays in the journal.

    \b
    Examples:
      faxgw admin delete bo
      faxgw admin delete bo --yes --reason "left the company"
    """
    confirm(console, f"Delete the administrator {name}?")
    tell(steps.delete(console.door, name), f"administrator {name} deleted")


@click.group()
def rights() -> None:
    """What administrators may see and do."""


@rights.command("list")
@click.argument("name", default="")
@as_option
@form_option
@pass_console
def rights_list(console: Console, name: str, form: str) -> None:
    """List all rights there are; with NAME which of them that administrator holds.

    \b
    Examples:
      faxgw rights list
      faxgw rights list ada@acme.example
    """
    held = steps.shown(console.door, name).rights if name else None
    rows = [
        {"right": right.name, "held": None if held is None else held.allows(right.name), "about": right.about}
        for right in RIGHTS.values()
    ]
    write_rows(rows, RIGHT_COLUMNS if name else ("right", "about"), form)


@rights.command("grant")
@click.argument("name")
@click.argument("names", nargs=-1, required=True)
@changing
@pass_console
def rights_grant(console: Console, name: str, names: tuple[str, ...]) -> None:
    """Grant an administrator parts of the rights, or single ones.

    \b
    Examples:
      faxgw rights grant bo users
      faxgw rights grant bo users.view activity.view
    """
    tell(steps.give(console.door, name, grant=names), f"{name} holds {', '.join(names)}")


@rights.command("clear")
@click.argument("name")
@click.argument("names", nargs=-1, required=True)
@changing
@pass_console
def rights_clear(console: Console, name: str, names: tuple[str, ...]) -> None:
    """Take parts of the rights, with all below them, or single rights from an administrator.

    \b
    Examples:
      faxgw rights clear bo users
      faxgw rights clear bo users.delete --reason "four eyes"
    """
    tell(steps.give(console.door, name, clear=names), f"{name} holds {', '.join(names)} no more")


@rights.command("read-only")
@click.argument("name")
@click.argument("switch", type=click.Choice(["on", "off"]))
@changing
@pass_console
def rights_read_only(console: Console, name: str, switch: str) -> None:
    """Let an administrator see and change nothing, or change again what the rights allow.

    \b
    Examples:
      faxgw rights read-only bo on
      faxgw rights read-only bo off
    """
    changed = steps.give(console.door, name, read_only=switch == "on")
    tell(changed, f"{name} {'only sees' if switch == 'on' else 'sees and changes'} what the rights allow")


def _row(one: Administrator) -> Row:
    return {
        "user_name": one.user_name,
        "name": one.full_name,
        "place": one.path,
        "email": one.email,
        "time_zone": one.time_zone,
        "read_only": one.rights.read_only,
        "locked": one.locked,
    }
