"""Users from a CSV file: all or none, every bad line named, as if each had been added alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.admin import bulk, users
from gateway.admin import settings as setting_steps
from gateway.admin import tree as admin
from gateway.admin.acts import Door
from gateway.domain.errors import NotAllowedError, UsageError
from gateway.domain.nodes import Contact
from gateway.domain.people_file import COLUMNS, template
from gateway.store import journal, tree
from gateway.store.database import Database
from tests.actors import administrator, root
from tests.filled_store import opened

HEADING = "parent,first_name,last_name,sending"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as database:
        admin.add_company(root(database), "Acme")
        admin.add_department(root(database), "Acme", "Sales")
        yield database


@pytest.fixture
def door(db: Database) -> Door:
    return root(db)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users.csv"


def written(file: Path, *lines: str, heading: str = HEADING) -> Path:
    file.write_text("\n".join([heading, *lines, ""]), encoding="utf-8")
    return file


def refused(door: Door, file: Path, parent: str = "") -> dict[int, str]:
    """Why each line was not taken; nobody was added."""
    before = users.users(root(door.db))
    with pytest.raises(bulk.BadLinesError) as caught:
        bulk.add_users(door, file, parent)
    assert users.users(root(door.db)) == before
    return {trouble.line: trouble.reason for trouble in caught.value.troubles}


def test_all_columns_become_what_they_say(db: Database, door: Door, file: Path) -> None:
    heading = f"{HEADING},receiving,user_name,fax_number,city,phone,custom1,custom4,fax.paper"
    written(file, "Acme/Sales,Anna,Smith,Anna@Acme.example; a@acme.example,fax@acme.example,anna,'+12025550190,"
            "Bonn,5550,47,x,a4", heading=heading)  # fmt: skip

    assert bulk.add_users(door, file).answer == 1

    user = tree.user_by_address(db, "a@acme.example")
    assert user is not None
    assert (user.path, user.full_name, user.fax_number) == ("Acme/Sales/anna", "Anna Smith", "+12025550190")
    assert user.sending_addresses == ("anna@acme.example", "a@acme.example")
    assert (user.receiving_addresses, user.contact) == (("fax@acme.example",), Contact(city="Bonn", phone="5550"))
    assert (user.custom, tree.effective(db, user.id).text("fax.paper")) == (("47", "", "", "x"), "a4")


def test_each_user_has_an_entry_as_if_added_alone(db: Database, door: Door, file: Path) -> None:
    written(file, "Acme,Anna,Smith,anna@acme.example", "Acme,Ben,Smith,ben@acme.example")

    changed = bulk.add_users(door, file)

    assert [(entry.what, entry.target) for entry in changed.entries] == [
        ("user.add", "Acme/anna@acme.example"), ("user.add", "Acme/ben@acme.example"),
    ]  # fmt: skip
    assert journal.verify(db).fault == ""
    assert changed.count == 2


def test_one_bad_line_and_nobody_is_added(door: Door, file: Path) -> None:
    written(file, "Acme,Anna,Smith,anna@acme.example", "Acme,Ben,Smith,ben")

    assert refused(door, file) == {3: "'ben' is not a mail address: write name@domain"}


def test_every_bad_line_is_named_with_its_reason(door: Door, file: Path) -> None:
    users.add_user(door, users.UserForm("Acme", "Eve", "Fox", ["eve@acme.example"], fax_number="+12025550190"))
    written(
        file,
        "Acme,Anna,Smith,anna@acme.example,,",
        ",Ben,Smith,ben@acme.example,,",
        "Acme/Law,Cy,Smith,cy@acme.example,,",
        "eve@acme.example,Di,Smith,di@acme.example,,",
        "Acme,,Smith,ed@acme.example,,",
        "Acme,Flo,Smith,,,",
        "",
        "Acme,Gus,Smith,EVE@acme.example,,",
        "Acme,Hal,Smith,anna@acme.example,,",
        "Acme,Ida,Smith,ida@acme.example,+12025550190,",
        "Acme,Jo,Smith,jo@acme.example,,a5",
        "Acme,Kim,Smith",
        "Acme,Lee,Smith,lee@acme.example,911,",
        heading=f"{HEADING},fax_number,fax.paper",
    )

    found = refused(door, file)

    assert sorted(found) == [3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14]
    assert found[3] == "it does not say where the user is to stand"
    assert found[4].startswith("there is no 'Law' in Acme")
    assert found[5] == "Acme/eve@acme.example is a user: only companies and departments hold others"
    assert found[7] == "a user has 1 to 50 sending addresses, not 0"
    assert found[9].startswith("eve@acme.example is a sending address of Eve Fox (Acme/eve@acme.example) already")
    assert found[10].startswith("anna@acme.example is a sending address of line 2 already")
    assert found[11] == "the fax number +12025550190 belongs to Eve Fox (Acme/eve@acme.example) already"
    assert found[12] == "fax.paper takes letter, a4, legal; not 'a5'"
    assert found[13] == "it has 3 columns, the first line 6"


def test_what_comes_twice_is_found_however_far_apart(door: Door, file: Path) -> None:
    lines = [f"Acme,Anna,Smith,u{number}@acme.example" for number in range(bulk.AT_ONCE + 5)]
    written(file, *lines, "Acme,Anna,Smith,u0@acme.example")

    found = refused(door, file)

    assert list(found) == [bulk.AT_ONCE + 7]
    assert "Anna Smith (Acme/u0@acme.example)" in found[bulk.AT_ONCE + 7]


def test_lines_may_leave_the_place_to_the_command(door: Door, file: Path) -> None:
    written(file, "Anna,Smith,anna@acme.example", heading="first_name,last_name,sending")

    bulk.add_users(door, file, "Sales")

    assert [user.path for user in users.users(door)] == ["Acme/Sales/anna@acme.example"]


@pytest.mark.parametrize("sign", [";", "\t"])
def test_spreadsheets_of_other_countries_are_read(door: Door, file: Path, sign: str) -> None:
    line = sign.join(["Acme", "Zoë", '"Smith, Jr."', "zoe@acme.example"])
    file.write_text("\ufeff" + HEADING.replace(",", sign) + "\r\n" + line + "\r\n", encoding="utf-8")

    bulk.add_users(door, file)

    assert [user.full_name for user in users.users(door)] == ["Zoë Smith, Jr."]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "missing: 'parent'"),
        ("parent,first_name,last_name\n", "missing: 'sending'"),
        (f"{HEADING},age\n", "no such column: 'age'"),
        (f"{HEADING},sending\n", "twice: 'sending'"),
        (f'{HEADING}\nAcme,"Anna,Smith,a@acme.example\n', "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(door: Door, file: Path, content: str, words: str) -> None:
    file.write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match=words):
        bulk.add_users(door, file)


def test_a_file_in_another_encoding_says_what_to_do(door: Door, file: Path) -> None:
    file.write_bytes(f"{HEADING}\nAcme,Zo\xeb,Smith,zoe@acme.example\n".encode("latin-1"))

    with pytest.raises(UsageError, match="UTF-8"):
        bulk.add_users(door, file)


def test_a_missing_file_is_named(door: Door, file: Path) -> None:
    with pytest.raises(UsageError, match=r"users\.csv: cannot be read"):
        bulk.add_users(door, file)


def test_settings_that_are_locked_or_not_for_users_are_refused(door: Door, file: Path) -> None:
    setting_steps.lock(door, "Acme", ["fax.paper"], locked=True)
    written(
        file,
        "Acme,Anna,Smith,anna@acme.example,a4,",
        "Acme,Ben,Smith,ben@acme.example,,global",
        heading=f"{HEADING},fax.paper,security.policy",
    )

    assert refused(door, file) == {
        2: "fax.paper is locked above",
        3: "security.policy is given at company or department, not at users",
    }


def test_in_a_company_of_snapshots_all_values_are_written_down(db: Database, door: Door, file: Path) -> None:
    setting_steps.give(door, "Acme", [("settings.inheritance", "snapshot"), ("fax.paper", "a4")])
    written(file, "Acme/Sales,Anna,Smith,anna@acme.example,", "Acme/Sales,Ben,Smith,ben@acme.example,legal",
            heading=f"{HEADING},fax.paper")  # fmt: skip

    bulk.add_users(door, file)
    setting_steps.give(door, "Acme", [("fax.paper", "letter"), ("retry.dials", "3")])

    held = [tree.effective(db, user.id) for user in users.users(door)]
    assert [one.text("fax.paper") for one in held] == ["a4", "legal"]
    assert [one.text("retry.dials") for one in held] == ["12", "12"]


def test_an_administrator_fills_his_own_part_only(db: Database, file: Path) -> None:
    ada = administrator(db, "Acme/Sales", "users.add", "fax")

    written(file, "Acme,Anna,Smith,anna@acme.example")
    with pytest.raises(NotAllowedError, match="outside the part of the tree"):
        bulk.add_users(ada, file)
    written(file, "Acme/Sales,Anna,Smith,anna@acme.example,5", heading=f"{HEADING},retry.dials")
    with pytest.raises(NotAllowedError, match=r"settings\.change"):
        bulk.add_users(ada, file)
    written(file, "Acme/Sales,Anna,Smith,anna@acme.example,a4", heading=f"{HEADING},fax.paper")
    assert bulk.add_users(ada, file).answer == 1


def test_a_trial_adds_nobody(db: Database, door: Door, file: Path) -> None:
    written(file, "Acme,Anna,Smith,anna@acme.example")

    changed = bulk.add_users(root(db, dry_run=True), file)

    assert (changed.dry_run, changed.answer, users.users(door)) == (True, 1, ())


def test_progress_is_told(door: Door, file: Path) -> None:
    written(file, *(f"Acme,Anna,Smith,u{number}@acme.example" for number in range(bulk.AT_ONCE + 1)))
    told: list[int] = []

    bulk.add_users(door, file, tell=told.append)

    assert told == [bulk.AT_ONCE, bulk.AT_ONCE + 1]


def test_the_template_is_a_file_that_can_be_taken(door: Door, file: Path) -> None:
    admin.add_department(door, "Acme", "Billing")
    heading, line = template()
    file.write_text("\n".join(",".join(cells) for cells in (heading, line)), encoding="utf-8")

    assert bulk.add_users(door, file).answer == 1
    assert set(COLUMNS) <= set(heading)


NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=3).map(str.lower)
LINES = st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES)
def test_a_file_is_taken_exactly_when_no_name_and_no_address_comes_twice(
    tmp_path: Path, lines: list[tuple[str, str]]
) -> None:
    file = written(tmp_path / "u.csv", *(f"Acme,A,B,{address}@a.example,{name}" for name, address in lines),
                   heading=f"{HEADING},user_name")  # fmt: skip
    expected = len({name for name, _ in lines}) == len({address for _, address in lines}) == len(lines)
    with opened(tmp_path) as db:
        door = root(db)
        admin.add_company(door, "Acme")
        try:
            bulk.add_users(door, file)
            taken = True
        except bulk.BadLinesError:
            taken = False

        assert taken is expected
        assert len(users.users(door)) == (len(lines) if expected else 0)
