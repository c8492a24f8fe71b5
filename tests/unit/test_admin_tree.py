"""What is checked before the store is asked: names, addresses, numbers, passwords, settings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.admin import tree as admin
from gateway.domain.errors import BadNumberError, NotFoundError, RefusedError, UsageError
from gateway.domain.nodes import Contact
from gateway.domain.passwords import verify_password
from gateway.store import tree
from gateway.store.database import Database
from tests.filled_store import opened


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as database:
        admin.add_company(database, "Acme")
        yield database


def form(**changes: object) -> admin.UserForm:
    given = {"parent": "Acme", "first_name": "Anna", "last_name": "Smith", "sending": ["anna@acme.example"], **changes}
    return admin.UserForm(**given)  # type: ignore[arg-type]


def test_a_user_is_kept_in_the_forms_that_are_compared(db: Database) -> None:
    typed = form(
        sending=[" Anna@ACME.example", "anna@acme.example"], fax_number="1-202-555-0190", first_name=" Anna  M. "
    )

    user = admin.add_user(db, typed)

    assert user.sending_addresses == ("anna@acme.example",)
    assert (user.user_name, user.fax_number, user.first_name) == ("anna@acme.example", "+12025550190", "Anna M.")


def test_contact_and_settings_are_kept(db: Database) -> None:
    user = admin.add_user(db, form(contact=Contact(city="Bonn")), ["fax.paper=a4", "fax.station_id=+1 202 555 0190"])

    settings = tree.effective(db, user.id)
    assert (settings.text("fax.paper"), settings.text("fax.station_id")) == ("a4", "+1 202 555 0190")
    assert tree.user_by_id(db, user.id).contact == Contact(city="Bonn")


def test_a_password_is_kept_as_a_hash(db: Database) -> None:
    admin.add_user(db, form(password="correct horse"))

    found = tree.credentials(db, "anna@acme.example")
    assert found is not None
    assert "correct" not in found.password_hash
    assert verify_password(found.password_hash, "correct horse")
    assert "correct" not in repr(form(password="correct horse"))


def test_without_a_password_nobody_signs_in(db: Database) -> None:
    admin.add_user(db, form())

    found = tree.credentials(db, "anna@acme.example")
    assert found is not None
    assert not verify_password(found.password_hash, "")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"sending": ["anna"]}, UsageError),
        ({"receiving": ["x"]}, UsageError),
        ({"receiving": ["a@b.example"] * 4}, UsageError),
        ({"password": "short"}, UsageError),
        ({"first_name": "a/b"}, UsageError),
        ({"last_name": " "}, UsageError),
        ({"fax_number": "55501"}, BadNumberError),
        ({"fax_number": "911"}, RefusedError),
        ({"parent": "Zenith"}, NotFoundError),
    ],
)
def test_a_form_with_a_mistake_makes_nobody(db: Database, changes: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        admin.add_user(db, form(**changes))

    assert admin.users(db) == ()


@pytest.mark.parametrize(
    "setting", ["fax.paper", "fax.paper=a5", "=x", "nothing=x", "fax.station_id=A=B", "cover.default=gala"]
)
def test_a_bad_setting_stops_all_of_it(db: Database, setting: str) -> None:
    with pytest.raises(UsageError):
        admin.add_company(db, "Zenith", ["fax.paper=a4", setting])
    with pytest.raises(UsageError):
        admin.add_department(db, "Acme", "Sales", [setting])
    with pytest.raises(UsageError):
        admin.add_user(db, form(), [setting])

    assert [node.path for node in admin.companies(db)] == ["Acme"]
    assert (admin.departments(db), admin.users(db)) == ((), ())


def test_a_default_cover_must_be_there_and_those_there_are_named(db: Database) -> None:
    with pytest.raises(
        UsageError, match=r"no cover page .gala. here; known are business, medical, plain; cover\.default"
    ):
        admin.add_company(db, "Zenith", ["cover.default=gala"])

    bolt = admin.add_company(db, "Bolt", ["cover.default=medical"])
    assert tree.effective(db, bolt.id).text("cover.default") == "medical"


def test_departments_and_users_are_listed_below_a_path(db: Database) -> None:
    admin.add_department(db, "Acme", "Sales", ["fax.paper=a4"])
    admin.add_user(db, form())
    admin.add_user(db, form(parent="Acme/Sales", sending=["ben@acme.example"]))

    assert [node.path for node in admin.departments(db, "Acme")] == ["Acme/Sales"]
    assert [user.sending_addresses for user in admin.users(db, "Acme/Sales")] == [("ben@acme.example",)]
