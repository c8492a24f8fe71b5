import functools
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, InternalError
from sqlmodel import Session

from gateway.domain.errors import UnavailableError, UsageError
from gateway.store.columns import UtcTime, table_of
from gateway.store.database import Database, open_database
from gateway.store.engines import make_engine, parse_url, sqlite_is_safe, translated
from gateway.store.process_tables import TrunkRow
from tests.filled_store import NOW, anna, opened

DIALECT = sqlite.dialect()


def put(name: str) -> TrunkRow:
    return TrunkRow(name=name)


def names(db: Database) -> list[str]:
    return db.read(lambda session: list(session.connection().execute(text("select name from trunk")).scalars()))


@pytest.mark.usefixtures("engine")
def test_a_write_that_raises_leaves_nothing_behind(tmp_path: Path) -> None:
    with opened(tmp_path) as db:

        def work(session: Session) -> None:
            session.add(put("half"))
            session.flush()
            raise RuntimeError

        with pytest.raises(RuntimeError):
            db.write(work)

        assert names(db) == []


@pytest.mark.usefixtures("engine")
def test_what_was_written_is_read_by_another_process(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        db.write(lambda session: session.add(put("one")))
        other = open_database(db.url.render_as_string(hide_password=False))

        assert names(other) == ["one"]

        other.close()


@pytest.mark.usefixtures("engine")
def test_a_glance_sees_what_is_committed_by_then(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        seen = [db.glance("SELECT count(*) FROM trunk")]
        for name in ("one", "two"):
            db.write(lambda session, name=name: session.add(put(name)))
            seen.append(db.glance("SELECT count(*) FROM trunk"))

        assert seen == [0, 1, 2]
        assert db.glance("SELECT name FROM trunk WHERE name = 'three'") is None


@pytest.mark.usefixtures("engine")
def test_a_glance_that_failed_spoils_no_later_one(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        db.write(lambda session: session.add(put("one")))
        for _ in range(2):
            with pytest.raises(DBAPIError, match="nowhere"):
                db.glance("SELECT 1 FROM nowhere")

            assert db.glance("SELECT name FROM trunk") == "one"


def test_a_glance_after_the_server_dropped_our_connections_asks_by_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAXGW_TEST_ENGINE", "postgresql")
    dropped = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
    with opened(tmp_path) as db:
        other = open_database(db.url.render_as_string(hide_password=False))
        db.glance("SELECT 1")

        cut = other.glance(f"{dropped} AND pid <> pg_backend_pid() AND application_name LIKE 'faxgw %'")

        assert (cut, db.glance("SELECT count(*) FROM trunk")) == (1, 0)
        other.close()


def sqlite_url(folder: Path, query: str = "") -> str:
    return f"sqlite:///{folder / 'plain.sqlite'}{query}"


def plain(folder: Path, query: str = "") -> Database:
    db = open_database(sqlite_url(folder, query))
    db.write(lambda session: table_of(TrunkRow).create(session.connection(), checkfirst=True))
    return db


def test_sqlite_is_opened_durable_and_with_foreign_keys(tmp_path: Path) -> None:
    db = plain(tmp_path)

    found = db.read(lambda session: [session.connection().execute(text(f"pragma {name}")).scalar() for name in (
        "journal_mode", "synchronous", "foreign_keys")])  # fmt: skip

    assert found == ["wal", 2, 1]
    db.close()


def test_a_locked_file_is_unavailable_and_not_an_error_of_ours(tmp_path: Path) -> None:
    db, other = plain(tmp_path), plain(tmp_path, "?timeout=0.01")
    told: list[str] = []
    other.tell_when_late(0.001, lambda: told.append("late"))

    def work(session: Session) -> None:
        session.add(put("first"))
        session.flush()
        with pytest.raises(UnavailableError, match=r"locked.*; another program keeps it locked"):
            other.write(lambda late: late.add(put("second")))
        assert told == ["late"]

    db.write(work)
    assert names(other) == ["first"]
    db.close()
    other.close()


def test_readers_go_on_while_somebody_writes(tmp_path: Path) -> None:
    db, other = plain(tmp_path), plain(tmp_path, "?timeout=0.01")

    def work(session: Session) -> list[str]:
        session.add(put("not yet"))
        session.flush()
        return names(other)

    assert db.write(work) == []
    db.close()
    other.close()


@pytest.mark.usefixtures("engine")
def test_a_reader_sees_one_state_whatever_is_written_meanwhile(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        count = text("select count(*) from trunk")

        def work(session: Session) -> tuple[int, int]:
            before = session.connection().execute(count).scalar_one()
            db.write(lambda writer: writer.add(put("meanwhile")))
            return before, session.connection().execute(count).scalar_one()

        assert db.read(work) == (0, 0)
        assert names(db) == ["meanwhile"]


def test_a_full_disk_is_unavailable_and_nothing_is_written(tmp_path: Path) -> None:
    db = plain(tmp_path)

    def work(session: Session) -> None:
        session.connection().execute(text("pragma max_page_count=4"))
        session.connection().execute(text("create table large as select zeroblob(100000)"))

    with pytest.raises(UnavailableError, match="full"):
        db.write(work)

    assert names(db) == []
    db.close()


def test_a_mistake_in_a_statement_is_no_passing_trouble(tmp_path: Path) -> None:
    db = plain(tmp_path)

    with pytest.raises(Exception, match="no such table") as caught:
        db.read(lambda session: session.connection().execute(text("select * from missing")))

    assert not isinstance(caught.value, UnavailableError)
    db.close()


@pytest.mark.usefixtures("engine")
def test_writes_of_one_process_follow_one_another(tmp_path: Path) -> None:
    inside, most = [0], [0]
    with opened(tmp_path) as db:

        def work(session: Session, name: str) -> None:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            session.add(put(name))
            session.flush()
            inside[0] -= 1

        works = [functools.partial(work, name=str(number)) for number in range(8)]
        threads = [threading.Thread(target=db.write, args=(one,)) for one in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (most[0], len(names(db))) == (1, 8)


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 9), False), ((3, 50, 6), False),
        ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 4), True), ((4, 0, 0), True),
    ],
)  # fmt: skip
def test_sqlite_with_the_wal_reset_bug_is_not_used(version: tuple[int, int, int], safe: bool) -> None:
    assert sqlite_is_safe(version) is safe


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://root:secret@host/db",
        "postgresql+psycopg://faxgw:secret@host:port/faxgw",
    ],
)
def test_other_urls_are_refused_without_telling_their_password(url: str) -> None:
    with pytest.raises(UsageError, match="sqlite:///FILE") as caught:
        open_database(url)

    assert "secret" not in caught.value.text


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(UnavailableError, match="folder"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'below' / 'store.sqlite'}")


