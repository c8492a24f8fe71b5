"""faxgw settings: what holds and why, set, locked, pushed and compared."""

import csv
import io
import json
from pathlib import Path

import pytest

from gateway.store.database import open_database
from tests.filled_store import anna, fresh_url
from tests.flows.commands import Commands

ANNA, SALES = "anna@acme.example", "Acme/Sales"


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command, with Anna in Acme's sales."""
    db = open_database(fresh_url(tmp_path))
    anna(db)
    db.close()
    return Commands(tmp_path, monkeypatch, capsys)


def journal(faxgw: Commands) -> list[tuple[str, str, str, str]]:
    rows = json.loads(faxgw("journal", "list", "-o", "json").out)
    return [(row["what"], row["target"], row["before"], row["after"]) for row in reversed(rows)]


def test_a_value_is_set_and_holds_below(faxgw: Commands) -> None:
    ran = faxgw("settings", "set", SALES, "fax.paper=a4", "retry.dials=3", "--reason", "asked")

    assert (ran.code, ran.complaint) == (0, "Acme/Sales: fax.paper=a4, retry.dials=3")
    assert faxgw("settings", "get", ANNA, "fax.paper").out == "a4\n"
    assert faxgw("settings", "get", "Acme", "fax.paper").out == "letter\n"
    assert journal(faxgw)[0] == ("settings.set", SALES, "{}", '{"fax.paper":"a4"}')


def test_a_value_is_taken_back(faxgw: Commands) -> None:
    faxgw("settings", "set", SALES, "fax.paper=a4")

    faxgw("settings", "unset", SALES, "fax.paper")

    assert faxgw("settings", "get", ANNA, "fax.paper").out == "letter\n"
    assert journal(faxgw)[-1] == ("settings.unset", SALES, '{"fax.paper":"a4"}', "{}")
    assert "nothing to change" in faxgw("settings", "unset", SALES, "fax.paper").complaint


def test_the_list_tells_where_each_value_comes_from(faxgw: Commands) -> None:
    faxgw("settings", "set", "Acme", "fax.paper=a4")
    faxgw("settings", "lock", "Acme", "fax.paper")

    rows = {row["setting"]: row for row in json.loads(faxgw("settings", "list", ANNA, "-o", "json").out)}

    assert (rows["fax.paper"]["value"], rows["fax.paper"]["from"], rows["fax.paper"]["locked"]) == (
        "a4",
        "Acme",
        "Acme",
    )
    assert (rows["fax.resolution"]["value"], rows["fax.resolution"]["from"]) == ("fine", "default")


def test_the_list_can_be_narrowed(faxgw: Commands) -> None:
    faxgw("settings", "set", "Acme", "fax.paper=a4", "date.show_zone=on")

    listed = faxgw("settings", "list", "Acme", "--explicit", "--group", "date", "-o", "csv").out

    assert [row["setting"] for row in csv.DictReader(io.StringIO(listed))] == ["date.show_zone"]


def test_explain_tells_what_each_level_says(faxgw: Commands) -> None:
    faxgw("settings", "set", "Acme", "fax.paper=legal")
    faxgw("settings", "set", SALES, "fax.paper=a4")
    faxgw("settings", "lock", "Acme", "fax.paper")

    ran = faxgw("settings", "explain", ANNA, "fax.paper")
    whole = json.loads(faxgw("settings", "explain", ANNA, "fax.paper", "-o", "json").out)

    assert ran.err == "fax.paper is legal, given at Acme, locked at Acme\n"
    assert [line.split()[0] for line in ran.out.splitlines()[2:]] == ["default", "Acme", SALES, f"{SALES}/anna"]
    assert [(one["value"], one["holds"]) for one in whole["levels"]] == [
        ("letter", False), ("legal", True), ("a4", False), (None, False),
    ]  # fmt: skip


