"""faxgw company, dept, user: what is made, what is listed, and one line for each mistake."""

import csv
import io
import json
from pathlib import Path

import pytest

from gateway.domain.passwords import verify_password
from gateway.store import tree
from gateway.store.database import open_database
from tests.filled_store import fresh_url
from tests.flows.commands import Commands

ANNA = ("user", "add", "Acme/Sales", "Anna", "Smith", "--sending", "anna@acme.example")


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command, with Acme and its sales department."""
    fresh_url(tmp_path)
    commands = Commands(tmp_path, monkeypatch, capsys)
    commands("company", "add", "Acme")
    commands("dept", "add", "Acme", "Sales")
    return commands


def test_a_company_is_added_and_says_what_is_next(faxgw: Commands) -> None:
    ran = faxgw("company", "add", "Zenith", "--set", "fax.paper=a4", "--set", "date.time_zone=Europe/Berlin")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("company Zenith added (id ")
    assert "faxgw user add" in ran.err
    rows = json.loads(faxgw("company", "list", "-o", "json").out)
    assert [row["path"] for row in rows] == ["Acme", "Zenith"]


def test_departments_nest_and_are_listed_below_a_path(faxgw: Commands) -> None:
    assert faxgw("dept", "add", "Acme/Sales", "West").code == 0
    faxgw("company", "add", "Zenith")
    faxgw("dept", "add", "Zenith", "Law")

    assert [row["path"] for row in json.loads(faxgw("dept", "list", "-o", "json").out)] == [
        "Acme/Sales",
        "Acme/Sales/West",
        "Zenith/Law",
    ]
    below = json.loads(faxgw("dept", "list", "--under", "Zenith", "-o", "json").out)
    assert [row["path"] for row in below] == ["Zenith/Law"]


def test_a_user_has_all_that_was_typed(faxgw: Commands) -> None:
    ran = faxgw(
        *ANNA, "--sending", "a.smith@acme.example", "--receiving", "fax@acme.example", "--fax-number", "202-555-0190",
        "--user-name", "Anna", "--password-stdin", "--phone", "+1 202 555 0191", "--city", "Washington",
        "--set", "fax.resolution=standard", typed="Correct-h0rse\n",
    )  # fmt: skip

    assert ran.code == 0
    assert "user Anna Smith added to Acme/Sales" in ran.err
    [row] = json.loads(faxgw("user", "list", "-o", "json").out)
    assert row["sending_addresses"] == ["anna@acme.example", "a.smith@acme.example"]
    assert (row["user_name"], row["fax_number"], row["locked"]) == ("anna", "+12025550190", False)
    assert "Correct-h0rse" not in ran.err
    assert_kept(faxgw.folder)


def assert_kept(folder: Path) -> None:
    """What no list shows."""
    db = open_database(f"sqlite:///{folder / 'store.sqlite'}")
    found, user = tree.credentials(db, "anna"), tree.user_by_address(db, "anna@acme.example")
    assert found is not None
    assert user is not None
    assert verify_password(found.password_hash, "Correct-h0rse")
    assert (user.contact.city, user.contact.phone) == ("Washington", "+1 202 555 0191")
    assert tree.effective(db, user.id).text("fax.resolution") == "standard"
    db.close()


def test_lists_are_written_as_table_and_csv(faxgw: Commands) -> None:
    faxgw(*ANNA)

    table = faxgw("user", "list").out.splitlines()
    rows = list(csv.DictReader(io.StringIO(faxgw("user", "list", "-o", "csv").out)))

    assert table[0].split() == ["id", "path", "user", "name", "sending", "addresses", "receiving", "addresses", "fax",
                                "number", "locked"]  # fmt: skip
    assert "anna@acme.example" in table[2]
    assert rows[0]["sending_addresses"] == "anna@acme.example"


def test_an_empty_list_says_so_on_stderr(faxgw: Commands) -> None:
    assert faxgw("user", "list").complaint == "nothing to list"
    assert faxgw("user", "list", "-o", "json").out == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("company", "add", "Acme"), 5, "Acme"),
        (("company", "add", "Acme/West"), 2, "no slash"),
        (("company", "add", "Zen", "--set", "fax.paper"), 2, "write a setting as NAME=VALUE, not 'fax.paper'"),
        (("company", "add", "Zen", "--set", "fax.papr=a4"), 2, "unknown setting 'fax.papr'; known are fax.paper"),
        (("company", "add", "Zen", "--set", "fax.paper=a5"), 2, "fax.paper takes letter, a4, legal; not 'a5'"),
        (("dept", "add", "Acne", "Sales"), 3, "Acne"),
        (("dept", "add", "Acme", "Sales"), 5, "Sales"),
        (("dept", "list", "--under", "Acne"), 3, "Acne"),
        (("user", "add", "Acme/Sale", "A", "S", "--sending", "a@acme.example"), 3, "Acme/Sale"),
        ((*ANNA[:-1], "anna"), 2, "'anna' is not a mail address: write name@domain"),
        ((*ANNA, "--fax-number", "12"), 6, "country code, as in +12025550123"),
        ((*ANNA, *("--receiving", "x@a.example") * 4), 2, "at most 3 receiving addresses, not 4"),
        (ANNA[:-2], 2, "Missing option '--sending'; see faxgw user add --help"),
        (("user", "list", "-o", "xml"), 2, "'xml' is not one of 'table', 'wide', 'json', 'jsonl', 'csv'"),
        (("user", "bake"), 2, "No such command 'bake'; see faxgw user --help"),
    ],
)
def test_every_mistake_is_one_line_and_a_code(
    faxgw: Commands, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ran = faxgw(*arguments)

    assert ran.code == code, ran.err
    assert ran.complaint.startswith("faxgw: ")
    assert words in ran.complaint


def test_an_address_that_is_taken_names_its_holder(faxgw: Commands) -> None:
    faxgw(*ANNA)

    ran = faxgw("user", "add", "Acme", "Ben", "Ortiz", "--sending", "ANNA@acme.example")

    assert ran.code == 5
    assert "anna@acme.example" in ran.complaint
    assert "Acme/Sales" in ran.complaint


def test_a_short_password_is_refused_and_not_repeated(faxgw: Commands) -> None:
    ran = faxgw(*ANNA, "--password-stdin", typed="secret\n")

    assert ran.code == 6
    assert "at least 8 characters" in ran.complaint
    assert "secret" not in ran.complaint


def test_a_company_with_a_bad_setting_is_not_made(faxgw: Commands) -> None:
    faxgw("company", "add", "Zenith", "--set", "fax.paper=a5")

    assert "Zenith" not in faxgw("company", "list").out
