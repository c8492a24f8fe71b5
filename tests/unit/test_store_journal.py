"""The journal of changes as kept: appended to, found, and never changed without being noticed."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from gateway.domain.journal import Note, Signature
from gateway.store import journal
from gateway.store.database import Database
from gateway.store.journal import Wanted
from tests.filled_store import NOW

TRIGGERS = ("journal_update", "journal_delete")


def keep(db: Database, *whats: str, who: str = "account root", at: int = 0) -> None:
    notes = [Note(what, number, f"Acme/{what}", {}, {"n": number}) for number, what in enumerate(whats)]
    journal.append(db, notes, Signature(who, NOW + timedelta(days=at), "test"))


def by_hand(db: Database, statement: str) -> None:
    """What somebody does who owns the database file."""

    def work(session: Session) -> None:
        if session.connection().dialect.name == "postgresql":
            session.execute(text("DROP TRIGGER IF EXISTS journal_kept ON journal"))
        else:
            for trigger in TRIGGERS:
                session.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        session.execute(text(statement))

    db.write(work)


def test_entries_are_numbered_and_chained_over_several_acts(db: Database) -> None:
    keep(db, "user.add", "user.edit")
    keep(db, "user.lock")

    third, second, first = journal.listing(db, Wanted())

    assert [entry.number for entry in (first, second, third)] == [1, 2, 3]
    assert (second.previous, third.previous) == (first.digest, second.digest)
    assert journal.verify(db) == journal.Verified(3, "")


def test_an_empty_journal_is_sound(db: Database) -> None:
    assert journal.verify(db) == journal.Verified(0, "")


@pytest.mark.parametrize("statement", ["UPDATE journal SET who = 'x'", "DELETE FROM journal WHERE number = 1"])
def test_the_database_itself_keeps_entries_from_being_changed(db: Database, statement: str) -> None:
    keep(db, "user.add")

    with pytest.raises(DatabaseError, match="the journal is never changed"):
        db.write(lambda session: session.execute(text(statement)))

    assert journal.verify(db).fault == ""


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE journal SET reason = '' WHERE number = 2", "entry 2 was changed after it was written"),
        ("DELETE FROM journal WHERE number = 2", "entries are missing between number 1 and 3"),
        ("DELETE FROM journal WHERE number = 1", "entries are missing between number 0 and 2"),
        ("DELETE FROM journal WHERE number = 3", "entries are missing behind number 2"),
        ("DELETE FROM journal", "entries are missing behind number 0"),
        ("DELETE FROM journal_head", "entries are missing behind number 3"),
    ],
)
def test_whatever_is_changed_by_hand_is_found(db: Database, statement: str, fault: str) -> None:
    keep(db, "user.add", "user.edit", "user.lock")

    by_hand(db, statement)

    assert journal.verify(db).fault == fault


def test_an_entry_that_was_sealed_anew_does_not_fit_the_next(db: Database) -> None:
    keep(db, "user.add", "user.edit")
    forged = Note("user.add", 0, "Bolt/eve", {}, {})
    entry = journal.entry_after(0, "", forged, Signature("account root", NOW, "test"))

    by_hand(db, f"UPDATE journal SET target = 'Bolt/eve', after = '{{}}', digest = '{entry.digest}' WHERE number = 1")

    assert journal.verify(db).fault == "entry 2 does not follow the one before it"


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(what="user"), [4, 2, 1]),
        (Wanted(what="user.l"), [2]),
        (Wanted(who="anna"), [4, 3]),
        (Wanted(target="acme/dept"), [3]),
        (Wanted(since=NOW + timedelta(days=1)), [4, 3]),
        (Wanted(until=NOW + timedelta(days=1)), [2, 1]),
        (Wanted(below=1), []),
        (Wanted(limit=1), [4]),
        (Wanted(what="%"), []),
    ],
)
def test_entries_are_found_by_each_of_their_parts(db: Database, wanted: Wanted, numbers: list[int]) -> None:
    keep(db, "user.add", "user.lock")
    keep(db, "dept.add", "user.edit", who="administrator anna", at=1)

    assert [entry.number for entry in journal.listing(db, wanted)] == numbers
