"""Works that share a commit: in order, none harmed by another, none told of success too early."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from gateway.domain.errors import UnavailableError
from gateway.store import transaction, writer
from gateway.store.database import Database, open_database
from gateway.store.process_tables import TrunkRow
from gateway.store.writer import MOST_WORKS
from tests.filled_store import opened

Work = Callable[[Session], str]


def adding(name: str) -> Work:
    def work(session: Session) -> str:
        session.add(TrunkRow(name=name))
        session.flush()
        return name

    return work


def adding_by_hand(name: str) -> Callable[[object], str]:
    # by hand the columns without a default of the database are given, too
    def work(cursor: object) -> str:
        cursor.execute(f"insert into trunk (name, lines, state, turns) values ('{name}', 0, 'open', '{{}}')")  # type: ignore[attr-defined]
        return name

    return work


def failing(name: str) -> Work:
    def work(session: Session) -> str:
        adding(name)(session)
        raise KeyError(name)

    return work


def names(db: Database) -> list[str]:
    return db.read(
        lambda session: list(session.connection().execute(text("select name from trunk order by 1")).scalars())
    )


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, too, all that waits is one batch."""
    for name in ("MOST_SECONDS", "MOST_SECONDS_OF_SERVER"):
        monkeypatch.setattr(writer, name, 60)


