"""Commands on departments: add, list, rename, move, lock, unlock, delete.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.tree`).
"""

import click

from gateway.admin import tree as steps
from gateway.admin.settings import pairs_of
from gateway.cli.acting import as_option, changing, confirm, confirming, tell, unlocked
from gateway.cli.context import Console, pass_console
from gateway.cli.output import form_option, write_rows
from gateway.cli.tree import NODE_COLUMNS, node_row, set_option
from gateway.domain.nodes import NodeKind


@click.group()
def dept() -> None:
    """Departments, nested to any depth."""


@dept.command("add")
@click.argument("parent")
@click.argument("name")
@set_option
@changing
@pass_console
def dept_add(console: Console, parent: str, name: str, settings: tuple[str, ...]) -> None:
    """Create the department NAME in PARENT, the path of a company or department, as in Acme/Billing.

    \b
    Examples:
      faxgw dept add Acme Billing
      faxgw dept add Acme/Billing "Level 1" --set cover.behavior=none
    """
    changed = steps.add_department(console.door, parent, name, pairs_of(settings))
    tell(changed, f"department {changed.answer.path} added (id {changed.answer.id})")


@dept.command("list")
@click.option("--under", default="", help="Only those below this node.")
@click.option("--search", default="", help="Only those whose path holds this.")
@as_option
@form_option
@pass_console
def dept_list(console: Console, under: str, search: str, form: str) -> None:
    """List the departments.

    \b
    Examples:
      faxgw dept list --under Acme
      faxgw dept list --search billing -o csv
    """
    write_rows([node_row(node) for node in steps.departments(console.door, under, search)], NODE_COLUMNS, form)


@dept.command("rename")
@click.argument("node", metavar="DEPARTMENT")
@click.argument("name")
@changing
@pass_console
def dept_rename(console: Console, node: str, name: str) -> None:
    """Give DEPARTMENT another NAME.

    \b
    Examples:
      faxgw dept rename Acme/Billing Accounts
      faxgw dept rename 12 Accounts --reason reorganization
    """
    changed = steps.rename(console.door, node, name, NodeKind.DEPARTMENT)
    tell(changed, f"the department is {changed.answer.path} now")


@dept.command("move")
@click.argument("node", metavar="DEPARTMENT")
@click.argument("parent")
@changing
@pass_console
def dept_move(console: Console, node: str, parent: str) -> None:
    """Move DEPARTMENT with all that is in it to PARENT, a company or another department.

    What it was given itself stays; what it took from above it takes from its new place.

    \b
    Examples:
      faxgw dept move Acme/Billing/West Acme/Sales
      faxgw dept move Acme/Sales/West Acme --dry-run
    """
    changed = steps.move(console.door, node, parent, NodeKind.DEPARTMENT)
    tell(changed, f"the department is {changed.answer.path} now")


@dept.command("lock")
@click.argument("node", metavar="DEPARTMENT")
@changing
@pass_console
def dept_lock(console: Console, node: str) -> None:
    """Keep all users of DEPARTMENT, and of those below it, from sending and receiving.

    \b
    Examples:
      faxgw dept lock Acme/Billing --reason audit
      faxgw dept lock Acme/Billing --dry-run
    """
    changed = steps.lock(console.door, node, NodeKind.DEPARTMENT, locked=True)
    tell(changed, f"department {changed.answer.path} is locked: nobody there sends or receives")


@dept.command("unlock")
@click.argument("node", metavar="DEPARTMENT")
@changing
@pass_console
def dept_unlock(console: Console, node: str) -> None:
    """Let the users of DEPARTMENT send and receive again; those who are locked themselves stay so.

    \b
    Examples:
      faxgw dept unlock Acme/Billing
      faxgw dept unlock 12 --reason "audit is over"
    """
    changed = steps.lock(console.door, node, NodeKind.DEPARTMENT, locked=False)
    tell(changed, unlocked("department", changed.answer))


@dept.command("delete")
@click.argument("node", metavar="DEPARTMENT")
@click.option("--move-to", default="", metavar="PLACE", help="Move what is in it there first.")
@changing
@confirming
@pass_console
def dept_delete(console: Console, node: str, move_to: str) -> None:
    """Delete DEPARTMENT, which must be empty; or move what is in it first.

    Exit status: 5 it is not empty; says what is in it.

    \b
    Examples:
      faxgw dept delete Acme/Billing/West
      faxgw dept delete Acme/Billing --move-to Acme/Sales --yes
    """
    confirm(console, f"Delete the department {node}?")
    changed = steps.remove(console.door, node, NodeKind.DEPARTMENT, move_to)
    tell(changed, f"department {changed.answer.path} deleted")
