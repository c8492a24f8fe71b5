"""Commands on users: add, list, show, edit, move, lock, unlock, delete; many at once from a file.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.users`, `gateway.admin.bulk`).
"""

import csv
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gateway.admin import bulk
from gateway.admin import tree as tree_steps
from gateway.admin import users as steps
from gateway.admin.settings import pairs_of
from gateway.admin.users import CONTACT_FIELDS, UserEdit, UserForm
from gateway.cli.acting import as_option, changing, confirm, confirming, tell, unlocked
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Progress, form_option, say, write_one, write_rows
from gateway.cli.secret import needed_password
from gateway.cli.tree import set_option
from gateway.cli.welcome import welcome
from gateway.domain import people_file
from gateway.domain.nodes import Contact, NodeKind, User

USER_COLUMNS = ("id", "path", "user_name", "sending_addresses", "receiving_addresses", "fax_number", "locked")
PRIVATE = "mind that custom fields are kept with every fax: no health or personal data in them"
_CONTACT_HELP = {
    "address1": "Street, for cover pages.",
    "address2": "Second line of the street, for cover pages.",
    "city": "City, for cover pages.",
    "state": "State, for cover pages.",
    "postal_code": "Postal code, for cover pages.",
    "country": "Country, for cover pages.",
    "phone": "Voice telephone, for cover pages.",
}


def person_options(command: click.decorators.FC) -> click.decorators.FC:
    """Contact details and custom fields, the same for add and edit."""
    for number in (4, 3, 2, 1):
        about = f"Custom field {number}, shown with every fax."
        command = click.option(f"--custom{number}", default=None, help=about)(command)
    for name in reversed(CONTACT_FIELDS):
        flag = "--address" if name == "address1" else f"--{name.replace('_', '-')}"
        command = click.option(flag, name, default=None, help=_CONTACT_HELP[name])(command)
    return command


@click.group()
def user() -> None:
    """Users: who sends and receives faxes."""


@user.command("add")
@click.argument("parent")
@click.argument("first_name")
@click.argument("last_name")
@click.option("--sending", "sending", multiple=True, required=True, help="Address the user sends from; repeatable.")
@click.option("--receiving", "receiving", multiple=True, help="Address for received faxes; up to three.")
@click.option("--user-name", default="", help="Name to sign in with. Default: the first sending address.")
@click.option("--password-stdin", is_flag=True, help="Read a password for SMTP AUTH from standard input.")
@click.option("--fax-number", default="", help="The user's fax number in + form; none: outbound only.")
@person_options
@set_option
@changing
@click.pass_obj
def user_add(console: Console, /, **given: Any) -> None:
    """Create a user in PARENT, the path of a company or department.

    \b
    Examples:
      faxgw user add Acme/Legal Amelia Ross --sending amelia.ross@acme.example --fax-number +12025550190
      faxgw user add Acme Ben Ortiz --sending ben@acme.example --receiving fax@acme.example --set fax.paper=a4
    """
    contact, custom = _contact(given), _custom(given)
    password = needed_password(Path("-"), "") if given.pop("password_stdin") else ""
    settings = pairs_of(given.pop("settings"))
    texts = [custom.get(number, "") for number in range(1, 5)]
    form = UserForm(contact=Contact(**contact), custom=texts, password=password, **given)
    changed = steps.add_user(console.door, form, settings)
    if custom:
        say(PRIVATE)
    added, place = changed.answer, changed.answer.path.rpartition("/")[0]
    tell(changed, f"user {added.full_name} added to {place} (id {added.id}), sends from {added.sending_addresses[0]}")


@user.command("edit")
@click.argument("who", metavar="USER")
@click.option("--first-name", help="First name.")
@click.option("--last-name", help="Last name.")
@click.option("--user-name", help="Name to sign in with, and the last part of the path.")
@click.option("--sending", multiple=True, help="Address to send from, in the place of all there are; repeatable.")
@click.option("--add-sending", multiple=True, help="One more address to send from; repeatable.")
@click.option("--drop-sending", multiple=True, help="An address not to send from any more; repeatable.")
@click.option("--receiving", multiple=True, help="Address for received faxes, in the place of all; up to three.")
@click.option("--no-receiving", is_flag=True, help="No address for received faxes.")
@click.option("--fax-number", help="The user's fax number in + form.")
@click.option("--no-fax-number", is_flag=True, help="No fax number required: outbound only.")
@person_options
@changing
@click.pass_obj
def user_edit(console: Console, /, **given: Any) -> None:
    """Change what is known of USER: a path, an id, a mail address or a user name.

    \b
    Examples:
      faxgw user edit anna@acme.example --last-name Jones --add-sending anna.jones@acme.example
      faxgw user edit Acme/Legal/anna --no-fax-number --city Boston --reason moved
    """
    contact, custom, who = _contact(given), _custom(given), given.pop("who")
    receiving = () if given.pop("no_receiving") else given["receiving"] or None
    number = "" if given.pop("no_fax_number") else given["fax_number"]
    edit = UserEdit(
        contact=contact,
        custom=custom,
        **{**given, "receiving": receiving, "fax_number": number, "sending": given["sending"] or None},
    )
    changed = steps.edit_user(console.door, who, edit)
    if custom:
        say(PRIVATE)
    tell(changed, f"{changed.answer.path} changed" if changed.entries else changed.answer.path)


