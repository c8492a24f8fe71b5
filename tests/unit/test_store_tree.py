import pytest
from sqlalchemy import update
from sqlmodel import col

from gateway.domain.errors import NotFoundError, RefusedError, UsageError
from gateway.domain.nodes import Contact, NodeKind
from gateway.store import tree
from gateway.store.database import Database
from gateway.store.tree_tables import NodeRow
from tests.filled_store import anna


def lock(db: Database, path: str) -> None:
    node = tree.node_by_path(db, path)
    db.write(lambda session: session.execute(update(NodeRow).where(col(NodeRow.id) == node.id).values(locked=True)))


def test_departments_nest_to_any_depth(db: Database) -> None:
    path = tree.add_company(db, "Acme").path
    for name in ("Sales", "West", "Coast"):
        path = tree.add_department(db, path, name).path

    node = tree.node_by_path(db, "Acme/Sales/West/Coast")

    assert (node.path, node.kind, node.name) == (path, NodeKind.DEPARTMENT, "Coast")


def test_paths_and_names_are_compared_without_regard_to_case(db: Database) -> None:
    company = tree.add_company(db, "  Straße  AG ")
    tree.add_department(db, "straße ag", "Vertrieb")

    assert company.name == "Straße AG"
    assert tree.node_by_path(db, "/STRASSE AG/vertrieb/").path == "Straße AG/Vertrieb"


def test_siblings_have_different_names_but_cousins_need_not(db: Database) -> None:
    tree.add_company(db, "Acme")
    tree.add_company(db, "Bolt")
    tree.add_department(db, "Acme", "Sales")
    tree.add_department(db, "Bolt", "Sales")

    with pytest.raises(RefusedError, match="a company named 'Acme' already"):
        tree.add_company(db, "ACME")
    with pytest.raises(RefusedError, match="a department named 'Sales' in Acme already"):
        tree.add_department(db, "Acme", "sales")


def test_an_unknown_path_names_what_comes_near(db: Database) -> None:
    anna(db)

    with pytest.raises(NotFoundError, match="no 'Sails' in Acme; there is Acme/Sales"):
        tree.add_department(db, "Acme/Sails", "West")
    with pytest.raises(NotFoundError, match="no 'Acne'; there is Acme"):
        tree.node_by_path(db, "Acne")


def test_an_empty_tree_says_so(db: Database) -> None:
    with pytest.raises(NotFoundError, match="nothing there yet"):
        tree.node_by_path(db, "Acme")


@pytest.mark.parametrize("name", ["", " ", "a/b", "x" * 81, "a\x00b"])
def test_a_name_that_cannot_be_one_is_refused(db: Database, name: str) -> None:
    with pytest.raises(UsageError):
        tree.add_company(db, name)


def test_users_hold_nobody(db: Database) -> None:
    user = anna(db)

    with pytest.raises(RefusedError, match="is a user"):
        tree.add_department(db, user.path, "Below")


def test_a_user_comes_back_whole(db: Database) -> None:
    tree.add_company(db, "Acme")
    contact = Contact("1 Main St", "Floor 2", "Boston", "MA", "02101", "US", "+16175550100")
    new = tree.NewUser(
        "acme", "Anna", "Smith", ("anna@acme.example", "a.smith@acme.example"), ("anna@home.example",),
        fax_number="+16175550199", contact=contact, custom=("4711", "", "", "x"),
    )  # fmt: skip

    user = tree.add_user(db, new)

    assert user == tree.user_by_id(db, user.id)
    assert (user.user_name, user.path, user.company) == ("anna@acme.example", "Acme/anna@acme.example", "Acme")
    assert (user.sending_addresses, user.receiving_addresses) == (new.sending_addresses, new.receiving_addresses)
    assert (user.contact, user.custom, user.fax_number) == (contact, new.custom, "+16175550199")


def test_a_user_is_found_by_any_sending_address(db: Database) -> None:
    user = anna(db, "anna@acme.example")

    assert tree.user_by_address(db, " Anna@ACME.example ") == user
    assert tree.user_by_address(db, "bob@acme.example") is None


def test_a_sending_address_belongs_to_one_user_of_the_whole_system(db: Database) -> None:
    anna(db)
    tree.add_company(db, "Bolt")

    with pytest.raises(RefusedError, match=r"anna@acme.example is a sending address of Anna Smith \(Acme/Sales/anna\)"):
        tree.add_user(db, tree.NewUser("Bolt", "Bob", "Jones", ("bob@bolt.example", "anna@acme.example")))

    assert tree.user_by_address(db, "bob@bolt.example") is None


