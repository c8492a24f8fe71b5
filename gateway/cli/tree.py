"""Commands on the tree: company, dept, user.

What lives here: arguments and answers. What does not: rules (`gateway.admin.tree`).
"""

import sys
from typing import Any

import click

from gateway.admin import tree as admin
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, say, write_rows
from gateway.domain.nodes import Contact, Node, User

NODE_COLUMNS = ("id", "path", "locked")
USER_COLUMNS = ("id", "path", "user_name", "sending_addresses", "receiving_addresses", "fax_number", "locked")


@click.group()
def company() -> None:
    """Companies, the top of the tree."""


@company.command("add")
@click.argument("name")
@click.option(
    "--set", "settings", multiple=True, metavar="SETTING=VALUE", help="A setting for the company; repeatable."
)
@pass_console
def company_add(console: Console, name: str, settings: tuple[str, ...]) -> None:
    """Create the company NAME."""
    node = admin.add_company(console.database, name, settings)
    say(f"company {node.path} added (id {node.id}); next: faxgw dept add, faxgw user add")


@company.command("list")
@form_option
@pass_console
def company_list(console: Console, form: str) -> None:
    """List the companies."""
    write_rows([_node_row(node) for node in admin.companies(console.database)], NODE_COLUMNS, form)


@click.group()
def dept() -> None:
    """Departments, nested to any depth."""


@dept.command("add")
@click.argument("parent")
@click.argument("name")
@click.option("--set", "settings", multiple=True, metavar="SETTING=VALUE", help="A setting for it; repeatable.")
@pass_console
def dept_add(console: Console, parent: str, name: str, settings: tuple[str, ...]) -> None:
    """Create the department NAME in PARENT, the path of a company or department, as in Acme/Billing."""
    node = admin.add_department(console.database, parent, name, settings)
    say(f"department {node.path} added (id {node.id})")


@dept.command("list")
@click.option("--under", default="", help="Only those below this path.")
@form_option
@pass_console
def dept_list(console: Console, under: str, form: str) -> None:
    """List the departments."""
    write_rows([_node_row(node) for node in admin.departments(console.database, under)], NODE_COLUMNS, form)


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
@click.option("--phone", default="", help="Voice telephone, for cover pages.")
@click.option("--address", "address1", default="", help="Street, for cover pages.")
@click.option("--city", default="", help="City, for cover pages.")
@click.option("--state", default="", help="State, for cover pages.")
@click.option("--postal-code", default="", help="Postal code, for cover pages.")
@click.option("--country", default="", help="Country, for cover pages.")
@click.option("--set", "settings", multiple=True, metavar="SETTING=VALUE", help="A setting for the user; repeatable.")
@click.pass_obj
def user_add(console: Console, /, **given: Any) -> None:
    """Create a user in PARENT, the path of a company or department."""
    contact_fields = ("phone", "address1", "city", "state", "postal_code", "country")
    contact = Contact(**{name: given.pop(name) for name in contact_fields})
    password = _typed_password() if given.pop("password_stdin") else ""
    settings = given.pop("settings")
    form = admin.UserForm(contact=contact, password=password, **given)
    added = admin.add_user(console.database, form, settings)
    say(f"user {added.full_name} added to {given['parent']} (id {added.id}), sends from {added.sending_addresses[0]}")


@user.command("list")
@click.option("--under", default="", help="Only those below this path.")
@form_option
@pass_console
def user_list(console: Console, under: str, form: str) -> None:
    """List the users."""
    write_rows([_user_row(user) for user in admin.users(console.database, under)], USER_COLUMNS, form)


def _typed_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _node_row(node: Node) -> Row:
    return {"id": node.id, "path": node.path, "locked": node.locked}


def _user_row(user: User) -> Row:
    return {
        "id": user.id,
        "path": user.path,
        "user_name": user.user_name,
        "sending_addresses": user.sending_addresses,
        "receiving_addresses": user.receiving_addresses,
        "fax_number": user.fax_number,
        "locked": user.locked,
    }