class Gathering:
    """Keeps the writer busy while works gather; they come into its own batch."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._go = threading.Event()
        began = threading.Event()

        def wait(_session: Session) -> None:
            began.set()
            self._go.wait()

        self._first = db.submit(wait)
        began.wait()

    def write(self, works: list[Work]) -> list[Future[str]]:
        done = [self._db.submit(work) for work in works]
        self._go.set()
        self._first.result()
        for one in done:
            one.exception()
        return done


def test_what_waits_is_one_commit(db: Database) -> None:
    gathering = Gathering(db)
    before = db.tally

    done = gathering.write([adding(str(number)) for number in range(8)])

    assert [one.result() for one in done] == [str(number) for number in range(8)]
    assert db.tally.works - before.works == 9
    assert db.tally.commits - before.commits == 1
    assert db.tally.largest == 9


def test_a_work_that_fails_takes_nobody_along(db: Database) -> None:
    works = [adding("a"), failing("b"), adding("a"), adding("c")]

    first, second, third, fourth = Gathering(db).write(works)

    assert (first.result(), fourth.result()) == ("a", "c")
    assert isinstance(second.exception(), KeyError)
    assert isinstance(third.exception(), IntegrityError)
    assert names(db) == ["a", "c"]


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_first_work_that_fails_takes_nobody_along(db: Database, by_hand: bool) -> None:
    go = threading.Event()

    def fails_late(_: object) -> str:
        go.wait()
        raise KeyError

    first, second = db.submit(fails_late, by_hand=by_hand), db.submit(adding("b"))
    go.set()

    assert isinstance(first.exception(), KeyError)
    assert second.result() == "b"
    assert names(db) == ["b"]


def test_works_by_hand_and_by_session_share_a_commit(db: Database) -> None:
    gathering = Gathering(db)
    before = db.tally
    by_hand = [db.submit(adding_by_hand(name), by_hand=True) for name in ("a", "b", "b")]

    later = gathering.write([adding("c"), failing("d"), adding("e")])

    assert [type(one.exception()) for one in by_hand] == [type(None), type(None), IntegrityError]
    assert [type(one.exception()) for one in later] == [type(None), KeyError, type(None)]
    assert names(db) == ["a", "b", "c", "e"]
    assert db.tally.commits - before.commits == 1


def test_a_work_sees_what_those_before_it_wrote(db: Database) -> None:
    def look(session: Session) -> str:
        return ",".join(session.connection().execute(text("select name from trunk order by 1")).scalars())

    *_, seen = Gathering(db).write([adding("a"), adding("b"), look])

    assert seen.result() == "a,b"


def test_nobody_hears_of_success_before_the_commit(db: Database) -> None:
    found: list[list[str]] = []
    done = db.submit(adding("a"))
    done.add_done_callback(lambda _: found.append(names(db)))

    done.result()
    db.write(lambda _session: None)

    assert found == [["a"]]


def test_a_batch_ends_when_others_have_waited_long_enough(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOST_SECONDS", "MOST_SECONDS_OF_SERVER"):
        monkeypatch.setattr(writer, name, 0.001)

    Gathering(db).write([lambda _session: threading.Event().wait(0.002) or "" for _ in range(6)])

    assert db.tally.largest <= 2  # what was before them, and one


def test_a_batch_holds_so_many_works_at_most(db: Database) -> None:
    Gathering(db).write([lambda _session: "" for _ in range(MOST_WORKS + 50)])

    assert db.tally.largest <= MOST_WORKS


def test_a_work_must_not_ask_for_another_write(db: Database) -> None:
    with pytest.raises(RuntimeError, match="wait for itself"):
        db.write(lambda _session: db.write(adding("a")))

    assert db.write(adding("b")) == "b"


def test_what_waits_is_written_before_the_store_is_closed(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        other = open_database(db.url.render_as_string(hide_password=False))
        done = [other.submit(adding(str(number))) for number in range(5)]

        other.close()

        assert [one.result(0) for one in done] == names(db)


def failing_late_by_hand(name: str) -> Callable[[object], str]:
    def work(cursor: object) -> str:
        adding_by_hand(name)(cursor)
        raise KeyError(name)

    return work


def test_of_a_work_by_hand_that_fails_late_nothing_stays_and_the_others_are_done(db: Database) -> None:
    gathering = Gathering(db)
    works = [adding_by_hand("a"), failing_late_by_hand("b"), adding_by_hand("c")]
    by_hand = [db.submit(work, by_hand=True) for work in works]

    gathering.write([adding("d")])

    assert [type(one.exception()) for one in by_hand] == [type(None), KeyError, type(None)]
    assert names(db) == ["a", "c", "d"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["adds", "fails", "by hand", "fails by hand"]), st.integers(0, 5)),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_waits_together_each_has_the_answer_it_would_have_alone(
    db: Database, plan: list[tuple[str, int]]
) -> None:
    db.write(lambda session: session.connection().execute(text("delete from trunk")).rowcount)
    expected: list[str] = []
    gathering = Gathering(db)
    kinds = {"adds": adding, "fails": failing, "by hand": adding_by_hand, "fails by hand": failing_late_by_hand}

    done = [db.submit(kinds[kind](str(name)), by_hand="by hand" in kind) for kind, name in plan]
    gathering.write([])
    for one in done:
        one.exception()

    for (kind, name), one in zip(plan, done, strict=True):
        fails = "fails" in kind or str(name) in expected
        assert (one.exception() is not None) is fails
        expected += [] if fails else [str(name)]
    assert names(db) == sorted(expected)


def full(session: Session) -> str:
    """A work for which the disk has no room; SQLite may roll back the whole transaction, and the next have room."""
    session.connection().execute(text("create table large as select zeroblob(4000000)"))
    return ""


def test_a_full_disk_fails_only_who_has_no_room(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        if not db.is_near:
            pytest.skip("only a file has a limit that a test can set")
        pages = db.read(lambda session: session.connection().execute(text("pragma page_count")).scalar_one())

        def limit(session: Session) -> str:
            session.connection().execute(text(f"pragma max_page_count={pages + 40}"))
            return ""

        _, first, second, third = Gathering(db).write([limit, adding("a"), full, adding("b")])

        assert (first.result(), third.result(), names(db)) == ("a", "b", ["a", "b"])
        assert isinstance(second.exception(), UnavailableError)
        with pytest.raises(UnavailableError, match="full"):
            db.write(full)


def test_a_transaction_that_was_lost_is_begun_anew_for_each(db: Database) -> None:
    tried: list[str] = []

    def losing(session: Session) -> str:
        tried.append("losing")
        if len(tried) == 2:
            session.connection().connection.rollback()  # what a full disk does to a transaction
        session.connection().execute(text("select nothing from nowhere"))
        return ""

    def noted(session: Session) -> str:
        tried.append("noted")
        return adding("a")(session)

    first, second, third = Gathering(db).write([noted, losing, adding("b")])

    assert (first.result(), third.result()) == ("a", "b")
    assert isinstance(second.exception(), DBAPIError)
    assert names(db) == ["a", "b"]
    assert tried == ["noted", "losing", "noted", "losing"]


def failing_at_commit(session: Session) -> str:
    """As a full disk does, whose last room the commit itself wants."""
    session.connection().execute(text("pragma defer_foreign_keys = 1"))
    session.connection().execute(text("insert into content (submission_id, octets) values (7, x'00')"))
    return ""


def test_after_a_commit_that_failed_all_others_are_done(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        if not db.is_near:
            pytest.skip("a server has no such pragma")

        with pytest.raises(IntegrityError):
            db.write(failing_at_commit)

        assert [db.write(adding("a")), db.write_by_hand(adding_by_hand("b")), db.write(adding("c"))] == [*"abc"]
        assert names(db) == ["a", "b", "c"]


def test_who_cannot_begin_fails_and_the_next_does_not(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        if not db.is_near:
            pytest.skip("a server has rows to lock and no file")
        url = db.url.update_query_dict({"timeout": "0.01"}).render_as_string(hide_password=False)
        other = open_database(url)

        def meanwhile(_session: Session) -> list[str]:
            waiting = [other.submit(adding(name)) for name in "ab"]
            return [type(one.exception()).__name__ for one in waiting]

        assert db.write(meanwhile) == ["UnavailableError"] * 2

        assert other.write(adding("c")) == "c"
        other.close()


def test_two_who_lock_rows_crosswise_are_both_done_in_the_end(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.is_near:
        pytest.skip("a file has one writer")
    monkeypatch.setattr(transaction, "PATIENCE", "SET LOCAL lock_timeout = '20ms'")
    other = open_database(db.url.render_as_string(hide_password=False))
    for name in ("a", "b"):
        db.write(adding(name))
    both = threading.Barrier(2, timeout=5)

    def raising(name: str, *, meet: bool) -> Work:
        first = [meet]

        def work(session: Session) -> str:
            session.connection().execute(text(f"update trunk set lines = lines + 1 where name = '{name}'"))
            if first.pop() if first else False:
                both.wait()
            return name

        return work

    mine, others = Gathering(db), Gathering(other)
    threads = [
        threading.Thread(target=mine.write, args=([raising("a", meet=True), raising("b", meet=False)],)),
        threading.Thread(target=others.write, args=([raising("b", meet=True), raising("a", meet=False)],)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = db.read(lambda session: session.connection().execute(text("select sum(lines) from trunk")).scalar())
    assert lines == 4
    other.close()