def test_a_user_name_belongs_to_one_user_of_the_whole_system(db: Database) -> None:
    anna(db)
    tree.add_company(db, "Bolt")

    with pytest.raises(RefusedError, match="user name 'ANNA' belongs to Anna Smith"):
        tree.add_user(db, tree.NewUser("Bolt", "Ann", "Other", ("ann@bolt.example",), user_name="ANNA"))


def test_a_fax_number_belongs_to_one_user_of_the_whole_system(db: Database) -> None:
    tree.add_company(db, "Acme")
    tree.add_company(db, "Bolt")
    tree.add_user(db, tree.NewUser("Acme", "Anna", "Smith", ("anna@acme.example",), fax_number="+12025550190"))

    with pytest.raises(RefusedError, match=r"\+12025550190 belongs to Anna Smith \(Acme/anna@"):
        tree.add_user(db, tree.NewUser("Bolt", "Bob", "Jones", ("bob@bolt.example",), fax_number="+12025550190"))

    assert tree.user_by_address(db, "bob@bolt.example") is None


def test_any_number_of_users_have_no_fax_number(db: Database) -> None:
    tree.add_company(db, "Acme")
    for name in ("anna", "bob", "cleo"):
        tree.add_user(db, tree.NewUser("Acme", name, "Smith", (f"{name}@acme.example",)))

    assert [user.fax_number for user in tree.users(db)] == ["", "", ""]


def test_a_user_without_a_sending_address_is_none(db: Database) -> None:
    tree.add_company(db, "Acme")

    with pytest.raises(UsageError, match="at least one"):
        tree.add_user(db, tree.NewUser("Acme", "Anna", "Smith", ()))


def test_lists_are_by_path_and_can_be_searched(db: Database) -> None:
    anna(db)
    tree.add_department(db, "Acme", "Purchasing")
    tree.add_company(db, "Bolt_1")
    tree.add_user(db, tree.NewUser("Acme/Purchasing", "Bob", "Jones", ("bob@acme.example",)))

    assert [node.name for node in tree.companies(db)] == ["Acme", "Bolt_1"]
    assert [node.path for node in tree.departments(db)] == ["Acme/Purchasing", "Acme/Sales"]
    assert [node.path for node in tree.departments(db, search="purch")] == ["Acme/Purchasing"]
    assert tree.companies(db, search="t%1") == ()
    assert tree.departments(db, "Bolt_1") == ()
    assert [user.first_name for user in tree.users(db)] == ["Bob", "Anna"]
    assert [user.first_name for user in tree.users(db, "Acme/Sales")] == ["Anna"]
    assert [user.first_name for user in tree.users(db, search="JONES")] == ["Bob"]


def test_a_list_below_nowhere_is_not_found(db: Database) -> None:
    with pytest.raises(NotFoundError):
        tree.users(db, "Nowhere")


@pytest.mark.parametrize("path", ["Acme", "Acme/Sales", "Acme/Sales/anna"])
def test_a_lock_anywhere_above_locks_the_user(db: Database, path: str) -> None:
    user = anna(db)

    lock(db, path)

    found = tree.credentials(db, "anna")
    assert tree.user_by_id(db, user.id).locked
    assert tree.users(db)[0].locked
    assert found is not None
    assert found.locked


def test_credentials_are_found_by_user_name_and_never_shown(db: Database) -> None:
    tree.add_company(db, "Acme")
    new = tree.NewUser("Acme", "Anna", "Smith", ("anna@acme.example",), password_hash="$argon2id$secret")
    user = tree.add_user(db, new)

    found = tree.credentials(db, "ANNA@acme.example")

    assert found is not None
    assert (found.user_id, found.password_hash, found.locked) == (user.id, "$argon2id$secret", False)
    assert "secret" not in repr(found) + repr(new)
    assert tree.credentials(db, "nobody") is None


def test_an_unknown_user_id_is_not_found(db: Database) -> None:
    company = tree.add_company(db, "Acme")

    for wrong in (company.id, 999):
        with pytest.raises(NotFoundError, match=f"no user {wrong}"):
            tree.user_by_id(db, wrong)