def test_a_store_of_another_account_is_told_with_whose_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_path: Path, **_how: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "touch", refused)
    monkeypatch.setattr("os.geteuid", lambda: 12345)

    with pytest.raises(
        UnavailableError, match=f"of the account {tmp_path.owner()}, .*: sudo -u {tmp_path.owner()} faxgw"
    ):
        plain(tmp_path / "var")


def test_a_server_that_is_not_there_is_unavailable() -> None:
    db = open_database("postgresql+psycopg://nobody:secret@127.0.0.1:9/none")

    with pytest.raises(UnavailableError) as caught:
        db.read(lambda session: session.connection())

    assert "secret" not in caught.value.text
    db.close()


def test_the_folder_of_the_file_is_known(tmp_path: Path) -> None:
    db = open_database(sqlite_url(tmp_path))

    assert db.folder == tmp_path
    db.close()


def test_a_migrating_engine_lets_tables_be_rebuilt(tmp_path: Path) -> None:
    plain(tmp_path).close()
    engine = make_engine(open_database(sqlite_url(tmp_path)).url, migrating=True)

    with engine.begin() as connection:
        assert connection.execute(text("pragma foreign_keys")).scalar() == 0


moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(moments, st.integers(-14, 14))
def test_times_come_back_to_the_microsecond_whatever_their_zone(moment: datetime, hours: int) -> None:
    abroad = moment.astimezone(timezone(timedelta(hours=hours)))

    stored = UtcTime().process_bind_param(abroad, DIALECT)

    back = UtcTime().process_result_value(stored, DIALECT)
    assert back == moment
    assert back is not None
    assert back.tzinfo is UTC


def test_a_time_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        UtcTime().process_bind_param(NOW.replace(tzinfo=None), DIALECT)


@pytest.mark.usefixtures("engine")
def test_foreign_keys_hold(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        user = anna(db)
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            db.write(lambda session: session.connection().execute(text(f"delete from node where id = {user.id}")))


@pytest.mark.parametrize(("state", "raised"), [("25006", UnavailableError), ("XX001", InternalError)])
def test_a_server_that_became_a_standby_is_out_of_reach_and_a_broken_one_is_a_fault(
    state: str, raised: type[Exception]
) -> None:
    told = Exception("cannot execute INSERT in a read-only transaction")
    told.sqlstate = state  # type: ignore[attr-defined] # as the driver's errors have it

    with pytest.raises(raised), translated(parse_url("postgresql+psycopg://faxgw@db.example/faxgw")):
        raise InternalError("INSERT", None, told)
