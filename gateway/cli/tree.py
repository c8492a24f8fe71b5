"""Commands on companies: add, list, tree, rename, lock, unlock, delete, and their emergency contacts.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.tree`, `gateway.admin.contacts`).
"""

import click

from gateway.admin import contacts as contact_steps
from gateway.admin import tree as steps
from gateway.admin.settings import pairs_of
from gateway.cli.acting import as_option, changing, confirm, confirming, tell, unlocked
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, write_rows
from gateway.domain.nodes import EmergencyContact, Node, NodeKind
from gateway.store.overview import Standing

NODE_COLUMNS = ("id", "path", "locked")
TREE_COLUMNS = ("name", "kind", "id", "users", "locked")
CONTACT_COLUMNS = ("name", "email", "voice_phone", "extension")
set_option = click.option(
    "--set", "settings", multiple=True, metavar="SETTING=VALUE", help="A setting of its own; repeatable."
)


@click.group()
def company() -> None:
    """Companies, the top of the tree."""


@company.command("add")
@click.argument("name")
@set_option
@changing
@pass_console
def company_add(console: Console, name: str, settings: tuple[str, ...]) -> None:
    """Create the company NAME.

    \b
    Examples:
      faxgw company add Acme --set date.time_zone=America/New_York
      faxgw company add Bolt --set settings.inheritance=snapshot
    """
    changed = steps.add_company(console.door, name, pairs_of(settings))
    tell(changed, f"company {changed.answer.path} added (id {changed.answer.id}); next: faxgw dept add, faxgw user add")


@company.command("list")
@click.option("--search", default="", help="Only those whose name holds this.")
@as_option
@form_option
@pass_console
def company_list(console: Console, search: str, form: str) -> None:
    """List the companies.

    \b
    Examples:
      faxgw company list
      faxgw company list -o json
    """
    write_rows([node_row(node) for node in steps.companies(console.door, search)], NODE_COLUMNS, form)


@company.command("tree")
@click.argument("node", default="")
@click.option("--no-users", is_flag=True, help="Companies and departments alone.")
@as_option
@form_option
@pass_console
def company_tree(console: Console, node: str, no_users: bool, form: str) -> None:
    """Show the tree, or NODE with all below it; how many users stand where.

    \b
    Examples:
      faxgw company tree
      faxgw company tree Acme/Billing --no-users
    """
    found = steps.show_tree(console.door, node, with_users=not no_users)
    columns = TREE_COLUMNS if form == "table" else ("depth", "path", *TREE_COLUMNS)
    write_rows([_standing_row(one, indented=form == "table") for one in found], columns, form)


@company.command("rename")
@click.argument("node", metavar="COMPANY")
@click.argument("name")
@changing
@pass_console
def company_rename(console: Console, node: str, name: str) -> None:
    """Give COMPANY another NAME.

    \b
    Examples:
      faxgw company rename Acme "Acme Holding"
      faxgw company rename 17 Acme --reason "typing error"
    """
    changed = steps.rename(console.door, node, name, NodeKind.COMPANY)
    tell(changed, f"the company is called {changed.answer.path} now")


@company.command("lock")
@click.argument("node", metavar="COMPANY")
@changing
@pass_console
def company_lock(console: Console, node: str) -> None:
    """Keep all users of COMPANY from sending and receiving.

    \b
    Examples:
      faxgw company lock Acme --reason unpaid
      faxgw company lock Acme --dry-run
    """
    changed = steps.lock(console.door, node, NodeKind.COMPANY, locked=True)
    tell(changed, f"company {changed.answer.path} is locked: nobody there sends or receives")


@company.command("unlock")
@click.argument("node", metavar="COMPANY")
@changing
@pass_console
def company_unlock(console: Console, node: str) -> None:
    """Let the users of COMPANY send and receive again; departments and users that are locked themselves stay so.

    \b
    Examples:
      faxgw company unlock Acme
      faxgw company unlock Acme --reason "paid today"
    """
    changed = steps.lock(console.door, node, NodeKind.COMPANY, locked=False)
    tell(changed, unlocked("company", changed.answer))


@company.command("delete")
@click.argument("node", metavar="COMPANY")
@changing
@confirming
@pass_console
def company_delete(console: Console, node: str) -> None:
    """Delete COMPANY, which must hold nobody any more.

    Exit status: 5 it is not empty; says what is in it.

    \b
    Examples:
      faxgw company delete Acme
      faxgw company delete Acme --yes --reason "left us"
    """
    confirm(console, f"Delete the company {node}?")
    changed = steps.remove(console.door, node, NodeKind.COMPANY)
    tell(changed, f"company {changed.answer.path} deleted")


@company.command("contacts")
@click.argument("node", metavar="COMPANY")
@as_option
@form_option
@pass_console
def company_contacts(console: Console, node: str, form: str) -> None:
    """List whom to call at COMPANY in an emergency.

    \b
    Examples:
      faxgw company contacts Acme
      faxgw company contacts Acme -o json
    """
    rows = [{name: getattr(one, name) for name in CONTACT_COLUMNS} for one in contact_steps.listed(console.door, node)]
    write_rows(rows, CONTACT_COLUMNS, form)


@company.command("set-contact")
@click.argument("node", metavar="COMPANY")
@click.argument("name")
@click.option("--email", required=True, help="Mail address.")
@click.option("--voice-phone", required=True, help="Telephone.")
@click.option("--extension", default="", help="Its extension.")
@changing
@pass_console
def company_set_contact(console: Console, node: str, name: str, email: str, voice_phone: str, extension: str) -> None:
    """Keep NAME as an emergency contact of COMPANY, which has three at most.

    \b
    Examples:
      faxgw company set-contact Acme "Ada Byron" --email ada@acme.example --voice-phone "+1 202 555 0191"
      faxgw company set-contact Acme Porter --email gate@acme.example --voice-phone 5550 --extension 12
    """
    changed = contact_steps.keep(console.door, node, EmergencyContact(name, email, voice_phone, extension))
    tell(changed, f"{name} is an emergency contact of {changed.answer.path}")


@company.command("delete-contact")
@click.argument("node", metavar="COMPANY")
@click.argument("name")
@changing
@pass_console
def company_delete_contact(console: Console, node: str, name: str) -> None:
    """Take NAME off the emergency contacts of COMPANY.

    \b
    Examples:
      faxgw company delete-contact Acme "Ada Byron"
      faxgw company delete-contact Acme Porter --dry-run
    """
    changed = contact_steps.remove(console.door, node, name)
    tell(changed, f"{name} is no emergency contact of {changed.answer.path} any more")


def node_row(node: Node) -> Row:
    """A company or department in a list."""
    return {"id": node.id, "path": node.path, "locked": node.locked}


def _standing_row(one: Standing, *, indented: bool) -> Row:
    return {
        "depth": one.depth,
        "path": one.path,
        "name": "  " * one.depth + one.title if indented else one.title,
        "kind": one.kind.value,
        "id": one.id,
        "users": one.users if one.kind is not NodeKind.USER else None,
        "locked": one.locked,
    }
