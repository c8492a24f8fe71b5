"""faxgw admin, rights, policy and password, and --as: what they answer and what they refuse."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.domain.errors import ExitCode
from gateway.domain.rights import RIGHTS
from gateway.signing_in import Verdict, sign_in
from gateway.store import tree
from tests.flows.commands import Commands
from tests.flows.stage import Stage, staged

GOOD = "correct-horse-1"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    monkeypatch.delenv("FAXGW_PASSWORD", raising=False)
    return Commands(stage.folder, monkeypatch, capsys)


@pytest.fixture
def ada(faxgw: Commands) -> str:
    assert faxgw("admin", "add", "Acme", "Ada", "Byron", "--email", "ada@acme.example", "--user-name", "ada").code == 0
    return "ada"


@pytest.fixture
def bo(faxgw: Commands) -> str:
    given = ("--email", "bo@acme.example", "--user-name", "bo", "--right", "users", "--right", "administrators.view")
    assert faxgw("admin", "add", "Acme/Sales", "Bo", "Li", *given).code == 0
    return "bo"


def entered(stage: Stage, name: str, password: str) -> Verdict:
    return sign_in(stage.db, name, password, datetime.now(UTC)).verdict


@pytest.mark.usefixtures("ada", "bo")
def test_administrators_are_listed_by_place(faxgw: Commands) -> None:
    rows = json.loads(faxgw("admin", "list", "-o", "json").out)

    assert [(row["user_name"], row["place"], row["read_only"]) for row in rows] == [
        ("ada", "Acme", False),
        ("bo", "Acme/Sales", False),
    ]
    assert faxgw("admin", "list", "Acme/Sales").out.splitlines()[2].split()[:3] == ["bo", "Bo", "Li"]


def test_one_administrator_with_the_rights_as_they_were_granted(faxgw: Commands, bo: str) -> None:
    shown = json.loads(faxgw("admin", "show", bo, "-o", "json").out)

    assert shown["rights"] == ["administrators.view", "users"]


@pytest.mark.usefixtures("ada")
def test_a_password_is_made_and_printed_once(faxgw: Commands, stage: Stage) -> None:
    ran = faxgw("password", "set", "ada", "--generate")

    assert ran.err == "the password of ada is set\n"
    assert entered(stage, "ada", ran.out.strip()) is Verdict.WELCOME
    assert ran.out.strip() not in faxgw("journal", "list", "-o", "json").out


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("way", ["file", "stdin", "environment"])
def test_a_password_comes_from_anywhere_but_an_argument(
    faxgw: Commands, stage: Stage, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stage.folder / "secret.txt"
    file.write_text(f"{GOOD}\nanother line\n", encoding="utf-8")
    if way == "environment":
        monkeypatch.setenv("FAXGW_PASSWORD", GOOD)
    given = {"file": ("--password-file", str(file)), "stdin": ("--password-file", "-"), "environment": ()}[way]

    assert faxgw("password", "set", "ada", *given, typed=f"{GOOD}\n").code == 0

    assert entered(stage, "ada", GOOD) is Verdict.WELCOME


@pytest.mark.usefixtures("ada")
def test_without_any_password_it_is_said_where_one_may_come_from(faxgw: Commands) -> None:
    ran = faxgw("password", "set", "ada")

    assert ran.code == ExitCode.USAGE
    assert "--password-file FILE, set FAXGW_PASSWORD" in ran.complaint


@pytest.mark.usefixtures("ada")
def test_ones_own_password_is_changed(faxgw: Commands, stage: Stage) -> None:
    old, new = stage.folder / "old", stage.folder / "new"
    old.write_text(GOOD)
    new.write_text("battery-staple-2")
    faxgw("password", "set", "ada", "--password-file", str(old))

    ran = faxgw("password", "change", "ada", "--old-file", str(old), "--password-file", str(new))

    assert (ran.code, ran.err) == (0, "the password of ada is changed\n")
    assert entered(stage, "ada", "battery-staple-2") is Verdict.WELCOME


@pytest.mark.usefixtures("ada")
def test_how_a_password_stands(faxgw: Commands) -> None:
    shown = json.loads(faxgw("password", "show", "ada", "-o", "json").out)

    assert shown == {
        "user_name": "ada", "policy": "global", "has_password": False, "changed": None, "expires": None,
        "must_change": False, "failures": 0, "locked_out_until": None,
    }  # fmt: skip


def test_a_policy_is_made_named_and_kept_while_it_is_used(faxgw: Commands, stage: Stage) -> None:
    made = faxgw("policy", "set", "strict", "--at", "Acme", "least_length=14", "history=5")
    tree.set_setting(stage.db, "Acme", "security.policy", "strict")

    kept = faxgw("policy", "remove", "strict", "--at", "Acme", "--yes")

    rows = json.loads(faxgw("policy", "list", "--at", "Acme/Sales", "-o", "json").out)
    assert made.code == 0
    assert [(row["name"], row["belongs_to"], row["least_length"]) for row in rows] == [
        ("global", "the system", 8),
        ("strict", "Acme", 14),
    ]
    assert kept.code == ExitCode.CONFLICT
    assert "Acme names the policy" in kept.complaint


@pytest.mark.parametrize(
    ("fields", "said"),
    [(["least_length=7"], "from 8 to 100"), (["colour=red"], "no 'colour'"), (["history"], "write FIELD=VALUE")],
)
def test_a_policy_that_cannot_be_is_refused(faxgw: Commands, fields: list[str], said: str) -> None:
    ran = faxgw("policy", "set", "odd", *fields)

    assert ran.code == ExitCode.USAGE
    assert said in ran.complaint


@pytest.mark.usefixtures("bo")
def test_acting_as_an_administrator_is_bounded_by_place_and_rights(faxgw: Commands) -> None:
    above = faxgw("admin", "list", "Acme", "--as", "bo")
    missing = faxgw("admin", "lock", "bo", "--as", "bo")
    own = faxgw("admin", "list", "--as", "bo", "-o", "json")

    assert (above.code, missing.code, own.code) == (ExitCode.NOT_ALLOWED, ExitCode.NOT_ALLOWED, 0)
    assert "outside" in above.complaint
    assert "the right administrators.lock is missing (lock and unlock administrators)" in missing.complaint
    assert [row["user_name"] for row in json.loads(own.out)] == ["bo"]


@pytest.mark.usefixtures("bo")
def test_rights_are_granted_cleared_and_listed(faxgw: Commands) -> None:
    faxgw("rights", "clear", "bo", "users")
    faxgw("rights", "grant", "bo", "users.view", "activity")
    faxgw("rights", "read-only", "bo", "on")

    rows = json.loads(faxgw("rights", "list", "bo", "-o", "json").out)

    assert [row["right"] for row in rows if row["held"]] == ["users.view", "administrators.view", "activity.view"]
    assert len(json.loads(faxgw("rights", "list", "-o", "json").out)) == len(RIGHTS)


@pytest.mark.usefixtures("ada")
def test_deleting_asks_unless_told_otherwise(faxgw: Commands) -> None:
    asked = faxgw("admin", "delete", "ada", "--no-input")
    done = faxgw("admin", "delete", "ada", "--yes", "--reason", "left")

    assert asked.code == ExitCode.USAGE
    assert (done.code, done.err) == (0, "administrator ada deleted\n")
    assert json.loads(faxgw("journal", "list", "-o", "json").out)[0]["reason"] == "left"


def test_a_setting_names_a_policy_that_there_is(faxgw: Commands) -> None:
    refused = faxgw("settings", "set", "Acme/Sales", "security.policy=strict")
    faxgw("policy", "set", "Strict", "--at", "Acme", "digits=2")

    assert refused.code == ExitCode.USAGE
    assert "there is no policy 'strict' here; known are global" in refused.complaint
    assert faxgw("settings", "set", "Acme/Sales", "security.policy=strict").code == 0
