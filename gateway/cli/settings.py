"""Commands on settings: list, get, set, unset, explain, diff, lock, unlock, push.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.settings`).
"""

from pathlib import Path

import click

from gateway.admin import settings as admin
from gateway.admin import tree_file
from gateway.admin.settings import Explained
from gateway.cli.acting import as_option, changing, confirm, confirming, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, say, write_one, write_rows
from gateway.domain.inheritance import Held
from gateway.domain.setting_catalog import checked_value

COLUMNS = ("setting", "value", "from", "locked", "about")
LEVEL_COLUMNS = ("level", "kind", "value", "locks", "holds")
DIFFERENCE_COLUMNS = ("setting", "one", "one_from", "other", "other_from")
PUSHED_COLUMNS = ("path", "kind", "from", "to", "own")


@click.group()
def settings() -> None:
    """Settings of companies, departments and users: what holds, and why.

    NODE is a path as in Acme/Billing, the end of one, an id, a mail address or a user name.
    """


@settings.command("list")
@click.argument("node")
@click.option("--group", default="", help="Only this group, as in fax, cover or date.")
@click.option("--explicit", is_flag=True, help="Only what this very node gives.")
@as_option
@form_option
@pass_console
def settings_list(console: Console, node: str, group: str, explicit: bool, form: str) -> None:
    """List what holds at NODE, and where it comes from.

    \b
    Examples:
      faxgw settings list anna@acme.example
      faxgw settings list Acme/Billing --group fax --explicit -o json
    """
    found = admin.all_at(console.door, node, group)
    shown = [one for one in found if not explicit or one.setting.name in one.levels[-1].explicit]
    write_rows([_row(one) for one in shown], COLUMNS, form)


@settings.command("get")
@click.argument("node")
@click.argument("name")
@as_option
@pass_console
def settings_get(console: Console, node: str, name: str) -> None:
    """Write the value of the setting NAME that holds at NODE, and nothing else.

    \b
    Examples:
      faxgw settings get Acme/Billing fax.paper
      faxgw settings get anna@acme.example date.time_zone
    """
    click.echo(admin.explain(console.door, node, name).held.value)


@settings.command("set")
@click.argument("node")
@click.argument("assignments", nargs=-1, required=True, metavar="NAME=VALUE...")
@changing
@pass_console
def settings_set(console: Console, node: str, assignments: tuple[str, ...]) -> None:
    """Give NODE values of its own: NAME=VALUE, as many as you like.

    Exit status: 2 no such setting or value, 5 locked at a level above.

    \b
    Examples:
      faxgw settings set Acme/Billing fax.paper=a4 date.time_zone=Europe/Berlin
      faxgw settings set anna@acme.example cover.behavior=none --reason "asked by mail"
    """
    changed = admin.give(console.door, node, admin.pairs_of(assignments))
    tell(changed, f"{changed.answer.path}: {', '.join(assignments)}")


@settings.command("unset")
@click.argument("node")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@changing
@pass_console
def settings_unset(console: Console, node: str, names: tuple[str, ...]) -> None:
    """Take back values that NODE gave, so that it follows the levels above again.

    \b
    Examples:
      faxgw settings unset Acme/Billing fax.paper
      faxgw settings unset anna@acme.example cover.behavior cover.default --dry-run
    """
    changed = admin.take_back(console.door, node, names)
    tell(changed, f"{changed.answer.path} follows the levels above in {', '.join(names)}")


@settings.command("explain")
@click.argument("node")
@click.argument("name")
@as_option
@form_option
@pass_console
def settings_explain(console: Console, node: str, name: str, form: str) -> None:
    """Tell why the setting NAME has the value that holds at NODE: what each level above says of it.

    \b
    Examples:
      faxgw settings explain anna@acme.example fax.resolution
      faxgw settings explain Acme/Billing cover.default -o json
    """
    found = admin.explain(console.door, node, name)
    levels = _levels(found)
    if form == "json":
        write_one({**_row(found), "values": found.setting.values, "levels": levels}, form)
        return
    write_rows(levels, LEVEL_COLUMNS, form)
    if form == "table":
        say(f"{name} is {found.held.value or '(empty)'}, {_origin(found.held)}")


@settings.command("diff")
@click.argument("one")
@click.argument("other")
@as_option
@form_option
@pass_console
def settings_diff(console: Console, one: str, other: str, form: str) -> None:
    """List the settings that are not the same at ONE and at OTHER.

    \b
    Examples:
      faxgw settings diff anna@acme.example ben@acme.example
      faxgw settings diff Acme Bolt -o csv
    """
    rows = [
        {
            "setting": found.name,
            "one": found.one.value,
            "one_from": found.one.source,
            "other": found.other.value,
            "other_from": found.other.source,
        }
        for found in admin.compare(console.door, one, other)
    ]
    write_rows(rows, DIFFERENCE_COLUMNS, form)