@user.command("list")
@click.option("--under", default="", help="Only those below this node.")
@click.option("--search", default="", help="Only those whose path, name, address or number holds this.")
@as_option
@form_option
@pass_console
def user_list(console: Console, under: str, search: str, form: str) -> None:
    """List the users.

    \b
    Examples:
      faxgw user list --under Acme/Legal
      faxgw user list --search ross -o json
    """
    write_rows([_user_row(one) for one in steps.users(console.door, under, search)], USER_COLUMNS, form)


@user.command("show")
@click.argument("who", metavar="USER")
@as_option
@form_option
@pass_console
def user_show(console: Console, who: str, form: str) -> None:
    """Show all that is known of USER.

    \b
    Examples:
      faxgw user show anna@acme.example
      faxgw user show Acme/Legal/anna -o json
    """
    found = steps.show(console.door, who)
    contact = {name: getattr(found.contact, name) for name in CONTACT_FIELDS}
    custom = {f"custom{number}": text for number, text in enumerate(found.custom, 1)}
    write_one(
        {**_user_row(found), "first_name": found.first_name, "last_name": found.last_name, **contact, **custom}, form
    )


@user.command("move")
@click.argument("who", metavar="USER")
@click.argument("parent")
@changing
@pass_console
def user_move(console: Console, who: str, parent: str) -> None:
    """Move USER to PARENT, a company or department.

    \b
    Examples:
      faxgw user move anna@acme.example Acme/Legal
      faxgw user move 17 Acme/Legal --dry-run
    """
    changed = tree_steps.move(console.door, who, parent, NodeKind.USER)
    tell(changed, f"the user is {changed.answer.path} now")


@user.command("lock")
@click.argument("who", metavar="USER")
@changing
@pass_console
def user_lock(console: Console, who: str) -> None:
    """Keep USER from sending and receiving; faxes that were accepted before go on.

    \b
    Examples:
      faxgw user lock anna@acme.example --reason "on leave"
      faxgw user lock Acme/Legal/anna
    """
    changed = tree_steps.lock(console.door, who, NodeKind.USER, locked=True)
    tell(changed, f"user {changed.answer.path} is locked: neither sends nor receives")


@user.command("unlock")
@click.argument("who", metavar="USER")
@changing
@pass_console
def user_unlock(console: Console, who: str) -> None:
    """Let USER send and receive again, unless a department or the company above is locked.

    \b
    Examples:
      faxgw user unlock anna@acme.example
      faxgw user unlock 17 --reason "is back"
    """
    changed = tree_steps.lock(console.door, who, NodeKind.USER, locked=False)
    tell(changed, unlocked("user", changed.answer))


@user.command("delete")
@click.argument("who", metavar="USER")
@changing
@confirming
@pass_console
def user_delete(console: Console, who: str) -> None:
    """Delete USER; addresses and fax number are free again, faxes that were accepted before go on.

    \b
    Examples:
      faxgw user delete anna@acme.example
      faxgw user delete Acme/Legal/anna --yes --reason "left us"
    """
    confirm(console, f"Delete the user {who}?")
    changed = tree_steps.remove(console.door, who, NodeKind.USER)
    tell(changed, f"user {changed.answer.path} deleted")


user.add_command(welcome)


@user.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--parent", default="", help="Where users stand whose line does not say.")
@click.option("--template", is_flag=True, help="Write a file to begin with, and do nothing else.")
@changing
@form_option
@pass_console
def user_import(console: Console, file: Path | None, parent: str, template: bool, form: str) -> None:
    """Create all users of the CSV file FILE, or none: then every line that cannot be taken is named, with its reason.

    The columns are those of --template, in any order; a column may be the name of any setting. Several addresses have
    semicolons between.

    \b
    Examples:
      faxgw user import --template > users.csv
      faxgw user import users.csv --dry-run
    """
    if template:
        csv.writer(sys.stdout, lineterminator="\n").writerows(people_file.template())
        return
    if file is None:
        raise click.UsageError("name a file; faxgw user import --template writes one to begin with")
    try:
        with Progress(time.monotonic) as progress:
            words = f"{file.name}: {{}} users"
            changed = bulk.add_users(console.door, file, parent, lambda count: progress.show(words.format(count)))
    except bulk.BadLinesError as error:
        rows = [{"line": trouble.line, "reason": trouble.reason} for trouble in error.troubles]
        write_rows(rows, ("line", "reason"), form)
        raise
    users = "1 user" if changed.answer == 1 else f"{changed.answer} users"
    say(f"{users} {'would be ' if changed.dry_run else ''}added")


def _contact(given: dict[str, Any]) -> Mapping[str, str]:
    found = {name: given.pop(name) for name in CONTACT_FIELDS}
    return {name: text for name, text in found.items() if text is not None}


def _custom(given: dict[str, Any]) -> Mapping[int, str]:
    found = {number: given.pop(f"custom{number}") for number in range(1, 5)}
    return {number: text for number, text in found.items() if text is not None}


def _user_row(one: User) -> dict[str, object]:
    return {name: getattr(one, name) for name in USER_COLUMNS}