def test_below_a_lock_nothing_is_set_until_it_is_opened(faxgw: Commands) -> None:
    faxgw("settings", "lock", "Acme", "fax.paper")

    refused = faxgw("settings", "set", ANNA, "fax.paper=a4")
    faxgw("settings", "unlock", "Acme", "fax.paper")

    assert (refused.code, refused.complaint) == (5, "faxgw: fax.paper is locked at Acme; see faxgw settings unlock")
    assert faxgw("settings", "set", ANNA, "fax.paper=a4").code == 0


def test_a_push_is_tried_out_first_and_then_reaches_everybody(faxgw: Commands) -> None:
    faxgw("settings", "set", SALES, "fax.paper=a4")

    tried = faxgw("settings", "push", "Acme", "fax.paper=legal", "--dry-run", "-o", "json")
    assert faxgw("settings", "get", ANNA, "fax.paper").out == "a4\n"
    pushed = faxgw("settings", "push", "Acme", "fax.paper=legal")

    rows = [(row["path"], row["from"], row["to"], row["own"]) for row in json.loads(tried.out)]
    assert rows == [
        ("Acme", "letter", "legal", None),
        (SALES, "a4", "legal", "a4"),
        (f"{SALES}/anna", "a4", "legal", None),
    ]
    assert pushed.complaint == "fax.paper=legal: 3 nodes changed"
    assert faxgw("settings", "get", ANNA, "fax.paper").out == "legal\n"


def test_those_below_can_be_made_to_follow_instead(faxgw: Commands) -> None:
    faxgw("settings", "set", SALES, "fax.paper=a4")
    faxgw("settings", "set", ANNA, "fax.paper=letter")

    ran = faxgw("settings", "push", SALES, "fax.paper", "--follow")

    assert ran.complaint == "fax.paper=a4: 1 node changed"
    assert journal(faxgw)[-1] == ("settings.push", f"{SALES}/anna", '{"fax.paper":"letter"}', "{}")
    faxgw("settings", "set", SALES, "fax.paper=legal")
    assert faxgw("settings", "get", ANNA, "fax.paper").out == "legal\n"


def test_two_nodes_are_compared(faxgw: Commands) -> None:
    faxgw("settings", "set", ANNA, "fax.paper=a4")

    rows = json.loads(faxgw("settings", "diff", "Acme", ANNA, "-o", "json").out)

    assert rows == [
        {"setting": "fax.paper", "one": "letter", "one_from": "default", "other": "a4", "other_from": f"{SALES}/anna"}
    ]


def test_a_trial_changes_nothing(faxgw: Commands) -> None:
    ran = faxgw("settings", "set", SALES, "fax.paper=a4", "--dry-run")

    assert ran.out == 'settings.set  Acme/Sales  {} -> {"fax.paper":"a4"}\n'
    assert ran.err == "1 change would be made; nothing was changed\n"
    assert faxgw("settings", "get", SALES, "fax.paper").out == "letter\n"
    assert journal(faxgw) == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("set", "Acme", "fax.papr=a4"), 2, "unknown setting 'fax.papr'; known are fax.paper"),
        (("set", "Acme", "fax.paper=a5"), 2, "fax.paper takes letter, a4, legal; not 'a5'"),
        (("set", "Acme", "fax.paper"), 2, "write a setting as NAME=VALUE"),
        (("set", "Acme", "cover.default=gala"), 2, "no cover page 'gala'"),
        (("set", SALES, "settings.inheritance=snapshot"), 2, "given at company; Acme/Sales is a department"),
        (("set", ANNA, "security.policy=global"), 2, "given at company or department"),
        (("set", "Acne", "fax.paper=a4"), 3, "there is Acme"),
        (("get", ANNA, "fax.papr"), 2, "unknown setting"),
        (("list", ANNA, "--group", "colors"), 2, "no group of settings 'colors'; there are fax, attachments"),
        (("lock", ANNA, "fax.paper"), 2, "is a user: companies and departments lock settings"),
        (("push", "Acme", "fax.paper=a5"), 2, "fax.paper takes"),
        (("set", "Acme"), 2, "Missing argument"),
    ],
)
def test_every_mistake_is_one_line_and_a_code(
    faxgw: Commands, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ran = faxgw("settings", *arguments)

    assert ran.code == code, ran.err
    assert words in ran.complaint