@settings.command("lock")
@click.argument("node")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@changing
@pass_console
def settings_lock(console: Console, node: str, names: tuple[str, ...]) -> None:
    """Keep all levels below NODE from overriding settings; what they gave themselves counts no longer.

    \b
    Examples:
      faxgw settings lock Acme fax.sender_proof
      faxgw settings lock Acme/Billing cover.behavior cover.default --reason policy
    """
    changed = admin.lock(console.door, node, names, locked=True)
    tell(changed, f"{', '.join(names)} locked at {changed.answer.path}")


@settings.command("unlock")
@click.argument("node")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@changing
@pass_console
def settings_unlock(console: Console, node: str, names: tuple[str, ...]) -> None:
    """Let the levels below NODE override settings again; what they gave before counts again.

    \b
    Examples:
      faxgw settings unlock Acme fax.sender_proof
      faxgw settings unlock Acme/Billing cover.behavior --dry-run
    """
    changed = admin.lock(console.door, node, names, locked=False)
    tell(changed, f"{', '.join(names)} open below {changed.answer.path}")


@settings.command("push")
@click.argument("node")
@click.argument("assignment", metavar="NAME[=VALUE]")
@click.option("--follow", is_flag=True, help="Take the values of the levels below away instead: they follow NODE.")
@changing
@form_option
@pass_console
def settings_push(console: Console, node: str, assignment: str, follow: bool, form: str) -> None:
    """Write a value at NODE and at every level and user below it; without =VALUE the one that holds at NODE.

    All of it or nothing. With --dry-run it lists who would change, and how.

    \b
    Examples:
      faxgw settings push Acme notify.initial_success=off --dry-run
      faxgw settings push Acme/Billing fax.paper --follow
    """
    name, separator, value = assignment.partition("=")
    if separator:
        checked_value(name, value)
    changed = admin.push_down(console.door, node, name, value if separator else None, follow=follow)
    to, reached = changed.answer
    rows = [
        {"path": one.path, "kind": one.kind.value, "from": one.value, "to": to, "own": one.explicit} for one in reached
    ]
    if changed.dry_run or form != "table":
        write_rows(rows, PUSHED_COLUMNS, form)
    count = len(reached)
    done = "would change" if changed.dry_run else "changed"
    say(f"{name}={to}: {count} {'node' if count == 1 else 'nodes'} {done}")


@settings.command("export")
@click.argument("company", default="")
@as_option
@pass_console
def settings_export(console: Console, company: str) -> None:
    """Write all companies, or COMPANY, with all departments, users and settings, as YAML.

    Passwords are not in it, nor are cover pages that were uploaded.

    \b
    Examples:
      faxgw settings export > tree.yaml
      faxgw settings export Acme | less
    """
    click.echo(tree_file.export(console.door, company), nl=False)


@settings.command("apply")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--prune", is_flag=True, help="Delete what FILE does not name, in the companies that it names.")
@changing
@confirming
@pass_console
def settings_apply(console: Console, file: Path, prune: bool) -> None:
    """Make the tree what the YAML file FILE says, all of it or nothing; twice changes nothing.

    What is missing is added, what differs is changed. A node of FILE gets exactly the settings and locks that stand
    there. A user is known by the user name, and moved if need be.

    \b
    Examples:
      faxgw settings apply tree.yaml --dry-run
      faxgw settings apply tree.yaml --prune --yes --reason "as agreed"
    """
    if prune:
        confirm(console, f"Delete all that {file} does not name, in the companies that it names?")
    changed = tree_file.apply(console.door, tree_file.read_file(file), prune=prune)
    if changed.answer:
        nodes = "1 node is" if changed.answer == 1 else f"{changed.answer} nodes are"
        say(f"{nodes} not in {file.name}, and stay; --prune deletes them")
    tell(changed, f"{changed.count} {'change' if changed.count == 1 else 'changes'} made" if changed.entries else "")


def _row(found: Explained) -> dict[str, object]:
    return {
        "setting": found.setting.name,
        "value": found.held.value,
        "from": found.held.source,
        "locked": found.held.locked.path if found.held.locked else "",
        "about": found.setting.about,
    }


def _levels(found: Explained) -> list[Row]:
    name, held = found.setting.name, found.held
    default = {"level": "default", "kind": "product", "value": found.setting.default, "locks": False}
    rows: list[Row] = [{**default, "holds": held.origin is None}]
    for level in found.levels:
        rows.append(
            {
                "level": level.path,
                "kind": level.kind.value,
                "value": level.explicit.get(name),
                "locks": name in level.locks,
                "holds": level is held.origin,
            }
        )
    return rows


def _origin(held: Held) -> str:
    given = f"given at {held.origin.path}" if held.origin else "the product's default"
    return f"{given}, locked at {held.locked.path}" if held.locked else given
