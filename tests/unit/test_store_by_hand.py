from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlmodel import Session, select

from gateway.store import by_hand as module
from gateway.store import outbox, submissions
from gateway.store.by_hand import Cursor, Insertion, Rows, joined_cursor
from gateway.store.database import Database
from gateway.store.fax_tables import OutboxRow
from gateway.store.outbox import NewMail
from tests.filled_store import NOW, anna, mail_to

T = TypeVar("T")
WHOLE = "id > ? ORDER BY id"


@pytest.fixture
def mail(db: Database) -> NewMail:
    accepted = submissions.add(db, mail_to(anna(db)))
    mail = NewMail("initial", accepted.submission_id, None, 0, "anna@acme.example", b"a\r\n\xff", "<1@fax>")
    db.write(lambda session: outbox.add_mails(session, [mail], NOW))
    return mail


def by_hand(db: Database, work: Callable[[Cursor], T]) -> T:
    def joined(session: Session) -> T:
        with joined_cursor(session) as cursor:
            return work(cursor)

    return db.write(joined)


def rows(db: Database) -> Rows[OutboxRow]:
    return Rows(OutboxRow, db.dialect)


@pytest.mark.usefixtures("mail")
def test_a_row_is_read_with_the_types_of_its_table(db: Database) -> None:
    [found] = by_hand(db, lambda cursor: rows(db).find(cursor, WHOLE, [0]))

    assert (found.row.created, found.row.sent, found.row.owner) == (NOW, None, None)
    assert bytes(found.row.message) == b"a\r\n\xff"


@pytest.mark.usefixtures("mail")
def test_what_was_changed_of_a_row_is_kept_and_nothing_else_is_written(db: Database) -> None:
    def change(cursor: Cursor) -> None:
        [found] = rows(db).find(cursor, WHOLE, [0])
        cursor.execute("UPDATE outbox SET reply = 'of another'")
        found.row.state, found.row.sent = "sent", NOW + timedelta(microseconds=1)
        rows(db).keep(cursor, found)

    by_hand(db, change)

    [found] = by_hand(db, lambda cursor: rows(db).find(cursor, WHOLE, [0]))
    assert (found.row.state, found.row.sent) == ("sent", NOW + timedelta(microseconds=1))
    assert found.row.reply == "of another"


class Listening:
    """A cursor that counts the changes it was asked for."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.changes: list[str] = []

    def execute(self, statement: str, values: Sequence[object]) -> Cursor:
        if statement.startswith("UPDATE"):
            self.changes.append(statement)
        return self._cursor.execute(statement, values)


def test_rows_that_were_changed_alike_are_kept_by_one_statement(
    db: Database, mail: NewMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_KEYS", 3)
    more = [replace(mail, kind=f"kind {number}") for number in range(5)]
    db.write(lambda session: outbox.add_mails(session, more, NOW))

    def change(cursor: Cursor) -> list[str]:
        counted = Listening(cursor)
        every = rows(db).find(counted, WHOLE, [0])
        for found in every[:4]:
            found.row.state, found.row.sent = "sent", NOW
        every[4].row.state = "dead"
        rows(db).keep_all(counted, every)
        return counted.changes

    assert len(by_hand(db, change)) == 3  # of three rows, of one more alike, and of another
    every = by_hand(db, lambda cursor: rows(db).find(cursor, WHOLE, [0]))
    assert [found.row.state for found in every] == ["sent"] * 4 + ["dead", "waiting"]
    assert [found.row.sent for found in every] == [NOW] * 4 + [None] * 2


@pytest.mark.usefixtures("mail")
def test_a_row_that_was_not_changed_asks_nothing_of_the_database(db: Database) -> None:
    [found] = by_hand(db, lambda cursor: rows(db).find(cursor, WHOLE, [0]))

    rows(db).keep(None, found)  # a statement would need a cursor


@pytest.mark.usefixtures("mail")
@pytest.mark.parametrize(("fence", "state"), [(0, "sent"), (1, "waiting")])
def test_a_change_can_hang_on_what_the_row_says_by_then(db: Database, fence: int, state: str) -> None:
    def change(cursor: Cursor) -> bool:
        [found] = rows(db).find(cursor, WHOLE, [0])
        found.row.state = "sent"
        return rows(db).keep_if(cursor, found, "fence = ? AND state = 'waiting'", [fence])

    assert by_hand(db, change) is (state == "sent")

    [found] = by_hand(db, lambda cursor: rows(db).find(cursor, WHOLE, [0]))
    assert found.row.state == state


@pytest.mark.usefixtures("mail")
def test_a_condition_that_fits_no_row_finds_none(db: Database) -> None:
    assert by_hand(db, lambda cursor: rows(db).find(cursor, WHOLE, [10**6])) == []


def test_a_row_that_must_be_the_only_one_is_added_once(db: Database, mail: NewMail) -> None:
    row = {
        "submission_id": mail.submission_id, "job_id": None, "kind": mail.kind, "attempt_no": 0, "message": b"other",
        "recipient": "ben@acme.example", "message_id": "<2@fax>", "state": "waiting", "created": NOW, "not_before": NOW,
    }  # fmt: skip

    assert by_hand(db, lambda cursor: Insertion(OutboxRow, db.dialect).add_unless_there(cursor, row)) is None
    added = by_hand(
        db, lambda cursor: Insertion(OutboxRow, db.dialect).add_unless_there(cursor, {**row, "kind": "another"})
    )

    assert added is not None
    assert [found.row.id for found in by_hand(db, lambda cursor: rows(db).find(cursor, WHOLE, [0]))][-1] == added["id"]


@pytest.mark.usefixtures("mail")
def test_what_the_session_holds_is_told_before_the_cursor_asks(db: Database) -> None:
    def work(session: Session) -> str:
        row = session.exec(select(OutboxRow)).one()
        row.reply = "held"
        with joined_cursor(session) as cursor:
            return rows(db).find(cursor, WHOLE, [0])[0].row.reply

    assert db.write(work) == "held"
