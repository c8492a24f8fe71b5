"""Rows of faxes that come in: what a page and an end leave, who may still write, and what a list finds fast."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session

from gateway.domain.errors import ConflictError, LostClaimError, NotFoundError
from gateway.domain.nodes import User
from gateway.domain.received import ReceivedEvent, ReceivedEventName, ReceivedState
from gateway.store import received
from gateway.store.database import Database
from gateway.store.received import Ending, NewPage, NewReception, Reception
from gateway.store.received_lists import Digits, ReceivedFilter, ReceivedSort, lines
from tests.filled_store import FAR, NOW, owning

pytestmark = pytest.mark.usefixtures("engine")
OURS = "+12025550177"


def begun(db: Database, owner: int, user: User, uid: str = "call-1") -> Reception:
    return received.begin(db, owner, NewReception(uid, OURS, FAR, user.id, NOW))


def page(number: int, digest: str = "", *, last: bool = False, bad_rows: int = 0) -> NewPage:
    return NewPage(number, digest or f"{number:064}", 1728, 1100, 204, 98, bad_rows, last, NOW, "+1 202 555 0101")


def ending(digest: str = "f" * 64) -> Ending:
    return Ending(NOW + timedelta(minutes=1), digest, "done", rate=9600, ecm=False)


def test_a_call_is_known_once(db: Database, user: User, tmp_path: Path) -> None:
    with owning(db, tmp_path) as owner:
        begun(db, owner, user)
        with pytest.raises(ConflictError, match="answered before"):
            begun(db, owner, user)


def test_a_page_that_comes_again_replaces_the_first(db: Database, user: User, tmp_path: Path) -> None:
    with owning(db, tmp_path) as owner:
        call = begun(db, owner, user)
        received.add_page(db, call, page(1, "a" * 64, bad_rows=5))
        received.add_page(db, call, page(1, "b" * 64, bad_rows=2))
    [kept] = received.pages(db, call.id)
    fax = received.by_number(db, call.id)
    assert (kept.digest, fax.pages, fax.bad_rows, fax.remote_id) == ("b" * 64, 1, 2, "+1 202 555 0101")


def test_a_page_behind_the_last_one_makes_the_fax_open_again(db: Database, user: User, tmp_path: Path) -> None:
    with owning(db, tmp_path) as owner:
        call = begun(db, owner, user)
        received.add_page(db, call, page(1, last=True))
        received.add_page(db, call, page(2))
        assert received.finish(db, call, ending(), NOW).state is ReceivedState.PARTIAL


def test_a_call_is_settled_once(db: Database, user: User, tmp_path: Path) -> None:
    with owning(db, tmp_path) as owner:
        call = begun(db, owner, user)
        received.add_page(db, call, page(1, last=True))
        received.finish(db, call, ending(), NOW)
        for late in (lambda: received.finish(db, call, ending(), NOW), lambda: received.add_page(db, call, page(2))):
            with pytest.raises(LostClaimError):
                late()
    assert db.glance("SELECT count(*) FROM forwarding") == 1
    assert len(received.events(db, call.id)) == 1


def test_an_end_before_the_begin_by_the_clock_is_the_begin(db: Database, user: User, tmp_path: Path) -> None:
    with owning(db, tmp_path) as owner:
        call = begun(db, owner, user)
        fax = received.finish(db, call, Ending(NOW - timedelta(hours=1), "", "done"), NOW)
    assert fax.ended == NOW


def test_history_is_told_in_order_and_cut_to_length(db: Database, user: User, tmp_path: Path) -> None:
    with owning(db, tmp_path) as owner:
        call = begun(db, owner, user)
        received.finish(db, call, ending(), NOW)
    received.add_event(db, call.id, ReceivedEvent(NOW, ReceivedEventName.ARCHIVED, detail="x" * 600))
    assert [event.name.value for event in received.events(db, call.id)] == ["received", "archived"]
    assert len(received.events(db, call.id)[1].detail) == 500


def test_what_is_not_there_is_not_found(db: Database) -> None:
    for ask in (lambda: received.by_number(db, 4711), lambda: received.one(db, "IN-7K3M9Q2P")):
        with pytest.raises(NotFoundError):
            ask()
    with pytest.raises(NotFoundError):
        lines(db, ReceivedFilter(after="IN-7K3M9Q2P"))


@pytest.fixture
def statements(db: Database) -> Iterator[list[tuple[str, object]]]:
    """What lists ask of the database from now on."""
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_more: object) -> None:
        if statement.startswith(("SELECT", "WITH")) and "FROM received" in statement and "ORDER BY" in statement:
            asked.append((statement, values))

    event.listen(db._engine, "before_cursor_execute", note)
    yield asked
    event.remove(db._engine, "before_cursor_execute", note)


def indexed(user: User) -> tuple[ReceivedFilter, ...]:
    """Filters whose pages are found at once, however many faxes there are."""
    return (
        ReceivedFilter(),
        ReceivedFilter(ascending=True, since=NOW),
        ReceivedFilter(state=ReceivedState.PARTIAL),
        ReceivedFilter(number=Digits(whole=OURS)),
        ReceivedFilter(caller=Digits(whole=FAR)),
        ReceivedFilter(below=user.id),
        ReceivedFilter(sort=ReceivedSort.NUMBER),
        ReceivedFilter(sort=ReceivedSort.CALLER),
    )


def test_a_page_of_a_list_is_read_off_an_index_and_nothing_is_sorted(
    db: Database, user: User, statements: list[tuple[str, object]]
) -> None:
    for wanted in indexed(user):
        lines(db, wanted)
    plans = [_plan(db, statement, values) for statement, values in list(statements)]
    assert len(plans) == len(indexed(user))
    assert [plan for plan in plans if "ix_received_" not in plan or "TEMP B-TREE" in plan or "Sort" in plan] == []


def _plan(db: Database, statement: str, values: object) -> str:
    """How it is answered; PostgreSQL, whose table is empty, is asked for an index wherever there is one."""
    near = db.dialect.name == "sqlite"

    def work(session: Session) -> str:
        if not near:
            for way in ("seqscan", "bitmapscan", "sort"):
                session.connection().exec_driver_sql(f"SET LOCAL enable_{way} = off")
        explain = "EXPLAIN QUERY PLAN " if near else "EXPLAIN "
        rows = session.connection().exec_driver_sql(explain + statement, values)  # type: ignore[call-overload]
        return "\n".join(str(row) for row in rows)

    return db.read(work)
