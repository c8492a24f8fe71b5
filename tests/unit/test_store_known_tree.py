"""What is remembered of the tree holds exactly until the tree changes, whoever changes it."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import text

from gateway.domain.errors import NotFoundError
from gateway.domain.nodes import User
from gateway.store import known_tree, submissions, tree, tree_tables
from gateway.store.columns import Row
from gateway.store.database import Database, open_database
from gateway.store.known_tree import KnownTree, NotKnownError
from gateway.store.tree_version import WATCHED, TreeVersion
from tests.filled_store import anna, mail_to

ANNA = "anna@acme.example"


class Asked:
    """A question about the tree that counts how often it is asked."""

    def __init__(self, question: Callable[[Database, str], object] = tree.user_by_address) -> None:
        self.times = 0
        self._question = question

    def __call__(self, db: Database, address: str) -> object:
        self.times += 1
        return self._question(db, address)


def do(db: Database, statement: str) -> None:
    db.write(lambda session: session.connection().execute(text(statement)))


Change = Callable[[Database, User], object]
CHANGES: dict[str, Change] = {
    "a setting": lambda db, user: tree.set_setting(db, user.id, "fax.resolution", "superfine"),
    "a setting above": lambda db, _user: tree.set_setting(db, "Acme", "fax.resolution", "superfine"),
    "another user": lambda db, _user: anna(db, "bob@acme.example"),
    "a company": lambda db, _user: tree.add_company(db, "Bolt"),
    "a lock": lambda db, user: do(db, f"UPDATE node SET locked = NOT locked WHERE id = {user.parent_id}"),
    "a name": lambda db, user: do(db, f"UPDATE user_profile SET last_name = 'Jones' WHERE node_id = {user.id}"),
    "an address less": lambda db, user: do(db, f"DELETE FROM sending_address WHERE user_id = {user.id}"),
    "an address for replies": lambda db, user: do(
        db, f"INSERT INTO receiving_address (user_id, position, address) VALUES ({user.id}, 0, 'a@acme.example')"
    ),
}


def test_an_answer_is_remembered(db: Database, user: User) -> None:
    known, asked = KnownTree(db), Asked()

    answers = [known.now().ask(asked, ANNA) for _ in range(3)]

    assert answers == [user] * 3
    assert asked.times == 1


def test_other_arguments_are_another_question(db: Database, user: User) -> None:
    answers, asked = KnownTree(db).now(), Asked()

    assert answers.ask(asked, ANNA) == user
    assert answers.ask(asked, "nobody@acme.example") is None
    assert asked.times == 2


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_after_any_change_it_is_asked_anew(db: Database, user: User, change: Change) -> None:
    known, asked = KnownTree(db), Asked()
    known.now().ask(asked, ANNA)

    change(db, user)

    assert known.now().ask(asked, ANNA) == tree.user_by_address(db, ANNA)
    assert asked.times == 2


def test_a_lock_holds_at_once(db: Database, user: User) -> None:
    known = KnownTree(db)
    before = known.now().ask(tree.user_by_address, ANNA)

    CHANGES["a lock"](db, user)

    locked = known.now().ask(tree.user_by_address, ANNA)
    assert before is not None
    assert locked is not None
    assert (before.locked, locked.locked) == (False, True)


def test_a_change_by_another_process_is_noticed(db: Database, user: User) -> None:
    known, asked = KnownTree(db), Asked()
    known.now().ask(asked, ANNA)
    other = open_database(db.url.render_as_string(hide_password=False))

    tree.set_setting(other, user.id, "fax.resolution", "superfine")

    known.now().ask(asked, ANNA)
    assert asked.times == 2
    other.close()


def test_a_change_that_is_taken_back_changes_nothing(db: Database, user: User) -> None:
    version = TreeVersion(db)
    before = version.read()

    with pytest.raises(NotFoundError):
        tree.set_setting(db, "Acme/Nowhere", "fax.resolution", "superfine")

    assert version.read() == before
    assert user.id


def test_mail_leaves_the_memory_alone(db: Database, user: User) -> None:
    version = TreeVersion(db)
    before = version.read()

    submissions.add(db, mail_to(user))

    assert version.read() == before


def test_an_answer_from_before_a_change_is_not_kept_as_one_from_after(db: Database, user: User) -> None:
    known = KnownTree(db)

    def slowly(db: Database, address: str) -> object:
        found = tree.user_by_address(db, address)
        CHANGES["a lock"](db, user)  # between our reading and our remembering
        return found

    known.now().ask(slowly, ANNA)

    assert known.now().ask(tree.user_by_address, ANNA) == tree.user_by_address(db, ANNA)
    assert slowly not in {key[0] for key in known._known if isinstance(key, tuple)}


def test_errors_are_not_remembered(db: Database) -> None:
    known = KnownTree(db)
    with pytest.raises(NotFoundError):
        known.now().ask(tree.user_by_id, 1)

    user = anna(db)

    assert known.now().ask(tree.user_by_id, user.id) == user


def test_what_is_at_hand_reads_nothing_else(db: Database, user: User) -> None:
    known = KnownTree(db)
    if not db.is_near:
        with pytest.raises(NotKnownError):
            known.at_hand()
        return
    with pytest.raises(NotKnownError):
        known.at_hand().ask(tree.user_by_address, ANNA)

    known.now().ask(tree.user_by_address, ANNA)

    assert known.at_hand().ask(tree.user_by_address, ANNA) == user


def test_the_memory_is_bounded(db: Database, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tree, "MOST_ANSWERS", 5)
    known, asked = KnownTree(db), Asked()

    for number in range(20):
        known.now().ask(asked, f"{number}@spam.example")
        assert len(known._known) <= 5

    assert known.now().ask(asked, ANNA) == user


def test_without_a_count_nothing_is_remembered(db: Database, user: User) -> None:
    known, asked = KnownTree(db), Asked()
    do(db, "DELETE FROM tree_version")

    for _ in range(3):
        assert known.now().ask(asked, ANNA) == user

    assert asked.times == 3


def test_threads_that_ask_while_the_tree_changes_never_see_what_was(db: Database, user: User) -> None:
    known = KnownTree(db)
    seen: list[bool] = []
    over = threading.Event()

    def look() -> None:
        """Whoever asks after a change was committed must be told of it: the values come in their order."""
        last = ""
        while not over.is_set():
            now = known.now().ask(tree.effective, user.id).text("fax.station_id")
            seen.append(now >= last)
            last = now

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10, 40):
        tree.set_setting(db, user.id, "fax.station_id", f"{number}")
    over.set()
    for thread in threads:
        thread.join()

    assert all(seen)
    assert known.now().ask(tree.effective, user.id).text("fax.station_id") == "39"


def test_every_table_of_the_tree_is_watched() -> None:
    types = {one for one in vars(tree_tables).values() if isinstance(one, type)}
    rows = {one for one in types if issubclass(one, Row) and one is not Row}

    unwatched = {row.__name__ for row in rows - set(WATCHED)}

    assert unwatched == {"ContactRow", "TreeVersionRow"}  # nothing remembered asks for contacts


def test_a_change_by_hand_is_noticed(db: Database, user: User) -> None:
    if not db.is_near or db.url.database is None:
        pytest.skip("only a file can be changed by another program without us")
    before = TreeVersion(db).read()
    db.close()  # two copies of the library must not have it open at once in one process

    with closing(sqlite3.connect(db.url.database)) as hand:
        hand.execute("UPDATE user_profile SET first_name = 'Ann' WHERE node_id = ?", (user.id,))
        hand.commit()

    with closing(open_database(db.url.render_as_string())) as again:
        assert TreeVersion(again).read() > before
